//! Sub-accounts.
//!
//! A sub-account has one password: the password that `AddUser` and `UpdateUser` set is also its password for the
//! registry.

use roadstead_auth::{Identity, Read, SubAccount, Write};
use roadstead_policy::actions::cam;
use roadstead_policy::op::CamResource;
use roadstead_service::Error;
use roadstead_service::cam::{UserDetails, UserRef, uid};
use roadstead_service::records::{User, UserChange};
use serde::{Deserialize, Serialize};

use super::things::{flag, service, uin_number, user};
use crate::action::call::lasting_only;
use crate::action::{Action, Allowed, CloudCall, Lookup, Permitted, action, lookup};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use roadstead_types::time;

/// Creates a sub-account.
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

/// The answer to [`AddUser`]. It contains the new secrets, which are never shown again.
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

impl Action for AddUser {
    action! { cam::AddUser: Write, Self => AddedUser }
    fn check(self, by: &Identity) -> CloudResult<Self> {
        // This server never makes users reset their password, so this flag is checked but has no effect.
        flag("NeedResetPassword", self.need_reset_password)?;
        let has_key = flag("UseApi", self.use_api)?.unwrap_or(false);
        let signs_in = flag("ConsoleLogin", self.console_login)?.unwrap_or(false);
        if has_key || signs_in || self.password.as_ref().is_some_and(|password| !password.is_empty()) {
            lasting_only(by)?;
        }
        Ok(self)
    }
    fn target(it: &Self) -> Option<String> {
        Some(it.name.clone())
    }
    async fn run(it: Self, call: Allowed<'_, Write>) -> CloudResult<AddedUser> {
        let details = UserDetails {
            remark: it.remark.unwrap_or_default(),
            console_login: it.console_login == Some(1),
            phone_number: it.phone_num.unwrap_or_default(),
            country_code: it.country_code.unwrap_or_default(),
            email: it.email.unwrap_or_default(),
        };
        let password = it.password.as_deref().filter(|password| !password.is_empty());
        let made = service(&call)
            .create_user(call.act(), &call.account(), &it.name, &details, password, it.use_api == Some(1))
            .await?;
        Ok(made.into())
    }
}

impl From<SubAccount> for AddedUser {
    fn from(SubAccount { user, password, key }: SubAccount) -> Self {
        let (secret_id, secret_key) = key.map(|key| (key.secret_id.as_str().to_owned(), key.secret_key)).unzip();
        Self {
            uin: uin_number(&user.account.uin),
            name: user.account.name,
            password,
            secret_id,
            secret_key,
            uid: uid(user.account.id),
        }
    }
}

/// Returns a sub-account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetUser {
    name: String,
}

/// The answer to [`GetUser`].
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

impl Lookup for GetUser {
    lookup! { cam::GetUser: Read, Self => User => FoundUser }
    fn check(self, _: &Identity) -> CloudResult<Self> {
        Ok(self)
    }
    fn target(it: &Self) -> String {
        it.name.clone()
    }
    async fn resolve(it: &Self, call: &CloudCall<'_>) -> CloudResult<Permitted<User>> {
        user(call, Self::ROW, UserRef::Name(&it.name)).await
    }
    async fn run(_: Self, found: User, _: Allowed<'_, Read>) -> CloudResult<FoundUser> {
        let User { account, profile, last_login_at, last_login_ip, .. } = found;
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

impl Lookup for UpdateUser {
    lookup! { cam::UpdateUser: Write, Self => User => () }
    fn check(self, by: &Identity) -> CloudResult<Self> {
        flag("NeedResetPassword", self.need_reset_password)?;
        flag("ConsoleLogin", self.console_login)?;
        if self.password.as_ref().is_some_and(|password| !password.is_empty()) {
            lasting_only(by)?;
        }
        Ok(self)
    }
    fn target(it: &Self) -> String {
        it.name.clone()
    }
    async fn resolve(it: &Self, call: &CloudCall<'_>) -> CloudResult<Permitted<User>> {
        user(call, Self::ROW, UserRef::Name(&it.name)).await
    }
    async fn run(it: Self, found: User, call: Allowed<'_, Write>) -> CloudResult<()> {
        let change = UserChange {
            remark: it.remark.as_deref(),
            console_login: it.console_login.map(|flag| flag == 1),
            phone_number: it.phone_num.as_deref(),
            country_code: it.country_code.as_deref(),
            email: it.email.as_deref(),
            password_hash: None,
        };
        let password = it.password.as_deref().filter(|password| !password.is_empty());
        Ok(service(&call).update_user(call.act(), &call.account(), found.account.id, change, password).await?)
    }
}

/// Deletes a sub-account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteUser {
    name: String,
    force: Option<u64>,
}

impl Lookup for DeleteUser {
    lookup! { cam::DeleteUser: Write, Self => User => () }
    fn check(self, _: &Identity) -> CloudResult<Self> {
        flag("Force", self.force)?;
        Ok(self)
    }
    fn target(it: &Self) -> String {
        it.name.clone()
    }
    async fn resolve(it: &Self, call: &CloudCall<'_>) -> CloudResult<Permitted<User>> {
        let found = user(call, Self::ROW, UserRef::Name(&it.name)).await?;
        let user = found.get();
        if it.force == Some(1) && service(call).has_keys(&call.finding(), user).await? {
            let request = cam::DeleteAccessKey.on_cam(CamResource::User(&user.account.uin));
            call.grant(request, ()).await.map_err(|error| match error {
                CloudError::Service(error) if matches!(*error, Error::Denied(_)) => {
                    Code::UnauthorizedOperationDeleteApiKey.into()
                }
                other => other,
            })?;
        }
        Ok(found)
    }
    async fn run(it: Self, found: User, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(service(&call).delete_user(call.act(), &call.account(), found.account.id, it.force == Some(1)).await?)
    }
}

/// Lists all sub-accounts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListUsers {}

/// The answer to [`ListUsers`].
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

impl Action for ListUsers {
    action! { cam::ListUsers: Read, () => Users }
    fn check(self, _: &Identity) -> CloudResult<()> {
        Ok(())
    }
    async fn run((): (), call: Allowed<'_, Read>) -> CloudResult<Users> {
        let users = service(&call).list_users(&call.account()).await?;
        Ok(Users { data: users.into_iter().map(ListedUser::from).collect() })
    }
}

impl From<User> for ListedUser {
    fn from(User { account, profile, .. }: User) -> Self {
        Self {
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
        }
    }
}
