//! Permission boundaries: the one policy beyond which a sub-account or a role may do nothing.

use roadstead_policy::op::CamResource;
use roadstead_storage::meta::Holder;
use roadstead_types::PolicyId;
use serde::{Deserialize, Serialize};

use super::policies::kind;
use super::{
    Subject, allow, allowed_role, answered, cam_action, holder_user, on_user, policy_id, policy_request, service,
    user_request,
};
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{NoOutput, Permission};
use crate::api::cloud::wire::error::CloudError;
use roadstead_service::cam::UserRef;

/// Bounds a user.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct PutUserPermissionsBoundary {
    target_uin: u64,
    policy_id: u64,
}

cam_action!(
    PutUserPermissionsBoundary: Write -> NoOutput,
    |it| Permission::Needs(vec![
        user_request("PutUserPermissionsBoundary", it.target_uin),
        policy_request("PutUserPermissionsBoundary", it.policy_id)
    ]),
    |it| it.target_uin.to_string(),
    put_user
);

async fn put_user(it: PutUserPermissionsBoundary, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    let user = holder_user(call, it.target_uin).await?;
    service(call).set_boundary(call.identity(), user, Some(policy_id(it.policy_id))).await?;
    Ok(NoOutput {})
}

/// Takes the boundary of a user away.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteUserPermissionsBoundary {
    target_uin: u64,
}

cam_action!(
    DeleteUserPermissionsBoundary: Write -> NoOutput,
    |it| on_user("DeleteUserPermissionsBoundary", it.target_uin),
    |it| it.target_uin.to_string(),
    delete_user
);

async fn delete_user(it: DeleteUserPermissionsBoundary, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    let user = holder_user(call, it.target_uin).await?;
    service(call).set_boundary(call.identity(), user, None).await?;
    Ok(NoOutput {})
}

/// Tells about the boundary of a user.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetUserPermissionBoundary {
    target_uin: u64,
}

/// A boundary; all members are null when there is none.
#[derive(Serialize, Default)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FoundBoundary {
    policy_id: Option<u64>,
    policy_name: Option<String>,
    policy_document: Option<String>,
    policy_type: Option<u64>,
    create_mode: Option<u64>,
}

cam_action!(
    GetUserPermissionBoundary: Read -> FoundBoundary,
    |it| on_user("GetUserPermissionBoundary", it.target_uin),
    |it| it.target_uin.to_string(),
    get_user
);

async fn get_user(it: GetUserPermissionBoundary, call: &CloudCall<'_>) -> Result<FoundBoundary, CloudError> {
    let user = service(call).user(call.identity(), UserRef::Uin(it.target_uin)).await?;
    found(call, user.boundary).await
}

async fn found(call: &CloudCall<'_>, policy: Option<PolicyId>) -> Result<FoundBoundary, CloudError> {
    let boundary = service(call).boundary(call.identity(), policy).await?;
    Ok(boundary.map_or_else(FoundBoundary::default, |policy| FoundBoundary {
        policy_id: Some(answered(policy.id.get())),
        policy_type: Some(kind(policy.is_preset())),
        policy_name: Some(policy.name),
        policy_document: Some(policy.document),
        create_mode: Some(2),
    }))
}

/// Bounds a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct PutRolePermissionsBoundary {
    policy_id: u64,
    role_id: Option<String>,
    role_name: Option<String>,
}

fn target(id: Option<&str>, name: Option<&str>) -> String {
    id.or(name).unwrap_or_default().to_owned()
}

cam_action!(
    PutRolePermissionsBoundary: Write -> NoOutput,
    look up |it| vec![Subject::Role(it.role_id.as_deref(), it.role_name.as_deref()), Subject::Policy(Some(it.policy_id), None)],
    |it| target(it.role_id.as_deref(), it.role_name.as_deref()),
    put_role
);

async fn put_role(it: PutRolePermissionsBoundary, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    const ACTION: &str = "PutRolePermissionsBoundary";
    let role = allowed_role(call, ACTION, it.role_id.as_deref(), it.role_name.as_deref()).await?.role;
    let policy = policy_id(it.policy_id);
    allow(call, ACTION, CamResource::Policy(policy.get()))?;
    service(call).set_boundary(call.identity(), Holder::Role(role.id), Some(policy)).await?;
    Ok(NoOutput {})
}

/// Takes the boundary of a role away.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteRolePermissionsBoundary {
    role_id: Option<String>,
    role_name: Option<String>,
}

cam_action!(
    DeleteRolePermissionsBoundary: Write -> NoOutput,
    look up |it| vec![Subject::Role(it.role_id.as_deref(), it.role_name.as_deref())],
    |it| target(it.role_id.as_deref(), it.role_name.as_deref()),
    delete_role
);

async fn delete_role(it: DeleteRolePermissionsBoundary, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    const ACTION: &str = "DeleteRolePermissionsBoundary";
    let role = allowed_role(call, ACTION, it.role_id.as_deref(), it.role_name.as_deref()).await?.role;
    service(call).set_boundary(call.identity(), Holder::Role(role.id), None).await?;
    Ok(NoOutput {})
}

/// Tells about the boundary of a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetRolePermissionBoundary {
    role_id: String,
}

cam_action!(
    GetRolePermissionBoundary: Read -> FoundBoundary,
    look up |it| vec![Subject::Role(Some(&it.role_id), None)],
    |it| it.role_id.clone(),
    get_role
);

async fn get_role(it: GetRolePermissionBoundary, call: &CloudCall<'_>) -> Result<FoundBoundary, CloudError> {
    let role = allowed_role(call, "GetRolePermissionBoundary", Some(&it.role_id), None).await?.role;
    found(call, role.boundary).await
}
