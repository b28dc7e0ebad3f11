//! Which policies somebody has.

use roadstead_storage::meta::Holder;
use roadstead_types::{PolicyId, Uin};
use serde::{Deserialize, Serialize};

use super::policies::kind;
use super::{
    Subject, allowed_role, answered, cam_action, group_id, holder_user, on_group, on_user, paged, service, wrong,
};
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::page::Page;
use crate::api::cloud::wire::time;
use roadstead_service::cam::AttachedPolicy;

/// The most pages that are counted.
const MAX_PAGE: i64 = 200;

fn source(policy: PolicyId) -> &'static str {
    if policy.is_custom() { "User" } else { "QCS" }
}

fn matching(policies: &mut Vec<AttachedPolicy>, keyword: Option<&str>) {
    if let Some(keyword) = keyword.filter(|keyword| !keyword.is_empty()).map(str::to_lowercase) {
        policies.retain(|policy| policy.name.to_lowercase().contains(&keyword));
    }
}

/// Policies that are attached to a user or a group, in pages.
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

fn attached_page(call: &CloudCall<'_>, policies: Vec<AttachedPolicy>, page: Page) -> Attached {
    let owner = call.identity().owner_uin.as_str();
    let (total_num, policies) = paged(policies, page);
    let list = policies.map(|policy| ListedPolicy {
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
    Attached { total_num, list: list.collect() }
}

/// Tells which policies a user has itself.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListAttachedUserPolicies {
    target_uin: u64,
    page: Option<i64>,
    rp: Option<i64>,
}

cam_action!(
    ListAttachedUserPolicies: Read -> Attached,
    |it| on_user("ListAttachedUserPolicies", it.target_uin),
    |it| it.target_uin.to_string(),
    of_user
);

async fn of_user(it: ListAttachedUserPolicies, call: &CloudCall<'_>) -> Result<Attached, CloudError> {
    let page = Page::numbered(it.page, it.rp)?;
    let user = holder_user(call, it.target_uin).await?;
    Ok(attached_page(call, service(call).list_attached(user).await?, page))
}

/// Tells which policies a group has.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListAttachedGroupPolicies {
    target_group_id: u64,
    page: Option<i64>,
    rp: Option<i64>,
    keyword: Option<String>,
}

cam_action!(
    ListAttachedGroupPolicies: Read -> Attached,
    |it| on_group("ListAttachedGroupPolicies", it.target_group_id),
    |it| it.target_group_id.to_string(),
    of_group
);

async fn of_group(it: ListAttachedGroupPolicies, call: &CloudCall<'_>) -> Result<Attached, CloudError> {
    let page = Page::numbered(it.page, it.rp)?;
    let group = service(call).group(call.identity(), group_id(it.target_group_id)).await?;
    let mut policies = service(call).list_attached(Holder::Group(group.id)).await?;
    matching(&mut policies, it.keyword.as_deref());
    Ok(attached_page(call, policies, page))
}

/// Tells which policies a user has, itself and through groups.
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

/// See [`ListAttachedUserAllPolicies`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AllAttached {
    policy_list: Vec<UserPolicy>,
    total_num: u64,
}

/// Numbers are texts here.
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

cam_action!(
    ListAttachedUserAllPolicies: Read -> AllAttached,
    |it| on_user("ListAttachedUserAllPolicies", it.target_uin),
    |it| it.target_uin.to_string(),
    all_of_user
);

async fn all_of_user(it: ListAttachedUserAllPolicies, call: &CloudCall<'_>) -> Result<AllAttached, CloudError> {
    if !(1..=MAX_PAGE).contains(&it.page) || !(1..=200).contains(&it.rp) {
        return Err(wrong("Page and Rp must be between 1 and 200"));
    }
    let page = Page::numbered(Some(it.page), Some(it.rp))?;
    let (direct, through_groups) = match it.attach_type {
        0 => (true, true),
        1 => (true, false),
        2 => (false, true),
        _ => return Err(wrong("AttachType must be 0, 1 or 2")),
    };
    if it.strategy_type.is_some_and(|wanted| !(1..=2).contains(&wanted)) {
        return Err(wrong("StrategyType must be 1 or 2"));
    }
    let Holder::User(user) = holder_user(call, it.target_uin).await? else {
        return Err(wrong("TargetUin is no user"));
    };
    let mut policies = service(call).list_all_attached(user, direct, through_groups).await?;
    policies.retain(|policy| it.strategy_type.is_none_or(|wanted| wanted == kind(!policy.id.is_custom())));
    matching(&mut policies, it.keyword.as_deref());
    let (total_num, policies) = paged(policies, page);
    Ok(AllAttached { policy_list: policies.map(user_policy).collect(), total_num })
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

/// Tells which policies a role has.
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

/// See [`ListAttachedRolePolicies`].
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

cam_action!(
    ListAttachedRolePolicies: Read -> RolePolicies,
    look up |it| vec![Subject::Role(it.role_id.as_deref(), it.role_name.as_deref())],
    |it| it.role_id.clone().or_else(|| it.role_name.clone()).unwrap_or_default(),
    of_role
);

async fn of_role(it: ListAttachedRolePolicies, call: &CloudCall<'_>) -> Result<RolePolicies, CloudError> {
    let page = Page::numbered(Some(it.page), Some(it.rp))?;
    let wanted = it.policy_type.as_deref().filter(|wanted| !wanted.is_empty());
    if wanted.is_some_and(|wanted| !["User", "QCS"].contains(&wanted)) {
        return Err(wrong("PolicyType must be User or QCS"));
    }
    let (id, name) = (it.role_id.as_deref(), it.role_name.as_deref());
    let role = allowed_role(call, "ListAttachedRolePolicies", id, name).await?.role;
    let mut policies = service(call).list_attached(Holder::Role(role.id)).await?;
    policies.retain(|policy| wanted.is_none_or(|wanted| wanted == source(policy.id)));
    matching(&mut policies, it.keyword.as_deref());
    let (total_num, policies) = paged(policies, page);
    let list = policies.map(|policy| RolePolicy {
        policy_id: answered(policy.id.get()),
        policy_name: policy.name,
        add_time: time::plain(policy.since),
        policy_type: source(policy.id),
        create_mode: 2,
        deactived: 0,
        deactived_detail: Vec::new(),
        description: policy.description,
    });
    Ok(RolePolicies { list: list.collect(), total_num })
}
