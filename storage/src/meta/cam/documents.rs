//! The policies that decide about the rights of a user or a role.

use sqlx::any::AnyRow;

use crate::Result;
use crate::meta::MetaStore;
use crate::meta::row::get;
use crate::meta::sql::SqlResult as _;
use roadstead_types::{AccountId, RoleId};

/// An upper bound for the policies of one user: 200 of its own, and 200 of each of ten groups.
const MAX_POLICIES: i64 = 2200;

/// A policy that applies to a user or a role.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredPolicy {
    /// Its number.
    pub id: i64,
    /// Its name; empty for a preset policy.
    pub name: String,
    /// Its document in canonical form; `None` for a preset policy, which the database does not have.
    pub document: Option<String>,
}

/// The policies that apply to a user or a role.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StoredPolicies {
    /// The attached policies, each once, in the order of their numbers.
    pub attached: Vec<StoredPolicy>,
    /// The boundary that limits all others.
    pub boundary: Option<StoredPolicy>,
}

const ATTACHED_TO_USER: &str = "SELECT t.policy_id AS id, p.name AS name, p.canonical AS document \
     FROM (SELECT policy_id, custom_id FROM cam_attachments WHERE user_id = $1 \
     UNION SELECT a.policy_id, a.custom_id FROM cam_group_members m \
     JOIN cam_attachments a ON a.group_id = m.group_id WHERE m.account_id = $1) AS t \
     LEFT JOIN cam_policies p ON p.id = t.custom_id ORDER BY t.policy_id LIMIT $2";
const BOUNDARY_OF_USER: &str = "SELECT u.boundary_id AS id, p.name AS name, p.canonical AS document FROM cam_users u \
     LEFT JOIN cam_policies p ON p.id = u.boundary_custom_id WHERE u.account_id = $1 AND u.boundary_id IS NOT NULL";
const ATTACHED_TO_ROLE: &str = "SELECT a.policy_id AS id, p.name AS name, p.canonical AS document \
     FROM cam_attachments a LEFT JOIN cam_policies p ON p.id = a.custom_id WHERE a.role_id = $1 \
     ORDER BY a.policy_id LIMIT $2";
const BOUNDARY_OF_ROLE: &str = "SELECT r.boundary_id AS id, p.name AS name, p.canonical AS document FROM cam_roles r \
     LEFT JOIN cam_policies p ON p.id = r.boundary_custom_id WHERE r.id = $1 AND r.boundary_id IS NOT NULL";

impl MetaStore {
    /// Returns the policies of a sub-account: its own, those of its groups, and its boundary.
    pub async fn documents_of_user(&self, account: AccountId) -> Result<StoredPolicies> {
        self.documents(BOUNDARY_OF_USER, ATTACHED_TO_USER, account.get()).await
    }

    /// Returns the policies of a role, and its boundary.
    pub async fn documents_of_role(&self, role: RoleId) -> Result<StoredPolicies> {
        self.documents(BOUNDARY_OF_ROLE, ATTACHED_TO_ROLE, role.get()).await
    }

    async fn documents(&self, boundary: &'static str, attached: &'static str, id: i64) -> Result<StoredPolicies> {
        // The two statements may see different states. Such a mixture is forgotten soon, because every change moves
        // the change counter. The boundary is read first, so that a policy that was attached under a new boundary is
        // never seen without it.
        let boundary = sqlx::query(boundary).bind(id).fetch_optional(self.reader()).await;
        let boundary = boundary.op("read a boundary")?.as_ref().map(stored_policy).transpose()?;
        let attached = sqlx::query(attached).bind(id).bind(MAX_POLICIES).fetch_all(self.reader()).await;
        let attached = attached.op("read policies")?.iter().map(stored_policy).collect::<Result<_>>()?;
        Ok(StoredPolicies { attached, boundary })
    }
}

fn stored_policy(row: &AnyRow) -> Result<StoredPolicy> {
    let name: Option<String> = get(row, "name")?;
    Ok(StoredPolicy { id: get(row, "id")?, name: name.unwrap_or_default(), document: get(row, "document")? })
}
