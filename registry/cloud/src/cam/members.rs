//! Members of groups.

use roadstead_auth::{Identity, Read, Write};
use roadstead_policy::Row;
use roadstead_policy::actions::cam;
use roadstead_service::Error;
use roadstead_service::cam::UserRef;
use roadstead_service::records::User;
use roadstead_types::{AccountId, GroupId, Listing, Thing, Window};
use serde::{Deserialize, Serialize};

use super::group_member::{GroupMember, group_member};
use super::groups::{Groups, groups_page};
use super::things::{group_id, on_group, service, user, user_ref, wrong};
use crate::action::{Action, Allowed, CloudCall, Lookup, Needs, Permitted, action, lookup};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::page;

/// The most members of one request. A user is in at most ten groups, and a group has at most a hundred users.
const MAX_AT_ONCE: usize = 100;

/// A user and a group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Membership {
    group_id: u64,
    uid: Option<u64>,
    uin: Option<u64>,
}

/// Checks the members of a request. Each one must name a group and a user.
fn checked(info: Vec<Membership>) -> CloudResult<Vec<Membership>> {
    if info.is_empty() || info.len() > MAX_AT_ONCE {
        return Err(wrong(format!("Info must have 1 to {MAX_AT_ONCE} members")));
    }
    info.iter().try_for_each(|one| user_ref(one.uin, one.uid).map(drop))?;
    Ok(info)
}

/// Returns the group numbers, for the audit log.
fn groups_of(info: &[Membership]) -> String {
    info.iter().map(|one| one.group_id.to_string()).collect::<Vec<_>>().join(",")
}

/// Looks up the groups and users, for a caller who may do the action to all of them.
async fn members(
    call: &CloudCall<'_>,
    row: &'static Row,
    info: &[Membership],
) -> CloudResult<Permitted<Vec<(GroupId, AccountId)>>> {
    let mut members: Option<Permitted<Vec<_>>> = None;
    for one in info {
        let group = group_id(one.group_id);
        let group = call.grant(on_group(row, group), group).await?;
        let user = user(call, row, user_ref(one.uin, one.uid)?).await?;
        let member = group.and(user.map(|user| user.account.id));
        members = Some(match members {
            None => member.map(|member| vec![member]),
            Some(members) => members.and(member).map(|(mut members, member)| {
                members.push(member);
                members
            }),
        });
    }
    members.ok_or_else(|| CloudError::missing(Code::MissingParameter, "Info"))
}

/// Adds sub-accounts to groups.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AddUserToGroup {
    info: Vec<Membership>,
}

impl Lookup for AddUserToGroup {
    lookup! { cam::AddUserToGroup: Write, Vec<Membership> => Vec<(GroupId, AccountId)> => () }
    fn check(self, _: &Identity) -> CloudResult<Vec<Membership>> {
        checked(self.info)
    }
    fn target(info: &Vec<Membership>) -> String {
        groups_of(info)
    }
    async fn resolve(info: &Vec<Membership>, call: &CloudCall<'_>) -> CloudResult<Permitted<Self::Found>> {
        members(call, Self::ROW, info).await
    }
    async fn run(_: Vec<Membership>, members: Self::Found, call: Allowed<'_, Write>) -> CloudResult<()> {
        let added = service(&call).add_members(call.act(), &call.account(), &members).await;
        added.map_err(|error| match error {
            Error::Unknown(Thing::Group) | Error::Gone(Thing::Group) => Code::InvalidParameterGroupNotExist.into(),
            other => other.into(),
        })
    }
}

/// Removes sub-accounts from groups.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct RemoveUserFromGroup {
    info: Vec<Membership>,
}

impl Lookup for RemoveUserFromGroup {
    lookup! { cam::RemoveUserFromGroup: Write, Vec<Membership> => Vec<(GroupId, AccountId)> => () }
    fn check(self, _: &Identity) -> CloudResult<Vec<Membership>> {
        checked(self.info)
    }
    fn target(info: &Vec<Membership>) -> String {
        groups_of(info)
    }
    async fn resolve(info: &Vec<Membership>, call: &CloudCall<'_>) -> CloudResult<Permitted<Self::Found>> {
        members(call, Self::ROW, info).await
    }
    async fn run(_: Vec<Membership>, members: Self::Found, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(service(&call).remove_members(call.act(), &call.account(), &members).await?)
    }
}
/// Lists the members of a group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListUsersForGroup {
    group_id: u64,
    page: Option<i64>,
    rp: Option<i64>,
}

/// The answer to [`ListUsersForGroup`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupMembers {
    total_num: u64,
    user_info: Vec<GroupMember>,
}

impl Action for ListUsersForGroup {
    action! { cam::ListUsersForGroup: Read, (GroupId, Window) => GroupMembers }
    fn check(self, _: &Identity) -> CloudResult<(GroupId, Window)> {
        Ok((group_id(self.group_id), page::numbered(self.page, self.rp)?))
    }
    fn needs((group, _): &(GroupId, Window)) -> Needs {
        on_group(Self::ROW, *group).into()
    }
    async fn run((group, page): (GroupId, Window), call: Allowed<'_, Read>) -> CloudResult<GroupMembers> {
        let members = service(&call).list_members(&call.account(), group).await?;
        let Listing { items, total } = page.of(members).map(group_member);
        Ok(GroupMembers { total_num: total, user_info: items })
    }
}

/// Lists the groups of a sub-account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListGroupsForUser {
    uid: Option<u64>,
    rp: Option<i64>,
    page: Option<i64>,
    sub_uin: Option<u64>,
}

impl Lookup for ListGroupsForUser {
    lookup! { cam::ListGroupsForUser: Read, (UserRef<'static>, Window) => User => Groups }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        Ok((user_ref(self.sub_uin, self.uid)?, page::numbered(self.page, self.rp)?))
    }
    fn target(_: &Self::Checked) -> String {
        String::new()
    }
    async fn resolve((wanted, _): &Self::Checked, call: &CloudCall<'_>) -> CloudResult<Permitted<User>> {
        user(call, Self::ROW, *wanted).await
    }
    async fn run((_, page): Self::Checked, user: User, call: Allowed<'_, Read>) -> CloudResult<Groups> {
        Ok(groups_page(service(&call).groups_of_user(&call.account(), user.account.id).await?, page))
    }
}
