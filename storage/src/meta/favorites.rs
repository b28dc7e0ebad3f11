//! Favourites: repositories that an account has marked to find them again.

use sqlx::AssertSqlSafe;

use super::Act;
use super::MetaStore;
use super::repositories;
use super::sql::{SqlResult as _, lists, placeholders, stale};
use super::unit::{Outcome, unit};
use crate::Result;
use roadstead_types::{AccountId, RegistryId, RepositoryId, RepositoryName, Thing};

impl MetaStore {
    /// Makes a repository a favourite of an account; false when it is one already.
    ///
    /// # Errors
    /// `Stale` when the repository or the account has gone.
    pub async fn add_favorite(&self, act: &Act, account: AccountId, repository: RepositoryId) -> Result<bool> {
        unit!(self.unit(act, "add a favourite"), |u| async {
            repositories::hold(u, repository).await?;
            let insert = sqlx::query(
                "INSERT INTO favorites (account_id, repository_id, created_at) VALUES ($1, $2, $3) \
                 ON CONFLICT (account_id, repository_id) DO NOTHING",
            );
            let insert = insert.bind(account.get()).bind(repository.get()).bind(u.now().as_millis());
            let done = insert.execute(&mut **u).await.op("add a favourite").map_err(stale(Thing::Repository))?;
            Ok(done.rows_affected() > 0)
        }
        .await
        .map(Outcome::of))
    }

    /// Removes repositories from the favourites of an account. Returns how many of them were favourites.
    pub async fn remove_favorites(
        &self,
        act: &Act,
        account: AccountId,
        registry: RegistryId,
        names: &[RepositoryName],
    ) -> Result<u64> {
        unit!(self.unit(act, "remove favourites"), |u| async {
            let mut removed = 0;
            for list in lists(names) {
                let sql = format!(
                    "DELETE FROM favorites WHERE account_id = $1 AND repository_id IN \
                     (SELECT id FROM repositories WHERE registry_id = $2 AND name IN ({}))",
                    placeholders(3, list.len())
                );
                let delete = sqlx::query(AssertSqlSafe(sql)).bind(account.get()).bind(registry.get());
                let delete = list.iter().fold(delete, |delete, name| delete.bind(name.to_string()));
                removed += delete.execute(&mut **u).await.op("remove favourites")?.rows_affected();
            }
            Ok(removed)
        }
        .await
        .map(Outcome::Done))
    }
}
