//! Attachments of policies to users, groups and roles.

use sqlx::any::AnyRow;

use super::model::{Attached, Entity, Holder};
use super::{groups, leave_room, limits, lock_owner, policies, roles, rows, users};
use crate::meta::MetaStore;
use crate::meta::row::{get, time};
use crate::meta::sql::SqlResult as _;
use crate::meta::unit::{Outcome, Unit, unit};
use crate::meta::{Act, Event, Scope};
use crate::{Error, Result};
use roadstead_types::{AccountId, Counted, GroupId, PolicyId, RoleId};

/// The columns of an attachment, for [`attached`].
macro_rules! attached {
    ($($rest:literal),+) => {
        concat!(
            "SELECT t.policy_id, t.operator_uin, t.created_at, p.name, p.description, g.id AS group_id, \
             g.name AS group_name FROM cam_attachments t LEFT JOIN cam_policies p ON p.id = t.custom_id \
             LEFT JOIN cam_groups g ON g.id = t.group_id ",
            $($rest),+
        )
    };
}

/// The statements about attachments of a kind of holder, whose id is in `$column`.
macro_rules! statements {
    ($column:literal) => {
        Statements {
            count: concat!("SELECT COUNT(*) FROM cam_attachments WHERE ", $column, " = $1"),
            insert: concat!(
                "INSERT INTO cam_attachments (owner_id, policy_id, custom_id, ",
                $column,
                ", operator_uin, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (",
                $column,
                ", policy_id) DO NOTHING"
            ),
            delete: concat!("DELETE FROM cam_attachments WHERE ", $column, " = $1 AND policy_id = $2"),
            find: concat!("SELECT id FROM cam_attachments WHERE ", $column, " = $1 AND policy_id = $2"),
            list: attached!("WHERE t.", $column, " = $1 ORDER BY t.id LIMIT $2"),
        }
    };
}

impl Holder {
    /// Returns the statements about attachments of this kind of holder: count, insert, delete, list.
    const fn statements(self) -> Statements {
        match self {
            Self::User(_) => statements!("user_id"),
            Self::Group(_) => statements!("group_id"),
            Self::Role(_) => statements!("role_id"),
        }
    }

    const fn number(self) -> i64 {
        match self {
            Self::User(id) => id.get(),
            Self::Group(id) => id.get(),
            Self::Role(id) => id.get(),
        }
    }

    /// Refuses a holder that does not exist or belongs to another main account.
    pub(super) async fn require(self, u: &mut Unit<'_>, owner: AccountId) -> Result<()> {
        match self {
            Self::User(id) => users::require(u, owner, id).await,
            Self::Group(id) => groups::require(u, owner, id).await,
            Self::Role(id) => roles::require(u, owner, id).await,
        }
    }
}

struct Statements {
    count: &'static str,
    insert: &'static str,
    delete: &'static str,
    find: &'static str,
    list: &'static str,
}

/// An upper bound for the attachments of one sub-account through groups.
const MAX_THROUGH_GROUPS: u64 = limits::GROUPS_OF_USER * limits::ATTACHMENTS;
/// An upper bound for the holders of one main account.
const MAX_HOLDERS: u64 = limits::USERS + limits::GROUPS + limits::ROLES;

impl MetaStore {
    /// Attaches a policy. False when it was attached already. The caller checks that a preset policy exists.
    ///
    /// # Errors
    /// `Stale` for a `policy`, `user`, `group` or `role` that `owner` does not have, `LimitReached`.
    pub async fn attach_policy(
        &self,
        act: &Act,
        owner: AccountId,
        policy: PolicyId,
        to: Holder,
        operator_uin: &str,
    ) -> Result<bool> {
        unit!(self.unit(act, "attach a policy"), |u| attach(u, owner, policy, to, operator_uin).await.map(Outcome::of))
    }

    /// Detaches a policy. False when it was not attached.
    ///
    /// # Errors
    /// `Stale` for a `policy`, `user`, `group` or `role` that `owner` does not have.
    pub async fn detach_policy(&self, act: &Act, owner: AccountId, policy: PolicyId, from: Holder) -> Result<bool> {
        unit!(self.unit(act, "detach a policy"), |u| detach(u, owner, policy, from).await.map(Outcome::of))
    }

    /// Lists the policies of a holder in the order in which they were attached.
    pub async fn list_attached(&self, holder: Holder) -> Result<Vec<Attached>> {
        let all = sqlx::query(holder.statements().list).bind(holder.number()).bind(rows(limits::ATTACHMENTS));
        all.fetch_all(self.reader()).await.op("list attached policies")?.iter().map(attached).collect()
    }

    /// Lists the policies that a sub-account has through its groups. One that it has through two groups appears
    /// twice.
    pub async fn list_attached_through_groups(&self, account: AccountId) -> Result<Vec<Attached>> {
        let query = sqlx::query(attached!(
            "JOIN cam_group_members m ON m.group_id = t.group_id WHERE m.account_id = $1 ORDER BY t.id LIMIT $2"
        ));
        let all = query.bind(account.get()).bind(rows(MAX_THROUGH_GROUPS)).fetch_all(self.reader()).await;
        all.op("list attached policies")?.iter().map(attached).collect()
    }

    /// Lists the holders of a policy in the main account `owner`, in the order in which it was attached to them.
    pub async fn list_entities(&self, owner: AccountId, policy: PolicyId) -> Result<Vec<Entity>> {
        let query = sqlx::query(
            "SELECT t.created_at, t.user_id, t.group_id, t.role_id, a.uin, COALESCE(a.name, g.name, r.name) AS name \
             FROM cam_attachments t LEFT JOIN accounts a ON a.id = t.user_id \
             LEFT JOIN cam_groups g ON g.id = t.group_id LEFT JOIN cam_roles r ON r.id = t.role_id \
             WHERE t.owner_id = $1 AND t.policy_id = $2 ORDER BY t.id LIMIT $3",
        );
        let all = query.bind(owner.get()).bind(policy.get()).bind(rows(MAX_HOLDERS)).fetch_all(self.reader()).await;
        all.op("list the holders of a policy")?.iter().map(entity).collect()
    }
}

async fn attach(u: &mut Unit<'_>, owner: AccountId, policy: PolicyId, to: Holder, operator_uin: &str) -> Result<bool> {
    let now = u.now();
    lock_owner(u, owner).await?;
    policies::require(u, owner, policy).await?;
    to.require(u, owner).await?;
    let statements = to.statements();
    let there = sqlx::query(statements.find).bind(to.number()).bind(policy.get()).fetch_optional(&mut **u).await;
    if there.op("read an attachment")?.is_some() {
        return Ok(false);
    }
    leave_room(u, statements.count, to.number(), Counted::Attachments, limits::ATTACHMENTS).await?;
    let insert = sqlx::query(statements.insert)
        .bind(owner.get())
        .bind(policy.get())
        .bind(policy.is_custom().then(|| policy.get()))
        .bind(to.number())
        .bind(operator_uin)
        .bind(now.as_millis());
    insert.execute(&mut **u).await.op("attach a policy")?;
    u.changed(Scope::Account(owner));
    u.happened(Event::PolicyChanged { owner, policies: vec![policy] });
    Ok(true)
}

async fn detach(u: &mut Unit<'_>, owner: AccountId, policy: PolicyId, from: Holder) -> Result<bool> {
    lock_owner(u, owner).await?;
    policies::require(u, owner, policy).await?;
    from.require(u, owner).await?;
    let delete = sqlx::query(from.statements().delete).bind(from.number()).bind(policy.get());
    if delete.execute(&mut **u).await.op("detach a policy")?.rows_affected() == 0 {
        return Ok(false);
    }
    u.changed(Scope::Account(owner));
    u.happened(Event::PolicyChanged { owner, policies: vec![policy] });
    Ok(true)
}

fn attached(row: &AnyRow) -> Result<Attached> {
    let group: Option<i64> = get(row, "group_id")?;
    let group_name: Option<String> = get(row, "group_name")?;
    Ok(Attached {
        policy: PolicyId::new(get(row, "policy_id")?),
        name: get(row, "name")?,
        description: get(row, "description")?,
        since: time(row, "created_at")?,
        operator_uin: get(row, "operator_uin")?,
        group: group.map(GroupId::new).zip(group_name),
    })
}

fn entity(row: &AnyRow) -> Result<Entity> {
    let user: Option<i64> = get(row, "user_id")?;
    let group: Option<i64> = get(row, "group_id")?;
    let role: Option<i64> = get(row, "role_id")?;
    let holder = match (user, group, role) {
        (Some(id), ..) => Holder::User(AccountId::new(id)),
        (_, Some(id), _) => Holder::Group(GroupId::new(id)),
        (.., Some(id)) => Holder::Role(RoleId::new(id)),
        (None, None, None) => {
            return Err(Error::Corrupt { table: "cam_attachments", column: "user_id", value: "null".to_owned() });
        }
    };
    let uin: Option<String> = get(row, "uin")?;
    let parsed = uin.as_deref().map(str::parse).transpose();
    let uin =
        parsed.map_err(|_| Error::Corrupt { table: "accounts", column: "uin", value: uin.unwrap_or_default() })?;
    Ok(Entity { holder, name: get(row, "name")?, uin, since: time(row, "created_at")? })
}
