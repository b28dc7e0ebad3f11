//! The enterprise edition: instances.

pub(crate) mod images;
pub(crate) mod instance_lists;
pub(crate) mod instances;
pub(crate) mod namespaces;
pub(crate) mod repositories;
mod shared;
pub(crate) mod tokens;
