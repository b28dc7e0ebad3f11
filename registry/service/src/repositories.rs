//! The catalog: the repositories that somebody may pull from.

use std::collections::HashSet;
use std::sync::Arc;

use roadstead_auth::CatalogAccess;
use roadstead_storage::meta::Repository;
use roadstead_types::{AccountId, NamespaceId, RepositoryId};

use super::{Error, Foundation, Result};

/// How many repositories are read at once when some of them may have to be left out.
const CHUNK: u32 = 1000;
/// The most chunks that are read for one page.
const MAX_CHUNKS: usize = 10;
/// What begins the place in a list where a page ended at a name that the caller may not see. No name begins so.
const HIDDEN: char = '~';

/// A page of the list of repositories.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Listed {
    /// Their names, in byte order.
    pub names: Vec<String>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// Lists of repositories.
#[derive(Clone)]
pub struct RepositoryService {
    base: Arc<Foundation>,
}

impl RepositoryService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base }
    }

    /// Takes everything out of a repository that was deleted, as long as `goes_on` says so. False when something is left.
    ///
    /// # Errors
    /// Those of the store: `InUse` when the repository was not deleted.
    pub async fn empty(
        &self,
        id: RepositoryId,
        goes_on: impl Fn() -> bool + Send + Sync,
    ) -> std::result::Result<bool, roadstead_storage::Error> {
        self.base.empty_repository(id, goes_on).await
    }

    /// Names of repositories that the caller may see, in byte order, after `after`, at most `size`. A page has fewer, and
    /// still a next one, when a very long row of names has to be left out.
    ///
    /// # Errors
    /// `Cursor` when `after` is neither a name nor what an earlier page gave.
    pub async fn list(&self, access: &CatalogAccess, after: Option<&str>, size: u32) -> Result<Listed> {
        if size == 0 {
            return Ok(Listed::default());
        }
        match access.limited_to() {
            None => self.list_all(access, after, size).await,
            Some(owner) => self.list_shown(access, owner, after, size).await,
        }
    }

    async fn rows(&self, access: &CatalogAccess, after: Option<&str>, limit: u32) -> Result<Vec<Repository>> {
        Ok(self.base.meta.list_repositories(access.registry(), access.readable(), after, limit).await?)
    }

    async fn list_all(&self, access: &CatalogAccess, after: Option<&str>, size: u32) -> Result<Listed> {
        // One more than the page holds, to know whether there is a next one.
        let rows = self.rows(access, after, size.saturating_add(1)).await?;
        Ok(cut(rows.into_iter().map(|row| row.name.as_str().to_owned()).collect(), size))
    }

    async fn list_shown(
        &self,
        access: &CatalogAccess,
        owner: AccountId,
        after: Option<&str>,
        size: u32,
    ) -> Result<Listed> {
        let mut names = Vec::new();
        let mut after = match after {
            Some(hidden) if hidden.starts_with(HIDDEN) => {
                Some(self.base.auth.reveal(&hidden[HIDDEN.len_utf8()..]).ok_or(Error::Cursor)?)
            }
            other => other.map(str::to_owned),
        };
        for _ in 0..MAX_CHUNKS {
            let rows = self.rows(access, after.as_deref(), CHUNK).await?;
            let is_last = rows.len() < CHUNK as usize;
            let namespaces: HashSet<NamespaceId> = rows.iter().map(|row| row.namespace).collect();
            let own = self.base.meta.owned_namespaces(owner, &Vec::from_iter(namespaces)).await?;
            after = rows.last().map(|row| row.name.as_str().to_owned()).or(after);
            for row in rows {
                let tags = self.base.auth.namespace_tags(row.registry, row.name.namespace()).await?;
                if !own.contains(&row.namespace) || access.shows(&row.name, row.public, &tags) {
                    names.push(row.name.as_str().to_owned());
                    if names.len() > size as usize {
                        return Ok(cut(names, size));
                    }
                }
            }
            if is_last {
                return Ok(Listed { names, next: None });
            }
        }
        // The next page goes on after a name that may have been left out, and must not be told.
        let next = after.and_then(|after| self.base.auth.hide(&after)).map(|hidden| format!("{HIDDEN}{hidden}"));
        Ok(Listed { names, next })
    }
}

/// A page of `size` names, of which there may be more.
fn cut(mut names: Vec<String>, size: u32) -> Listed {
    let more = names.len() > size as usize;
    names.truncate(size as usize);
    let next = names.last().filter(|_| more).cloned();
    Listed { names, next }
}
