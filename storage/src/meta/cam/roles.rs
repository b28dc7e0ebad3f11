//! Roles: rights that callers can assume for a while.

use sqlx::any::AnyRow;

use super::held::held;
use super::model::{Holder, NewRole, Role};
use super::{leave_room, limits, lock_owner, next_number, rows};
use crate::meta::MetaStore;
use crate::meta::row::{get, time};
use crate::meta::sql::{SqlResult as _, conflict, is_storable};
use crate::meta::unit::{Outcome, Unit, unit};
use crate::meta::{Act, Event, Scope};
use crate::{Error, Result};
use roadstead_types::{AccountId, Counted, PolicyId, RoleId, Thing};

/// The columns of a role, for [`role`].
macro_rules! roles {
    ($rest:literal) => {
        concat!(
            "SELECT id, owner_id, name, description, trust, trust_canonical, session_duration, console_login, tags, \
             version, created_at, updated_at, boundary_id FROM cam_roles ",
            $rest
        )
    };
}

impl MetaStore {
    /// Makes a role.
    ///
    /// # Errors
    /// `Conflict` when the name is taken, `LimitReached`, `Stale` when the owner is not a main account.
    pub async fn create_role(&self, act: &Act, owner: AccountId, new: &NewRole<'_>) -> Result<RoleId> {
        unit!(self.unit(act, "create a role"), |u| insert(u, owner, new).await.map(Outcome::Done))
    }

    /// Returns the role of `owner` with this number.
    pub async fn role(&self, owner: AccountId, id: RoleId) -> Result<Option<Role>> {
        let query = sqlx::query(roles!("WHERE id = $1 AND owner_id = $2")).bind(id.get()).bind(owner.get());
        query.fetch_optional(self.reader()).await.op("read a role")?.as_ref().map(role).transpose()
    }

    /// Returns the role of `owner` with this name.
    pub async fn role_by_name(&self, owner: AccountId, name: &str) -> Result<Option<Role>> {
        if !is_storable(name) {
            return Ok(None);
        }
        let query = sqlx::query(roles!("WHERE owner_id = $1 AND name = $2")).bind(owner.get()).bind(name);
        query.fetch_optional(self.reader()).await.op("read a role")?.as_ref().map(role).transpose()
    }

    /// Lists all roles of `owner`, the oldest first.
    pub async fn list_roles(&self, owner: AccountId) -> Result<Vec<Role>> {
        let all = sqlx::query(roles!("WHERE owner_id = $1 ORDER BY id LIMIT $2")).bind(owner.get());
        let all = all.bind(rows(limits::ROLES)).fetch_all(self.reader()).await;
        all.op("list roles")?.iter().map(role).collect()
    }

    /// Replaces the trust policy of a role, as written and in canonical form.
    ///
    /// # Errors
    /// `Stale` when `owner` has no such role.
    pub async fn update_trust(
        &self,
        act: &Act,
        owner: AccountId,
        id: RoleId,
        trust: &str,
        canonical: &str,
    ) -> Result<()> {
        unit!(self.unit(act, "change who may take a role"), |u| update(u, owner, id, (trust, canonical))
            .await
            .map(Outcome::Done))
    }

    /// Deletes a role. Its sessions end.
    ///
    /// # Errors
    /// `Stale` when `owner` has no such role.
    pub async fn delete_role(&self, act: &Act, owner: AccountId, id: RoleId) -> Result<()> {
        unit!(self.unit(act, "delete a role"), |u| delete(u, owner, id).await.map(Outcome::Done))
    }
}

async fn insert(u: &mut Unit<'_>, owner: AccountId, new: &NewRole<'_>) -> Result<RoleId> {
    let now = u.now();
    lock_owner(u, owner).await?;
    leave_room(u, "SELECT COUNT(*) FROM cam_roles WHERE owner_id = $1", owner.get(), Counted::Roles, limits::ROLES)
        .await?;
    let id = next_number(u, "role").await?;
    let insert = sqlx::query(
        "INSERT INTO cam_roles (id, owner_id, name, description, trust, trust_canonical, session_duration, \
         console_login, tags, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
    );
    let insert = insert
        .bind(id)
        .bind(owner.get())
        .bind(new.name)
        .bind(new.description)
        .bind(new.trust)
        .bind(new.trust_canonical)
        .bind(new.session_duration)
        .bind(i64::from(new.console_login))
        .bind(new.tags)
        .bind(now.as_millis());
    insert.execute(&mut **u).await.op("create a role").map_err(conflict(Thing::Role))?;
    u.changed(Scope::Account(owner));
    u.happened(Event::PolicyChanged { owner, policies: Vec::new() });
    Ok(RoleId::new(id))
}

/// Refuses a role that does not exist or belongs to another main account.
pub(super) async fn require(u: &mut Unit<'_>, owner: AccountId, id: RoleId) -> Result<()> {
    let found = sqlx::query("SELECT id FROM cam_roles WHERE id = $1 AND owner_id = $2").bind(id.get());
    let found = found.bind(owner.get()).fetch_optional(&mut **u).await.op("read a role")?;
    if found.is_some() { Ok(()) } else { Err(Error::Stale(Thing::Role)) }
}

async fn update(u: &mut Unit<'_>, owner: AccountId, id: RoleId, (trust, canonical): (&str, &str)) -> Result<()> {
    let now = u.now();
    lock_owner(u, owner).await?;
    require(u, owner, id).await?;
    let update = sqlx::query(
        "UPDATE cam_roles SET trust = $1, trust_canonical = $2, version = version + 1, updated_at = $3 WHERE id = $4",
    );
    let update = update.bind(trust).bind(canonical).bind(now.as_millis()).bind(id.get());
    update.execute(&mut **u).await.op("change who may take a role")?;
    u.changed(Scope::Account(owner));
    u.happened(Event::PolicyChanged { owner, policies: Vec::new() });
    Ok(())
}

async fn delete(u: &mut Unit<'_>, owner: AccountId, id: RoleId) -> Result<()> {
    lock_owner(u, owner).await?;
    require(u, owner, id).await?;
    let policies = held(u, Holder::Role(id)).await?;
    let delete = sqlx::query("DELETE FROM cam_roles WHERE id = $1").bind(id.get());
    delete.execute(&mut **u).await.op("delete a role")?;
    u.changed(Scope::Account(owner));
    u.happened(Event::PolicyChanged { owner, policies });
    Ok(())
}

fn role(row: &AnyRow) -> Result<Role> {
    let boundary: Option<i64> = get(row, "boundary_id")?;
    Ok(Role {
        id: RoleId::new(get(row, "id")?),
        owner: AccountId::new(get(row, "owner_id")?),
        name: get(row, "name")?,
        description: get(row, "description")?,
        document: get(row, "trust")?,
        trust: get(row, "trust_canonical")?,
        session_duration: get(row, "session_duration")?,
        console_login: get::<i64>(row, "console_login")? == 1,
        tags: get(row, "tags")?,
        version: get(row, "version")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
        boundary: boundary.map(PolicyId::new),
    })
}
