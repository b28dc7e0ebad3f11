//! The personal edition.

pub(crate) mod favorites;
pub(crate) mod images;
pub(crate) mod lifecycle;
mod names;
pub(crate) mod namespaces;
pub(crate) mod repositories;
pub(crate) mod repository_lists;
mod shared;
pub(crate) mod triggers;
pub(crate) mod users;
