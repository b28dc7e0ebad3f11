//! Boundaries: the one policy that limits all rights of a sub-account or a role.

use std::collections::BTreeSet;

use super::model::Holder;
use super::{lock_owner, policies};
use crate::meta::MetaStore;
use crate::meta::sql::SqlResult as _;
use crate::meta::unit::{Outcome, Unit, unit};
use crate::meta::{Act, Event, Scope};
use crate::{Error, Result};
use roadstead_types::{AccountId, PolicyId, Thing};

impl MetaStore {
    /// Sets the boundary of a sub-account or a role, replacing the old one; `None` removes it. The caller checks that
    /// a preset policy exists. Groups have no boundaries.
    ///
    /// # Errors
    /// `Stale` for a `policy`, `user` or `role` that `owner` does not have, and for every `group`.
    pub async fn set_boundary(&self, act: &Act, owner: AccountId, of: Holder, policy: Option<PolicyId>) -> Result<()> {
        unit!(self.unit(act, "set a boundary"), |u| set(u, owner, of, policy).await.map(Outcome::Done))
    }
}

async fn set(u: &mut Unit<'_>, owner: AccountId, of: Holder, policy: Option<PolicyId>) -> Result<()> {
    lock_owner(u, owner).await?;
    of.require(u, owner).await?;
    if let Some(policy) = policy {
        policies::require(u, owner, policy).await?;
    }
    let (read, sql, id) = match of {
        Holder::User(id) => (
            "SELECT boundary_id FROM cam_users WHERE account_id = $1",
            "UPDATE cam_users SET boundary_id = $1, boundary_custom_id = $2 WHERE account_id = $3",
            id.get(),
        ),
        Holder::Role(id) => (
            "SELECT boundary_id FROM cam_roles WHERE id = $1",
            "UPDATE cam_roles SET boundary_id = $1, boundary_custom_id = $2 WHERE id = $3",
            id.get(),
        ),
        Holder::Group(_) => return Err(Error::Stale(Thing::Group)),
    };
    let before: Option<i64> = sqlx::query_scalar(read).bind(id).fetch_one(&mut **u).await.op("read a boundary")?;
    let custom = policy.filter(|policy| policy.is_custom());
    let update = sqlx::query(sql).bind(policy.map(PolicyId::get)).bind(custom.map(PolicyId::get)).bind(id);
    update.execute(&mut **u).await.op("set a boundary")?;
    u.changed(Scope::Account(owner));
    let changed: BTreeSet<PolicyId> = before.map(PolicyId::new).into_iter().chain(policy).collect();
    u.happened(Event::PolicyChanged { owner, policies: changed.into_iter().collect() });
    Ok(())
}
