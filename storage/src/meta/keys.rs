//! Access keys of accounts, and the keys that sign bearer tokens.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::MetaStore;
use super::accounts::bump_changes;
use super::model::{AccessKey, SigningKey};
use super::row::{get, optional_time, parse, time};
use super::sql::{SqlResult as _, conflict, write_transaction};
use crate::types::{AccountId, SecretId, Timestamp};
use crate::{Error, Result};

/// How many access keys an account may have: two, so that one can be replaced without a gap.
const MAX_ACCESS_KEYS: u64 = 2;

impl MetaStore {
    /// Stores an access key.
    ///
    /// # Errors
    /// `LimitReached` when the account has two, `Conflict` when the id is taken, `Stale` when there is no such account.
    pub async fn create_access_key(
        &self,
        account: AccountId,
        secret_id: &SecretId,
        sealed_secret: &[u8],
        now: Timestamp,
    ) -> Result<()> {
        write_transaction!(self, "create an access key", |tx| {
            insert_access_key(tx, account, secret_id, sealed_secret, now).await
        })
    }

    /// The access key with this id.
    pub async fn access_key(&self, id: &SecretId) -> Result<Option<AccessKey>> {
        let query = sqlx::query(
            "SELECT account_id, secret_id, sealed_secret, active, created_at FROM access_keys WHERE secret_id = $1",
        );
        let row = query.bind(id.as_str()).fetch_optional(self.reader()).await;
        row.op("read an access key")?.as_ref().map(access_key).transpose()
    }

    /// The access keys of an account, the oldest first.
    pub async fn list_access_keys(&self, account: AccountId) -> Result<Vec<AccessKey>> {
        let query = sqlx::query(
            "SELECT account_id, secret_id, sealed_secret, active, created_at FROM access_keys WHERE account_id = $1 \
             ORDER BY created_at, secret_id",
        );
        let rows = query.bind(account.get()).fetch_all(self.reader()).await.op("list access keys")?;
        rows.iter().map(access_key).collect()
    }

    /// Whether anything is here that was sealed with the master key.
    pub async fn has_sealed(&self) -> Result<bool> {
        for sql in ["SELECT 1 FROM signing_keys LIMIT 1", "SELECT 1 FROM access_keys LIMIT 1"] {
            if sqlx::query(sql).fetch_optional(self.reader()).await.op("look for sealed keys")?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// All signing keys, the newest first.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>> {
        let query = sqlx::query(
            "SELECT kid, algorithm, public_key, sealed_private, created_at, retired_at, expires_at FROM signing_keys \
             ORDER BY created_at DESC, kid",
        );
        query.fetch_all(self.reader()).await.op("read the signing keys")?.iter().map(signing_key).collect()
    }

    /// Stores `key` and retires those before it, which end at `old_expire_at` if they do not end before; false when a key
    /// that signs has been made at or after `unless_since`. Of two processes that rotate at once, one does.
    pub async fn rotate_signing_key(
        &self,
        key: &SigningKey,
        unless_since: Timestamp,
        old_expire_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        write_transaction!(self, "rotate the signing key", |tx| {
            rotate(tx, key, unless_since, old_expire_at, now).await
        })
    }

    /// Deletes the signing keys that verify no more.
    pub async fn delete_expired_signing_keys(&self, now: Timestamp) -> Result<u64> {
        let delete = sqlx::query("DELETE FROM signing_keys WHERE expires_at <= $1").bind(now.as_millis());
        Ok(delete.execute(self.writer()).await.op("delete signing keys")?.rows_affected())
    }
}

async fn insert_access_key(
    tx: &mut AnyConnection,
    account: AccountId,
    secret_id: &SecretId,
    sealed_secret: &[u8],
    now: Timestamp,
) -> Result<()> {
    // Two requests must not both count one key: the row of the account is their lock.
    let lock = sqlx::query("UPDATE accounts SET status = status WHERE id = $1").bind(account.get());
    if lock.execute(&mut *tx).await.op("lock an account")?.rows_affected() == 0 {
        return Err(Error::Stale { what: "account" });
    }
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM access_keys WHERE account_id = $1").bind(account.get());
    let count: i64 = count.fetch_one(&mut *tx).await.op("count access keys")?;
    if u64::try_from(count).is_ok_and(|count| count >= MAX_ACCESS_KEYS) {
        return Err(Error::LimitReached { what: "access keys", limit: MAX_ACCESS_KEYS });
    }
    let insert = sqlx::query(
        "INSERT INTO access_keys (secret_id, account_id, sealed_secret, active, created_at) VALUES ($1, $2, $3, 1, $4)",
    );
    let insert = insert.bind(secret_id.as_str()).bind(account.get()).bind(sealed_secret).bind(now.as_millis());
    insert.execute(&mut *tx).await.op("create an access key").map_err(conflict("access key"))?;
    bump_changes(tx).await
}

async fn rotate(
    tx: &mut AnyConnection,
    key: &SigningKey,
    unless_since: Timestamp,
    old_expire_at: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    // The counter's row is the lock: there may be no signing key yet that could be one.
    bump_changes(tx).await?;
    let young = sqlx::query("SELECT kid FROM signing_keys WHERE retired_at IS NULL AND created_at >= $1");
    let young = young.bind(unless_since.as_millis()).fetch_optional(&mut *tx).await.op("read the signing keys")?;
    if young.is_some() {
        return Ok(false);
    }
    let retire = sqlx::query("UPDATE signing_keys SET retired_at = $1, expires_at = $2 WHERE retired_at IS NULL");
    let retire = retire.bind(now.as_millis()).bind(old_expire_at.as_millis());
    retire.execute(&mut *tx).await.op("retire signing keys")?;
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
    insert.execute(tx).await.op("store a signing key").map_err(conflict("signing key"))?;
    Ok(true)
}

fn access_key(row: &AnyRow) -> Result<AccessKey> {
    Ok(AccessKey {
        account: AccountId::new(get(row, "account_id")?),
        secret_id: parse(row, "access_keys", "secret_id")?,
        sealed_secret: get(row, "sealed_secret")?,
        active: get::<i64>(row, "active")? == 1,
        created_at: time(row, "created_at")?,
    })
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
