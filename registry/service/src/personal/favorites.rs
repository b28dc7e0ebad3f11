//! Favorite repositories of an account.

use roadstead_auth::{Identity, Permissions};
use roadstead_storage::meta::Act;
use roadstead_types::RepositoryName;

use super::{PersonalService, REGISTRY};
use crate::Result;

impl PersonalService {
    /// Adds a repository that the caller may see to the caller's favorites. Does nothing if it is one already.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub async fn add_favorite(&self, act: &Act, permissions: &Permissions, name: &RepositoryName) -> Result<()> {
        let found = self.repository(permissions, name).await?;
        let account = permissions.identity().account;
        self.base.meta.add_favorite(act, account, found.repository.id).await?;
        Ok(())
    }

    /// Removes repositories from the caller's favorites. Names that are no favorites are ignored. The caller can also
    /// remove a repository that it no longer sees.
    pub async fn remove_favorites(&self, act: &Act, identity: &Identity, names: &[RepositoryName]) -> Result<()> {
        self.base.meta.remove_favorites(act, identity.account, REGISTRY, names).await?;
        Ok(())
    }
}
