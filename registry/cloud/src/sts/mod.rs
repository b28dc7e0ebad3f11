//! Temporary credentials: `sts`, version 2018-08-13.

pub(super) mod caller;
pub(super) mod federation;
pub(super) mod role;
mod session;
pub(super) mod web_identity;
