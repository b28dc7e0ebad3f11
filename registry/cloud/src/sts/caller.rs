//! Returns the identity of the caller.

use roadstead_auth::{Identity, Read, SessionKind};
use roadstead_policy::actions::sts;
use serde::{Deserialize, Serialize};

use crate::action::{Action, Allowed, Needs, action};
use crate::wire::error::CloudResult;

/// Returns whose key signed the request.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetCallerIdentity {}

/// The answer to [`GetCallerIdentity`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CallerIdentity {
    arn: String,
    account_id: String,
    user_id: String,
    principal_id: String,
    #[serde(rename = "Type")]
    kind: &'static str,
}

impl Action for GetCallerIdentity {
    action! { sts::GetCallerIdentity: Read, () => CallerIdentity }
    fn check(self, _: &Identity) -> CloudResult<()> {
        Ok(())
    }
    fn needs((): &()) -> Needs {
        Needs::nothing()
    }
    async fn run((): (), call: Allowed<'_, Read>) -> CloudResult<CallerIdentity> {
        let Identity { uin, owner_uin, session, .. } = call.identity;
        let (arn, user_id, kind) = match session.as_deref().map(|session| &session.kind) {
            None | Some(SessionKind::InstanceToken { .. }) => {
                (format!("qcs::cam:{owner_uin}:uin/{uin}"), uin.to_string(), "CAMUser")
            }
            Some(SessionKind::Federation { name }) => {
                (format!("qcs::sts:{owner_uin}:federated-user/{uin}"), format!("{uin}:{name}"), "CAMUser")
            }
            Some(SessionKind::Role { id, session_name, .. }) => {
                let id = id.get();
                (format!("qcs::sts:{owner_uin}:assumed-role/{id}"), format!("{id}:{session_name}"), "CAMRole")
            }
        };
        let (account_id, principal_id) = (owner_uin.to_string(), uin.to_string());
        Ok(CallerIdentity { arn, account_id, user_id, principal_id, kind })
    }
}
