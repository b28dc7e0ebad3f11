//! The caller's own account.

use roadstead_auth::{Identity, app_id};
use serde::{Deserialize, Serialize};

use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{Action, Kind, Permission, Service};
use crate::api::cloud::wire::error::CloudError;

/// The numbers of the caller and of its main account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetUserAppId {}

/// See [`GetUserAppId`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserAppId {
    uin: String,
    owner_uin: String,
    app_id: i64,
}

impl Action for GetUserAppId {
    const SERVICE: Service = Service::Cam;
    const NAME: &'static str = "GetUserAppId";
    const KIND: Kind = Kind::Read;
    type Output = UserAppId;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        Ok(Permission::Signed)
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<UserAppId, CloudError> {
        let Identity { uin, owner, owner_uin, .. } = call.identity();
        let (uin, owner_uin) = (uin.as_str().to_owned(), owner_uin.as_str().to_owned());
        Ok(UserAppId { uin, owner_uin, app_id: app_id(*owner) })
    }
}
