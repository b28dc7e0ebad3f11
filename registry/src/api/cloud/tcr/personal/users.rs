//! The caller as a user of the personal edition.

use roadstead_auth::app_id;
use roadstead_policy::op;
use roadstead_storage::meta::QuotaKind;
use roadstead_types::{RegistryId, Uin};
use serde::{Deserialize, Serialize};

use super::shared::{self as personal, Data};
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{Action, Kind, NoOutput, Permission, Service};
use crate::api::cloud::tcr::enterprise::tokens::not_made;
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::time;

/// Sets the caller's first registry password.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateUserPersonal {
    // This action alone has a code of its own for what is missing.
    password: Option<String>,
}

impl Action for CreateUserPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "CreateUserPersonal";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, call: &CloudCall<'_>) -> Result<Permission, CloudError> {
        personal::no_session(call)?;
        Ok(Permission::Signed)
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let password =
            self.password.ok_or_else(|| CloudError::missing(Code::MissingParameterMissingParameter, "Password"))?;
        call.services().personal().register(call.identity(), &password).await?;
        Ok(NoOutput {})
    }
}

/// Changes the caller's registry password. Sessions and tokens of the old one end.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyUserPasswordPersonal {
    password: String,
}

impl Action for ModifyUserPasswordPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "ModifyUserPasswordPersonal";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, call: &CloudCall<'_>) -> Result<Permission, CloudError> {
        personal::no_session(call)?;
        Ok(Permission::Signed)
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        call.services().personal().change_password(call.identity(), &self.password).await?;
        Ok(NoOutput {})
    }
}

/// The caller, with a password for docker that is good for an hour.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeUserPersonal {}

/// See [`DescribeUserPersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserInfo {
    username: String,
    app_id: i64,
    application_token: String,
    creation_time: String,
}

impl Action for DescribeUserPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DescribeUserPersonal";
    // It makes a password: that is written down.
    const KIND: Kind = Kind::Write;
    type Output = Data<UserInfo>;

    fn permission(&self, call: &CloudCall<'_>) -> Result<Permission, CloudError> {
        personal::no_session(call)?;
        Ok(Permission::Signed)
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Self::Output, CloudError> {
        let account = call.services().personal().user(call.identity()).await?;
        let data = UserInfo {
            username: account.uin.to_string(),
            app_id: app_id(account.owner),
            application_token: application_token(call)?,
            creation_time: time::plain(account.created_at),
        };
        Ok(Data { data })
    }
}

/// A password of the caller for docker that is good for an hour, or until the session ends if that is sooner.
fn application_token(call: &CloudCall<'_>) -> Result<String, CloudError> {
    let made = call.auth().temporary_password(call.identity(), RegistryId::PERSONAL, call.key);
    Ok(made.map_err(not_made)?.password)
}

/// A password of the caller for docker, for automation. Each call gives another one; all are good for an hour, and void
/// when the caller gets another password or is shut out. That of a session has the limits and the end of the session.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeApplicationTokenPersonal {}

/// See [`DescribeApplicationTokenPersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeApplicationTokenPersonalResp {
    application_token: String,
}

impl Action for DescribeApplicationTokenPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DescribeApplicationTokenPersonal";
    // It makes a password: that is written down.
    const KIND: Kind = Kind::Write;
    type Output = Data<DescribeApplicationTokenPersonalResp>;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        Ok(Permission::Signed)
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Self::Output, CloudError> {
        let application_token = application_token(call)?;
        Ok(Data { data: DescribeApplicationTokenPersonalResp { application_token } })
    }
}

/// Whether a user of the caller's main account has registered.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ValidateUserPersonal {
    /// Its uin; that of the caller when it is not said.
    #[serde(default)]
    username: String,
}

/// See [`ValidateUserPersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserIsExistsResp {
    is_exist: bool,
    main_is_exist: bool,
}

impl Action for ValidateUserPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "ValidateUserPersonal";
    const KIND: Kind = Kind::Read;
    type Output = Data<UserIsExistsResp>;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        Ok(Permission::Listed(vec![op::api(Self::SERVICE.name(), Self::NAME)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Self::Output, CloudError> {
        let identity = call.identity();
        let uin: Uin = match self.username.as_str() {
            "" => identity.uin.clone(),
            text => text
                .parse()
                .map_err(|problem| CloudError::new(Code::InvalidParameter, format!("Username: {problem}")))?,
        };
        let (is_exist, main_is_exist) = call.services().personal().user_exists(identity, &uin).await?;
        Ok(Data { data: UserIsExistsResp { is_exist, main_is_exist } })
    }
}

/// What the caller's main account may have.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeUserQuotaPersonal {}

/// See [`DescribeUserQuotaPersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RespLimit {
    limit_info: Vec<Limit>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Limit {
    username: String,
    r#type: &'static str,
    value: u32,
}

fn type_of(kind: QuotaKind) -> &'static str {
    match kind {
        QuotaKind::Namespaces => "namespace",
        QuotaKind::Repositories => "repo",
        QuotaKind::Triggers => "trigger",
    }
}

impl Action for DescribeUserQuotaPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DescribeUserQuotaPersonal";
    const KIND: Kind = Kind::Read;
    type Output = Data<RespLimit>;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        Ok(Permission::Listed(vec![op::api(Self::SERVICE.name(), Self::NAME)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Self::Output, CloudError> {
        let identity = call.identity();
        let quotas = call.services().personal().quotas(identity).await?;
        let username = personal::owner_name(identity);
        let limit_info = QuotaKind::ALL.map(|kind| Limit {
            username: username.clone(),
            r#type: type_of(kind),
            value: quotas.of(kind),
        });
        Ok(Data { data: RespLimit { limit_info: limit_info.into() } })
    }
}
