//! Groups of sub-accounts.

use sqlx::any::AnyRow;

use super::held::held;
use super::model::{Group, Holder, Member};
use super::users::{self, user, users};
use super::{leave_room, limits, lock_owner, next_number, rows};
use crate::meta::MetaStore;
use crate::meta::row::{get, time};
use crate::meta::sql::{SqlResult as _, conflict};
use crate::meta::unit::{Outcome, Unit, unit};
use crate::meta::{Act, Event, Scope};
use crate::{Error, Result};
use roadstead_types::{AccountId, Counted, GroupId, Thing};

const MEMBERS: &str = users!(
    ", m.created_at AS since FROM cam_group_members m JOIN accounts a ON a.id = m.account_id \
     JOIN cam_users u ON u.account_id = a.id WHERE m.group_id = $1 ORDER BY m.created_at, a.id LIMIT $2"
);

impl MetaStore {
    /// Makes a group.
    ///
    /// # Errors
    /// `Conflict` when the name is taken, `LimitReached`, `Stale` when the owner is not a main account.
    pub async fn create_group(&self, act: &Act, owner: AccountId, name: &str, remark: &str) -> Result<GroupId> {
        unit!(self.unit(act, "create a group"), |u| insert(u, owner, name, remark).await.map(Outcome::Done))
    }

    /// Returns the group with this number, if it belongs to `owner`.
    pub async fn group(&self, owner: AccountId, id: GroupId) -> Result<Option<Group>> {
        let query = sqlx::query("SELECT id, name, remark, created_at FROM cam_groups WHERE owner_id = $1 AND id = $2");
        let row = query.bind(owner.get()).bind(id.get()).fetch_optional(self.reader()).await;
        row.op("read a group")?.as_ref().map(group).transpose()
    }

    /// Lists all groups of `owner`, the oldest first.
    pub async fn list_groups(&self, owner: AccountId) -> Result<Vec<Group>> {
        let query =
            sqlx::query("SELECT id, name, remark, created_at FROM cam_groups WHERE owner_id = $1 ORDER BY id LIMIT $2");
        let all = query.bind(owner.get()).bind(rows(limits::GROUPS)).fetch_all(self.reader()).await;
        all.op("list groups")?.iter().map(group).collect()
    }

    /// Changes the name or the remark of a group; `None` leaves a value as it is.
    ///
    /// # Errors
    /// `Stale` when `owner` has no such group, `Conflict` when the name is taken.
    pub async fn update_group(
        &self,
        act: &Act,
        owner: AccountId,
        id: GroupId,
        name: Option<&str>,
        remark: Option<&str>,
    ) -> Result<()> {
        unit!(self.unit(act, "change a group"), |u| update(u, owner, id, name, remark).await.map(Outcome::Done))
    }

    /// Deletes a group. Its sub-accounts stay, but lose the policies of the group.
    ///
    /// # Errors
    /// `Stale` when `owner` has no such group.
    pub async fn delete_group(&self, act: &Act, owner: AccountId, id: GroupId) -> Result<()> {
        unit!(self.unit(act, "delete a group"), |u| delete(u, owner, id).await.map(Outcome::Done))
    }

    /// Adds sub-accounts to groups, all of them or none. Present members stay.
    ///
    /// # Errors
    /// `Stale` for a `group` or `user` that `owner` does not have; `LimitReached` for the `groups of a user` or the
    /// `users of a group`.
    pub async fn add_members(&self, act: &Act, owner: AccountId, members: &[(GroupId, AccountId)]) -> Result<()> {
        unit!(self.unit(act, "add to groups"), |u| add(u, owner, members).await.map(Outcome::Done))
    }

    /// Removes sub-accounts from groups, all of them or none. Others are ignored.
    ///
    /// # Errors
    /// `Stale` for a `group` or `user` that `owner` does not have.
    pub async fn remove_members(&self, act: &Act, owner: AccountId, members: &[(GroupId, AccountId)]) -> Result<()> {
        unit!(self.unit(act, "remove from groups"), |u| remove(u, owner, members).await.map(Outcome::Done))
    }

    /// Lists the sub-accounts in a group, in the order in which they were added.
    pub async fn list_members(&self, id: GroupId) -> Result<Vec<Member>> {
        let all = sqlx::query(MEMBERS).bind(id.get()).bind(rows(limits::USERS_OF_GROUP));
        let all = all.fetch_all(self.reader()).await.op("list the members of a group")?;
        all.iter().map(|row| Ok(Member { user: user(row)?, since: time(row, "since")? })).collect()
    }

    /// Lists the groups of a sub-account, the oldest first.
    pub async fn list_groups_of_user(&self, account: AccountId) -> Result<Vec<Group>> {
        let query = sqlx::query(
            "SELECT g.id, g.name, g.remark, g.created_at FROM cam_group_members m \
             JOIN cam_groups g ON g.id = m.group_id WHERE m.account_id = $1 ORDER BY g.id LIMIT $2",
        );
        let all = query.bind(account.get()).bind(rows(limits::GROUPS_OF_USER)).fetch_all(self.reader()).await;
        all.op("list the groups of a user")?.iter().map(group).collect()
    }

    /// Returns the numbers of the groups of a sub-account.
    pub async fn groups_of_user(&self, account: AccountId) -> Result<Vec<GroupId>> {
        let query = sqlx::query_scalar(
            "SELECT group_id FROM cam_group_members WHERE account_id = $1 ORDER BY group_id LIMIT $2",
        );
        let ids: Vec<i64> = query
            .bind(account.get())
            .bind(rows(limits::GROUPS_OF_USER))
            .fetch_all(self.reader())
            .await
            .op("read the groups of a user")?;
        Ok(ids.into_iter().map(GroupId::new).collect())
    }
}

async fn insert(u: &mut Unit<'_>, owner: AccountId, name: &str, remark: &str) -> Result<GroupId> {
    let now = u.now();
    lock_owner(u, owner).await?;
    leave_room(u, "SELECT COUNT(*) FROM cam_groups WHERE owner_id = $1", owner.get(), Counted::Groups, limits::GROUPS)
        .await?;
    let id = next_number(u, "group").await?;
    let insert =
        sqlx::query("INSERT INTO cam_groups (id, owner_id, name, remark, created_at) VALUES ($1, $2, $3, $4, $5)");
    let insert = insert.bind(id).bind(owner.get()).bind(name).bind(remark).bind(now.as_millis());
    insert.execute(&mut **u).await.op("create a group").map_err(conflict(Thing::Group))?;
    u.changed(Scope::Account(owner));
    Ok(GroupId::new(id))
}

/// Refuses a group that does not exist or belongs to another main account.
pub(super) async fn require(u: &mut Unit<'_>, owner: AccountId, id: GroupId) -> Result<()> {
    let found = sqlx::query("SELECT id FROM cam_groups WHERE id = $1 AND owner_id = $2").bind(id.get());
    let found = found.bind(owner.get()).fetch_optional(&mut **u).await.op("read a group")?;
    if found.is_some() { Ok(()) } else { Err(Error::Stale(Thing::Group)) }
}

async fn update(
    u: &mut Unit<'_>,
    owner: AccountId,
    id: GroupId,
    name: Option<&str>,
    remark: Option<&str>,
) -> Result<()> {
    lock_owner(u, owner).await?;
    require(u, owner, id).await?;
    let update =
        sqlx::query("UPDATE cam_groups SET name = COALESCE($1, name), remark = COALESCE($2, remark) WHERE id = $3");
    let update = update.bind(name).bind(remark).bind(id.get());
    update.execute(&mut **u).await.op("change a group").map_err(conflict(Thing::Group))?;
    u.changed(Scope::Account(owner));
    Ok(())
}

async fn delete(u: &mut Unit<'_>, owner: AccountId, id: GroupId) -> Result<()> {
    lock_owner(u, owner).await?;
    require(u, owner, id).await?;
    let policies = held(u, Holder::Group(id)).await?;
    let delete = sqlx::query("DELETE FROM cam_groups WHERE id = $1").bind(id.get());
    delete.execute(&mut **u).await.op("delete a group")?;
    u.changed(Scope::Account(owner));
    u.happened(Event::PolicyChanged { owner, policies });
    Ok(())
}

async fn add(u: &mut Unit<'_>, owner: AccountId, members: &[(GroupId, AccountId)]) -> Result<()> {
    let now = u.now();
    lock_owner(u, owner).await?;
    for &(group, account) in members {
        require(u, owner, group).await?;
        users::require(u, owner, account).await?;
        let member = sqlx::query("SELECT group_id FROM cam_group_members WHERE group_id = $1 AND account_id = $2");
        let member = member.bind(group.get()).bind(account.get()).fetch_optional(&mut **u).await;
        if member.op("read a member")?.is_some() {
            continue;
        }
        let users = "SELECT COUNT(*) FROM cam_group_members WHERE group_id = $1";
        leave_room(u, users, group.get(), Counted::UsersOfGroup, limits::USERS_OF_GROUP).await?;
        let groups = "SELECT COUNT(*) FROM cam_group_members WHERE account_id = $1";
        leave_room(u, groups, account.get(), Counted::GroupsOfUser, limits::GROUPS_OF_USER).await?;
        let insert =
            sqlx::query("INSERT INTO cam_group_members (group_id, account_id, created_at) VALUES ($1, $2, $3)");
        let insert = insert.bind(group.get()).bind(account.get()).bind(now.as_millis());
        insert.execute(&mut **u).await.op("add to a group")?;
    }
    u.changed(Scope::Account(owner));
    u.happened(Event::PolicyChanged { owner, policies: Vec::new() });
    Ok(())
}

async fn remove(u: &mut Unit<'_>, owner: AccountId, members: &[(GroupId, AccountId)]) -> Result<()> {
    lock_owner(u, owner).await?;
    for &(group, account) in members {
        require(u, owner, group).await?;
        users::require(u, owner, account).await?;
        let delete = sqlx::query("DELETE FROM cam_group_members WHERE group_id = $1 AND account_id = $2");
        delete.bind(group.get()).bind(account.get()).execute(&mut **u).await.op("remove from a group")?;
    }
    u.changed(Scope::Account(owner));
    u.happened(Event::PolicyChanged { owner, policies: Vec::new() });
    Ok(())
}

fn group(row: &AnyRow) -> Result<Group> {
    Ok(Group {
        id: GroupId::new(get(row, "id")?),
        name: get(row, "name")?,
        remark: get(row, "remark")?,
        created_at: time(row, "created_at")?,
    })
}
