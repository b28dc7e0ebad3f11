//! Whose things are. What belongs to somebody else and what is not there answer alike: the database is asked for what is
//! the caller's, so that nothing of somebody else is even read, and what it takes is the same.

use roadstead_auth::{Identity, Permissions};
use roadstead_storage::meta::Repository;
use roadstead_storage::types::{RegistryId, RepositoryId, RepositoryName};

use super::personal::hides;
use super::{Error, Foundation, Result};

const REGISTRY: RegistryId = RegistryId::PERSONAL;

/// How many repositories a policy is asked about at once.
const CHUNK: u32 = 1000;
/// The most repositories of one account that policies are asked about for one page.
const MOST: usize = 100_000;

impl Foundation {
    /// Whether a namespace of this name belongs to the main account of the caller.
    pub(super) async fn owns_namespace(&self, identity: &Identity, name: &str) -> Result<bool> {
        Ok(self.meta.has_namespace(REGISTRY, identity.owner, name).await?)
    }

    /// A repository of the personal edition that belongs to the main account of the caller.
    ///
    /// # Errors
    /// `RepositoryUnknown`.
    pub(super) async fn own_repository(&self, identity: &Identity, name: &RepositoryName) -> Result<Repository> {
        match self.meta.accessible_repository(REGISTRY, identity.owner, name).await? {
            Some((repository, true)) => Ok(repository),
            Some((_, false)) | None => Err(Error::RepositoryUnknown),
        }
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
        let found = self.meta.accessible_repository(REGISTRY, permissions.identity().owner, name).await?;
        let shown = found.filter(|(_, own)| !own || !hides(permissions, name));
        shown.map(|(repository, _)| repository).ok_or(Error::RepositoryUnknown)
    }

    /// A repository of the personal edition that belongs to the main account of the caller, and that no policy hides.
    ///
    /// # Errors
    /// `RepositoryUnknown`.
    pub(super) async fn own_visible_repository(
        &self,
        permissions: &Permissions,
        name: &RepositoryName,
    ) -> Result<Repository> {
        let found = self.own_repository(permissions.identity(), name).await?;
        if hides(permissions, name) { Err(Error::RepositoryUnknown) } else { Ok(found) }
    }

    /// The repositories of the caller's main account in this registry that the caller does not see, by their names.
    ///
    /// # Errors
    /// `Overloaded` when there are too many to ask about.
    pub(super) async fn hidden_repositories(
        &self,
        permissions: &Permissions,
        registry: RegistryId,
        hides: impl Fn(&Permissions, &RepositoryName) -> bool,
    ) -> Result<Vec<RepositoryId>> {
        let mut hidden = Vec::new();
        if permissions.sees_everything() {
            return Ok(hidden);
        }
        let owner = permissions.identity().owner;
        let (mut after, mut asked) = (None, 0);
        loop {
            let chunk = self.meta.own_repositories(registry, owner, after, CHUNK).await?;
            asked += chunk.len();
            hidden.extend(chunk.iter().filter(|(_, name)| hides(permissions, name)).map(|(id, _)| *id));
            if chunk.len() < CHUNK as usize {
                return Ok(hidden);
            }
            if asked >= MOST {
                // Better nothing than what nobody was asked about.
                return Err(Error::Overloaded);
            }
            after = chunk.last().map(|(id, _)| *id);
        }
    }

    /// The repositories in the log of triggers that the caller does not see, by their names: they need not be there any more.
    ///
    /// # Errors
    /// `Overloaded` when there are too many to ask about.
    pub(super) async fn hidden_from_log(&self, permissions: &Permissions) -> Result<Vec<RepositoryName>> {
        let mut hidden = Vec::new();
        if permissions.sees_everything() {
            return Ok(hidden);
        }
        let owner = permissions.identity().owner;
        let (mut after, mut asked) = (None, 0);
        loop {
            let chunk = self.meta.logged_repositories(REGISTRY, owner, after.as_ref(), CHUNK).await?;
            asked += chunk.len();
            hidden.extend(chunk.iter().filter(|name| hides(permissions, name)).cloned());
            if chunk.len() < CHUNK as usize {
                return Ok(hidden);
            }
            if asked >= MOST {
                return Err(Error::Overloaded);
            }
            after = chunk.last().cloned();
        }
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
