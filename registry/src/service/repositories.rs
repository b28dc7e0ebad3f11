use std::sync::Arc;

use roadstead_auth::CatalogAccess;

use super::{Foundation, Result};

/// Lists of repositories.
#[derive(Clone)]
pub struct RepositoryService {
    base: Arc<Foundation>,
}

impl RepositoryService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base }
    }

    /// Names of repositories that the caller may pull, in byte order, after `after`, at most `limit`.
    pub async fn list(&self, access: &CatalogAccess, after: Option<&str>, limit: u32) -> Result<Vec<String>> {
        let page = self.base.meta.list_repositories(access.registry(), access.readable(), after, limit).await?;
        Ok(page.into_iter().map(|repository| repository.name.as_str().to_owned()).collect())
    }
}
