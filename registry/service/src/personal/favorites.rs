//! Repositories that somebody has marked as favorites.

use roadstead_auth::{Identity, Permissions};
use roadstead_storage::meta::Act;
use roadstead_types::RepositoryName;

use super::{PersonalService, REGISTRY};
use crate::Result;

impl PersonalService {
    /// Makes a repository that the caller may see one of the caller's favourites; it may be one already.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub async fn add_favorite(&self, act: &Act, permissions: &Permissions, name: &RepositoryName) -> Result<()> {
        let found = self.repository(permissions, name).await?;
        let account = permissions.identity().account;
        self.base.meta.add_favorite(act, account, found.repository.id).await?;
        Ok(())
    }

    /// Takes repositories from the caller's favourites. What is none of them is passed over: what the caller may not see any
    /// more can be taken away too.
    pub async fn remove_favorites(&self, act: &Act, identity: &Identity, names: &[RepositoryName]) -> Result<()> {
        self.base.meta.remove_favorites(act, identity.account, REGISTRY, names).await?;
        Ok(())
    }
}
