//! The rules of enterprise instances. Policies were checked before; this module checks ownership.

mod content;
mod names;
mod own;
mod tokens;

use std::sync::Arc;

use roadstead_auth::place;
use roadstead_auth::{Access, Mode, Read, Write};
use roadstead_storage::Error as StorageError;
use roadstead_storage::meta::{Act, Edition, Instance, InstanceChange, NewInstance, Payment, ResourceTag, Scope};
use roadstead_types::{InstanceId, InstanceName, RegistryId, Thing};

pub use names::{NameState, after_months};
pub use own::OwnInstance;
pub use tokens::{CreatedToken, Term};

use super::Foundation;
use crate::{Error, Result};

/// The most namespaces of one instance. They are listed in one query.
pub const MAX_NAMESPACES: u32 = 1000;
/// The most instances of one account. They are listed in one query.
const MAX_INSTANCES: u32 = 1000;
/// The most random ids that are tried for a new instance.
const ID_ATTEMPTS: usize = 8;

/// The properties of a new instance.
#[derive(Clone, Debug)]
pub struct InstanceDraft<'a> {
    /// The name, which is unique.
    pub name: &'a InstanceName,
    /// The edition.
    pub edition: Edition,
    /// How it is paid for.
    pub payment: Payment,
    /// Whether it cannot be deleted.
    pub deletion_protection: bool,
    /// Whether the client asked for versions of objects.
    pub versioning: bool,
    /// Whether the client asked for several zones.
    pub multi_zone: bool,
    /// The tags of the instance.
    pub tags: &'a [ResourceTag],
}

/// The service for enterprise instances.
#[derive(Clone)]
pub struct InstanceService {
    base: Arc<Foundation>,
}

impl InstanceService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base }
    }

    /// Creates an instance of the caller's main account.
    ///
    /// # Errors
    /// `Exists` if the name is taken, `LimitReached` if the owner already has `limit` instances.
    pub async fn create(
        &self,
        act: &Act,
        access: &Access<Write, place::Account>,
        draft: &InstanceDraft<'_>,
        limit: u64,
    ) -> Result<Instance> {
        let mut attempts = ID_ATTEMPTS;
        loop {
            let id = InstanceId::random();
            attempts -= 1;
            let new = NewInstance {
                id: &id,
                name: draft.name,
                owner: access.owner(),
                edition: draft.edition,
                payment: draft.payment,
                deletion_protection: draft.deletion_protection,
                versioning: draft.versioning,
                multi_zone: draft.multi_zone,
                tags: draft.tags,
            };
            let made = self.base.meta.create_instance(act, &new, limit).await;
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

    /// Finds the instance that a proof names, if it belongs to the main account.
    pub async fn find<E: Mode>(&self, access: Access<E, place::Instance>) -> Result<Option<OwnInstance<E>>> {
        let found = self.base.meta.own_instance(access.owner(), access.instance()).await?;
        Ok(found.map(|row| OwnInstance::new(access, row)))
    }

    /// Returns the instances of the main account, the oldest first.
    pub async fn list(&self, access: &Access<Read, place::Account>) -> Result<Vec<Instance>> {
        Ok(self.base.meta.list_instances(access.owner(), MAX_INSTANCES).await?)
    }

    /// Changes an instance.
    ///
    /// # Errors
    /// `Unknown(Instance)` if it no longer exists.
    pub async fn modify(&self, act: &Act, instance: &OwnInstance<Write>, change: &InstanceChange) -> Result<()> {
        there(self.base.meta.modify_instance(act, instance.registry, change).await?, Thing::Instance)
    }

    /// Deletes an instance. A job removes its content with [`EmptyingService`](crate::EmptyingService).
    ///
    /// # Errors
    /// `Protected`; `InUse` if the instance has repositories and `content` is not set; `Unknown(Instance)` if it no
    /// longer exists.
    pub async fn delete(&self, act: &Act, instance: &OwnInstance<Write>, content: bool) -> Result<()> {
        let deleted = self.base.meta.condemn_instance(act, instance.registry, content).await;
        self.base.forget(&Scope::Registry(instance.registry), &deleted, |there| *there);
        there(deleted?, Thing::Instance)
    }
}

/// Requires that something was found.
fn there(found: bool, thing: Thing) -> Result<()> {
    if found { Ok(()) } else { Err(Error::Unknown(thing)) }
}
