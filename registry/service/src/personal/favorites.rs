use roadstead_auth::{Identity, Permissions};
use roadstead_types::RepositoryName;

use super::{PersonalService, REGISTRY};
use crate::Result;

impl PersonalService {
    /// Makes a repository that the caller may see one of the caller's favourites; it may be one already.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub async fn add_favorite(&self, permissions: &Permissions, name: &RepositoryName) -> Result<()> {
        let found = self.repository(permissions, name).await?;
        let account = permissions.identity().account;
        self.base.meta.add_favorite(account, found.repository.id, self.now()).await?;
        Ok(())
    }

    /// Takes repositories from the caller's favourites. What is none of them is passed over: what the caller may not see any
    /// more can be taken away too.
    pub async fn remove_favorites(&self, identity: &Identity, names: &[RepositoryName]) -> Result<()> {
        self.base.meta.remove_favorites(identity.account, REGISTRY, names).await?;
        Ok(())
    }
}
