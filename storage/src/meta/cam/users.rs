//! Sub-accounts.

use sqlx::any::AnyRow;

use super::held::held;
use super::model::{Holder, NewUser, User, UserChange, UserProfile};
use super::{keys, leave_room, limits, lock_owner, rows};
use crate::meta::MetaStore;
use crate::meta::accounts::{account, change_password, store_password};
use crate::meta::row::{get, optional_time};
use crate::meta::sql::{SqlResult as _, conflict, is_storable};
use crate::meta::unit::{Outcome, Unit, unit};
use crate::meta::{Act, Event, Scope};
use crate::{Error, Result};
use roadstead_types::{AccountId, Counted, PolicyId, Thing, Timestamp, Uin};

/// The columns of a sub-account, for [`user`].
macro_rules! users {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.uin, a.name, a.owner_id, a.status, a.credential_version, a.created_at, u.remark, \
             u.console_login, u.phone_number, u.country_code, u.email, u.last_login_at, u.last_login_ip, u.boundary_id ",
            $rest
        )
    };
}
pub(super) use users;

const BY_ID: &str =
    users!("FROM accounts a JOIN cam_users u ON u.account_id = a.id WHERE a.owner_id = $1 AND a.id = $2");
const BY_NAME: &str =
    users!("FROM accounts a JOIN cam_users u ON u.account_id = a.id WHERE a.owner_id = $1 AND a.name = $2");
const BY_UIN: &str =
    users!("FROM accounts a JOIN cam_users u ON u.account_id = a.id WHERE a.owner_id = $1 AND a.uin = $2");
const ALL: &str =
    users!("FROM accounts a JOIN cam_users u ON u.account_id = a.id WHERE a.owner_id = $1 ORDER BY a.id LIMIT $2");

impl MetaStore {
    /// Makes a sub-account.
    ///
    /// # Errors
    /// `Conflict` when the name, the uin (`account`) or the id of the key (`access key`) is taken, `LimitReached`
    /// when the limit is reached, `Stale` when the owner is not a main account.
    pub async fn create_user(&self, act: &Act, new: &NewUser<'_>) -> Result<User> {
        unit!(self.unit(act, "create a sub-account"), |u| insert(u, new).await.map(Outcome::Done))
    }

    /// Returns the sub-account with this id, if it belongs to `owner`.
    pub async fn user(&self, owner: AccountId, id: AccountId) -> Result<Option<User>> {
        let row = sqlx::query(BY_ID).bind(owner.get()).bind(id.get()).fetch_optional(self.reader()).await;
        row.op("read a sub-account")?.as_ref().map(user).transpose()
    }

    /// Returns the sub-account of `owner` with this name.
    pub async fn user_by_name(&self, owner: AccountId, name: &str) -> Result<Option<User>> {
        if !is_storable(name) {
            return Ok(None);
        }
        let row = sqlx::query(BY_NAME).bind(owner.get()).bind(name).fetch_optional(self.reader()).await;
        row.op("read a sub-account")?.as_ref().map(user).transpose()
    }

    /// Returns the sub-account of `owner` with this uin.
    pub async fn user_by_uin(&self, owner: AccountId, uin: &Uin) -> Result<Option<User>> {
        let row = sqlx::query(BY_UIN).bind(owner.get()).bind(uin.as_str()).fetch_optional(self.reader()).await;
        row.op("read a sub-account")?.as_ref().map(user).transpose()
    }

    /// Lists all sub-accounts of `owner`, the oldest first.
    pub async fn list_users(&self, owner: AccountId) -> Result<Vec<User>> {
        let all = sqlx::query(ALL).bind(owner.get()).bind(rows(limits::USERS));
        all.fetch_all(self.reader()).await.op("list sub-accounts")?.iter().map(user).collect()
    }

    /// Changes the profile of a sub-account, and its password.
    ///
    /// # Errors
    /// `Stale` when `owner` has no such sub-account.
    pub async fn update_user(&self, act: &Act, owner: AccountId, id: AccountId, change: &UserChange<'_>) -> Result<()> {
        unit!(self.unit(act, "change a sub-account"), |u| update(u, owner, id, change).await.map(Outcome::Done))
    }

    /// Deletes a sub-account with its password, keys, tokens, memberships and attachments. Images that it pushed
    /// stay.
    ///
    /// # Errors
    /// `Stale` when `owner` has no such sub-account, `InUse` when it has access keys and `force` is not set.
    pub async fn delete_user(&self, act: &Act, owner: AccountId, id: AccountId, force: bool) -> Result<()> {
        unit!(self.unit(act, "delete a sub-account"), |u| delete(u, owner, id, force).await.map(Outcome::Done))
    }

    /// Saves the sign-in of a sub-account. Caches are not told, and a loss of power may undo it.
    pub async fn record_login(&self, id: AccountId, address: &str, now: Timestamp) -> Result<()> {
        let update = sqlx::query("UPDATE cam_users SET last_login_at = $1, last_login_ip = $2 WHERE account_id = $3");
        let update = update.bind(now.as_millis()).bind(address).bind(id.get());
        update.execute(self.writer()).await.op("note a sign-in")?;
        Ok(())
    }
}

async fn insert(u: &mut Unit<'_>, new: &NewUser<'_>) -> Result<User> {
    let now = u.now();
    lock_owner(u, new.owner).await?;
    let count = "SELECT COUNT(*) FROM accounts WHERE owner_id = $1";
    leave_room(u, count, new.owner.get(), Counted::Users, limits::USERS).await?;
    let insert = sqlx::query(
        "INSERT INTO accounts (uin, name, owner_id, status, credential_version, created_at) \
         VALUES ($1, $2, $3, 0, 1, $4) RETURNING id, uin, name, owner_id, status, credential_version, created_at",
    );
    let insert = insert.bind(new.uin.as_str()).bind(new.name).bind(new.owner.get()).bind(now.as_millis());
    let row = insert.fetch_one(&mut **u).await.op("create a sub-account").map_err(conflict(Thing::Account))?;
    let account = account(&row)?;
    let profile = new.profile;
    let insert = sqlx::query(
        "INSERT INTO cam_users (account_id, remark, console_login, phone_number, country_code, email) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    );
    let insert = insert
        .bind(account.id.get())
        .bind(&profile.remark)
        .bind(i64::from(profile.console_login))
        .bind(&profile.phone_number)
        .bind(&profile.country_code)
        .bind(&profile.email);
    insert.execute(&mut **u).await.op("create a sub-account")?;
    if let Some(hash) = new.password_hash {
        store_password(u, account.id, hash).await?;
    }
    if let Some(key) = &new.key {
        keys::insert(u, account.id, key).await?;
    }
    u.changed(Scope::Account(new.owner));
    Ok(User { account, profile: profile.clone(), last_login_at: None, last_login_ip: None, boundary: None })
}

/// Refuses a sub-account that does not exist or belongs to another main account.
pub(super) async fn require(u: &mut Unit<'_>, owner: AccountId, id: AccountId) -> Result<()> {
    let found = sqlx::query("SELECT id FROM accounts WHERE id = $1 AND owner_id = $2").bind(id.get()).bind(owner.get());
    let found = found.fetch_optional(&mut **u).await.op("read a sub-account")?;
    if found.is_some() { Ok(()) } else { Err(Error::Stale(Thing::User)) }
}

async fn update(u: &mut Unit<'_>, owner: AccountId, id: AccountId, change: &UserChange<'_>) -> Result<()> {
    lock_owner(u, owner).await?;
    require(u, owner, id).await?;
    let update = sqlx::query(
        "UPDATE cam_users SET remark = COALESCE($1, remark), console_login = COALESCE($2, console_login), \
         phone_number = COALESCE($3, phone_number), country_code = COALESCE($4, country_code), \
         email = COALESCE($5, email) WHERE account_id = $6",
    );
    let update = update
        .bind(change.remark)
        .bind(change.console_login.map(i64::from))
        .bind(change.phone_number)
        .bind(change.country_code)
        .bind(change.email)
        .bind(id.get());
    update.execute(&mut **u).await.op("change a sub-account")?;
    match change.password_hash {
        Some(hash) => change_password(u, id, hash).await,
        None => {
            u.changed(Scope::Account(owner));
            Ok(())
        }
    }
}

async fn delete(u: &mut Unit<'_>, owner: AccountId, id: AccountId, force: bool) -> Result<()> {
    lock_owner(u, owner).await?;
    require(u, owner, id).await?;
    // A concurrent request that makes a key either finishes before, or finds the account gone.
    let lock = sqlx::query("UPDATE accounts SET status = status WHERE id = $1").bind(id.get());
    lock.execute(&mut **u).await.op("lock an account")?;
    let key = sqlx::query("SELECT secret_id FROM access_keys WHERE account_id = $1 LIMIT 1").bind(id.get());
    if !force && key.fetch_optional(&mut **u).await.op("look for access keys")?.is_some() {
        return Err(Error::InUse(Thing::User));
    }
    keys::go_with(u, id).await?;
    let policies = held(u, Holder::User(id)).await?;
    // Its uploads expire, so that the job for expired uploads deletes them with their bytes. (An upload that begins
    // right now is deleted with the account.)
    let uploads = sqlx::query("UPDATE uploads SET account_id = $1, expires_at = 0 WHERE account_id = $2");
    uploads.bind(owner.get()).bind(id.get()).execute(&mut **u).await.op("end uploads")?;
    let delete = sqlx::query("DELETE FROM accounts WHERE id = $1").bind(id.get());
    delete.execute(&mut **u).await.op("delete a sub-account")?;
    u.changed(Scope::Account(owner));
    u.happened(Event::PolicyChanged { owner, policies });
    Ok(())
}

pub(super) fn user(row: &AnyRow) -> Result<User> {
    let boundary: Option<i64> = get(row, "boundary_id")?;
    Ok(User {
        account: account(row)?,
        profile: UserProfile {
            remark: get(row, "remark")?,
            console_login: get::<i64>(row, "console_login")? == 1,
            phone_number: get(row, "phone_number")?,
            country_code: get(row, "country_code")?,
            email: get(row, "email")?,
        },
        last_login_at: optional_time(row, "last_login_at")?,
        last_login_ip: get(row, "last_login_ip")?,
        boundary: boundary.map(PolicyId::new),
    })
}
