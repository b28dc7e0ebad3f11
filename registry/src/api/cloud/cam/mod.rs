//! Access management: `cam`, version 2019-01-16.

pub(super) mod account;
pub(super) mod audit;
pub(super) mod explain;
