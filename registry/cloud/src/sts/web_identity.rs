//! Temporary keys of roles for identities of an identity provider.

use std::sync::Arc;

use roadstead_auth::network;
use roadstead_policy::Row;
use roadstead_policy::actions::sts;
use roadstead_service::Error;
use roadstead_service::sts::{Claim, RoleArn, SessionName};
use serde::Deserialize;

use super::session::Issued;
use crate::action::open::{OpenAction, OpenCall};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};

/// Creates a temporary key of a role, for an identity that a provider vouches for and that the role trusts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AssumeRoleWithWebIdentity {
    provider_id: String,
    web_identity_token: String,
    role_arn: String,
    role_session_name: String,
    duration_seconds: Option<i64>,
}

impl OpenAction for AssumeRoleWithWebIdentity {
    const ROW: &'static Row = &sts::AssumeRoleWithWebIdentity;
    type Output = Issued;
    async fn run(self, call: &OpenCall<'_>) -> CloudResult<Issued> {
        let name = SessionName::parse("RoleSessionName", &self.role_session_name, 2)?;
        let role: RoleArn = self.role_arn.parse()?;
        call.note_target(&self.role_arn);
        let (address, sts) = (call.address, call.state.services.sts());
        let claim = Claim { address, provider: &self.provider_id, token: &self.web_identity_token, role: &role };
        let vouched = sts.vouch(&claim, |owner| call.note_identity(Arc::new(owner.clone()))).await;
        let vouched = vouched.map_err(unproved)?;
        call.cloud.rate.check_vouched(&(network(address), vouched.role(), vouched.subject()), Self::ROW.name)?;
        let made = sts.assume_role_with_web_identity(&vouched, &name, self.duration_seconds).await;
        let (key, identity) = made?;
        if let Some(identity) = identity {
            call.note_identity(identity);
        }
        call.note_target(&format!("{} {} {}", self.role_arn, vouched.provider(), vouched.subject()));
        Ok(key.into())
    }
}

/// The sender is unknown, so the error must not reveal what exists and what is wrong.
fn unproved(error: Error) -> CloudError {
    match error {
        Error::Denied(_) => Code::InvalidParameterWebIdentityTokenError.into(),
        other => other.into(),
    }
}
