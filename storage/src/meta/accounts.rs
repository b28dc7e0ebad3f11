//! Accounts and their passwords.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::MetaStore;
use super::changes;
use super::model::{Account, AccountStatus, NewAccount};
use super::row::{get, parse, time};
use super::sql::{SqlResult as _, conflict, is_storable, write_transaction};
use crate::{Error, Result};
use roadstead_types::{AccountId, Thing, Timestamp, Uin};

const ACCOUNTS_BY_ID: &str =
    "SELECT id, uin, name, owner_id, status, credential_version, created_at FROM accounts WHERE id = $1";
const ACCOUNTS_BY_UIN: &str =
    "SELECT id, uin, name, owner_id, status, credential_version, created_at FROM accounts WHERE uin = $1";
const ACCOUNTS_BY_NAME: &str = "SELECT id, uin, name, owner_id, status, credential_version, created_at FROM accounts \
     WHERE name = $1 AND owner_id IS NULL";
const ACCOUNTS_PAGE: &str = "SELECT id, uin, name, owner_id, status, credential_version, created_at FROM accounts \
     WHERE uin > $1 ORDER BY uin LIMIT $2";

impl MetaStore {
    /// Makes a main account.
    ///
    /// # Errors
    /// `Conflict` when the uin or the name is taken.
    pub async fn create_account(&self, new: &NewAccount<'_>, now: Timestamp) -> Result<Account> {
        write_transaction!(self, "create an account", |tx| insert(tx, new, now).await)
    }

    /// The account with this id.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>> {
        let row = sqlx::query(ACCOUNTS_BY_ID).bind(id.get()).fetch_optional(self.reader()).await;
        row.op("read an account")?.as_ref().map(account).transpose()
    }

    /// The account with this uin.
    pub async fn account_by_uin(&self, uin: &Uin) -> Result<Option<Account>> {
        let row = sqlx::query(ACCOUNTS_BY_UIN).bind(uin.as_str()).fetch_optional(self.reader()).await;
        row.op("read an account")?.as_ref().map(account).transpose()
    }

    /// The main account with this name.
    pub async fn account_by_name(&self, name: &str) -> Result<Option<Account>> {
        if !is_storable(name) {
            return Ok(None);
        }
        let row = sqlx::query(ACCOUNTS_BY_NAME).bind(name).fetch_optional(self.reader()).await;
        row.op("read an account")?.as_ref().map(account).transpose()
    }

    /// Accounts in the order of their uins, after `after`.
    pub async fn list_accounts(&self, after: Option<&Uin>, limit: u32) -> Result<Vec<Account>> {
        let page = sqlx::query(ACCOUNTS_PAGE).bind(after.map_or("", Uin::as_str)).bind(i64::from(limit));
        page.fetch_all(self.reader()).await.op("list accounts")?.iter().map(account).collect()
    }

    /// When the first account was made.
    pub async fn oldest_account(&self) -> Result<Option<Timestamp>> {
        let query = sqlx::query("SELECT created_at FROM accounts ORDER BY id LIMIT 1");
        let row = query.fetch_optional(self.reader()).await.op("read an account")?;
        row.map(|row| time(&row, "created_at")).transpose()
    }

    /// Enables or disables an account; false when there is no such account. What was issued before to it and to its
    /// sub-accounts is void if that is a change.
    pub async fn set_account_status(&self, id: AccountId, status: AccountStatus, now: Timestamp) -> Result<bool> {
        write_transaction!(self, "set the status of an account", |tx| change_status(tx, id, status, now).await)
    }

    /// The hash of the account's password.
    pub async fn password_hash(&self, id: AccountId) -> Result<Option<String>> {
        let hash = sqlx::query_scalar("SELECT hash FROM passwords WHERE account_id = $1").bind(id.get());
        hash.fetch_optional(self.reader()).await.op("read a password hash")
    }

    /// Sets the password of an account. What was issued under the old one is void, refresh tokens included.
    ///
    /// # Errors
    /// `Stale` when there is no such account.
    pub async fn set_password_hash(&self, id: AccountId, hash: &str, now: Timestamp) -> Result<()> {
        write_transaction!(self, "set a password", |tx| change_password(tx, id, hash, now).await)
    }

    /// Gives an account its first password.
    ///
    /// # Errors
    /// `Conflict` when it has one, `Stale` when there is no such account.
    pub async fn add_password_hash(&self, id: AccountId, hash: &str, now: Timestamp) -> Result<()> {
        write_transaction!(self, "set a password", |tx| add_password(tx, id, hash, now).await)
    }

    /// Changes the password of an account that has one; false when it has none. What was issued under the old one is void,
    /// refresh tokens included.
    pub async fn change_password_hash(&self, id: AccountId, hash: &str, now: Timestamp) -> Result<bool> {
        write_transaction!(self, "set a password", |tx| async {
            if !has_password(tx, id).await? {
                return Ok(false);
            }
            change_password(tx, id, hash, now).await?;
            Ok(true)
        }
        .await)
    }

    /// Replaces the hash of the same password by one with other parameters; false when the hash is not `old` any more.
    pub async fn update_password_hash(&self, id: AccountId, old: &str, new: &str) -> Result<bool> {
        let update = sqlx::query("UPDATE passwords SET hash = $1 WHERE account_id = $2 AND hash = $3");
        let done = update.bind(new).bind(id.get()).bind(old).execute(self.writer()).await;
        let renewed = done.op("renew a password hash")?.rows_affected() > 0;
        self.durable().await?;
        Ok(renewed)
    }
}

async fn insert(tx: &mut AnyConnection, new: &NewAccount<'_>, now: Timestamp) -> Result<Account> {
    let insert = sqlx::query(
        "INSERT INTO accounts (uin, name, status, credential_version, created_at) VALUES ($1, $2, 0, 1, $3) \
         RETURNING id, uin, name, owner_id, status, credential_version, created_at",
    );
    let row = insert.bind(new.uin.as_str()).bind(new.name).bind(now.as_millis()).fetch_one(&mut *tx).await;
    let account = account(&row.op("create an account").map_err(conflict(Thing::Account))?)?;
    if let Some(hash) = new.password_hash {
        store_password(tx, account.id, hash, now).await?;
    }
    changes::changed()?;
    Ok(account)
}

pub(super) async fn store_password(tx: &mut AnyConnection, id: AccountId, hash: &str, now: Timestamp) -> Result<()> {
    let upsert = sqlx::query(
        "INSERT INTO passwords (account_id, hash, updated_at) VALUES ($1, $2, $3) \
         ON CONFLICT (account_id) DO UPDATE SET hash = excluded.hash, updated_at = excluded.updated_at",
    );
    upsert.bind(id.get()).bind(hash).bind(now.as_millis()).execute(tx).await.op("store a password hash")?;
    Ok(())
}

/// Locks an account, and tells whether it has a password.
async fn has_password(tx: &mut AnyConnection, id: AccountId) -> Result<bool> {
    super::quotas::lock_owner(tx, id).await?;
    let there = sqlx::query("SELECT account_id FROM passwords WHERE account_id = $1").bind(id.get());
    Ok(there.fetch_optional(tx).await.op("read a password hash")?.is_some())
}

async fn add_password(tx: &mut AnyConnection, id: AccountId, hash: &str, now: Timestamp) -> Result<()> {
    if has_password(tx, id).await? {
        return Err(Error::Conflict(Thing::Password));
    }
    store_password(tx, id, hash, now).await?;
    changes::changed()
}

async fn change_status(tx: &mut AnyConnection, id: AccountId, status: AccountStatus, now: Timestamp) -> Result<bool> {
    let number = status_number(status);
    let update = sqlx::query(
        "UPDATE accounts SET credential_version = credential_version + 1, status = $1 WHERE id = $2 AND status <> $1",
    );
    let changed = update.bind(number).bind(id.get()).execute(&mut *tx).await.op("set the status of an account")?;
    if changed.rows_affected() == 0 {
        let there = sqlx::query("SELECT id FROM accounts WHERE id = $1").bind(id.get()).fetch_optional(tx).await;
        return Ok(there.op("read an account")?.is_some());
    }
    // What was issued to its sub-accounts is void as well: they act for it.
    let members = sqlx::query("UPDATE accounts SET credential_version = credential_version + 1 WHERE owner_id = $1");
    members.bind(id.get()).execute(&mut *tx).await.op("renew the credentials of sub-accounts")?;
    if status == AccountStatus::Disabled {
        super::tokens::revoke_all(tx, id, now).await?;
    }
    changes::changed()?;
    Ok(true)
}

pub(super) async fn change_password(tx: &mut AnyConnection, id: AccountId, hash: &str, now: Timestamp) -> Result<()> {
    let update = sqlx::query("UPDATE accounts SET credential_version = credential_version + 1 WHERE id = $1");
    let changed = update.bind(id.get()).execute(&mut *tx).await.op("set a password")?;
    if changed.rows_affected() == 0 {
        return Err(Error::Stale(Thing::Account));
    }
    store_password(tx, id, hash, now).await?;
    super::tokens::revoke_all(tx, id, now).await?;
    changes::changed()
}

fn status_number(status: AccountStatus) -> i64 {
    match status {
        AccountStatus::Active => 0,
        AccountStatus::Disabled => 1,
    }
}

pub(super) fn account(row: &AnyRow) -> Result<Account> {
    let id = AccountId::new(get(row, "id")?);
    let owner: Option<i64> = get(row, "owner_id")?;
    let status = match get(row, "status")? {
        0_i64 => AccountStatus::Active,
        1 => AccountStatus::Disabled,
        other => return Err(Error::Corrupt { table: "accounts", column: "status", value: other.to_string() }),
    };
    Ok(Account {
        id,
        uin: parse(row, "accounts", "uin")?,
        name: get(row, "name")?,
        owner: owner.map_or(id, AccountId::new),
        status,
        credential_version: get(row, "credential_version")?,
        created_at: time(row, "created_at")?,
    })
}
