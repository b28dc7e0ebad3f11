//! The personal edition: users, namespaces, repositories and favourites, as the cloud API knows them.
//!
//! Everything belongs to main accounts. What belongs to somebody else and what is not there answer alike.

mod error;
mod favorites;
mod namespaces;
mod repositories;
mod users;

use std::sync::Arc;

use roadstead_auth::Identity;
use roadstead_storage::meta::{Quotas, Repository};
use roadstead_storage::types::{RegistryId, RepositoryName, Timestamp};

use super::Foundation;
pub(crate) use error::PersonalError;
pub(crate) use repositories::RepositoryFilter;
pub(in crate::service) use repositories::hides;

type Result<T> = std::result::Result<T, PersonalError>;

const REGISTRY: RegistryId = RegistryId::PERSONAL;

/// The personal edition.
#[derive(Clone)]
pub(crate) struct PersonalService {
    base: Arc<Foundation>,
}

impl PersonalService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base }
    }

    /// What the main account of the caller may have.
    pub(crate) async fn quotas(&self, identity: &Identity) -> Result<Quotas> {
        Ok(self.base.meta.quotas(identity.owner).await?)
    }

    fn now(&self) -> Timestamp {
        self.base.clock.now()
    }

    /// When what loses a reference now is looked at.
    fn review_after(&self) -> Timestamp {
        self.now().after(self.base.params.grace)
    }

    /// A repository of the caller's main account.
    async fn own(&self, identity: &Identity, name: &RepositoryName) -> Result<Repository> {
        let repository = self.base.meta.repository(REGISTRY, name).await?.ok_or(PersonalError::RepositoryUnknown)?;
        let namespace = self.base.meta.namespace(REGISTRY, name.namespace()).await?;
        let own = namespace.is_some_and(|n| n.owner == identity.owner && n.id == repository.namespace);
        if own { Ok(repository) } else { Err(PersonalError::RepositoryUnknown) }
    }

    /// Whether the caller's main account has a namespace of this name.
    async fn owns_namespace(&self, identity: &Identity, name: &str) -> Result<bool> {
        Ok(self.base.meta.namespace(REGISTRY, name).await?.is_some_and(|n| n.owner == identity.owner))
    }
}
