//! Sub-accounts.
//!
//! A sub-account has one password: what `AddUser` and `UpdateUser` set is what it signs in to the registry with.

use roadstead_auth::SubAccount;
use roadstead_policy::op::CamResource;
use roadstead_storage::meta::{User, UserChange};
use serde::{Deserialize, Serialize};

use super::{Subject, allow, allowed_user, cam_action, flag, lasting_only, on_all, service, uin_number};
use crate::api::cloud::action::NoOutput;
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::time;
use roadstead_service::cam::{UserDetails, UserRef, uid};

/// Makes a sub-account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AddUser {
    name: String,
    remark: Option<String>,
    console_login: Option<u64>,
    use_api: Option<u64>,
    password: Option<String>,
    need_reset_password: Option<u64>,
    phone_num: Option<String>,
    country_code: Option<String>,
    email: Option<String>,
}

/// See [`AddUser`]: the secrets that were made, for the only time.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AddedUser {
    uin: u64,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_key: Option<String>,
    uid: u64,
}

cam_action!(AddUser: Write -> AddedUser, |_| on_all("AddUser"), |it| it.name.clone(), add);

async fn add(it: AddUser, call: &CloudCall<'_>) -> Result<AddedUser, CloudError> {
    // There is nothing that would ask for another password.
    flag("NeedResetPassword", it.need_reset_password)?;
    let needs_key = flag("UseApi", it.use_api)?.unwrap_or(false);
    let profile = UserDetails {
        remark: it.remark.unwrap_or_default(),
        console_login: flag("ConsoleLogin", it.console_login)?.unwrap_or(false),
        phone_number: it.phone_num.unwrap_or_default(),
        country_code: it.country_code.unwrap_or_default(),
        email: it.email.unwrap_or_default(),
    };
    let password = it.password.filter(|password| !password.is_empty());
    if needs_key || password.is_some() || profile.console_login {
        lasting_only(call)?;
    }
    let made = service(call).create_user(call.identity(), &it.name, &profile, password.as_deref(), needs_key).await?;
    let SubAccount { user, password, key } = made;
    let (secret_id, secret_key) = key.map(|key| (key.secret_id.as_str().to_owned(), key.secret_key)).unzip();
    Ok(AddedUser {
        uin: uin_number(&user.account.uin),
        name: user.account.name,
        password,
        secret_id,
        secret_key,
        uid: uid(user.account.id),
    })
}

/// Tells about a sub-account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetUser {
    name: String,
}

/// See [`GetUser`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FoundUser {
    uin: u64,
    name: String,
    uid: u64,
    remark: String,
    console_login: u64,
    phone_num: String,
    country_code: String,
    email: String,
    #[serde(rename = "RecentlyLoginIP")]
    recently_login_ip: String,
    recently_login_time: String,
}

cam_action!(GetUser: Read -> FoundUser, look up |it| vec![Subject::User(&it.name)], |it| it.name.clone(), get);

async fn get(it: GetUser, call: &CloudCall<'_>) -> Result<FoundUser, CloudError> {
    let User { account, profile, last_login_at, last_login_ip, .. } =
        allowed_user(call, "GetUser", UserRef::Name(&it.name)).await?;
    Ok(FoundUser {
        uin: uin_number(&account.uin),
        name: account.name,
        uid: uid(account.id),
        remark: profile.remark,
        console_login: u64::from(profile.console_login),
        phone_num: profile.phone_number,
        country_code: profile.country_code,
        email: profile.email,
        recently_login_ip: last_login_ip.unwrap_or_default(),
        recently_login_time: last_login_at.map(time::plain).unwrap_or_default(),
    })
}

/// Changes a sub-account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct UpdateUser {
    name: String,
    remark: Option<String>,
    console_login: Option<u64>,
    password: Option<String>,
    need_reset_password: Option<u64>,
    phone_num: Option<String>,
    country_code: Option<String>,
    email: Option<String>,
}

cam_action!(UpdateUser: Write -> NoOutput, look up |it| vec![Subject::User(&it.name)], |it| it.name.clone(), update);

async fn update(it: UpdateUser, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    let user = allowed_user(call, "UpdateUser", UserRef::Name(&it.name)).await?;
    flag("NeedResetPassword", it.need_reset_password)?;
    let change = UserChange {
        remark: it.remark.as_deref(),
        console_login: flag("ConsoleLogin", it.console_login)?,
        phone_number: it.phone_num.as_deref(),
        country_code: it.country_code.as_deref(),
        email: it.email.as_deref(),
        password_hash: None,
    };
    let password = it.password.as_deref().filter(|password| !password.is_empty());
    if password.is_some() {
        lasting_only(call)?;
    }
    service(call).update_user(call.identity(), user.account.id, change, password).await?;
    Ok(NoOutput {})
}

/// Deletes a sub-account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteUser {
    name: String,
    force: Option<u64>,
}

cam_action!(DeleteUser: Write -> NoOutput, look up |it| vec![Subject::User(&it.name)], |it| it.name.clone(), delete);

async fn delete(it: DeleteUser, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    let user = allowed_user(call, "DeleteUser", UserRef::Name(&it.name)).await?.account;
    let force = flag("Force", it.force)?.unwrap_or(false);
    if force && !service(call).list_keys(user.id).await?.is_empty() {
        let may = allow(call, "DeleteAccessKey", CamResource::User(&user.uin));
        may.map_err(|error| match error.code() {
            Code::AuthFailureUnauthorizedOperation => Code::UnauthorizedOperationDeleteApiKey.into(),
            _ => error,
        })?;
    }
    service(call).delete_user(call.identity(), user.id, force).await?;
    Ok(NoOutput {})
}

/// Tells about all sub-accounts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListUsers {}

/// See [`ListUsers`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Users {
    data: Vec<ListedUser>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListedUser {
    uin: u64,
    name: String,
    uid: u64,
    remark: String,
    console_login: u64,
    phone_num: String,
    country_code: String,
    email: String,
    create_time: String,
    nick_name: String,
}

cam_action!(ListUsers: Read -> Users, |_| on_all("ListUsers"), |_| String::new(), list);

async fn list(_: ListUsers, call: &CloudCall<'_>) -> Result<Users, CloudError> {
    let users = service(call).list_users(call.identity()).await?;
    let listed = |User { account, profile, .. }: User| ListedUser {
        uin: uin_number(&account.uin),
        nick_name: account.name.clone(),
        name: account.name,
        uid: uid(account.id),
        remark: profile.remark,
        console_login: u64::from(profile.console_login),
        phone_num: profile.phone_number,
        country_code: profile.country_code,
        email: profile.email,
        create_time: time::plain(account.created_at),
    };
    Ok(Users { data: users.into_iter().map(listed).collect() })
}
