//! Temporary keys for a part of the caller's own permissions.

use roadstead_auth::{Identity, NewSession};
use roadstead_policy::Row;
use roadstead_policy::actions::sts;
use serde::Deserialize;

use super::session::{Issued, check_name, issue, lifetime, own_policy};
use crate::action::{Action, Allowed};
use crate::wire::code::Code;
use crate::wire::error::CloudResult;

const DEFAULT_SECONDS: i64 = 1800;
/// The longest session of a main account, in seconds.
const ROOT_SECONDS: i64 = 7200;
/// The longest session of a sub-account, in seconds.
const USER_SECONDS: i64 = 129_600;

/// Creates a temporary key that may do what both the caller and `Policy` allow.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetFederationToken {
    name: String,
    policy: String,
    duration_seconds: Option<i64>,
}

impl Action for GetFederationToken {
    const ROW: &'static Row = &sts::GetFederationToken;
    type Checked = (Self, String);
    type Output = Issued;
    fn check(self, by: &Identity) -> CloudResult<(Self, String)> {
        // A session must not create another one, which would outlive it.
        if by.session.is_some() {
            return Err(Code::FailedOperationTempKeyNotAllowed.into());
        }
        check_name("Name", &self.name, 1)?;
        let policy = own_policy(&self.policy, by)?;
        Ok((self, policy))
    }
    fn target((it, _): &(Self, String)) -> Option<String> {
        Some(it.name.clone())
    }
    async fn run((it, policy): (Self, String), call: Allowed<'_>) -> CloudResult<Issued> {
        let most = if call.permissions.is_root() { ROOT_SECONDS } else { USER_SECONDS };
        let lifetime = lifetime(it.duration_seconds, DEFAULT_SECONDS, most)?;
        issue(&call, NewSession::Federation { name: &it.name }, Some(&policy), lifetime)
    }
}
