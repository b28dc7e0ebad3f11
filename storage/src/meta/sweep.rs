//! Queries of sweeps of the blob store.

use std::collections::HashSet;

use sqlx::AssertSqlSafe;

use super::MetaStore;
use super::row::parse;
use super::sql::{SqlResult as _, lists, placeholders};
use crate::Result;
use crate::blob::BlobKey;
use roadstead_types::UploadId;

impl MetaStore {
    /// Returns the random id of this database, which its blob store has too (`BlobStore::identity`).
    pub async fn identity(&self) -> Result<String> {
        let identity = sqlx::query_scalar("SELECT store_id FROM identity WHERE id = 1");
        identity.fetch_one(self.reader()).await.op("read the id of the database")
    }

    /// Tells whether there is any blob, in any state.
    pub async fn has_blobs(&self) -> Result<bool> {
        let query = sqlx::query("SELECT id FROM blobs LIMIT 1");
        Ok(query.fetch_optional(self.reader()).await.op("look for blobs")?.is_some())
    }

    /// Returns those of `keys` that belong to a blob in any state.
    pub async fn known_objects(&self, keys: &[BlobKey]) -> Result<HashSet<BlobKey>> {
        let mut known = HashSet::with_capacity(keys.len());
        for list in lists(keys) {
            let names = placeholders(1, list.len());
            let sql = format!("SELECT object FROM blobs WHERE object IN ({names})");
            let query = list.iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, key| query.bind(key.to_string()));
            for row in &query.fetch_all(self.reader()).await.op("look for objects")? {
                known.insert(parse(row, "blobs", "object")?);
            }
        }
        Ok(known)
    }

    /// Returns those of `ids` that have a row, expired or not.
    pub async fn known_uploads(&self, ids: &[UploadId]) -> Result<HashSet<UploadId>> {
        let mut known = HashSet::with_capacity(ids.len());
        for list in lists(ids) {
            let sql = format!("SELECT id FROM uploads WHERE id IN ({})", placeholders(1, list.len()));
            let query = list.iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, id| query.bind(id.to_string()));
            for row in &query.fetch_all(self.reader()).await.op("look for uploads")? {
                known.insert(parse(row, "uploads", "id")?);
            }
        }
        Ok(known)
    }
}
