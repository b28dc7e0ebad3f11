//! The caller's own account.

use roadstead_auth::{Identity, Read, app_id};
use roadstead_policy::actions::cam;
use serde::{Deserialize, Serialize};

use crate::action::{Action, Allowed, Needs, action};
use crate::wire::error::CloudResult;

/// Returns the numbers of the caller and of its main account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetUserAppId {}

/// The answer to [`GetUserAppId`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserAppId {
    uin: String,
    owner_uin: String,
    app_id: i64,
}

impl Action for GetUserAppId {
    action! { cam::GetUserAppId: Read, () => UserAppId }
    fn check(self, _: &Identity) -> CloudResult<()> {
        Ok(())
    }
    fn needs((): &()) -> Needs {
        Needs::nothing()
    }
    async fn run((): (), call: Allowed<'_, Read>) -> CloudResult<UserAppId> {
        let Identity { uin, owner, owner_uin, .. } = call.identity;
        let (uin, owner_uin) = (uin.as_str().to_owned(), owner_uin.as_str().to_owned());
        Ok(UserAppId { uin, owner_uin, app_id: app_id(*owner) })
    }
}
