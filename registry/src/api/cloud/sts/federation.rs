//! Keys that give away a part of the caller's own rights.

use roadstead_auth::NewSession;
use roadstead_policy::op;
use serde::Deserialize;

use super::session::{Issued, check_name, issue, lifetime, own_policy};
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{Action, Kind, Permission, Service};
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;

const DEFAULT_SECONDS: i64 = 1800;
/// The longest session of a main account.
const ROOT_SECONDS: i64 = 7200;
/// The longest session of a sub-account.
const USER_SECONDS: i64 = 129_600;

/// Makes a temporary key that may do what both the caller and `Policy` allow.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetFederationToken {
    name: String,
    policy: String,
    duration_seconds: Option<i64>,
}

impl Action for GetFederationToken {
    const SERVICE: Service = Service::Sts;
    const NAME: &'static str = "GetFederationToken";
    const KIND: Kind = Kind::Write;
    type Output = Issued;

    fn permission(&self, call: &CloudCall<'_>) -> Result<Permission, CloudError> {
        // A session does not beget another one: it would outlive the first.
        if call.identity().session.is_some() {
            return Err(Code::FailedOperationTempKeyNotAllowed.into());
        }
        check_name("Name", &self.name, 1)?;
        Ok(Permission::Needs(vec![op::api("sts", Self::NAME)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Issued, CloudError> {
        let most = if call.permissions.is_root() { ROOT_SECONDS } else { USER_SECONDS };
        let lifetime = lifetime(self.duration_seconds, DEFAULT_SECONDS, most)?;
        let policy = own_policy(&self.policy, call.identity())?;
        issue(call, NewSession::Federation { name: &self.name }, Some(&policy), lifetime)
    }

    fn target(&self) -> String {
        self.name.clone()
    }
}
