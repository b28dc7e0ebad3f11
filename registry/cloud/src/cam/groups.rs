//! Groups of sub-accounts.

use roadstead_auth::{Identity, Read, Write};
use roadstead_policy::actions::cam;
use roadstead_service::records::Group;
use roadstead_types::{GroupId, Listing, Window};
use serde::{Deserialize, Serialize};

use super::group_member::{GroupMember, group_member};
use super::things::{answered, group_id, on_group, service};
use crate::action::{Action, Allowed, Needs, action};
use crate::wire::error::CloudResult;
use crate::wire::page;
use roadstead_types::time;

/// Creates a group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateGroup {
    group_name: String,
    remark: Option<String>,
}

/// The answer to [`CreateGroup`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedGroup {
    group_id: u64,
}

impl Action for CreateGroup {
    action! { cam::CreateGroup: Write, Self => CreatedGroup }
    fn check(self, _: &Identity) -> CloudResult<Self> {
        Ok(self)
    }
    fn target(it: &Self) -> Option<String> {
        Some(it.group_name.clone())
    }
    async fn run(it: Self, call: Allowed<'_, Write>) -> CloudResult<CreatedGroup> {
        let remark = it.remark.unwrap_or_default();
        let id = service(&call).create_group(call.act(), &call.account(), &it.group_name, &remark).await?;
        Ok(CreatedGroup { group_id: answered(id.get()) })
    }
}

/// Deletes a group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteGroup {
    group_id: u64,
}

impl Action for DeleteGroup {
    action! { cam::DeleteGroup: Write, GroupId => () }
    fn check(self, _: &Identity) -> CloudResult<GroupId> {
        Ok(group_id(self.group_id))
    }
    fn needs(group: &GroupId) -> Needs {
        on_group(Self::ROW, *group).into()
    }
    async fn run(group: GroupId, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(service(&call).delete_group(call.act(), &call.account(), group).await?)
    }
}

/// Changes the name or remark of a group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct UpdateGroup {
    group_id: u64,
    group_name: Option<String>,
    remark: Option<String>,
}

impl Action for UpdateGroup {
    action! { cam::UpdateGroup: Write, Self => () }
    fn check(self, _: &Identity) -> CloudResult<Self> {
        Ok(self)
    }
    fn needs(it: &Self) -> Needs {
        on_group(Self::ROW, group_id(it.group_id)).into()
    }
    async fn run(it: Self, call: Allowed<'_, Write>) -> CloudResult<()> {
        let (id, name, remark) = (group_id(it.group_id), it.group_name.as_deref(), it.remark.as_deref());
        Ok(service(&call).update_group(call.act(), &call.account(), id, name, remark).await?)
    }
}

/// Returns a group and its members.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetGroup {
    group_id: u64,
}

/// The answer to [`GetGroup`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FoundGroup {
    group_id: u64,
    group_name: String,
    group_num: u64,
    remark: String,
    create_time: String,
    user_info: Vec<GroupMember>,
}

impl Action for GetGroup {
    action! { cam::GetGroup: Read, GroupId => FoundGroup }
    fn check(self, _: &Identity) -> CloudResult<GroupId> {
        Ok(group_id(self.group_id))
    }
    fn needs(group: &GroupId) -> Needs {
        on_group(Self::ROW, *group).into()
    }
    async fn run(id: GroupId, call: Allowed<'_, Read>) -> CloudResult<FoundGroup> {
        let group = service(&call).group(&call.account(), id).await?;
        let members = service(&call).list_members(&call.account(), id).await?;
        let user_info: Vec<_> = members.into_iter().map(group_member).collect();
        Ok(FoundGroup {
            group_id: answered(group.id.get()),
            group_name: group.name,
            group_num: u64::try_from(user_info.len()).unwrap_or(0),
            remark: group.remark,
            create_time: time::plain(group.created_at),
            user_info,
        })
    }
}

/// Lists the groups.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListGroups {
    page: Option<i64>,
    rp: Option<i64>,
    keyword: Option<String>,
}

/// A page of groups.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Groups {
    total_num: u64,
    group_info: Vec<ListedGroup>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListedGroup {
    group_id: u64,
    group_name: String,
    create_time: String,
    remark: String,
}

impl Action for ListGroups {
    action! { cam::ListGroups: Read, (Window, Option<String>) => Groups }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        Ok((page::numbered(self.page, self.rp)?, self.keyword))
    }
    async fn run((page, keyword): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<Groups> {
        let keyword = keyword.as_deref().filter(|keyword| !keyword.is_empty());
        Ok(groups_page(service(&call).list_groups(&call.account(), keyword).await?, page))
    }
}

/// Returns a page of groups.
pub(super) fn groups_page(groups: Vec<Group>, page: Window) -> Groups {
    let Listing { items, total } = page.of(groups).map(|group| ListedGroup {
        group_id: answered(group.id.get()),
        group_name: group.name,
        create_time: time::plain(group.created_at),
        remark: group.remark,
    });
    Groups { total_num: total, group_info: items }
}
