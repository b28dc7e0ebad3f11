//! Attaches and detaches policies. Nothing happens if a policy is already attached, or already detached.

use roadstead_auth::{Identity, Write};
use roadstead_policy::actions::cam;
use roadstead_service::cam::RoleInfo;
use roadstead_service::records::Holder;
use roadstead_types::{GroupId, PolicyId};
use serde::Deserialize;

use super::things::{either, group_id, on_group, on_policy, on_user, policy, policy_id, role, service, user_holder};
use crate::action::{Action, Allowed, CloudCall, Lookup, Needs, Permitted, action, lookup};
use crate::wire::error::CloudResult;

/// Attaches a policy to a user.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AttachUserPolicy {
    policy_id: u64,
    attach_uin: u64,
}

impl Action for AttachUserPolicy {
    action! { cam::AttachUserPolicy: Write, (PolicyId, u64) => () }
    fn check(self, _: &Identity) -> CloudResult<(PolicyId, u64)> {
        Ok((policy_id(self.policy_id), self.attach_uin))
    }
    fn needs((policy, uin): &(PolicyId, u64)) -> Needs {
        [on_policy(Self::ROW, *policy), on_user(Self::ROW, *uin)].into()
    }
    async fn run((policy, uin): (PolicyId, u64), call: Allowed<'_, Write>) -> CloudResult<()> {
        let user = user_holder(&call, uin).await?;
        Ok(service(&call).attach(call.act(), &call.account(), policy, user).await?)
    }
}

/// Detaches a policy from a user.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DetachUserPolicy {
    policy_id: u64,
    detach_uin: u64,
}

impl Action for DetachUserPolicy {
    action! { cam::DetachUserPolicy: Write, (PolicyId, u64) => () }
    fn check(self, _: &Identity) -> CloudResult<(PolicyId, u64)> {
        Ok((policy_id(self.policy_id), self.detach_uin))
    }
    fn needs((policy, uin): &(PolicyId, u64)) -> Needs {
        [on_policy(Self::ROW, *policy), on_user(Self::ROW, *uin)].into()
    }
    async fn run((policy, uin): (PolicyId, u64), call: Allowed<'_, Write>) -> CloudResult<()> {
        let user = user_holder(&call, uin).await?;
        Ok(service(&call).detach(call.act(), &call.account(), policy, user).await?)
    }
}

/// Attaches a policy to a group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AttachGroupPolicy {
    policy_id: u64,
    attach_group_id: u64,
}

impl Action for AttachGroupPolicy {
    action! { cam::AttachGroupPolicy: Write, (PolicyId, GroupId) => () }
    fn check(self, _: &Identity) -> CloudResult<(PolicyId, GroupId)> {
        Ok((policy_id(self.policy_id), group_id(self.attach_group_id)))
    }
    fn needs((policy, group): &(PolicyId, GroupId)) -> Needs {
        [on_policy(Self::ROW, *policy), on_group(Self::ROW, *group)].into()
    }
    async fn run((policy, group): (PolicyId, GroupId), call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(service(&call).attach(call.act(), &call.account(), policy, Holder::Group(group)).await?)
    }
}

/// Detaches a policy from a group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DetachGroupPolicy {
    policy_id: u64,
    detach_group_id: u64,
}

impl Action for DetachGroupPolicy {
    action! { cam::DetachGroupPolicy: Write, (PolicyId, GroupId) => () }
    fn check(self, _: &Identity) -> CloudResult<(PolicyId, GroupId)> {
        Ok((policy_id(self.policy_id), group_id(self.detach_group_id)))
    }
    fn needs((policy, group): &(PolicyId, GroupId)) -> Needs {
        [on_policy(Self::ROW, *policy), on_group(Self::ROW, *group)].into()
    }
    async fn run((policy, group): (PolicyId, GroupId), call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(service(&call).detach(call.act(), &call.account(), policy, Holder::Group(group)).await?)
    }
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

impl Lookup for AttachRolePolicy {
    lookup! { cam::AttachRolePolicy: Write, Self => (RoleInfo, PolicyId) => () }
    fn check(self, _: &Identity) -> CloudResult<Self> {
        Ok(self)
    }
    fn target(it: &Self) -> String {
        let policy = either(it.policy_id.map(|id| id.to_string()).as_deref(), it.policy_name.as_deref());
        format!("{policy} {}", either(it.attach_role_id.as_deref(), it.attach_role_name.as_deref()))
    }
    async fn resolve(it: &Self, call: &CloudCall<'_>) -> CloudResult<Permitted<Self::Found>> {
        let role = role(call, Self::ROW, it.attach_role_id.as_deref(), it.attach_role_name.as_deref()).await?;
        Ok(role.and(policy(call, Self::ROW, it.policy_id, it.policy_name.as_deref()).await?))
    }
    async fn run(_: Self, (role, policy): Self::Found, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(service(&call).attach(call.act(), &call.account(), policy, Holder::Role(role.role.id)).await?)
    }
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

impl Lookup for DetachRolePolicy {
    lookup! { cam::DetachRolePolicy: Write, Self => (RoleInfo, PolicyId) => () }
    fn check(self, _: &Identity) -> CloudResult<Self> {
        Ok(self)
    }
    fn target(it: &Self) -> String {
        let policy = either(it.policy_id.map(|id| id.to_string()).as_deref(), it.policy_name.as_deref());
        format!("{policy} {}", either(it.detach_role_id.as_deref(), it.detach_role_name.as_deref()))
    }
    async fn resolve(it: &Self, call: &CloudCall<'_>) -> CloudResult<Permitted<Self::Found>> {
        let role = role(call, Self::ROW, it.detach_role_id.as_deref(), it.detach_role_name.as_deref()).await?;
        Ok(role.and(policy(call, Self::ROW, it.policy_id, it.policy_name.as_deref()).await?))
    }
    async fn run(_: Self, (role, policy): Self::Found, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(service(&call).detach(call.act(), &call.account(), policy, Holder::Role(role.role.id)).await?)
    }
}
