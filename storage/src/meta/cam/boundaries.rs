//! Boundaries: the one policy beyond which a sub-account or a role may do nothing, whatever else it has.

use sqlx::AnyConnection;

use super::model::Holder;
use super::{lock_owner, policies};
use crate::meta::MetaStore;
use crate::meta::changes;
use crate::meta::sql::{SqlResult as _, write_transaction};
use crate::{Error, Result};
use roadstead_types::{AccountId, PolicyId, Thing};

impl MetaStore {
    /// Bounds a sub-account or a role by a policy, in the place of the one before; `None` takes the boundary away. That a
    /// preset policy exists is for the caller to know. Groups have no boundaries.
    ///
    /// # Errors
    /// `Stale` for a `policy`, `user` or `role` that `owner` does not have, and for every `group`.
    pub async fn set_boundary(&self, owner: AccountId, of: Holder, policy: Option<PolicyId>) -> Result<()> {
        write_transaction!(self, "set a boundary", |tx| set(tx, owner, of, policy).await)
    }
}

async fn set(tx: &mut AnyConnection, owner: AccountId, of: Holder, policy: Option<PolicyId>) -> Result<()> {
    lock_owner(tx, owner).await?;
    of.require(tx, owner).await?;
    if let Some(policy) = policy {
        policies::require(tx, owner, policy).await?;
    }
    let (sql, id) = match of {
        Holder::User(id) => {
            ("UPDATE cam_users SET boundary_id = $1, boundary_custom_id = $2 WHERE account_id = $3", id.get())
        }
        Holder::Role(id) => ("UPDATE cam_roles SET boundary_id = $1, boundary_custom_id = $2 WHERE id = $3", id.get()),
        Holder::Group(_) => return Err(Error::Stale(Thing::Group)),
    };
    let custom = policy.filter(|policy| policy.is_custom());
    let update = sqlx::query(sql).bind(policy.map(PolicyId::get)).bind(custom.map(PolicyId::get)).bind(id);
    update.execute(&mut *tx).await.op("set a boundary")?;
    changes::changed()
}
