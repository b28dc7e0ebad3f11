//! Accounts and their passwords.

use sqlx::any::AnyRow;

use super::MetaStore;
use super::model::{Account, AccountStatus};
use super::personal::{QuotaKind, Quotas};
use super::row::{get, parse, time};
use super::sql::{SqlResult as _, conflict, is_storable};
use super::unit::{Outcome, Unit, unit};
use super::{Act, NewAccessKey, Scope, cam, namespaces, quotas};
use crate::{Error, Result};
use roadstead_types::{AccountId, NamespaceName, RegistryId, Thing, Timestamp, Uin};

const ACCOUNTS_BY_ID: &str =
    "SELECT id, uin, name, owner_id, status, credential_version, created_at FROM accounts WHERE id = $1";
const ACCOUNTS_BY_UIN: &str =
    "SELECT id, uin, name, owner_id, status, credential_version, created_at FROM accounts WHERE uin = $1";
const ACCOUNTS_BY_NAME: &str = "SELECT id, uin, name, owner_id, status, credential_version, created_at FROM accounts \
     WHERE name = $1 AND owner_id IS NULL";
const ACCOUNTS_PAGE: &str = "SELECT id, uin, name, owner_id, status, credential_version, created_at FROM accounts \
     WHERE uin > $1 ORDER BY uin LIMIT $2";

/// A main account to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewAccount<'a> {
    /// Its public number.
    pub uin: &'a Uin,
    /// Its name, unique among main accounts.
    pub name: &'a str,
    /// The hash of its password, if it has one.
    pub password_hash: Option<&'a str>,
    /// Its first access key, if it has one.
    pub key: Option<NewAccessKey<'a>>,
    /// Its quotas, if they are not the defaults.
    pub quotas: Option<Quotas>,
    /// Its first namespace in the personal edition, if it has one.
    pub namespace: Option<&'a NamespaceName>,
}

impl<'a> NewAccount<'a> {
    /// Returns an account that has only a number and a name.
    pub fn new(uin: &'a Uin, name: &'a str) -> Self {
        Self { uin, name, password_hash: None, key: None, quotas: None, namespace: None }
    }
}

impl MetaStore {
    /// Makes a main account with the access key, the quotas and the namespace that are given: either all of it, or
    /// nothing.
    ///
    /// # Errors
    /// `Conflict` when the uin or the name (`account`), the id of the key (`access key`) or the namespace is taken.
    pub async fn create_account(&self, act: &Act, new: &NewAccount<'_>) -> Result<Account> {
        unit!(self.unit(act, "create an account"), |u| insert(u, new).await.map(Outcome::Done))
    }

    /// Returns the account with this id.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>> {
        let row = sqlx::query(ACCOUNTS_BY_ID).bind(id.get()).fetch_optional(self.reader()).await;
        row.op("read an account")?.as_ref().map(account).transpose()
    }

    /// Returns the account with this uin.
    pub async fn account_by_uin(&self, uin: &Uin) -> Result<Option<Account>> {
        let row = sqlx::query(ACCOUNTS_BY_UIN).bind(uin.as_str()).fetch_optional(self.reader()).await;
        row.op("read an account")?.as_ref().map(account).transpose()
    }

    /// Returns the main account with this name.
    pub async fn account_by_name(&self, name: &str) -> Result<Option<Account>> {
        if !is_storable(name) {
            return Ok(None);
        }
        let row = sqlx::query(ACCOUNTS_BY_NAME).bind(name).fetch_optional(self.reader()).await;
        row.op("read an account")?.as_ref().map(account).transpose()
    }

    /// Lists accounts in the order of their uins, after `after`.
    pub async fn list_accounts(&self, after: Option<&Uin>, limit: u32) -> Result<Vec<Account>> {
        let page = sqlx::query(ACCOUNTS_PAGE).bind(after.map_or("", Uin::as_str)).bind(i64::from(limit));
        page.fetch_all(self.reader()).await.op("list accounts")?.iter().map(account).collect()
    }

    /// Returns when the first account was made.
    pub async fn oldest_account(&self) -> Result<Option<Timestamp>> {
        let query = sqlx::query("SELECT created_at FROM accounts ORDER BY id LIMIT 1");
        let row = query.fetch_optional(self.reader()).await.op("read an account")?;
        row.map(|row| time(&row, "created_at")).transpose()
    }

    /// Enables or disables an account; false when the account does not exist. A change makes all its tokens and
    /// sessions void, and those of its sub-accounts.
    pub async fn set_account_status(&self, act: &Act, id: AccountId, status: AccountStatus) -> Result<bool> {
        unit!(self.unit(act, "set the status of an account"), |u| change_status(u, id, status).await.map(Outcome::of))
    }

    /// Returns the hash of the account's password.
    pub async fn password_hash(&self, id: AccountId) -> Result<Option<String>> {
        let hash = sqlx::query_scalar("SELECT hash FROM passwords WHERE account_id = $1").bind(id.get());
        hash.fetch_optional(self.reader()).await.op("read a password hash")
    }

    /// Sets the password of an account. Tokens and sessions under the old one become void, refresh tokens included.
    ///
    /// # Errors
    /// `Stale` when the account does not exist.
    pub async fn set_password_hash(&self, act: &Act, id: AccountId, hash: &str) -> Result<()> {
        unit!(self.unit(act, "set a password"), |u| change_password(u, id, hash).await.map(Outcome::Done))
    }

    /// Gives an account its first password.
    ///
    /// # Errors
    /// `Conflict` when it has one, `Stale` when the account does not exist.
    pub async fn add_password_hash(&self, act: &Act, id: AccountId, hash: &str) -> Result<()> {
        unit!(self.unit(act, "set a password"), |u| add_password(u, id, hash).await.map(Outcome::Done))
    }

    /// Changes the password of an account; false when it has none. Tokens and sessions under the old password become
    /// void, refresh tokens included.
    pub async fn change_password_hash(&self, act: &Act, id: AccountId, hash: &str) -> Result<bool> {
        unit!(self.unit(act, "set a password"), |u| async {
            if !has_password(u, id).await? {
                return Ok(false);
            }
            change_password(u, id, hash).await?;
            Ok(true)
        }
        .await
        .map(Outcome::of))
    }

    /// Replaces the hash of the same password by one with other parameters; false when the hash is no longer `old`.
    pub async fn update_password_hash(&self, id: AccountId, old: &str, new: &str) -> Result<bool> {
        let update = sqlx::query("UPDATE passwords SET hash = $1 WHERE account_id = $2 AND hash = $3");
        let done = update.bind(new).bind(id.get()).bind(old).execute(self.writer()).await;
        let renewed = done.op("renew a password hash")?.rows_affected() > 0;
        self.durable().await?;
        Ok(renewed)
    }
}

async fn insert(u: &mut Unit<'_>, new: &NewAccount<'_>) -> Result<Account> {
    let now = u.now();
    let insert = sqlx::query(
        "INSERT INTO accounts (uin, name, status, credential_version, created_at) VALUES ($1, $2, 0, 1, $3) \
         RETURNING id, uin, name, owner_id, status, credential_version, created_at",
    );
    let row = insert.bind(new.uin.as_str()).bind(new.name).bind(now.as_millis()).fetch_one(&mut **u).await;
    let account = account(&row.op("create an account").map_err(conflict(Thing::Account))?)?;
    if let Some(hash) = new.password_hash {
        store_password(u, account.id, hash).await?;
    }
    u.changed(Scope::Account(account.id));
    u.names(account.uin.as_str());
    u.concerns(account.id);
    if let Some(key) = &new.key {
        cam::insert_key(u, account.id, key).await?;
    }
    for (kind, quotas) in QuotaKind::ALL.into_iter().filter_map(|kind| Some((kind, new.quotas?))) {
        quotas::set(u, account.id, kind, quotas.of(kind)).await?;
    }
    if let Some(name) = new.namespace {
        namespaces::insert(u, RegistryId::PERSONAL, name, account.id, None).await?;
        u.names(name.as_str());
    }
    Ok(account)
}

pub(super) async fn store_password(u: &mut Unit<'_>, id: AccountId, hash: &str) -> Result<()> {
    let now = u.now();
    let upsert = sqlx::query(
        "INSERT INTO passwords (account_id, hash, updated_at) VALUES ($1, $2, $3) \
         ON CONFLICT (account_id) DO UPDATE SET hash = excluded.hash, updated_at = excluded.updated_at",
    );
    upsert.bind(id.get()).bind(hash).bind(now.as_millis()).execute(&mut **u).await.op("store a password hash")?;
    Ok(())
}

/// Locks an account, and tells whether it has a password.
async fn has_password(u: &mut Unit<'_>, id: AccountId) -> Result<bool> {
    super::quotas::lock_owner(u, id).await?;
    let there = sqlx::query("SELECT account_id FROM passwords WHERE account_id = $1").bind(id.get());
    Ok(there.fetch_optional(&mut **u).await.op("read a password hash")?.is_some())
}

async fn add_password(u: &mut Unit<'_>, id: AccountId, hash: &str) -> Result<()> {
    if has_password(u, id).await? {
        return Err(Error::Conflict(Thing::Password));
    }
    store_password(u, id, hash).await?;
    u.changed(Scope::Account(id));
    Ok(())
}

async fn change_status(u: &mut Unit<'_>, id: AccountId, status: AccountStatus) -> Result<bool> {
    let number = status_number(status);
    let update = sqlx::query(
        "UPDATE accounts SET credential_version = credential_version + 1, status = $1 WHERE id = $2 AND status <> $1",
    );
    let changed = update.bind(number).bind(id.get()).execute(&mut **u).await.op("set the status of an account")?;
    if changed.rows_affected() == 0 {
        let there = sqlx::query("SELECT id FROM accounts WHERE id = $1").bind(id.get()).fetch_optional(&mut **u).await;
        return Ok(there.op("read an account")?.is_some());
    }
    // The tokens of its sub-accounts become void too, because they act for it.
    let members = sqlx::query("UPDATE accounts SET credential_version = credential_version + 1 WHERE owner_id = $1");
    members.bind(id.get()).execute(&mut **u).await.op("renew the credentials of sub-accounts")?;
    if status == AccountStatus::Disabled {
        super::tokens::revoke_all(u, id).await?;
    }
    u.changed(Scope::Account(id));
    Ok(true)
}

pub(super) async fn change_password(u: &mut Unit<'_>, id: AccountId, hash: &str) -> Result<()> {
    let update = sqlx::query("UPDATE accounts SET credential_version = credential_version + 1 WHERE id = $1");
    let changed = update.bind(id.get()).execute(&mut **u).await.op("set a password")?;
    if changed.rows_affected() == 0 {
        return Err(Error::Stale(Thing::Account));
    }
    store_password(u, id, hash).await?;
    super::tokens::revoke_all(u, id).await?;
    u.changed(Scope::Account(id));
    Ok(())
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
