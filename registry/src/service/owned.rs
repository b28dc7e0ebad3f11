//! Whose things are. What belongs to somebody else and what is not there answer alike.

use roadstead_auth::{Identity, Permissions};
use roadstead_storage::meta::Repository;
use roadstead_storage::types::{RegistryId, RepositoryName};

use super::personal::hides;
use super::{Error, Foundation, Result};

const REGISTRY: RegistryId = RegistryId::PERSONAL;

impl Foundation {
    /// Whether a namespace of this name belongs to the main account of the caller.
    pub(super) async fn owns_namespace(&self, identity: &Identity, name: &str) -> Result<bool> {
        let namespace = self.meta.namespace(REGISTRY, name).await?;
        Ok(namespace.is_some_and(|namespace| namespace.owner == identity.owner))
    }

    /// A repository of the personal edition that belongs to the main account of the caller.
    ///
    /// # Errors
    /// `RepositoryUnknown`.
    pub(super) async fn own_repository(&self, identity: &Identity, name: &RepositoryName) -> Result<Repository> {
        let repository = self.meta.repository(REGISTRY, name).await?.ok_or(Error::RepositoryUnknown)?;
        let namespace = self.meta.namespace(REGISTRY, name.namespace()).await?;
        let own = namespace.is_some_and(|n| n.owner == identity.owner && n.id == repository.namespace);
        if own { Ok(repository) } else { Err(Error::RepositoryUnknown) }
    }

    /// A repository of the personal edition that the caller may see: one of the own main account that no policy hides, or
    /// a public one.
    ///
    /// # Errors
    /// `RepositoryUnknown`.
    pub(super) async fn visible_repository(
        &self,
        permissions: &Permissions,
        name: &RepositoryName,
    ) -> Result<Repository> {
        let repository = self.meta.repository(REGISTRY, name).await?.ok_or(Error::RepositoryUnknown)?;
        let visible = if self.owns_namespace(permissions.identity(), name.namespace()).await? {
            !hides(permissions, name)
        } else {
            repository.public
        };
        if visible { Ok(repository) } else { Err(Error::RepositoryUnknown) }
    }

    /// Whether anybody has opened the personal edition for the caller: they or their main account have a registry
    /// password.
    pub(super) async fn is_registered(&self, identity: &Identity) -> Result<bool> {
        if self.meta.password_hash(identity.owner).await?.is_some() {
            return Ok(true);
        }
        Ok(identity.account != identity.owner && self.meta.password_hash(identity.account).await?.is_some())
    }
}
