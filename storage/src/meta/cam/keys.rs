//! Access keys of accounts.

use sqlx::any::AnyRow;

use super::model::NewAccessKey;
use super::{leave_room, limits};
use crate::meta::MetaStore;
use crate::meta::model::AccessKey;
use crate::meta::row::{get, optional_time, parse, time};
use crate::meta::sql::{SqlResult as _, conflict};
use crate::meta::unit::{Outcome, Unit, unit};
use crate::meta::{Act, Event, KeyChange, Scope};
use crate::{Error, Result};
use roadstead_types::{AccountId, Counted, SecretId, Thing, Timestamp};

impl MetaStore {
    /// Stores an access key.
    ///
    /// # Errors
    /// `LimitReached` when the account has two, `Conflict` when the id is taken, `Stale` when the account does not
    /// exist.
    pub async fn create_access_key(&self, act: &Act, account: AccountId, new: &NewAccessKey<'_>) -> Result<()> {
        unit!(self.unit(act, "create an access key"), |u| create(u, account, new).await.map(Outcome::Done))
    }

    /// Returns the access key with this id.
    pub async fn access_key(&self, id: &SecretId) -> Result<Option<AccessKey>> {
        let query = sqlx::query(
            "SELECT account_id, secret_id, sealed_secret, active, description, last_used_at, created_at \
             FROM access_keys WHERE secret_id = $1",
        );
        let row = query.bind(id.as_str()).fetch_optional(self.reader()).await;
        row.op("read an access key")?.as_ref().map(access_key).transpose()
    }

    /// Returns the access key with this id, if it belongs to `owner` or to one of its sub-accounts.
    pub async fn own_access_key(&self, owner: AccountId, id: &SecretId) -> Result<Option<AccessKey>> {
        let query = sqlx::query(
            "SELECT k.account_id, k.secret_id, k.sealed_secret, k.active, k.description, k.last_used_at, k.created_at \
             FROM access_keys k JOIN accounts a ON a.id = k.account_id \
             WHERE k.secret_id = $1 AND (a.id = $2 OR a.owner_id = $2)",
        );
        let row = query.bind(id.as_str()).bind(owner.get()).fetch_optional(self.reader()).await;
        row.op("read an access key")?.as_ref().map(access_key).transpose()
    }

    /// Lists the access keys of an account, the oldest first.
    pub async fn list_access_keys(&self, account: AccountId) -> Result<Vec<AccessKey>> {
        let query = sqlx::query(
            "SELECT account_id, secret_id, sealed_secret, active, description, last_used_at, created_at \
             FROM access_keys WHERE account_id = $1 ORDER BY created_at, secret_id LIMIT $2",
        );
        let query = query.bind(account.get()).bind(super::rows(limits::ACCESS_KEYS));
        query.fetch_all(self.reader()).await.op("list access keys")?.iter().map(access_key).collect()
    }

    /// Enables or disables a key of an account. False when the account has no such key.
    pub async fn set_access_key_active(
        &self,
        act: &Act,
        account: AccountId,
        id: &SecretId,
        active: bool,
    ) -> Result<bool> {
        unit!(self.unit(act, "change an access key"), |u| set_active(u, account, id, active).await.map(Outcome::of))
    }

    /// Deletes a key of an account. False when the account has no such key.
    pub async fn delete_access_key(&self, act: &Act, account: AccountId, id: &SecretId) -> Result<bool> {
        unit!(self.unit(act, "delete an access key"), |u| delete(u, account, id).await.map(Outcome::of))
    }

    /// Saves when keys were last used. Caches are not told, and a loss of power may undo it.
    pub async fn record_key_uses(&self, uses: &[(SecretId, Timestamp)]) -> Result<()> {
        for (id, at) in uses {
            let update = sqlx::query(
                "UPDATE access_keys SET last_used_at = $1 \
                 WHERE secret_id = $2 AND (last_used_at IS NULL OR last_used_at < $1)",
            );
            let update = update.bind(at.as_millis()).bind(id.as_str());
            update.execute(self.writer()).await.op("note the use of an access key")?;
        }
        Ok(())
    }
}

async fn create(u: &mut Unit<'_>, account: AccountId, new: &NewAccessKey<'_>) -> Result<()> {
    // The row of the account is the lock, so that two requests do not count the same keys.
    let lock = sqlx::query("UPDATE accounts SET status = status WHERE id = $1").bind(account.get());
    if lock.execute(&mut **u).await.op("lock an account")?.rows_affected() == 0 {
        return Err(Error::Stale(Thing::Account));
    }
    insert(u, account, new).await?;
    u.changed(Scope::Account(account));
    Ok(())
}

/// Stores a key of an account that this transaction has locked or made.
pub(in crate::meta) async fn insert(u: &mut Unit<'_>, account: AccountId, new: &NewAccessKey<'_>) -> Result<()> {
    let now = u.now();
    let count = "SELECT COUNT(*) FROM access_keys WHERE account_id = $1";
    leave_room(u, count, account.get(), Counted::AccessKeys, limits::ACCESS_KEYS).await?;
    let insert = sqlx::query(
        "INSERT INTO access_keys (secret_id, account_id, sealed_secret, active, description, created_at) \
         VALUES ($1, $2, $3, 1, $4, $5)",
    );
    let insert = insert
        .bind(new.secret_id.as_str())
        .bind(account.get())
        .bind(new.sealed_secret)
        .bind(new.description)
        .bind(now.as_millis());
    insert.execute(&mut **u).await.op("create an access key").map_err(conflict(Thing::AccessKey))?;
    u.names(new.secret_id.as_str());
    u.happened(Event::KeyChanged { account, key: new.secret_id.clone(), change: KeyChange::Created });
    Ok(())
}

/// Tells that the keys of an account are deleted with it.
pub(super) async fn go_with(u: &mut Unit<'_>, account: AccountId) -> Result<()> {
    let keys = sqlx::query("SELECT secret_id FROM access_keys WHERE account_id = $1 ORDER BY created_at, secret_id");
    for row in &keys.bind(account.get()).fetch_all(&mut **u).await.op("read access keys")? {
        let key = parse(row, "access_keys", "secret_id")?;
        u.happened(Event::KeyChanged { account, key, change: KeyChange::Deleted });
    }
    Ok(())
}

async fn set_active(u: &mut Unit<'_>, account: AccountId, id: &SecretId, active: bool) -> Result<bool> {
    let update = sqlx::query("UPDATE access_keys SET active = $1 WHERE secret_id = $2 AND account_id = $3");
    let update = update.bind(i64::from(active)).bind(id.as_str()).bind(account.get());
    if update.execute(&mut **u).await.op("change an access key")?.rows_affected() == 0 {
        return Ok(false);
    }
    u.changed(Scope::Account(account));
    u.happened(Event::KeyChanged {
        account,
        key: id.clone(),
        change: if active { KeyChange::Enabled } else { KeyChange::Disabled },
    });
    Ok(true)
}

async fn delete(u: &mut Unit<'_>, account: AccountId, id: &SecretId) -> Result<bool> {
    let delete = sqlx::query("DELETE FROM access_keys WHERE secret_id = $1 AND account_id = $2");
    let delete = delete.bind(id.as_str()).bind(account.get());
    if delete.execute(&mut **u).await.op("delete an access key")?.rows_affected() == 0 {
        return Ok(false);
    }
    u.changed(Scope::Account(account));
    u.happened(Event::KeyChanged { account, key: id.clone(), change: KeyChange::Deleted });
    Ok(true)
}

fn access_key(row: &AnyRow) -> Result<AccessKey> {
    Ok(AccessKey {
        account: AccountId::new(get(row, "account_id")?),
        secret_id: parse(row, "access_keys", "secret_id")?,
        sealed_secret: get(row, "sealed_secret")?,
        active: get::<i64>(row, "active")? == 1,
        description: get(row, "description")?,
        last_used_at: optional_time(row, "last_used_at")?,
        created_at: time(row, "created_at")?,
    })
}
