//! Docker passwords that are valid for one instance.

use roadstead_auth::{Identity, Read, Write};
use roadstead_policy::actions::tcr;
use roadstead_service::instances::{CreatedToken, Term};
use roadstead_types::{InstanceId, Listing, Window};
use serde::{Deserialize, Serialize};

use super::shared::{check_text, instance_id, invalid, own};
use crate::action::{Action, Allowed, Needs, action};
use crate::tcr::password::not_made;
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::page;
use roadstead_types::time;

/// The longest description of a token, in characters.
const MAX_DESCRIPTION: usize = 255;

/// Creates a password for an instance.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateInstanceToken {
    registry_id: String,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    desc: Option<String>,
}

/// The answer to [`CreateInstanceToken`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Created {
    username: String,
    token: String,
    /// The expiry, in milliseconds since 1970.
    exp_time: i64,
    /// The id. Only long-term tokens have one.
    token_id: String,
}

impl Action for CreateInstanceToken {
    action! { tcr::CreateInstanceToken: Write, (InstanceId, Term, String) => Created }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let term = match self.token_type.as_deref() {
            None | Some("" | "temp") => Term::Temporary,
            Some("longterm") => Term::Long,
            Some(_) => return Err(invalid("TokenType must be longterm or temp")),
        };
        let description = self.desc.unwrap_or_default();
        check_text("Desc", &description, MAX_DESCRIPTION)?;
        Ok((instance_id(&self.registry_id)?, term, description))
    }
    fn needs((id, ..): &Self::Checked) -> Needs {
        Self::ROW.on_instance(id.as_str()).into()
    }
    async fn run((id, term, description): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<Created> {
        let instance = own(&call, &id, Code::UnauthorizedOperation).await?;
        let instances = call.services().instances();
        let made = instances.create_token(call.act(), &instance, call.key, term, &description).await;
        let CreatedToken { id, password } = made.map_err(not_made)?;
        let (username, exp_time) = (password.username.to_string(), password.expires_at.as_millis());
        Ok(Created { username, token: password.password, exp_time, token_id: id.unwrap_or_default() })
    }
}

/// Lists the long-term tokens of an instance.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeInstanceToken {
    registry_id: String,
    #[serde(default)]
    limit: Option<i64>,
    #[serde(default)]
    offset: Option<i64>,
}

/// The answer to [`DescribeInstanceToken`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tokens {
    total_count: u64,
    tokens: Vec<TcrInstanceToken>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TcrInstanceToken {
    id: String,
    desc: String,
    registry_id: String,
    enabled: bool,
    created_at: String,
    /// The expiry, in milliseconds since 1970.
    expired_at: i64,
}

impl Action for DescribeInstanceToken {
    action! { tcr::DescribeInstanceToken: Read, (InstanceId, Window) => Tokens }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        Ok((instance_id(&self.registry_id)?, page::window_of(self.offset, self.limit, 20, 200)?))
    }
    fn needs((id, _): &Self::Checked) -> Needs {
        Self::ROW.on_instance(id.as_str()).into()
    }
    async fn run((id, window): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<Tokens> {
        let instance = own(&call, &id, Code::ResourceNotFound).await?;
        let listed = call.services().instances().tokens(&instance, window).await?;
        let Listing { items, total } = listed.map(|token| TcrInstanceToken {
            id: token.id,
            desc: token.description,
            registry_id: instance.id.to_string(),
            enabled: token.enabled,
            created_at: time::iso(token.created_at),
            expired_at: token.expires_at.as_millis(),
        });
        Ok(Tokens { total_count: total, tokens: items })
    }
}

/// Enables, disables or describes a long-term token.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyInstanceToken {
    token_id: String,
    registry_id: String,
    #[serde(default)]
    enable: Option<bool>,
    #[serde(default)]
    desc: Option<String>,
    /// 1 changes the description, 2 enables or disables the token.
    #[serde(default)]
    modify_flag: Option<i64>,
}

impl Action for ModifyInstanceToken {
    action! { tcr::ModifyInstanceToken: Write, (InstanceId, String, Option<bool>, Option<String>) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let needed = |what: &str| CloudError::missing(Code::MissingParameter, what);
        let id = instance_id(&self.registry_id)?;
        check_text("Desc", self.desc.as_deref().unwrap_or_default(), MAX_DESCRIPTION)?;
        match self.modify_flag.unwrap_or(2) {
            1 => Ok((id, self.token_id, None, Some(self.desc.ok_or_else(|| needed("Desc"))?))),
            2 => Ok((id, self.token_id, Some(self.enable.ok_or_else(|| needed("Enable"))?), None)),
            _ => Err(invalid("ModifyFlag must be 1 or 2")),
        }
    }
    fn needs((id, ..): &Self::Checked) -> Needs {
        Self::ROW.on_instance(id.as_str()).into()
    }
    fn target((id, token, ..): &Self::Checked) -> Option<String> {
        Some(format!("{id}/{token}"))
    }
    async fn run((id, token, enabled, description): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        let instance = own(&call, &id, Code::ResourceNotFound).await?;
        let tokens = call.services().instances();
        Ok(tokens.modify_token(call.act(), &instance, &token, enabled, description.as_deref()).await?)
    }
}

/// Deletes a long-term token.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteInstanceToken {
    registry_id: String,
    token_id: String,
}

impl Action for DeleteInstanceToken {
    action! { tcr::DeleteInstanceToken: Write, (InstanceId, String) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        Ok((instance_id(&self.registry_id)?, self.token_id))
    }
    fn needs((id, _): &Self::Checked) -> Needs {
        Self::ROW.on_instance(id.as_str()).into()
    }
    fn target((id, token): &Self::Checked) -> Option<String> {
        Some(format!("{id}/{token}"))
    }
    async fn run((id, token): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        let instance = own(&call, &id, Code::ResourceNotFound).await?;
        Ok(call.services().instances().delete_token(call.act(), &instance, &token).await?)
    }
}
