//! Temporary keys for a part of the caller's own permissions.

use roadstead_auth::{Identity, Read};
use roadstead_policy::actions::sts;
use roadstead_service::sts::SessionName;
use serde::Deserialize;

use super::session::{Issued, policy};
use crate::action::{Action, Allowed, action};
use crate::wire::code::Code;
use crate::wire::error::CloudResult;

/// Creates a temporary key that may do what both the caller and `Policy` allow.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetFederationToken {
    name: String,
    policy: String,
    duration_seconds: Option<i64>,
}

impl Action for GetFederationToken {
    action! { sts::GetFederationToken: Read, (SessionName, String, Option<i64>) => Issued }
    fn check(self, by: &Identity) -> CloudResult<Self::Checked> {
        // A session must not create another one, which would outlive it.
        if by.session.is_some() {
            return Err(Code::FailedOperationTempKeyNotAllowed.into());
        }
        let name = SessionName::parse("Name", &self.name, 1)?;
        Ok((name, policy(&self.policy)?, self.duration_seconds))
    }
    fn target((name, ..): &Self::Checked) -> Option<String> {
        Some(name.as_str().to_owned())
    }
    async fn run((name, policy, seconds): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<Issued> {
        let sts = call.services().sts();
        Ok(sts.federation_token(&call.account(), call.key, &name, &policy, seconds)?.into())
    }
}
