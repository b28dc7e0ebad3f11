//! Groups of sub-accounts.

use roadstead_storage::meta::Group;
use serde::{Deserialize, Serialize};

use super::members::{GroupMember, group_member};
use super::{answered, cam_action, group_id, on_all, on_group, paged, service};
use crate::api::cloud::action::NoOutput;
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::page::Page;
use crate::api::cloud::wire::time;

/// Makes a group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateGroup {
    group_name: String,
    remark: Option<String>,
}

/// See [`CreateGroup`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedGroup {
    group_id: u64,
}

cam_action!(CreateGroup: Write -> CreatedGroup, |_| on_all("CreateGroup"), |it| it.group_name.clone(), create);

async fn create(it: CreateGroup, call: &CloudCall<'_>) -> Result<CreatedGroup, CloudError> {
    let remark = it.remark.unwrap_or_default();
    let id = service(call).create_group(call.identity(), &it.group_name, &remark).await?;
    Ok(CreatedGroup { group_id: answered(id.get()) })
}

/// Deletes a group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteGroup {
    group_id: u64,
}

cam_action!(
    DeleteGroup: Write -> NoOutput,
    |it| on_group("DeleteGroup", it.group_id),
    |it| it.group_id.to_string(),
    delete
);

async fn delete(it: DeleteGroup, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    service(call).delete_group(call.identity(), group_id(it.group_id)).await?;
    Ok(NoOutput {})
}

/// Gives a group another name or remark.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct UpdateGroup {
    group_id: u64,
    group_name: Option<String>,
    remark: Option<String>,
}

cam_action!(
    UpdateGroup: Write -> NoOutput,
    |it| on_group("UpdateGroup", it.group_id),
    |it| it.group_id.to_string(),
    update
);

async fn update(it: UpdateGroup, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    let (id, name, remark) = (group_id(it.group_id), it.group_name.as_deref(), it.remark.as_deref());
    service(call).update_group(call.identity(), id, name, remark).await?;
    Ok(NoOutput {})
}

/// Tells about a group and who is in it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetGroup {
    group_id: u64,
}

/// See [`GetGroup`].
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

cam_action!(
    GetGroup: Read -> FoundGroup,
    |it| on_group("GetGroup", it.group_id),
    |it| it.group_id.to_string(),
    get
);

async fn get(it: GetGroup, call: &CloudCall<'_>) -> Result<FoundGroup, CloudError> {
    let id = group_id(it.group_id);
    let group = service(call).group(call.identity(), id).await?;
    let user_info: Vec<_> =
        service(call).list_members(call.identity(), id).await?.into_iter().map(group_member).collect();
    Ok(FoundGroup {
        group_id: answered(group.id.get()),
        group_name: group.name,
        group_num: u64::try_from(user_info.len()).unwrap_or(0),
        remark: group.remark,
        create_time: time::plain(group.created_at),
        user_info,
    })
}

/// Tells about the groups.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListGroups {
    page: Option<i64>,
    rp: Option<i64>,
    keyword: Option<String>,
}

/// Groups, in pages.
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

cam_action!(ListGroups: Read -> Groups, |_| on_all("ListGroups"), |_| String::new(), list);

async fn list(it: ListGroups, call: &CloudCall<'_>) -> Result<Groups, CloudError> {
    let page = Page::numbered(it.page, it.rp)?;
    let keyword = it.keyword.as_deref().filter(|keyword| !keyword.is_empty());
    Ok(groups_page(service(call).list_groups(call.identity(), keyword).await?, page))
}

/// A page of groups.
pub(super) fn groups_page(groups: Vec<Group>, page: Page) -> Groups {
    let (total_num, groups) = paged(groups, page);
    let group_info = groups.map(|group| ListedGroup {
        group_id: answered(group.id.get()),
        group_name: group.name,
        create_time: time::plain(group.created_at),
        remark: group.remark,
    });
    Groups { total_num, group_info: group_info.collect() }
}
