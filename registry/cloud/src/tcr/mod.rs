//! The container registry: `tcr`, version 2019-09-24.

pub(crate) mod enterprise;
mod password;
pub(crate) mod personal;
pub(crate) mod regions;
