//! The rules of enterprise instances. Policies were checked before; this module checks ownership.

mod content;
mod names;

use std::sync::Arc;

use roadstead_storage::Error as StorageError;
use roadstead_storage::meta::{Act, Instance, InstanceChange, InstanceToken, NewInstance, Readable, Scope};
use roadstead_types::{AccountId, InstanceId, RegistryId, Thing};

pub use names::{NameState, after_months};

use super::Foundation;
use crate::{Error, Result};

/// The most namespaces of one instance. They are listed in one query.
pub const MAX_NAMESPACES: u32 = 1000;
/// The most instances of one account. They are listed in one query.
const MAX_INSTANCES: u32 = 1000;
/// The most random ids that are tried for a new instance.
const ID_ATTEMPTS: usize = 8;
/// The number of rows of a deleted instance that are read together.
const CHUNK: u32 = 100;

/// The service for enterprise instances.
#[derive(Clone)]
pub struct InstanceService {
    base: Arc<Foundation>,
}

impl InstanceService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base }
    }

    /// Creates an instance. Ignores the id in `new`.
    ///
    /// # Errors
    /// `Exists` if the name is taken, `LimitReached` if the owner already has `limit` instances.
    pub async fn create(&self, act: &Act, new: NewInstance<'_>, limit: u64) -> Result<Instance> {
        let mut attempts = ID_ATTEMPTS;
        loop {
            let id = InstanceId::random();
            attempts -= 1;
            let made = self.base.meta.create_instance(act, &NewInstance { id: &id, ..new }, limit).await;
            match made {
                Err(StorageError::Conflict(Thing::InstanceId)) if attempts > 0 => {}
                made => {
                    // Until now only "no instance has this name" can be cached. A change of any registry drops that.
                    let registry = made.as_ref().map_or(RegistryId::PERSONAL, |made| made.registry);
                    self.base.forget(&Scope::Registry(registry), &made, |_| true);
                    return Ok(made?);
                }
            }
        }
    }

    /// Returns the long-term tokens of an instance, starting at `offset`, and their total number.
    pub async fn tokens(&self, registry: RegistryId, offset: u32, limit: u32) -> Result<(Vec<InstanceToken>, u64)> {
        Ok(self.base.meta.list_instance_tokens(registry, offset, limit).await?)
    }

    /// Enables, disables or describes a long-term token. Returns false if it does not exist.
    pub async fn modify_token(
        &self,
        act: &Act,
        registry: RegistryId,
        id: &str,
        enabled: Option<bool>,
        description: Option<&str>,
    ) -> Result<bool> {
        let there = self.base.meta.modify_instance_token(act, registry, id, enabled, description).await;
        self.base.forget(&Scope::Registry(registry), &there, |there| *there);
        Ok(there?)
    }

    /// Deletes a long-term token. Returns false if it does not exist.
    pub async fn delete_token(&self, act: &Act, registry: RegistryId, id: &str) -> Result<bool> {
        let there = self.base.meta.delete_instance_token(act, registry, id).await;
        self.base.forget(&Scope::Registry(registry), &there, |there| *there);
        Ok(there?)
    }

    /// Returns the instance with this id if it belongs to `owner`.
    pub async fn own(&self, owner: AccountId, id: &InstanceId) -> Result<Option<Instance>> {
        Ok(self.base.meta.own_instance(owner, id).await?)
    }

    /// Returns the instances of `owner`, the oldest first.
    pub async fn list(&self, owner: AccountId) -> Result<Vec<Instance>> {
        Ok(self.base.meta.list_instances(owner, MAX_INSTANCES).await?)
    }

    /// Changes an instance. Returns false if it no longer exists.
    pub async fn modify(&self, act: &Act, registry: RegistryId, change: &InstanceChange) -> Result<bool> {
        Ok(self.base.meta.modify_instance(act, registry, change).await?)
    }

    /// Deletes an instance. Returns false if it no longer exists. A job removes its content with [`Self::empty`].
    ///
    /// # Errors
    /// `Protected`; `InUse` if the instance has repositories and `content` is not set.
    pub async fn delete(&self, act: &Act, registry: RegistryId, content: bool) -> Result<bool> {
        let there = self.base.meta.condemn_instance(act, registry, content).await;
        self.base.forget(&Scope::Registry(registry), &there, |there| *there);
        Ok(there?)
    }

    /// Removes all content of a deleted instance while `goes_on` returns true. `goes_on` receives the number of removed
    /// repositories. Returns false if content is left.
    ///
    /// # Errors
    /// `InUse` if the instance was not deleted, and the errors of the database.
    pub async fn empty(
        &self,
        act: &Act,
        registry: RegistryId,
        goes_on: impl Fn(u64) -> bool + Send + Sync,
    ) -> Result<bool> {
        let (meta, mut gone) = (&self.base.meta, 0);
        if registry == RegistryId::PERSONAL || meta.instance(registry).await?.is_some() {
            return Err(Error::InUse(Thing::Instance));
        }
        loop {
            let repositories = meta.list_repositories(registry, Readable::All, None, CHUNK).await?;
            if repositories.is_empty() {
                break;
            }
            for repository in repositories {
                if !self.base.empty_repository(repository.id, |_| goes_on(gone)).await? {
                    return Ok(false);
                }
                gone += 1;
            }
        }
        loop {
            let namespaces = meta.list_namespaces(registry, None, None, CHUNK).await?;
            if namespaces.is_empty() {
                return Ok(true);
            }
            for namespace in namespaces {
                meta.delete_namespace(act, registry, &namespace.name).await?;
                if !goes_on(gone) {
                    return Ok(false);
                }
            }
        }
    }
}
