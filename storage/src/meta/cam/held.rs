//! The policies that somebody has: the ones that have a holder less when it is deleted.

use super::model::Holder;
use crate::Result;
use crate::meta::sql::SqlResult as _;
use crate::meta::unit::Unit;
use roadstead_types::PolicyId;

/// Lists the policies that are attached to a holder, and its boundary.
pub(super) async fn held(u: &mut Unit<'_>, holder: Holder) -> Result<Vec<PolicyId>> {
    let (sql, id) = match holder {
        Holder::User(id) => (
            "SELECT policy_id AS id FROM cam_attachments WHERE user_id = $1 UNION \
             SELECT boundary_id FROM cam_users WHERE account_id = $1 AND boundary_id IS NOT NULL ORDER BY id",
            id.get(),
        ),
        Holder::Group(id) => ("SELECT policy_id AS id FROM cam_attachments WHERE group_id = $1 ORDER BY id", id.get()),
        Holder::Role(id) => (
            "SELECT policy_id AS id FROM cam_attachments WHERE role_id = $1 UNION \
             SELECT boundary_id FROM cam_roles WHERE id = $1 AND boundary_id IS NOT NULL ORDER BY id",
            id.get(),
        ),
    };
    let ids: Vec<i64> = sqlx::query_scalar(sql).bind(id).fetch_all(&mut **u).await.op("list attached policies")?;
    Ok(ids.into_iter().map(PolicyId::new).collect())
}
