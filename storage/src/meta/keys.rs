//! The keys that sign bearer tokens.

use sqlx::any::AnyRow;

use super::MetaStore;
use super::Scope;
use super::locks;
use super::model::SigningKey;
use super::row::{get, optional_time, time};
use super::sql::{SqlResult as _, conflict};
use super::unit::{Outcome, Unit, unit};
use crate::Result;
use roadstead_types::{Thing, Timestamp};

impl MetaStore {
    /// Tells whether the database holds anything that was sealed with the master key.
    pub async fn has_sealed(&self) -> Result<bool> {
        for sql in ["SELECT 1 FROM signing_keys LIMIT 1", "SELECT 1 FROM access_keys LIMIT 1"] {
            if sqlx::query(sql).fetch_optional(self.reader()).await.op("look for sealed keys")?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns all signing keys, the newest first.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>> {
        let query = sqlx::query(
            "SELECT kid, algorithm, public_key, sealed_private, created_at, retired_at, expires_at FROM signing_keys \
             ORDER BY created_at DESC, kid",
        );
        query.fetch_all(self.reader()).await.op("read the signing keys")?.iter().map(signing_key).collect()
    }

    /// Stores `key` and retires the older keys, which end at `old_expire_at` at the latest. False when a signing key
    /// was made at or after `unless_since`. So only one of two processes that rotate at the same time makes a key.
    pub async fn rotate_signing_key(
        &self,
        key: &SigningKey,
        unless_since: Timestamp,
        old_expire_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        unit!(self.upkeep(now, "rotate the signing key"), |u| rotate(u, key, unless_since, old_expire_at)
            .await
            .map(Outcome::of))
    }

    /// Deletes the signing keys that have expired.
    pub async fn delete_expired_signing_keys(&self, now: Timestamp) -> Result<u64> {
        let delete = sqlx::query("DELETE FROM signing_keys WHERE expires_at <= $1").bind(now.as_millis());
        Ok(delete.execute(self.writer()).await.op("delete signing keys")?.rows_affected())
    }
}

async fn rotate(u: &mut Unit<'_>, key: &SigningKey, unless_since: Timestamp, old_expire_at: Timestamp) -> Result<bool> {
    let now = u.now();
    // There may be no signing key yet, so no row of one can serve as the lock.
    locks::database(u).await?;
    let young = sqlx::query("SELECT kid FROM signing_keys WHERE retired_at IS NULL AND created_at >= $1");
    let young = young.bind(unless_since.as_millis()).fetch_optional(&mut **u).await.op("read the signing keys")?;
    if young.is_some() {
        return Ok(false);
    }
    u.changed(Scope::System);
    let retire = sqlx::query("UPDATE signing_keys SET retired_at = $1, expires_at = $2 WHERE retired_at IS NULL");
    let retire = retire.bind(now.as_millis()).bind(old_expire_at.as_millis());
    retire.execute(&mut **u).await.op("retire signing keys")?;
    let insert = sqlx::query(
        "INSERT INTO signing_keys (kid, algorithm, public_key, sealed_private, created_at, retired_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    let insert = insert
        .bind(&key.kid)
        .bind(&key.algorithm)
        .bind(&key.public[..])
        .bind(&key.sealed_private[..])
        .bind(key.created_at.as_millis())
        .bind(key.retired_at.map(Timestamp::as_millis))
        .bind(key.expires_at.map(Timestamp::as_millis));
    insert.execute(&mut **u).await.op("store a signing key").map_err(conflict(Thing::SigningKey))?;
    Ok(true)
}

fn signing_key(row: &AnyRow) -> Result<SigningKey> {
    Ok(SigningKey {
        kid: get(row, "kid")?,
        algorithm: get(row, "algorithm")?,
        public: get(row, "public_key")?,
        sealed_private: get(row, "sealed_private")?,
        created_at: time(row, "created_at")?,
        retired_at: optional_time(row, "retired_at")?,
        expires_at: optional_time(row, "expires_at")?,
    })
}
