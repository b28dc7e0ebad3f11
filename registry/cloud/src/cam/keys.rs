//! Access keys.

use roadstead_auth::{Identity, Read, Write};
use roadstead_policy::actions::cam;
use roadstead_service::Error;
use roadstead_types::Thing;
use serde::{Deserialize, Serialize};

use super::things::{on_user, service, uin_number, wrong};
use crate::action::call::lasting_only;
use crate::action::{Action, Allowed, Needs, action};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use roadstead_types::time;

/// The most keys in a [`GetSecurityLastUsed`] request.
const MAX_KEYS_AT_ONCE: usize = 10;

const ACTIVE: &str = "Active";
const INACTIVE: &str = "Inactive";

fn status(active: bool) -> &'static str {
    if active { ACTIVE } else { INACTIVE }
}

/// Returns the uin of the account to work on: the target, or else the caller. Temporary credentials have no keys, so
/// they must name a target. They may not access the keys of the user they act for.
fn holder_uin(by: &Identity, target: Option<u64>) -> CloudResult<u64> {
    match target {
        Some(uin) => Ok(uin),
        None => lasting_only(by).map(|()| uin_number(&by.uin)),
    }
}

/// Translates an error. Actions on keys have their own code for a user that does not exist.
fn of_keys(error: Error) -> CloudError {
    match error {
        Error::Unknown(Thing::User) => Code::InvalidParameterUserNotExist.into(),
        other => other.into(),
    }
}

/// Creates an access key.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateAccessKey {
    target_uin: Option<u64>,
    description: Option<String>,
}

/// The answer to [`CreateAccessKey`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedAccessKey {
    access_key: AccessKeyDetail,
}

/// A new key with its secret half, which is never shown again.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AccessKeyDetail {
    access_key_id: String,
    secret_access_key: String,
    status: &'static str,
    create_time: String,
    description: String,
}

impl Action for CreateAccessKey {
    action! { cam::CreateAccessKey: Write, (u64, String) => CreatedAccessKey }
    fn check(self, by: &Identity) -> CloudResult<(u64, String)> {
        lasting_only(by)?;
        Ok((holder_uin(by, self.target_uin)?, self.description.unwrap_or_default()))
    }
    fn needs((uin, _): &(u64, String)) -> Needs {
        on_user(Self::ROW, *uin).into()
    }
    async fn run((uin, description): (u64, String), call: Allowed<'_, Write>) -> CloudResult<CreatedAccessKey> {
        let key = service(&call).create_key(call.act(), &call.account(), uin, &description).await.map_err(of_keys)?;
        call.note_target(format!("{uin} {}", key.secret_id));
        let access_key = AccessKeyDetail {
            access_key_id: key.secret_id.as_str().to_owned(),
            secret_access_key: key.secret_key,
            status: ACTIVE,
            create_time: time::plain(key.created_at),
            description,
        };
        Ok(CreatedAccessKey { access_key })
    }
}

/// Enables or disables an access key.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct UpdateAccessKey {
    access_key_id: String,
    status: String,
    target_uin: Option<u64>,
}

impl Action for UpdateAccessKey {
    action! { cam::UpdateAccessKey: Write, (u64, String, bool) => () }
    fn check(self, by: &Identity) -> CloudResult<Self::Checked> {
        let uin = holder_uin(by, self.target_uin)?;
        let active = match self.status.as_str() {
            ACTIVE => lasting_only(by).map(|()| true)?,
            INACTIVE => false,
            _ => return Err(wrong("Status must be Active or Inactive")),
        };
        Ok((uin, self.access_key_id, active))
    }
    fn needs((uin, ..): &Self::Checked) -> Needs {
        on_user(Self::ROW, *uin).into()
    }
    fn target((_, key, _): &Self::Checked) -> Option<String> {
        Some(key.clone())
    }
    async fn run((uin, key, active): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        service(&call).set_key_active(call.act(), &call.account(), uin, &key, active).await.map_err(of_keys)
    }
}

/// Deletes an access key.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteAccessKey {
    access_key_id: String,
    target_uin: Option<u64>,
}

impl Action for DeleteAccessKey {
    action! { cam::DeleteAccessKey: Write, (u64, String) => () }
    fn check(self, by: &Identity) -> CloudResult<(u64, String)> {
        Ok((holder_uin(by, self.target_uin)?, self.access_key_id))
    }
    fn needs((uin, _): &(u64, String)) -> Needs {
        on_user(Self::ROW, *uin).into()
    }
    fn target((_, key): &(u64, String)) -> Option<String> {
        Some(key.clone())
    }
    async fn run((uin, key): (u64, String), call: Allowed<'_, Write>) -> CloudResult<()> {
        service(&call).delete_key(call.act(), &call.account(), uin, &key).await.map_err(of_keys)
    }
}

/// Lists the access keys of an account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListAccessKeys {
    target_uin: Option<u64>,
}

/// The answer to [`ListAccessKeys`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AccessKeys {
    access_keys: Vec<ListedKey>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListedKey {
    access_key_id: String,
    status: &'static str,
    create_time: String,
    description: String,
}

impl Action for ListAccessKeys {
    action! { cam::ListAccessKeys: Read, u64 => AccessKeys }
    fn check(self, by: &Identity) -> CloudResult<u64> {
        holder_uin(by, self.target_uin)
    }
    fn needs(uin: &u64) -> Needs {
        on_user(Self::ROW, *uin).into()
    }
    async fn run(uin: u64, call: Allowed<'_, Read>) -> CloudResult<AccessKeys> {
        let keys = service(&call).list_keys(&call.account(), uin).await.map_err(of_keys)?;
        let keys = keys.into_iter().map(|key| ListedKey {
            access_key_id: key.secret_id.as_str().to_owned(),
            status: status(key.active),
            create_time: time::plain(key.created_at),
            description: key.description,
        });
        Ok(AccessKeys { access_keys: keys.collect() })
    }
}

/// Returns when access keys were last used.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetSecurityLastUsed {
    secret_id_list: Vec<String>,
}

/// The answer to [`GetSecurityLastUsed`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LastUsed {
    secret_id_last_used_rows: Vec<LastUsedRow>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LastUsedRow {
    secret_id: String,
    last_used_date: Option<String>,
    last_secret_used_date: Option<i64>,
}

impl Action for GetSecurityLastUsed {
    action! { cam::GetSecurityLastUsed: Read, Vec<String> => LastUsed }
    fn check(self, _: &Identity) -> CloudResult<Vec<String>> {
        if self.secret_id_list.is_empty() || self.secret_id_list.len() > MAX_KEYS_AT_ONCE {
            let message = format!("SecretIdList must have 1 to {MAX_KEYS_AT_ONCE} members");
            return Err(CloudError::new(Code::InvalidParameter, message));
        }
        Ok(self.secret_id_list)
    }
    async fn run(ids: Vec<String>, call: Allowed<'_, Read>) -> CloudResult<LastUsed> {
        let keys = service(&call).own_keys(&call.account(), &ids).await?;
        let rows = keys.into_iter().map(|key| LastUsedRow {
            secret_id: key.secret_id.as_str().to_owned(),
            last_used_date: key.last_used_at.map(|at| time::plain(at).chars().take("YYYY-MM-DD".len()).collect()),
            last_secret_used_date: key.last_used_at.map(|at| at.as_secs()),
        });
        Ok(LastUsed { secret_id_last_used_rows: rows.collect() })
    }
}
