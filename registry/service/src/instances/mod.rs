//! The rules of enterprise instances. Whether the caller may is decided before, by policies: what belongs to whom is
//! decided here.

mod content;
mod names;

use std::sync::Arc;

use roadstead_storage::Error as StorageError;
use roadstead_storage::meta::{
    Act, Instance, InstanceChange, InstanceStatus, InstanceToken, NewInstance, Readable, Scope,
};
use roadstead_types::{AccountId, InstanceId, RegistryId, Thing};

pub use names::{NameState, after_months};

use super::Foundation;
use crate::{Error, Result};

/// Namespaces of one instance, at most: they are listed in one go.
pub const MAX_NAMESPACES: u32 = 1000;
/// Instances of one account, at most: they are listed in one go.
const MAX_INSTANCES: u32 = 1000;
/// How many random ids are tried before giving up.
const ID_ATTEMPTS: usize = 8;
/// How many rows of an instance are deleted before the next ones are read.
const CHUNK: u32 = 100;

/// Enterprise instances: registries of their own.
#[derive(Clone)]
pub struct InstanceService {
    base: Arc<Foundation>,
}

impl InstanceService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base }
    }

    /// Makes an instance; what `new` says of the id does not count.
    ///
    /// # Errors
    /// `Exists` when the name is taken, `LimitReached` when the owner has `limit`.
    pub async fn create(&self, act: &Act, new: NewInstance<'_>, limit: u64) -> Result<Instance> {
        let mut attempts = ID_ATTEMPTS;
        loop {
            let id = InstanceId::random();
            attempts -= 1;
            let made = self.base.meta.create_instance(act, &NewInstance { id: &id, ..new }, limit).await;
            match made {
                Err(StorageError::Conflict(Thing::InstanceId)) if attempts > 0 => {}
                made => {
                    // Nothing but its name leads to a new instance: that of none is forgotten with any registry.
                    let registry = made.as_ref().map_or(RegistryId::PERSONAL, |made| made.registry);
                    self.base.forget(&Scope::Registry(registry), &made, |_| true);
                    return Ok(made?);
                }
            }
        }
    }

    /// The long-term tokens of an instance from the `offset`th on, and how many there are.
    pub async fn tokens(&self, registry: RegistryId, offset: u32, limit: u32) -> Result<(Vec<InstanceToken>, u64)> {
        Ok(self.base.meta.list_instance_tokens(registry, offset, limit).await?)
    }

    /// Enables or disables a long-term token, or describes it anew; false when there is none.
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

    /// Deletes a long-term token; false when there is none.
    pub async fn delete_token(&self, act: &Act, registry: RegistryId, id: &str) -> Result<bool> {
        let there = self.base.meta.delete_instance_token(act, registry, id).await;
        self.base.forget(&Scope::Registry(registry), &there, |there| *there);
        Ok(there?)
    }

    /// The instance of `owner` with this id. That of somebody else is none.
    pub async fn own(&self, owner: AccountId, id: &InstanceId) -> Result<Option<Instance>> {
        Ok(self.base.meta.own_instance(owner, id).await?)
    }

    /// The instances of `owner`, in the order in which they were made.
    pub async fn list(&self, owner: AccountId) -> Result<Vec<Instance>> {
        Ok(self.base.meta.list_instances(owner, MAX_INSTANCES).await?)
    }

    /// Changes an instance; false when it has gone.
    pub async fn modify(&self, act: &Act, registry: RegistryId, change: &InstanceChange) -> Result<bool> {
        Ok(self.base.meta.modify_instance(act, registry, change).await?)
    }

    /// Deletes an instance; false when it has gone. A job takes what is in it, with [`Self::empty`].
    ///
    /// # Errors
    /// `Protected`; without `content`, `InUse` while there are repositories in it.
    pub async fn delete(&self, act: &Act, registry: RegistryId, content: bool) -> Result<bool> {
        let there = self.base.meta.condemn_instance(act, registry, content).await;
        self.base.forget(&Scope::Registry(registry), &there, |there| *there);
        Ok(there?)
    }

    /// Takes everything out of the registry of an instance that was deleted, as long as `goes_on` says so, which is told how many
    /// repositories have gone. False when something is left.
    ///
    /// # Errors
    /// `InUse` when the instance was not deleted, and those of the store.
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
                if !self.base.empty_repository(repository.id, || goes_on(gone)).await? {
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

/// Whether an instance serves.
pub fn is_running(instance: &Instance) -> bool {
    match instance.status {
        InstanceStatus::Running => true,
        InstanceStatus::Deleting => false,
    }
}
