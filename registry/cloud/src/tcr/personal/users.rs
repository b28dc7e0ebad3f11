//! The caller as a user of the personal edition.

use roadstead_auth::{Identity, Read, Write, app_id};
use roadstead_policy::actions::tcr;
use roadstead_service::records::QuotaKind;
use roadstead_types::Uin;
use serde::{Deserialize, Serialize};

use super::shared::{self as personal, Data};
use crate::action::call::lasting_only;
use crate::action::{Action, Allowed, Needs, action};
use crate::tcr::password::not_made;
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use roadstead_types::time;

/// Sets the caller's first registry password.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateUserPersonal {
    // Only this action has its own code for a missing parameter.
    password: Option<String>,
}

impl Action for CreateUserPersonal {
    action! { tcr::CreateUserPersonal: Write, String => () }
    fn check(self, by: &Identity) -> CloudResult<String> {
        lasting_only(by)?;
        self.password.ok_or_else(|| CloudError::missing(Code::MissingParameterMissingParameter, "Password"))
    }
    fn needs(_: &String) -> Needs {
        Needs::nothing()
    }
    async fn run(password: String, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(call.services().personal().register(call.act(), &call.account(), &password).await?)
    }
}

/// Changes the caller's registry password. Sessions and tokens of the old one end.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyUserPasswordPersonal {
    password: String,
}

impl Action for ModifyUserPasswordPersonal {
    action! { tcr::ModifyUserPasswordPersonal: Write, String => () }
    fn check(self, by: &Identity) -> CloudResult<String> {
        lasting_only(by)?;
        Ok(self.password)
    }
    fn needs(_: &String) -> Needs {
        Needs::nothing()
    }
    async fn run(password: String, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(call.services().personal().change_password(call.act(), &call.account(), &password).await?)
    }
}

/// Returns the caller, with a docker password that is valid for an hour.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeUserPersonal {}

/// The answer to [`DescribeUserPersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserInfo {
    username: String,
    app_id: i64,
    application_token: String,
    creation_time: String,
}

impl Action for DescribeUserPersonal {
    action! { tcr::DescribeUserPersonal: Write, () => Data<UserInfo> }
    fn check(self, by: &Identity) -> CloudResult<()> {
        lasting_only(by)
    }
    fn needs((): &()) -> Needs {
        Needs::nothing()
    }
    async fn run((): (), call: Allowed<'_, Write>) -> CloudResult<Self::Output> {
        let account = call.services().personal().user(&call.account()).await?;
        let data = UserInfo {
            username: account.uin.to_string(),
            app_id: app_id(account.owner),
            application_token: application_token(&call)?,
            creation_time: time::plain(account.created_at),
        };
        Ok(Data { data })
    }
}

/// Creates a docker password of the caller that is valid for an hour, or until the end of the session if that is
/// sooner.
fn application_token(call: &Allowed<'_, Write>) -> CloudResult<String> {
    let made = call.services().personal().temporary_password(&call.account(), call.key);
    Ok(made.map_err(not_made)?.password)
}

/// Creates a docker password of the caller for automation. Each call creates another one. They are valid for an hour,
/// and become invalid if the caller's password changes or the caller is disabled. A password of a session has the
/// limits and the end of the session.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeApplicationTokenPersonal {}

/// The answer to [`DescribeApplicationTokenPersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeApplicationTokenPersonalResp {
    application_token: String,
}

impl Action for DescribeApplicationTokenPersonal {
    action! { tcr::DescribeApplicationTokenPersonal: Write, () => Data<DescribeApplicationTokenPersonalResp> }
    fn check(self, _: &Identity) -> CloudResult<()> {
        Ok(())
    }
    fn needs((): &()) -> Needs {
        Needs::nothing()
    }
    async fn run((): (), call: Allowed<'_, Write>) -> CloudResult<Self::Output> {
        let application_token = application_token(&call)?;
        Ok(Data { data: DescribeApplicationTokenPersonalResp { application_token } })
    }
}

/// Returns whether a user of the caller's main account has registered.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ValidateUserPersonal {
    /// The uin of the user. The default is the caller.
    #[serde(default)]
    username: String,
}

/// The answer to [`ValidateUserPersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserIsExistsResp {
    is_exist: bool,
    main_is_exist: bool,
}

impl Action for ValidateUserPersonal {
    action! { tcr::ValidateUserPersonal: Read, Uin => Data<UserIsExistsResp> }
    fn check(self, by: &Identity) -> CloudResult<Uin> {
        let wrong = |problem| CloudError::new(Code::InvalidParameter, format!("Username: {problem}"));
        if self.username.is_empty() { Ok(by.uin.clone()) } else { self.username.parse().map_err(wrong) }
    }
    async fn run(uin: Uin, call: Allowed<'_, Read>) -> CloudResult<Self::Output> {
        let (is_exist, main_is_exist) = call.services().personal().user_exists(&call.account(), &uin).await?;
        Ok(Data { data: UserIsExistsResp { is_exist, main_is_exist } })
    }
}

/// Returns the quotas of the caller's main account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeUserQuotaPersonal {}

/// The answer to [`DescribeUserQuotaPersonal`].
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
    action! { tcr::DescribeUserQuotaPersonal: Read, () => Data<RespLimit> }
    fn check(self, _: &Identity) -> CloudResult<()> {
        Ok(())
    }
    async fn run((): (), call: Allowed<'_, Read>) -> CloudResult<Self::Output> {
        let quotas = call.services().personal().quotas(&call.account()).await?;
        let username = personal::owner_name(call.identity);
        let limit_info = QuotaKind::ALL.map(|kind| Limit {
            username: username.clone(),
            r#type: type_of(kind),
            value: quotas.of(kind),
        });
        Ok(Data { data: RespLimit { limit_info: limit_info.into() } })
    }
}
