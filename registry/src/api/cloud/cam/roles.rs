//! Roles.

use roadstead_policy::op::{self, CamResource};
use roadstead_types::Uin;
use serde::{Deserialize, Serialize};

use super::{Subject, allowed_role, cam_action, flag, lasting_only, on_all, paged, service};
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{NoOutput, Permission};
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::page::Page;
use crate::api::cloud::wire::time;
use roadstead_service::cam::{NewRoleInfo, RoleInfo, Tag};

/// The most tags that roles are looked for by: no role has more.
const MAX_TAGS: usize = 50;

/// Makes a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateRole {
    role_name: String,
    policy_document: String,
    description: Option<String>,
    console_login: Option<u64>,
    session_duration: Option<i64>,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// See [`CreateRole`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedRole {
    role_id: String,
}

cam_action!(
    CreateRole: Write -> CreatedRole,
    |it| Permission::Needs(vec![op::cam("CreateRole", CamResource::Role(&it.role_name))]),
    |it| it.role_name.clone(),
    create
);

async fn create(it: CreateRole, call: &CloudCall<'_>) -> Result<CreatedRole, CloudError> {
    lasting_only(call)?;
    let new = NewRoleInfo {
        name: &it.role_name,
        description: it.description.as_deref().unwrap_or_default(),
        trust: &it.policy_document,
        session_duration: it.session_duration,
        console_login: flag("ConsoleLogin", it.console_login)?.unwrap_or(false),
        tags: &it.tags,
    };
    let id = service(call).create_role(call.identity(), &new).await?;
    Ok(CreatedRole { role_id: id.to_string() })
}

/// A number or a name, for the audit log.
fn target(id: Option<&str>, name: Option<&str>) -> String {
    id.or(name).unwrap_or_default().to_owned()
}

/// Deletes a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteRole {
    role_id: Option<String>,
    role_name: Option<String>,
}

cam_action!(
    DeleteRole: Write -> NoOutput,
    look up |it| vec![Subject::Role(it.role_id.as_deref(), it.role_name.as_deref())],
    |it| target(it.role_id.as_deref(), it.role_name.as_deref()),
    delete
);

async fn delete(it: DeleteRole, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    let role = allowed_role(call, "DeleteRole", it.role_id.as_deref(), it.role_name.as_deref()).await?;
    service(call).delete_role(call.identity(), role.role.id).await?;
    Ok(NoOutput {})
}

/// Tells about a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetRole {
    role_id: Option<String>,
    role_name: Option<String>,
}

/// See [`GetRole`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FoundRole {
    role_info: RoleDetail,
}

/// A role as it is answered.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RoleDetail {
    role_id: String,
    role_name: String,
    policy_document: String,
    description: String,
    add_time: String,
    update_time: String,
    console_login: u64,
    role_type: &'static str,
    session_duration: i64,
    tags: Vec<Tag>,
    role_arn: String,
}

fn detail(owner: &Uin, RoleInfo { role, tags }: RoleInfo) -> RoleDetail {
    RoleDetail {
        role_id: role.id.to_string(),
        role_arn: format!("qcs::cam::uin/{owner}:roleName/{}", role.name),
        role_name: role.name,
        policy_document: role.document,
        description: role.description,
        add_time: time::plain(role.created_at),
        update_time: time::plain(role.updated_at),
        console_login: u64::from(role.console_login),
        role_type: "user",
        session_duration: role.session_duration,
        tags,
    }
}

cam_action!(
    GetRole: Read -> FoundRole,
    look up |it| vec![Subject::Role(it.role_id.as_deref(), it.role_name.as_deref())],
    |it| target(it.role_id.as_deref(), it.role_name.as_deref()),
    get
);

async fn get(it: GetRole, call: &CloudCall<'_>) -> Result<FoundRole, CloudError> {
    let role = allowed_role(call, "GetRole", it.role_id.as_deref(), it.role_name.as_deref()).await?;
    Ok(FoundRole { role_info: detail(&call.identity().owner_uin, role) })
}

/// Tells about the roles.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeRoleList {
    page: i64,
    rp: i64,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// See [`DescribeRoleList`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Roles {
    list: Vec<RoleDetail>,
    total_num: u64,
}

cam_action!(DescribeRoleList: Read -> Roles, |_| on_all("DescribeRoleList"), |_| String::new(), list);

async fn list(it: DescribeRoleList, call: &CloudCall<'_>) -> Result<Roles, CloudError> {
    let page = Page::numbered(Some(it.page), Some(it.rp))?;
    if it.tags.len() > MAX_TAGS {
        return Err(CloudError::new(Code::InvalidParameterParamError, format!("there may be {MAX_TAGS} Tags")));
    }
    let roles = service(call).list_roles(call.identity(), &it.tags).await?;
    let (total_num, roles) = paged(roles, page);
    let owner = &call.identity().owner_uin;
    Ok(Roles { list: roles.map(|role| detail(owner, role)).collect(), total_num })
}

/// Says anew who may take a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct UpdateAssumeRolePolicy {
    policy_document: String,
    role_id: Option<String>,
    role_name: Option<String>,
}

cam_action!(
    UpdateAssumeRolePolicy: Write -> NoOutput,
    look up |it| vec![Subject::Role(it.role_id.as_deref(), it.role_name.as_deref())],
    |it| target(it.role_id.as_deref(), it.role_name.as_deref()),
    update
);

async fn update(it: UpdateAssumeRolePolicy, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    let (id, name) = (it.role_id.as_deref(), it.role_name.as_deref());
    let role = allowed_role(call, "UpdateAssumeRolePolicy", id, name).await?.role;
    lasting_only(call)?;
    service(call).update_trust(call.identity(), role.id, &it.policy_document).await?;
    Ok(NoOutput {})
}
