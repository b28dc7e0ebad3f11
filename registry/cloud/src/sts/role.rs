//! Temporary keys of roles.

use roadstead_auth::{Identity, Read};
use roadstead_policy::actions::sts;
use roadstead_service::Error;
use roadstead_service::sts::{NamedRole, RoleArn, RoleSession, SessionName};
use roadstead_types::Thing;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::session::{Issued, policy};
use crate::action::{Allowed, CloudCall, Lookup, Permitted, lookup};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::language::Phrase;

/// Creates a temporary key of a role, for a caller that the role trusts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AssumeRole {
    role_arn: String,
    role_session_name: String,
    duration_seconds: Option<i64>,
    policy: Option<String>,
    external_id: Option<String>,
    source_identity: Option<String>,
    /// The serial number of a second factor. No account has one here.
    serial_number: Option<String>,
    /// The code of a second factor, see `serial_number`.
    token_code: Option<String>,
    /// Tags of the session, which are not supported here.
    #[serde(default)]
    tags: Vec<IgnoredAny>,
}

impl Lookup for AssumeRole {
    lookup! { sts::AssumeRole: Read, (Self, SessionName, RoleArn) => NamedRole => Issued }
    fn check(self, by: &Identity) -> CloudResult<Self::Checked> {
        // A session must not create another one, which would outlive it.
        if by.session.is_some() {
            return Err(Code::InvalidParameterAccessKeyNotSupport.into());
        }
        let name = SessionName::parse("RoleSessionName", &self.role_session_name, 2)?;
        for (parameter, text) in [("ExternalId", &self.external_id), ("SourceIdentity", &self.source_identity)] {
            text.as_deref().map(|text| SessionName::parse(parameter, text, 2)).transpose()?;
        }
        self.refuse_unsupported()?;
        let arn = self.role_arn.parse()?;
        Ok((self, name, arn))
    }
    fn target((it, ..): &Self::Checked) -> String {
        it.role_arn.clone()
    }
    /// Policies can name a role by name or id, and the request contains only one of them, so the role is looked up
    /// first.
    async fn resolve((it, _, arn): &Self::Checked, call: &CloudCall<'_>) -> CloudResult<Permitted<NamedRole>> {
        let sts = call.services().sts();
        let named = sts.find_role(&call.finding(), arn, it.external_id.as_deref()).await?;
        call.grant(named.request(), named).await
    }
    async fn run((it, name, _): Self::Checked, named: NamedRole, call: Allowed<'_, Read>) -> CloudResult<Issued> {
        let limit = it.policy.as_deref().filter(|text| !text.trim().is_empty()).map(policy).transpose()?;
        let session = RoleSession { name: &name, policy: limit.as_deref(), seconds: it.duration_seconds };
        let made = call.services().sts().assume_role(&call.account(), call.key, &named, &session);
        Ok(made.map_err(of_roles)?.into())
    }
}

/// Actions on roles that a caller takes have a code of their own for a role that does not exist.
fn of_roles(error: Error) -> CloudError {
    match error {
        Error::Unknown(Thing::Role) => Code::ResourceNotFoundRoleNotFound.into(),
        other => other.into(),
    }
}

impl AssumeRole {
    /// Refuses parameters that are not supported. Empty parameters are allowed.
    fn refuse_unsupported(&self) -> CloudResult<()> {
        let unsupported =
            |english, chinese| Err(CloudError::new(Code::UnsupportedOperation, Phrase::both(english, chinese)));
        let mut second_factor = [&self.serial_number, &self.token_code].into_iter().flatten();
        if second_factor.any(|text| !text.is_empty()) {
            let english = "SerialNumber and TokenCode are not supported: there is no multi-factor authentication here";
            return unsupported(english, "不支持 SerialNumber 和 TokenCode：这里没有多因子认证");
        }
        if !self.tags.is_empty() {
            return unsupported(
                "Tags are not supported: sessions have no tags here",
                "不支持 Tags：这里的会话没有标签",
            );
        }
        Ok(())
    }
}
