//! Policies that main accounts made.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::model::{NewPolicy, Policy, PolicyCounts, PolicySummary};
use super::{leave_room, limits, lock_owner, next_number, rows};
use crate::meta::MetaStore;
use crate::meta::row::{get, size, time};
use crate::meta::sql::{SqlResult as _, conflict, is_storable, lists, placeholders};
use crate::meta::unit::{Outcome, Unit, unit};
use crate::meta::{Act, Event, Scope};
use crate::{Error, Result};
use roadstead_types::{AccountId, Counted, PolicyId, Thing};

impl MetaStore {
    /// Stores a policy.
    ///
    /// # Errors
    /// `Conflict` when the name is taken, `LimitReached`, `Stale` when the owner is not a main account.
    pub async fn create_policy(&self, act: &Act, owner: AccountId, new: &NewPolicy<'_>) -> Result<PolicyId> {
        unit!(self.unit(act, "create a policy"), |u| insert(u, owner, new).await.map(Outcome::Done))
    }

    /// Returns the policy with this number, if it belongs to `owner`.
    pub async fn policy(&self, owner: AccountId, id: PolicyId) -> Result<Option<Policy>> {
        let query = sqlx::query(
            "SELECT id, name, description, tags, created_at, updated_at, document, canonical FROM cam_policies \
             WHERE owner_id = $1 AND id = $2",
        );
        let row = query.bind(owner.get()).bind(id.get()).fetch_optional(self.reader()).await;
        row.op("read a policy")?.as_ref().map(policy).transpose()
    }

    /// Returns the policy of `owner` with this name.
    pub async fn policy_by_name(&self, owner: AccountId, name: &str) -> Result<Option<Policy>> {
        if !is_storable(name) {
            return Ok(None);
        }
        let query = sqlx::query(
            "SELECT id, name, description, tags, created_at, updated_at, document, canonical FROM cam_policies \
             WHERE owner_id = $1 AND name = $2",
        );
        let row = query.bind(owner.get()).bind(name).fetch_optional(self.reader()).await;
        row.op("read a policy")?.as_ref().map(policy).transpose()
    }

    /// Lists all policies of `owner`, the oldest first.
    pub async fn list_policies(&self, owner: AccountId) -> Result<Vec<PolicySummary>> {
        let query = sqlx::query(
            "SELECT id, name, description, tags, created_at, updated_at FROM cam_policies WHERE owner_id = $1 \
             ORDER BY id LIMIT $2",
        );
        let all = query.bind(owner.get()).bind(rows(limits::POLICIES)).fetch_all(self.reader()).await;
        all.op("list policies")?.iter().map(summary).collect()
    }

    /// Counts the holders of each of these policies in the main account `owner`. Policies without holders are left
    /// out.
    pub async fn count_attached(&self, owner: AccountId, policies: &[PolicyId]) -> Result<Vec<PolicyCounts>> {
        let mut counts = Vec::new();
        for list in lists(policies) {
            let ids = placeholders(2, list.len());
            let sql = format!(
                "SELECT id, CAST(SUM(attached) AS BIGINT) AS attached, CAST(SUM(users) AS BIGINT) AS users, \
                 CAST(SUM(boundaries) AS BIGINT) AS boundaries FROM ( \
                 SELECT policy_id AS id, COUNT(*) AS attached, COUNT(user_id) AS users, 0 AS boundaries \
                 FROM cam_attachments WHERE owner_id = $1 AND policy_id IN ({ids}) GROUP BY policy_id UNION ALL \
                 SELECT u.boundary_id, 0, 0, COUNT(*) FROM accounts a JOIN cam_users u ON u.account_id = a.id \
                 WHERE a.owner_id = $1 AND u.boundary_id IN ({ids}) GROUP BY u.boundary_id UNION ALL \
                 SELECT boundary_id, 0, 0, COUNT(*) FROM cam_roles WHERE owner_id = $1 AND boundary_id IN ({ids}) \
                 GROUP BY boundary_id) AS counts GROUP BY id"
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).bind(owner.get());
            for policy in &list {
                query = query.bind(policy.get());
            }
            for row in query.fetch_all(self.reader()).await.op("count attachments")? {
                counts.push(PolicyCounts {
                    policy: PolicyId::new(get(&row, "id")?),
                    attached: size(&row, "cam_attachments", "attached")?,
                    users: size(&row, "cam_attachments", "users")?,
                    boundaries: size(&row, "cam_attachments", "boundaries")?,
                });
            }
        }
        Ok(counts)
    }

    /// Changes the description or the document (as written, and in canonical form) of a policy; `None` leaves a value
    /// as it is.
    ///
    /// # Errors
    /// `Stale` when `owner` has no such policy.
    pub async fn update_policy(
        &self,
        act: &Act,
        owner: AccountId,
        id: PolicyId,
        description: Option<&str>,
        document: Option<(&str, &str)>,
    ) -> Result<()> {
        unit!(self.unit(act, "change a policy"), |u| update(u, owner, id, description, document)
            .await
            .map(Outcome::Done))
    }

    /// Deletes policies, all of them or none. They are detached from all holders.
    ///
    /// # Errors
    /// `Stale` when `owner` does not have one of them, `InUse` when one is a boundary: without it, its holder could
    /// do more than before.
    pub async fn delete_policies(&self, act: &Act, owner: AccountId, ids: &[PolicyId]) -> Result<()> {
        unit!(self.unit(act, "delete policies"), |u| delete(u, owner, ids).await.map(Outcome::Done))
    }
}

async fn insert(u: &mut Unit<'_>, owner: AccountId, new: &NewPolicy<'_>) -> Result<PolicyId> {
    let now = u.now();
    lock_owner(u, owner).await?;
    let count = "SELECT COUNT(*) FROM cam_policies WHERE owner_id = $1";
    leave_room(u, count, owner.get(), Counted::Policies, limits::POLICIES).await?;
    let id = next_number(u, "policy").await?;
    let insert = sqlx::query(
        "INSERT INTO cam_policies (id, owner_id, name, description, document, canonical, tags, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
    );
    let insert = insert
        .bind(id)
        .bind(owner.get())
        .bind(new.name)
        .bind(new.description)
        .bind(new.document)
        .bind(new.canonical)
        .bind(new.tags)
        .bind(now.as_millis());
    insert.execute(&mut **u).await.op("create a policy").map_err(conflict(Thing::Policy))?;
    u.changed(Scope::Account(owner));
    u.happened(Event::PolicyChanged { owner, policies: vec![PolicyId::new(id)] });
    Ok(PolicyId::new(id))
}

/// Refuses a policy that does not exist or belongs to another main account. Preset policies belong to everybody.
pub(super) async fn require(u: &mut Unit<'_>, owner: AccountId, id: PolicyId) -> Result<()> {
    if !id.is_custom() {
        return Ok(());
    }
    let found = sqlx::query("SELECT id FROM cam_policies WHERE id = $1 AND owner_id = $2").bind(id.get());
    let found = found.bind(owner.get()).fetch_optional(&mut **u).await.op("read a policy")?;
    if found.is_some() { Ok(()) } else { Err(Error::Stale(Thing::Policy)) }
}

async fn update(
    u: &mut Unit<'_>,
    owner: AccountId,
    id: PolicyId,
    description: Option<&str>,
    document: Option<(&str, &str)>,
) -> Result<()> {
    let now = u.now();
    lock_owner(u, owner).await?;
    let update = sqlx::query(
        "UPDATE cam_policies SET description = COALESCE($1, description), document = COALESCE($2, document), \
         canonical = COALESCE($3, canonical), updated_at = $4 WHERE id = $5 AND owner_id = $6",
    );
    let update = update
        .bind(description)
        .bind(document.map(|(text, _)| text))
        .bind(document.map(|(_, canonical)| canonical))
        .bind(now.as_millis())
        .bind(id.get())
        .bind(owner.get());
    if update.execute(&mut **u).await.op("change a policy")?.rows_affected() == 0 {
        return Err(Error::Stale(Thing::Policy));
    }
    u.changed(Scope::Account(owner));
    u.happened(Event::PolicyChanged { owner, policies: vec![id] });
    Ok(())
}

async fn delete(u: &mut Unit<'_>, owner: AccountId, ids: &[PolicyId]) -> Result<()> {
    lock_owner(u, owner).await?;
    for id in ids {
        if !id.is_custom() {
            return Err(Error::Stale(Thing::Policy));
        }
        require(u, owner, *id).await?;
        let bounded = sqlx::query(
            "SELECT account_id AS id FROM cam_users WHERE boundary_custom_id = $1 \
             UNION ALL SELECT id FROM cam_roles WHERE boundary_custom_id = $1 LIMIT 1",
        );
        if bounded.bind(id.get()).fetch_optional(&mut **u).await.op("look for boundaries")?.is_some() {
            return Err(Error::InUse(Thing::Policy));
        }
        let delete = sqlx::query("DELETE FROM cam_policies WHERE id = $1").bind(id.get());
        delete.execute(&mut **u).await.op("delete a policy")?;
    }
    u.changed(Scope::Account(owner));
    u.happened(Event::PolicyChanged { owner, policies: ids.to_vec() });
    Ok(())
}

fn policy(row: &AnyRow) -> Result<Policy> {
    Ok(Policy { summary: summary(row)?, document: get(row, "document")?, canonical: get(row, "canonical")? })
}

fn summary(row: &AnyRow) -> Result<PolicySummary> {
    Ok(PolicySummary {
        id: PolicyId::new(get(row, "id")?),
        name: get(row, "name")?,
        description: get(row, "description")?,
        tags: get(row, "tags")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}
