//! The catalog: the repositories that the caller may pull from.

use std::collections::HashSet;
use std::sync::Arc;

use roadstead_auth::CatalogAccess;
use roadstead_storage::meta::Repository;
use roadstead_types::{AccountId, NamespaceId};

use super::{Error, Foundation, Result};

/// The number of repositories that are read together if some of them may be hidden.
const CHUNK: u32 = 1000;
/// The most chunks that are read for one page.
const MAX_CHUNKS: usize = 10;
/// The first character of a cursor that hides a name which the caller may not see. No repository name starts with it.
const HIDDEN: char = '~';

/// A page of the catalog.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Listed {
    /// The names, in byte order.
    pub names: Vec<String>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
}

/// The service for the catalog.
#[derive(Clone)]
pub struct CatalogService {
    base: Arc<Foundation>,
}

impl CatalogService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base }
    }

    /// Returns at most `size` names of repositories that the caller may see, after `after`, in byte order. If very many
    /// names in a row are hidden, a page is shorter although another page follows.
    ///
    /// # Errors
    /// `Cursor` if `after` is neither a name nor a cursor of an earlier page.
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
        // The query asks for one more row, to know whether there is a next page.
        let rows = self.rows(access, after, size.saturating_add(1)).await?;
        Ok(cut(rows.into_iter().map(|row| row.name.as_str().to_owned()).collect(), size))
    }

    /// Returns whether the caller sees a repository of its main account.
    async fn shows(&self, access: &CatalogAccess, row: &Repository) -> Result<bool> {
        let tags = match access.asks_for_tags() {
            true => self.base.auth.namespace_tags(row.registry, row.name.namespace()).await?,
            false => Arc::default(),
        };
        Ok(access.shows(&row.name, row.public, &tags))
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
                if !own.contains(&row.namespace) || self.shows(access, &row).await? {
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
        // The next page may start after a hidden name, which the cursor must not reveal.
        let next = after.and_then(|after| self.base.auth.hide(&after)).map(|hidden| format!("{HIDDEN}{hidden}"));
        Ok(Listed { names, next })
    }
}

/// Cuts the names to a page of `size`, and sets the cursor if there are more.
fn cut(mut names: Vec<String>, size: u32) -> Listed {
    let more = names.len() > size as usize;
    names.truncate(size as usize);
    let next = names.last().filter(|_| more).cloned();
    Listed { names, next }
}
