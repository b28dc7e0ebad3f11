//! Lists of the policies that are attached to users, groups and roles.

use roadstead_auth::{Identity, Read};
use roadstead_policy::actions::cam;
use roadstead_service::cam::{AttachedPolicy, RoleInfo, UserRef};
use roadstead_service::records::Holder;
use roadstead_types::{GroupId, Listing, PolicyId, Uin, Window};
use serde::{Deserialize, Serialize};

use super::policies::kind;
use super::things::{answered, either, group_id, on_group, on_user, role, service, user_holder, wrong};
use crate::action::{Action, Allowed, CloudCall, Lookup, Needs, Permitted, action, lookup};
use crate::wire::error::CloudResult;
use crate::wire::page;
use roadstead_types::time;

/// The highest page number that is allowed.
const MAX_PAGE: i64 = 200;

fn source(policy: PolicyId) -> &'static str {
    if policy.is_custom() { "User" } else { "QCS" }
}

fn matching(policies: &mut Vec<AttachedPolicy>, keyword: Option<&str>) {
    if let Some(keyword) = keyword.filter(|keyword| !keyword.is_empty()).map(str::to_lowercase) {
        policies.retain(|policy| policy.name.to_lowercase().contains(&keyword));
    }
}

/// A page of policies that are attached to a user or a group.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Attached {
    total_num: u64,
    list: Vec<ListedPolicy>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListedPolicy {
    policy_id: u64,
    policy_name: String,
    add_time: String,
    create_mode: u64,
    policy_type: &'static str,
    remark: String,
    operate_owner_uin: String,
    operate_uin: String,
    /// 0 for a user, 1 for a role.
    operate_uin_type: u64,
    deactived: u64,
    deactived_detail: Vec<String>,
}

fn attached_page(call: &CloudCall<'_>, policies: Vec<AttachedPolicy>, page: Window) -> Attached {
    let owner = call.identity.owner_uin.as_str();
    let Listing { items, total } = page.of(policies).map(|policy| ListedPolicy {
        policy_id: answered(policy.id.get()),
        policy_name: policy.name,
        add_time: time::plain(policy.since),
        create_mode: 2,
        policy_type: source(policy.id),
        remark: policy.description,
        operate_owner_uin: owner.to_owned(),
        operate_uin_type: u64::from(policy.operator.parse::<Uin>().is_err()),
        operate_uin: policy.operator,
        deactived: 0,
        deactived_detail: Vec::new(),
    });
    Attached { total_num: total, list: items }
}

/// Lists the policies that are attached to a user directly.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListAttachedUserPolicies {
    target_uin: u64,
    page: Option<i64>,
    rp: Option<i64>,
}

impl Action for ListAttachedUserPolicies {
    action! { cam::ListAttachedUserPolicies: Read, (u64, Window) => Attached }
    fn check(self, _: &Identity) -> CloudResult<(u64, Window)> {
        Ok((self.target_uin, page::numbered(self.page, self.rp)?))
    }
    fn needs((uin, _): &(u64, Window)) -> Needs {
        on_user(Self::ROW, *uin).into()
    }
    async fn run((uin, page): (u64, Window), call: Allowed<'_, Read>) -> CloudResult<Attached> {
        let user = user_holder(&call, uin).await?;
        Ok(attached_page(&call, service(&call).list_attached(&call.account(), user).await?, page))
    }
}

/// Lists the policies that are attached to a group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListAttachedGroupPolicies {
    target_group_id: u64,
    page: Option<i64>,
    rp: Option<i64>,
    keyword: Option<String>,
}

impl Action for ListAttachedGroupPolicies {
    action! { cam::ListAttachedGroupPolicies: Read, (GroupId, Window, Option<String>) => Attached }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        Ok((group_id(self.target_group_id), page::numbered(self.page, self.rp)?, self.keyword))
    }
    fn needs((group, ..): &Self::Checked) -> Needs {
        on_group(Self::ROW, *group).into()
    }
    async fn run((group, page, keyword): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<Attached> {
        let mut policies = service(&call).list_attached(&call.account(), Holder::Group(group)).await?;
        matching(&mut policies, keyword.as_deref());
        Ok(attached_page(&call, policies, page))
    }
}

/// Lists the policies that a user has directly or through groups.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListAttachedUserAllPolicies {
    target_uin: u64,
    rp: i64,
    page: i64,
    attach_type: u64,
    strategy_type: Option<u64>,
    keyword: Option<String>,
}

/// The answer to [`ListAttachedUserAllPolicies`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AllAttached {
    policy_list: Vec<UserPolicy>,
    total_num: u64,
}

/// A policy of a user. Its numbers are written as texts.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct UserPolicy {
    policy_id: String,
    policy_name: String,
    description: String,
    add_time: String,
    strategy_type: String,
    create_mode: String,
    groups: Vec<UserPolicyGroup>,
    deactived: u64,
    deactived_detail: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct UserPolicyGroup {
    group_id: u64,
    group_name: String,
}

impl Action for ListAttachedUserAllPolicies {
    action! { cam::ListAttachedUserAllPolicies: Read, (Self, Window) => AllAttached }
    fn check(self, _: &Identity) -> CloudResult<(Self, Window)> {
        if !(1..=MAX_PAGE).contains(&self.page) || !(1..=200).contains(&self.rp) {
            return Err(wrong("Page and Rp must be between 1 and 200"));
        }
        if self.attach_type > 2 {
            return Err(wrong("AttachType must be 0, 1 or 2"));
        }
        if self.strategy_type.is_some_and(|wanted| !(1..=2).contains(&wanted)) {
            return Err(wrong("StrategyType must be 1 or 2"));
        }
        let page = page::numbered(Some(self.page), Some(self.rp))?;
        Ok((self, page))
    }
    fn needs((it, _): &(Self, Window)) -> Needs {
        on_user(Self::ROW, it.target_uin).into()
    }
    async fn run((it, page): (Self, Window), call: Allowed<'_, Read>) -> CloudResult<AllAttached> {
        let user = UserRef::Uin(it.target_uin);
        // 0 selects both: the policies of the user itself, and those of its groups.
        let (direct, through_groups) = (it.attach_type != 2, it.attach_type != 1);
        let mut policies = service(&call).list_all_attached(&call.account(), user, direct, through_groups).await?;
        policies.retain(|policy| it.strategy_type.is_none_or(|wanted| wanted == kind(!policy.id.is_custom())));
        matching(&mut policies, it.keyword.as_deref());
        let Listing { items, total } = page.of(policies).map(user_policy);
        Ok(AllAttached { policy_list: items, total_num: total })
    }
}

fn user_policy(policy: AttachedPolicy) -> UserPolicy {
    let groups = policy.groups.into_iter();
    UserPolicy {
        policy_id: policy.id.to_string(),
        policy_name: policy.name,
        description: policy.description,
        add_time: time::plain(policy.since),
        strategy_type: kind(!policy.id.is_custom()).to_string(),
        create_mode: "2".to_owned(),
        groups: groups.map(|(id, group_name)| UserPolicyGroup { group_id: answered(id.get()), group_name }).collect(),
        deactived: 0,
        deactived_detail: Vec::new(),
    }
}

fn role_policy(policy: AttachedPolicy) -> RolePolicy {
    RolePolicy {
        policy_id: answered(policy.id.get()),
        policy_name: policy.name,
        add_time: time::plain(policy.since),
        policy_type: source(policy.id),
        create_mode: 2,
        deactived: 0,
        deactived_detail: Vec::new(),
        description: policy.description,
    }
}

/// Lists the policies that are attached to a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListAttachedRolePolicies {
    page: i64,
    rp: i64,
    role_id: Option<String>,
    role_name: Option<String>,
    policy_type: Option<String>,
    keyword: Option<String>,
}

/// The answer to [`ListAttachedRolePolicies`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RolePolicies {
    list: Vec<RolePolicy>,
    total_num: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RolePolicy {
    policy_id: u64,
    policy_name: String,
    add_time: String,
    policy_type: &'static str,
    create_mode: u64,
    deactived: u64,
    deactived_detail: Vec<String>,
    description: String,
}

impl Lookup for ListAttachedRolePolicies {
    lookup! { cam::ListAttachedRolePolicies: Read, (Self, Window) => RoleInfo => RolePolicies }
    fn check(self, _: &Identity) -> CloudResult<(Self, Window)> {
        let wanted = self.policy_type.as_deref().unwrap_or_default();
        if !["", "User", "QCS"].contains(&wanted) {
            return Err(wrong("PolicyType must be User or QCS"));
        }
        let page = page::numbered(Some(self.page), Some(self.rp))?;
        Ok((self, page))
    }
    fn target((it, _): &(Self, Window)) -> String {
        either(it.role_id.as_deref(), it.role_name.as_deref())
    }
    async fn resolve((it, _): &(Self, Window), call: &CloudCall<'_>) -> CloudResult<Permitted<RoleInfo>> {
        role(call, Self::ROW, it.role_id.as_deref(), it.role_name.as_deref()).await
    }
    async fn run((it, page): (Self, Window), found: RoleInfo, call: Allowed<'_, Read>) -> CloudResult<RolePolicies> {
        let wanted = it.policy_type.as_deref().filter(|wanted| !wanted.is_empty());
        let mut policies = service(&call).list_attached(&call.account(), Holder::Role(found.role.id)).await?;
        policies.retain(|policy| wanted.is_none_or(|wanted| wanted == source(policy.id)));
        matching(&mut policies, it.keyword.as_deref());
        let Listing { items, total } = page.of(policies).map(role_policy);
        Ok(RolePolicies { list: items, total_num: total })
    }
}
