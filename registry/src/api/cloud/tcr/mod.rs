//! The container registry: `tcr`, version 2019-09-24.

pub(crate) mod favorites;
pub(crate) mod images;
mod instance;
pub(crate) mod instance_images;
pub(crate) mod instance_lists;
pub(crate) mod instance_namespaces;
pub(crate) mod instance_repositories;
pub(crate) mod instance_tokens;
pub(crate) mod instances;
pub(crate) mod lifecycle;
mod names;
pub(crate) mod namespaces;
mod personal;
pub(crate) mod regions;
pub(crate) mod repositories;
pub(crate) mod repository_lists;
pub(crate) mod triggers;
pub(crate) mod users;
