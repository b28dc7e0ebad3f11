//! Favourites: repositories that an account wants to find again.

use sqlx::AssertSqlSafe;

use super::MetaStore;
use super::sql::{SqlResult as _, lists, placeholders, stale, write_transaction};
use crate::Result;
use roadstead_types::{AccountId, RegistryId, RepositoryId, RepositoryName, Thing, Timestamp};

impl MetaStore {
    /// Makes a repository a favourite of an account; false when it is one already.
    ///
    /// # Errors
    /// `Stale` when the repository or the account has gone.
    pub async fn add_favorite(&self, account: AccountId, repository: RepositoryId, now: Timestamp) -> Result<bool> {
        write_transaction!(self, "add a favourite", |tx| async {
            let insert = sqlx::query(
                "INSERT INTO favorites (account_id, repository_id, created_at) VALUES ($1, $2, $3) \
                 ON CONFLICT (account_id, repository_id) DO NOTHING",
            );
            let insert = insert.bind(account.get()).bind(repository.get()).bind(now.as_millis());
            let done = insert.execute(tx).await.op("add a favourite").map_err(stale(Thing::Repository))?;
            Ok(done.rows_affected() > 0)
        }
        .await)
    }

    /// Takes repositories from the favourites of an account, and tells how many were there.
    pub async fn remove_favorites(
        &self,
        account: AccountId,
        registry: RegistryId,
        names: &[RepositoryName],
    ) -> Result<u64> {
        write_transaction!(self, "remove favourites", |tx| async {
            let mut removed = 0;
            for list in lists(names) {
                let sql = format!(
                    "DELETE FROM favorites WHERE account_id = $1 AND repository_id IN \
                     (SELECT id FROM repositories WHERE registry_id = $2 AND name IN ({}))",
                    placeholders(3, list.len())
                );
                let delete = sqlx::query(AssertSqlSafe(sql)).bind(account.get()).bind(registry.get());
                let delete = list.iter().fold(delete, |delete, name| delete.bind(name.to_string()));
                removed += delete.execute(&mut *tx).await.op("remove favourites")?.rows_affected();
            }
            Ok(removed)
        }
        .await)
    }
}
