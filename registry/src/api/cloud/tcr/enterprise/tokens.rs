//! Passwords for docker that are good for one instance.

use roadstead_auth::Error as AuthError;
use roadstead_storage::Error as StorageError;
use serde::{Deserialize, Serialize};

use super::shared::{check_text, missing, on_instance, own};
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{Action, Kind, NoOutput, Permission, Service};
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::page::Page;
use crate::api::cloud::wire::time;

/// The longest description of a token, in characters.
const MAX_DESCRIPTION: usize = 255;

/// How long a token is good for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Term {
    Temporary,
    Long,
}

/// Makes a password for an instance.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateInstanceToken {
    registry_id: String,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    desc: Option<String>,
}

/// See [`CreateInstanceToken`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedToken {
    username: String,
    token: String,
    /// Milliseconds since 1970.
    exp_time: i64,
    /// Of long-term tokens only.
    token_id: String,
}

impl CreateInstanceToken {
    fn term(&self) -> Result<Term, CloudError> {
        match self.token_type.as_deref() {
            None | Some("" | "temp") => Ok(Term::Temporary),
            Some("longterm") => Ok(Term::Long),
            Some(_) => Err(CloudError::new(Code::InvalidParameter, "TokenType must be longterm or temp")),
        }
    }
}

impl Action for CreateInstanceToken {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "CreateInstanceToken";
    const KIND: Kind = Kind::Write;
    type Output = CreatedToken;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        self.term()?;
        check_text("Desc", self.desc.as_deref().unwrap_or_default(), MAX_DESCRIPTION)?;
        Ok(Permission::Needs(vec![on_instance(Self::NAME, &self.registry_id)?]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<CreatedToken, CloudError> {
        let instance = own(call, &self.registry_id, Code::UnauthorizedOperation).await?;
        let (auth, identity) = (call.auth(), call.identity());
        let (token_id, made) = match self.term()? {
            Term::Temporary => {
                let made = auth.temporary_password(identity, instance.registry, call.key).map_err(not_made)?;
                (String::new(), made)
            }
            Term::Long => {
                let description = self.desc.as_deref().unwrap_or_default();
                auth.create_instance_token(identity, instance.registry, description).await.map_err(not_made)?
            }
        };
        Ok(CreatedToken {
            username: made.username.to_string(),
            token: made.password,
            exp_time: made.expires_at.as_millis(),
            token_id,
        })
    }

    fn target(&self) -> String {
        self.registry_id.clone()
    }
}

/// What is said when no password was made.
pub(crate) fn not_made(error: AuthError) -> CloudError {
    match error {
        AuthError::Session => {
            let message = "temporary keys cannot make passwords that would outlive them";
            CloudError::new(Code::UnsupportedOperation, message)
        }
        AuthError::TokenTooLarge => {
            let message = "the policy of the session is too long to be in a password";
            CloudError::new(Code::UnsupportedOperation, message)
        }
        AuthError::Storage(StorageError::Stale(_)) => Code::UnauthorizedOperation.into(),
        AuthError::Storage(error) => error.into(),
        other => CloudError::fault(Code::InternalErrorUnknown, other),
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

/// See [`DescribeInstanceToken`].
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
    /// Milliseconds since 1970.
    expired_at: i64,
}

impl Action for DescribeInstanceToken {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DescribeInstanceToken";
    const KIND: Kind = Kind::Read;
    type Output = Tokens;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        Ok(Permission::Needs(vec![on_instance(Self::NAME, &self.registry_id)?]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Tokens, CloudError> {
        let page = Page::with(self.offset, self.limit, 20, 200)?;
        let instance = own(call, &self.registry_id, Code::ResourceNotFound).await?;
        let offset = u32::try_from(page.offset).unwrap_or(u32::MAX);
        let (listed, total_count) = call.meta().list_instance_tokens(instance.registry, offset, page.limit).await?;
        let tokens = listed.into_iter().map(|token| TcrInstanceToken {
            id: token.id,
            desc: token.description,
            registry_id: instance.id.to_string(),
            enabled: token.enabled,
            created_at: time::iso(token.created_at),
            expired_at: token.expires_at.as_millis(),
        });
        Ok(Tokens { total_count, tokens: tokens.collect() })
    }
}

/// Enables or disables a long-term token, or describes it anew.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyInstanceToken {
    token_id: String,
    registry_id: String,
    #[serde(default)]
    enable: Option<bool>,
    #[serde(default)]
    desc: Option<String>,
    /// 1 the description, 2 whether it is enabled.
    #[serde(default)]
    modify_flag: Option<i64>,
}

impl Action for ModifyInstanceToken {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "ModifyInstanceToken";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let needed = |what: &str| CloudError::missing(Code::MissingParameter, what);
        match self.modify_flag.unwrap_or(2) {
            1 if self.desc.is_none() => return Err(needed("Desc")),
            2 if self.enable.is_none() => return Err(needed("Enable")),
            1 | 2 => {}
            _ => return Err(CloudError::new(Code::InvalidParameter, "ModifyFlag must be 1 or 2")),
        }
        check_text("Desc", self.desc.as_deref().unwrap_or_default(), MAX_DESCRIPTION)?;
        Ok(Permission::Needs(vec![on_instance(Self::NAME, &self.registry_id)?]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let instance = own(call, &self.registry_id, Code::ResourceNotFound).await?;
        let describe = self.modify_flag == Some(1);
        let (enabled, description) = (self.enable.filter(|_| !describe), self.desc.as_deref().filter(|_| describe));
        let changed = call.meta().modify_instance_token(instance.registry, &self.token_id, enabled, description).await;
        call.auth().invalidate_all();
        if changed? { Ok(NoOutput {}) } else { Err(missing("token")) }
    }

    fn target(&self) -> String {
        format!("{}/{}", self.registry_id, self.token_id)
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
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DeleteInstanceToken";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        Ok(Permission::Needs(vec![on_instance(Self::NAME, &self.registry_id)?]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let instance = own(call, &self.registry_id, Code::ResourceNotFound).await?;
        let deleted = call.meta().delete_instance_token(instance.registry, &self.token_id).await;
        call.auth().invalidate_all();
        if deleted? { Ok(NoOutput {}) } else { Err(missing("token")) }
    }

    fn target(&self) -> String {
        format!("{}/{}", self.registry_id, self.token_id)
    }
}
