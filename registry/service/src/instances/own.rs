//! An instance that was found, with the right in it.

use std::ops::Deref;

use roadstead_auth::place::{self, OwnRepository};
use roadstead_auth::{Access, Mode};
use roadstead_storage::meta::Instance;
use roadstead_types::RepositoryName;

/// An instance of the main account that a proof names. Only [`InstanceService::find`](super::InstanceService::find)
/// makes one.
#[derive(Debug)]
pub struct OwnInstance<E> {
    access: Access<E, place::Instance>,
    row: Instance,
}

impl<E: Mode> OwnInstance<E> {
    pub(super) fn new(access: Access<E, place::Instance>, row: Instance) -> Self {
        Self { access, row }
    }

    /// Returns the right that it was found with.
    pub fn access(&self) -> &Access<E, place::Instance> {
        &self.access
    }

    /// Returns the right in a repository of the instance.
    pub(crate) fn repository(&self, name: &RepositoryName) -> Access<E, OwnRepository> {
        self.access.repository(self.row.registry, name)
    }
}

impl<E> Deref for OwnInstance<E> {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        &self.row
    }
}
