//! The order of locks. Every transaction takes its locks in this order, so that no two wait for each other.
//!
//! 1. the row of `identity` ([`database`]), for things without a row of their own
//! 2. accounts: a main account before its sub-accounts
//! 3. the row of the personal edition in `registries` ([`numbers`])
//! 4. instances
//! 5. namespaces, then their rows in `instance_namespaces`
//! 6. repositories that exist, in the order of their ids, then a new one
//! 7. uploads
//! 8. blobs, in the order of their ids
//! 9. the content of a locked repository, in any order: manifests, edges, tags
//! 10. the review queue, in the order of its targets
//! 11. the counters of changes, which a unit moves last
//!
//! A transaction that may need an early lock takes it before the later ones, even if it then does not need it: see
//! `repositories::lock_above`. One lock comes late: a transaction that deletes a repository has locked it when it makes the
//! namespace for deleted repositories. Whoever has made that namespace waits for nothing but the counters.
//!
//! On PostgreSQL these are row locks. On SQLite the one writer has the whole database.

use sqlx::AnyConnection;

use super::sql::SqlResult as _;
use crate::Result;

/// Takes the lock for things without a row of their own.
pub(super) async fn database(tx: &mut AnyConnection) -> Result<()> {
    let lock = sqlx::query("UPDATE identity SET store_id = store_id WHERE id = 1");
    lock.execute(tx).await.op("lock the database")?;
    Ok(())
}

/// Takes the lock under which registries get their numbers.
pub(super) async fn numbers(tx: &mut AnyConnection) -> Result<()> {
    let lock = sqlx::query("UPDATE registries SET created_at = created_at WHERE id = 1");
    lock.execute(tx).await.op("lock the numbers of registries")?;
    Ok(())
}
