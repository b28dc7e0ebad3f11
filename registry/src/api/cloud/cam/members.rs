//! Who is in which group.

use roadstead_policy::op::CamResource;
use roadstead_storage::meta::{Member, User};
use roadstead_types::{AccountId, GroupId};
use serde::{Deserialize, Serialize};

use super::groups::{Groups, groups_page};
use super::{
    Subject, allow, allowed_user, cam_action, group_id, number, on_group, paged, service, uin_number, user_ref, wrong,
};
use crate::api::cloud::action::NoOutput;
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::page::Page;
use crate::api::cloud::wire::time;
use roadstead_service::cam::{Error, uid};

/// The most members of one request: a user is in ten groups at most, and a group has a hundred users.
const MAX_AT_ONCE: usize = 100;

/// A user and a group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Membership {
    group_id: u64,
    uid: Option<u64>,
    uin: Option<u64>,
}

/// Every user and every group.
fn subjects(info: &[Membership]) -> Vec<Subject<'_>> {
    let two = |one: &Membership| [Subject::Group(one.group_id), Subject::UserNumber { uin: one.uin, uid: one.uid }];
    info.iter().take(MAX_AT_ONCE).flat_map(two).collect()
}

/// What is to be added or removed, for a caller who is allowed to do `action` to every user and every group.
async fn members(
    call: &CloudCall<'_>,
    action: &str,
    info: &[Membership],
) -> Result<Vec<(GroupId, AccountId)>, CloudError> {
    if info.is_empty() || info.len() > MAX_AT_ONCE {
        return Err(wrong(format!("Info must have 1 to {MAX_AT_ONCE} members")));
    }
    let mut members = Vec::with_capacity(info.len());
    for one in info {
        let user = user_ref(one.uin, one.uid)?;
        allow(call, action, CamResource::Group(number(one.group_id)))?;
        members.push((group_id(one.group_id), allowed_user(call, action, user).await?.account.id));
    }
    Ok(members)
}

/// Puts sub-accounts into groups.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AddUserToGroup {
    info: Vec<Membership>,
}

cam_action!(AddUserToGroup: Write -> NoOutput, look up |it| subjects(&it.info), |it| target(&it.info), add);

async fn add(it: AddUserToGroup, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    let members = members(call, "AddUserToGroup", &it.info).await?;
    let added = service(call).add_members(call.identity(), &members).await;
    added.map_err(|error| match error {
        Error::GroupUnknown => Code::InvalidParameterGroupNotExist.into(),
        other => CloudError::from(other),
    })?;
    Ok(NoOutput {})
}

/// Takes sub-accounts out of groups.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct RemoveUserFromGroup {
    info: Vec<Membership>,
}

cam_action!(RemoveUserFromGroup: Write -> NoOutput, look up |it| subjects(&it.info), |it| target(&it.info), remove);

async fn remove(it: RemoveUserFromGroup, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    let members = members(call, "RemoveUserFromGroup", &it.info).await?;
    service(call).remove_members(call.identity(), &members).await?;
    Ok(NoOutput {})
}

fn target(info: &[Membership]) -> String {
    let groups: Vec<String> = info.iter().take(MAX_AT_ONCE).map(|one| one.group_id.to_string()).collect();
    groups.join(",")
}

/// Tells who is in a group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListUsersForGroup {
    group_id: u64,
    page: Option<i64>,
    rp: Option<i64>,
}

/// See [`ListUsersForGroup`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupMembers {
    total_num: u64,
    user_info: Vec<GroupMember>,
}

/// A sub-account in a group.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupMember {
    uid: u64,
    uin: u64,
    name: String,
    phone_num: String,
    country_code: String,
    phone_flag: u64,
    email: String,
    email_flag: u64,
    user_type: u64,
    create_time: String,
    is_receiver_owner: u64,
    remark: String,
}

/// A member as it is answered. Nobody verifies telephone numbers and addresses here.
pub(super) fn group_member(Member { user: User { account, profile, .. }, since }: Member) -> GroupMember {
    GroupMember {
        uid: uid(account.id),
        uin: uin_number(&account.uin),
        name: account.name,
        phone_num: profile.phone_number,
        country_code: profile.country_code,
        phone_flag: 0,
        email: profile.email,
        email_flag: 0,
        user_type: 1,
        create_time: time::plain(since),
        is_receiver_owner: 0,
        remark: profile.remark,
    }
}

cam_action!(
    ListUsersForGroup: Read -> GroupMembers,
    |it| on_group("ListUsersForGroup", it.group_id),
    |it| it.group_id.to_string(),
    list_users
);

async fn list_users(it: ListUsersForGroup, call: &CloudCall<'_>) -> Result<GroupMembers, CloudError> {
    let page = Page::numbered(it.page, it.rp)?;
    let members = service(call).list_members(call.identity(), group_id(it.group_id)).await?;
    let (total_num, members) = paged(members, page);
    Ok(GroupMembers { total_num, user_info: members.map(group_member).collect() })
}

/// Tells which groups a sub-account is in.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListGroupsForUser {
    uid: Option<u64>,
    rp: Option<i64>,
    page: Option<i64>,
    sub_uin: Option<u64>,
}

cam_action!(ListGroupsForUser: Read -> Groups, look up |it| vec![Subject::UserNumber { uin: it.sub_uin, uid: it.uid }], |_| String::new(), list_groups);

async fn list_groups(it: ListGroupsForUser, call: &CloudCall<'_>) -> Result<Groups, CloudError> {
    let page = Page::numbered(it.page, it.rp)?;
    let user = allowed_user(call, "ListGroupsForUser", user_ref(it.sub_uin, it.uid)?).await?;
    Ok(groups_page(service(call).groups_of_user(user.account.id).await?, page))
}
