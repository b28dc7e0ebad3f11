//! Attaching policies, and detaching them. To attach what is attached, or detach what is not, does nothing.

use roadstead_policy::op::{self, CamResource};
use roadstead_storage::meta::Holder;
use serde::Deserialize;

use super::{
    Subject, allowed_policy, allowed_role, cam_action, group_id, holder_user, number, policy_id, policy_request,
    service, user_request,
};
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{NoOutput, Permission};
use crate::api::cloud::wire::error::CloudError;

/// The rights to a user and to a policy.
fn on_user_and_policy(action: &str, uin: u64, policy: u64) -> Permission {
    Permission::Needs(vec![user_request(action, uin), policy_request(action, policy)])
}

/// The rights to a group and to a policy.
fn on_group_and_policy(action: &str, group: u64, policy: u64) -> Permission {
    let group = op::cam(action, CamResource::Group(number(group)));
    Permission::Needs(vec![group, policy_request(action, policy)])
}

/// Attaches a policy to a user.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AttachUserPolicy {
    policy_id: u64,
    attach_uin: u64,
}

cam_action!(
    AttachUserPolicy: Write -> NoOutput,
    |it| on_user_and_policy("AttachUserPolicy", it.attach_uin, it.policy_id),
    |it| format!("{} {}", it.policy_id, it.attach_uin),
    attach_to_user
);

async fn attach_to_user(it: AttachUserPolicy, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    let user = holder_user(call, it.attach_uin).await?;
    service(call).attach(call.identity(), policy_id(it.policy_id), user).await?;
    Ok(NoOutput {})
}

/// Detaches a policy from a user.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DetachUserPolicy {
    policy_id: u64,
    detach_uin: u64,
}

cam_action!(
    DetachUserPolicy: Write -> NoOutput,
    |it| on_user_and_policy("DetachUserPolicy", it.detach_uin, it.policy_id),
    |it| format!("{} {}", it.policy_id, it.detach_uin),
    detach_from_user
);

async fn detach_from_user(it: DetachUserPolicy, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    let user = holder_user(call, it.detach_uin).await?;
    service(call).detach(call.identity(), policy_id(it.policy_id), user).await?;
    Ok(NoOutput {})
}

/// Attaches a policy to a group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AttachGroupPolicy {
    policy_id: u64,
    attach_group_id: u64,
}

cam_action!(
    AttachGroupPolicy: Write -> NoOutput,
    |it| on_group_and_policy("AttachGroupPolicy", it.attach_group_id, it.policy_id),
    |it| format!("{} {}", it.policy_id, it.attach_group_id),
    attach_to_group
);

async fn attach_to_group(it: AttachGroupPolicy, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    let group = Holder::Group(group_id(it.attach_group_id));
    service(call).attach(call.identity(), policy_id(it.policy_id), group).await?;
    Ok(NoOutput {})
}

/// Detaches a policy from a group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DetachGroupPolicy {
    policy_id: u64,
    detach_group_id: u64,
}

cam_action!(
    DetachGroupPolicy: Write -> NoOutput,
    |it| on_group_and_policy("DetachGroupPolicy", it.detach_group_id, it.policy_id),
    |it| format!("{} {}", it.policy_id, it.detach_group_id),
    detach_from_group
);

async fn detach_from_group(it: DetachGroupPolicy, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    let group = Holder::Group(group_id(it.detach_group_id));
    service(call).detach(call.identity(), policy_id(it.policy_id), group).await?;
    Ok(NoOutput {})
}

/// A role and a policy, each by number or by name.
fn named(policy: Option<u64>, policy_name: Option<&str>, role: Option<&str>, role_name: Option<&str>) -> String {
    let policy = policy.map(|id| id.to_string()).or_else(|| policy_name.map(str::to_owned)).unwrap_or_default();
    format!("{policy} {}", role.or(role_name).unwrap_or_default())
}

/// Attaches a policy to a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AttachRolePolicy {
    policy_id: Option<u64>,
    attach_role_id: Option<String>,
    attach_role_name: Option<String>,
    policy_name: Option<String>,
}

cam_action!(
    AttachRolePolicy: Write -> NoOutput,
    look up |it| vec![Subject::Role(it.attach_role_id.as_deref(), it.attach_role_name.as_deref()), Subject::Policy(it.policy_id, it.policy_name.as_deref())],
    |it| named(
        it.policy_id,
        it.policy_name.as_deref(),
        it.attach_role_id.as_deref(),
        it.attach_role_name.as_deref()
    ),
    attach_to_role
);

async fn attach_to_role(it: AttachRolePolicy, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    const ACTION: &str = "AttachRolePolicy";
    let role = allowed_role(call, ACTION, it.attach_role_id.as_deref(), it.attach_role_name.as_deref()).await?;
    let policy = allowed_policy(call, ACTION, it.policy_id, it.policy_name.as_deref()).await?;
    service(call).attach(call.identity(), policy, Holder::Role(role.role.id)).await?;
    Ok(NoOutput {})
}

/// Detaches a policy from a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DetachRolePolicy {
    policy_id: Option<u64>,
    detach_role_id: Option<String>,
    detach_role_name: Option<String>,
    policy_name: Option<String>,
}

cam_action!(
    DetachRolePolicy: Write -> NoOutput,
    look up |it| vec![Subject::Role(it.detach_role_id.as_deref(), it.detach_role_name.as_deref()), Subject::Policy(it.policy_id, it.policy_name.as_deref())],
    |it| named(
        it.policy_id,
        it.policy_name.as_deref(),
        it.detach_role_id.as_deref(),
        it.detach_role_name.as_deref()
    ),
    detach_from_role
);

async fn detach_from_role(it: DetachRolePolicy, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    const ACTION: &str = "DetachRolePolicy";
    let role = allowed_role(call, ACTION, it.detach_role_id.as_deref(), it.detach_role_name.as_deref()).await?;
    let policy = allowed_policy(call, ACTION, it.policy_id, it.policy_name.as_deref()).await?;
    service(call).detach(call.identity(), policy, Holder::Role(role.role.id)).await?;
    Ok(NoOutput {})
}
