//! The container registry: `tcr`, version 2019-09-24.

pub(crate) mod favorites;
pub(crate) mod namespaces;
mod personal;
pub(crate) mod regions;
pub(crate) mod repositories;
pub(crate) mod repository_lists;
pub(crate) mod users;
