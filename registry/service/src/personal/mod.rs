//! The personal edition: users, namespaces, repositories and favorites, as the cloud API presents them.
//!
//! Everything belongs to main accounts. A thing of another account and a missing thing look alike.

mod favorites;
mod namespaces;
mod repositories;
mod users;

use std::sync::Arc;

use roadstead_auth::place::Account;
use roadstead_auth::{Access, Read};
use roadstead_storage::meta::Quotas;
use roadstead_types::RegistryId;

use super::Foundation;
use crate::Result;
pub use repositories::{RepositoryFilter, Where};

const REGISTRY: RegistryId = RegistryId::PERSONAL;

/// The service for the personal edition.
#[derive(Clone)]
pub struct PersonalService {
    base: Arc<Foundation>,
}

impl PersonalService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base }
    }

    /// Returns the quotas of the caller's main account.
    pub async fn quotas(&self, access: &Access<Read, Account>) -> Result<Quotas> {
        Ok(self.base.meta.quotas(access.owner()).await?)
    }
}
