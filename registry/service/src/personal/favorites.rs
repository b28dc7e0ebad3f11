//! Favorite repositories of an account.

use roadstead_auth::place::{Account, OwnRepository};
use roadstead_auth::{Access, Write};
use roadstead_storage::meta::Act;
use roadstead_types::RepositoryName;

use super::{PersonalService, REGISTRY};
use crate::Result;

impl PersonalService {
    /// Adds a repository that the caller may see to the caller's favorites. Does nothing if it is one already.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub async fn add_favorite(&self, act: &Act, access: &Access<Write, OwnRepository>) -> Result<()> {
        let found = self.repository(&access.reading()).await?;
        let account = access.who().account;
        self.base.meta.add_favorite(act, account, found.repository.id).await?;
        Ok(())
    }

    /// Removes repositories from the caller's favorites. Names that are no favorites are ignored. The caller can also
    /// remove a repository that it no longer sees.
    pub async fn remove_favorites(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        names: &[RepositoryName],
    ) -> Result<()> {
        self.base.meta.remove_favorites(act, access.who().account, REGISTRY, names).await?;
        Ok(())
    }
}
