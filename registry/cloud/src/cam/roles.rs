//! Roles.

use roadstead_auth::{Identity, Read, Write};
use roadstead_policy::actions::cam;
use roadstead_policy::op::CamResource;
use roadstead_service::cam::{CamTag, NewRoleInfo, RoleInfo};
use roadstead_types::{Listing, Uin, Window};
use serde::{Deserialize, Serialize};

use super::things::{either, flag, role, service, wrong};
use crate::action::call::lasting_only;
use crate::action::{Action, Allowed, CloudCall, Lookup, Needs, Permitted, action, lookup};
use crate::wire::error::CloudResult;
use crate::wire::page;
use roadstead_types::time;

/// The most tags in a search for roles. No role has more.
const MAX_TAGS: usize = 50;

/// Creates a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateRole {
    role_name: String,
    policy_document: String,
    description: Option<String>,
    console_login: Option<u64>,
    session_duration: Option<i64>,
    #[serde(default)]
    tags: Vec<CamTag>,
}

/// The answer to [`CreateRole`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedRole {
    role_id: String,
}

impl Action for CreateRole {
    action! { cam::CreateRole: Write, Self => CreatedRole }
    fn check(self, by: &Identity) -> CloudResult<Self> {
        lasting_only(by)?;
        flag("ConsoleLogin", self.console_login)?;
        Ok(self)
    }
    fn needs(it: &Self) -> Needs {
        Self::ROW.on_cam(CamResource::Role(&it.role_name)).into()
    }
    async fn run(it: Self, call: Allowed<'_, Write>) -> CloudResult<CreatedRole> {
        let new = NewRoleInfo {
            name: &it.role_name,
            description: it.description.as_deref().unwrap_or_default(),
            trust: &it.policy_document,
            session_duration: it.session_duration,
            console_login: it.console_login == Some(1),
            tags: &it.tags,
        };
        let id = service(&call).create_role(call.act(), &call.account(), &new).await?;
        Ok(CreatedRole { role_id: id.to_string() })
    }
}

/// Deletes a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteRole {
    role_id: Option<String>,
    role_name: Option<String>,
}

impl Lookup for DeleteRole {
    lookup! { cam::DeleteRole: Write, Self => RoleInfo => () }
    fn check(self, _: &Identity) -> CloudResult<Self> {
        Ok(self)
    }
    fn target(it: &Self) -> String {
        either(it.role_id.as_deref(), it.role_name.as_deref())
    }
    async fn resolve(it: &Self, call: &CloudCall<'_>) -> CloudResult<Permitted<RoleInfo>> {
        role(call, Self::ROW, it.role_id.as_deref(), it.role_name.as_deref()).await
    }
    async fn run(_: Self, found: RoleInfo, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(service(&call).delete_role(call.act(), &call.account(), found.role.id).await?)
    }
}

/// Returns a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetRole {
    role_id: Option<String>,
    role_name: Option<String>,
}

/// The answer to [`GetRole`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FoundRole {
    role_info: RoleDetail,
}

/// A role in an answer.
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
    tags: Vec<CamTag>,
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

impl Lookup for GetRole {
    lookup! { cam::GetRole: Read, Self => RoleInfo => FoundRole }
    fn check(self, _: &Identity) -> CloudResult<Self> {
        Ok(self)
    }
    fn target(it: &Self) -> String {
        either(it.role_id.as_deref(), it.role_name.as_deref())
    }
    async fn resolve(it: &Self, call: &CloudCall<'_>) -> CloudResult<Permitted<RoleInfo>> {
        role(call, Self::ROW, it.role_id.as_deref(), it.role_name.as_deref()).await
    }
    async fn run(_: Self, found: RoleInfo, call: Allowed<'_, Read>) -> CloudResult<FoundRole> {
        Ok(FoundRole { role_info: detail(&call.identity.owner_uin, found) })
    }
}

/// Lists the roles.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeRoleList {
    page: i64,
    rp: i64,
    #[serde(default)]
    tags: Vec<CamTag>,
}

/// The answer to [`DescribeRoleList`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Roles {
    list: Vec<RoleDetail>,
    total_num: u64,
}

impl Action for DescribeRoleList {
    action! { cam::DescribeRoleList: Read, (Window, Vec<CamTag>) => Roles }
    fn check(self, _: &Identity) -> CloudResult<(Window, Vec<CamTag>)> {
        if self.tags.len() > MAX_TAGS {
            return Err(wrong(format!("there may be {MAX_TAGS} Tags")));
        }
        Ok((page::numbered(Some(self.page), Some(self.rp))?, self.tags))
    }
    async fn run((page, tags): (Window, Vec<CamTag>), call: Allowed<'_, Read>) -> CloudResult<Roles> {
        let roles = service(&call).list_roles(&call.account(), &tags).await?;
        let owner = &call.identity.owner_uin;
        let Listing { items, total } = page.of(roles).map(|role| detail(owner, role));
        Ok(Roles { list: items, total_num: total })
    }
}

/// Replaces the trust policy of a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct UpdateAssumeRolePolicy {
    policy_document: String,
    role_id: Option<String>,
    role_name: Option<String>,
}

impl Lookup for UpdateAssumeRolePolicy {
    lookup! { cam::UpdateAssumeRolePolicy: Write, Self => RoleInfo => () }
    fn check(self, by: &Identity) -> CloudResult<Self> {
        lasting_only(by)?;
        Ok(self)
    }
    fn target(it: &Self) -> String {
        either(it.role_id.as_deref(), it.role_name.as_deref())
    }
    async fn resolve(it: &Self, call: &CloudCall<'_>) -> CloudResult<Permitted<RoleInfo>> {
        role(call, Self::ROW, it.role_id.as_deref(), it.role_name.as_deref()).await
    }
    async fn run(it: Self, found: RoleInfo, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(service(&call).update_trust(call.act(), &call.account(), found.role.id, &it.policy_document).await?)
    }
}
