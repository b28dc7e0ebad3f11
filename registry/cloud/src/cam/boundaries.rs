//! Permission boundaries: a policy that limits what a sub-account or role may do.

use roadstead_auth::{Identity, Read, Write};
use roadstead_policy::actions::cam;
use roadstead_service::cam::{RoleInfo, UserRef};
use roadstead_service::records::Holder;
use roadstead_types::PolicyId;
use serde::{Deserialize, Serialize};

use super::policies::kind;
use super::things::{answered, either, on_policy, on_user, policy, policy_id, role, service, user_holder};
use crate::action::{Action, Allowed, CloudCall, Lookup, Needs, Permitted, action, lookup};
use crate::wire::error::CloudResult;

/// Sets the boundary of a user.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct PutUserPermissionsBoundary {
    target_uin: u64,
    policy_id: u64,
}

impl Action for PutUserPermissionsBoundary {
    action! { cam::PutUserPermissionsBoundary: Write, (u64, PolicyId) => () }
    fn check(self, _: &Identity) -> CloudResult<(u64, PolicyId)> {
        Ok((self.target_uin, policy_id(self.policy_id)))
    }
    fn needs((uin, policy): &(u64, PolicyId)) -> Needs {
        [on_user(Self::ROW, *uin), on_policy(Self::ROW, *policy)].into()
    }
    async fn run((uin, policy): (u64, PolicyId), call: Allowed<'_, Write>) -> CloudResult<()> {
        let user = user_holder(&call, uin).await?;
        Ok(service(&call).set_boundary(call.act(), &call.account(), user, Some(policy)).await?)
    }
}

/// Removes the boundary of a user.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteUserPermissionsBoundary {
    target_uin: u64,
}

impl Action for DeleteUserPermissionsBoundary {
    action! { cam::DeleteUserPermissionsBoundary: Write, u64 => () }
    fn check(self, _: &Identity) -> CloudResult<u64> {
        Ok(self.target_uin)
    }
    fn needs(uin: &u64) -> Needs {
        on_user(Self::ROW, *uin).into()
    }
    async fn run(uin: u64, call: Allowed<'_, Write>) -> CloudResult<()> {
        let user = user_holder(&call, uin).await?;
        Ok(service(&call).set_boundary(call.act(), &call.account(), user, None).await?)
    }
}

/// Returns the boundary of a user.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetUserPermissionBoundary {
    target_uin: u64,
}

/// A boundary. All members are null if there is none.
#[derive(Serialize, Default)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FoundBoundary {
    policy_id: Option<u64>,
    policy_name: Option<String>,
    policy_document: Option<String>,
    policy_type: Option<u64>,
    create_mode: Option<u64>,
}

impl Action for GetUserPermissionBoundary {
    action! { cam::GetUserPermissionBoundary: Read, u64 => FoundBoundary }
    fn check(self, _: &Identity) -> CloudResult<u64> {
        Ok(self.target_uin)
    }
    fn needs(uin: &u64) -> Needs {
        on_user(Self::ROW, *uin).into()
    }
    async fn run(uin: u64, call: Allowed<'_, Read>) -> CloudResult<FoundBoundary> {
        let user = service(&call).user(&call.account(), UserRef::Uin(uin)).await?;
        boundary(&call, user.boundary).await
    }
}

async fn boundary(call: &Allowed<'_, Read>, policy: Option<PolicyId>) -> CloudResult<FoundBoundary> {
    let boundary = service(call).boundary(&call.account(), policy).await?;
    Ok(boundary.map_or_else(FoundBoundary::default, |policy| FoundBoundary {
        policy_id: Some(answered(policy.id.get())),
        policy_type: Some(kind(policy.is_preset())),
        policy_name: Some(policy.name),
        policy_document: Some(policy.document),
        create_mode: Some(2),
    }))
}

/// Sets the boundary of a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct PutRolePermissionsBoundary {
    policy_id: u64,
    role_id: Option<String>,
    role_name: Option<String>,
}

impl Lookup for PutRolePermissionsBoundary {
    lookup! { cam::PutRolePermissionsBoundary: Write, Self => (RoleInfo, PolicyId) => () }
    fn check(self, _: &Identity) -> CloudResult<Self> {
        Ok(self)
    }
    fn target(it: &Self) -> String {
        either(it.role_id.as_deref(), it.role_name.as_deref())
    }
    async fn resolve(it: &Self, call: &CloudCall<'_>) -> CloudResult<Permitted<Self::Found>> {
        let role = role(call, Self::ROW, it.role_id.as_deref(), it.role_name.as_deref()).await?;
        Ok(role.and(policy(call, Self::ROW, Some(it.policy_id), None).await?))
    }
    async fn run(_: Self, (found, policy): Self::Found, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(service(&call).set_boundary(call.act(), &call.account(), Holder::Role(found.role.id), Some(policy)).await?)
    }
}

/// Removes the boundary of a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteRolePermissionsBoundary {
    role_id: Option<String>,
    role_name: Option<String>,
}

impl Lookup for DeleteRolePermissionsBoundary {
    lookup! { cam::DeleteRolePermissionsBoundary: Write, Self => RoleInfo => () }
    fn check(self, _: &Identity) -> CloudResult<Self> {
        Ok(self)
    }
    fn target(it: &Self) -> String {
        either(it.role_id.as_deref(), it.role_name.as_deref())
    }
    async fn resolve(it: &Self, call: &CloudCall<'_>) -> CloudResult<Permitted<RoleInfo>> {
        role(call, Self::ROW, it.role_id.as_deref(), it.role_name.as_deref()).await
    }
    async fn run(_: Self, found: RoleInfo, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(service(&call).set_boundary(call.act(), &call.account(), Holder::Role(found.role.id), None).await?)
    }
}

/// Returns the boundary of a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetRolePermissionBoundary {
    role_id: String,
}

impl Lookup for GetRolePermissionBoundary {
    lookup! { cam::GetRolePermissionBoundary: Read, String => RoleInfo => FoundBoundary }
    fn check(self, _: &Identity) -> CloudResult<String> {
        Ok(self.role_id)
    }
    fn target(id: &String) -> String {
        id.clone()
    }
    async fn resolve(id: &String, call: &CloudCall<'_>) -> CloudResult<Permitted<RoleInfo>> {
        role(call, Self::ROW, Some(id), None).await
    }
    async fn run(_: String, found: RoleInfo, call: Allowed<'_, Read>) -> CloudResult<FoundBoundary> {
        boundary(&call, found.role.boundary).await
    }
}
