//! Facts that lists of repositories need about namespaces and registries.

use std::collections::HashSet;

use sqlx::AssertSqlSafe;

use super::MetaStore;
use super::row::get;
use super::sql::{SqlResult as _, lists, placeholders};
use crate::Result;
use roadstead_types::{AccountId, NamespaceId, RegistryId};

impl MetaStore {
    /// Returns those of `namespaces` that belong to `owner`.
    pub async fn owned_namespaces(&self, owner: AccountId, namespaces: &[NamespaceId]) -> Result<HashSet<NamespaceId>> {
        let mut owned = HashSet::with_capacity(namespaces.len());
        for list in lists(namespaces) {
            let sql =
                format!("SELECT id FROM namespaces WHERE owner_id = $1 AND id IN ({})", placeholders(2, list.len()));
            let query = sqlx::query(AssertSqlSafe(sql)).bind(owner.get());
            let query = list.iter().fold(query, |query, id| query.bind(id.get()));
            for row in &query.fetch_all(self.reader()).await.op("look for own namespaces")? {
                owned.insert(NamespaceId::new(get(row, "id")?));
            }
        }
        Ok(owned)
    }

    /// Returns the public name of a registry: `personal`, or the id of an instance. It never changes.
    pub async fn registry_name(&self, registry: RegistryId) -> Result<Option<String>> {
        let name = sqlx::query_scalar("SELECT name FROM registries WHERE id = $1").bind(registry.get());
        name.fetch_optional(self.reader()).await.op("read a registry")
    }
}
