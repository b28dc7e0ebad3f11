//! The personal edition: users, namespaces, repositories and favourites, as the cloud API knows them.
//!
//! Everything belongs to main accounts. What belongs to somebody else and what is not there answer alike.

mod favorites;
mod namespaces;
mod repositories;
mod users;

use std::sync::Arc;

use roadstead_auth::Identity;
use roadstead_storage::meta::Quotas;
use roadstead_types::RegistryId;

use super::Foundation;
use crate::Result;
pub use repositories::RepositoryFilter;

const REGISTRY: RegistryId = RegistryId::PERSONAL;

/// The personal edition.
#[derive(Clone)]
pub struct PersonalService {
    base: Arc<Foundation>,
}

impl PersonalService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base }
    }

    /// What the main account of the caller may have.
    pub async fn quotas(&self, identity: &Identity) -> Result<Quotas> {
        Ok(self.base.meta.quotas(identity.owner).await?)
    }
}
