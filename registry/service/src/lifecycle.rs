//! Rules about which tags are to be kept.

use std::sync::Arc;

use roadstead_auth::{Identity, Permissions};
use roadstead_storage::meta::{Act, CleanupKind, CleanupRule, CleanupScope};
use roadstead_types::{RegistryId, RepositoryName};

use super::{Foundation, Result};

/// Clean-up rules of repositories and of main accounts.
#[derive(Clone)]
pub struct LifecycleService {
    base: Arc<Foundation>,
}

impl LifecycleService {
    /// The most days, or tags, that a rule keeps.
    pub const MAX_VALUE: u64 = 100_000;

    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base }
    }

    /// Whose rules are meant: those of a repository, or those of the main account.
    ///
    /// # Errors
    /// `Unknown(Repository)` when the caller's main account has no such repository.
    async fn scope(&self, identity: &Identity, repository: Option<&RepositoryName>) -> Result<CleanupScope> {
        match repository {
            Some(name) => Ok(CleanupScope::Repository(self.base.own_repository(identity, name).await?.id)),
            None => Ok(CleanupScope::Owner(RegistryId::PERSONAL, identity.owner)),
        }
    }

    /// Sets the rule of this kind of a repository, or the rule of the caller's main account.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub async fn set(
        &self,
        act: &Act,
        identity: &Identity,
        repository: Option<&RepositoryName>,
        kind: CleanupKind,
        value: u64,
    ) -> Result<()> {
        let scope = self.scope(identity, repository).await?;
        Ok(self.base.meta.set_cleanup_rule(act, scope, kind, value).await?)
    }

    /// The rules of a repository that no policy hides, or of the caller's main account.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub async fn list(
        &self,
        permissions: &Permissions,
        repository: Option<&RepositoryName>,
    ) -> Result<Vec<CleanupRule>> {
        let scope = match repository {
            Some(name) => CleanupScope::Repository(self.base.own_visible_repository(permissions, name).await?.id),
            None => self.scope(permissions.identity(), None).await?,
        };
        Ok(self.base.meta.cleanup_rules(scope).await?)
    }

    /// Deletes the rules of a repository, or of the caller's main account. That there are none is no error.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub async fn clear(&self, act: &Act, identity: &Identity, repository: Option<&RepositoryName>) -> Result<()> {
        let scope = self.scope(identity, repository).await?;
        self.base.meta.delete_cleanup_rules(act, scope).await?;
        Ok(())
    }
}
