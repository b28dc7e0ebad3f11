//! Access keys.

use roadstead_types::AccountId;
use serde::{Deserialize, Serialize};

use super::{Subject, cam_action, lasting_only, on_all, service, uin_number, user_request, wrong};
use crate::api::cloud::action::NoOutput;
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::time;
use roadstead_service::cam::Error;

/// The most keys of one [`GetSecurityLastUsed`].
const MAX_KEYS_AT_ONCE: usize = 10;

const ACTIVE: &str = "Active";
const INACTIVE: &str = "Inactive";

fn status(active: bool) -> &'static str {
    if active { ACTIVE } else { INACTIVE }
}

/// Whose keys are meant: the target's, or the caller's own. Temporary credentials have no keys of their own, and do not
/// become keys of those whom they act for.
pub(super) fn holder_uin(call: &CloudCall<'_>, target: Option<u64>) -> Result<u64, CloudError> {
    match target {
        Some(uin) => Ok(uin),
        None if call.identity().session.is_some() => Err(Code::AuthFailureUnauthorizedOperation.into()),
        None => Ok(uin_number(&call.identity().uin)),
    }
}

/// The account whose keys are meant, for a caller who is allowed to do `action` to it.
async fn holder(call: &CloudCall<'_>, action: &str, target: Option<u64>) -> Result<AccountId, CloudError> {
    let uin = holder_uin(call, target)?;
    call.permissions.check(&user_request(action, uin))?;
    service(call).key_holder(call.identity(), uin).await.map_err(of_keys)
}

/// Actions on keys have a code of their own for a user that does not exist.
fn of_keys(error: Error) -> CloudError {
    match error {
        Error::UserUnknown => Code::InvalidParameterUserNotExist.into(),
        other => other.into(),
    }
}

fn target_of(target: Option<u64>) -> String {
    target.map(|uin| uin.to_string()).unwrap_or_default()
}

/// Makes an access key.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateAccessKey {
    target_uin: Option<u64>,
    description: Option<String>,
}

/// See [`CreateAccessKey`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedAccessKey {
    access_key: AccessKeyDetail,
}

/// A key with its secret half, for the only time.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AccessKeyDetail {
    access_key_id: String,
    secret_access_key: String,
    status: &'static str,
    create_time: String,
    description: String,
}

cam_action!(CreateAccessKey: Write -> CreatedAccessKey, look up |it| vec![Subject::Keys(it.target_uin)], |it| target_of(it.target_uin), create);

async fn create(it: CreateAccessKey, call: &CloudCall<'_>) -> Result<CreatedAccessKey, CloudError> {
    lasting_only(call)?;
    let uin = holder_uin(call, it.target_uin)?;
    call.note_target(uin.to_string());
    let holder = holder(call, "CreateAccessKey", Some(uin)).await?;
    let description = it.description.unwrap_or_default();
    let key = service(call).create_key(holder, &description).await.map_err(of_keys)?;
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

/// Makes an access key usable or not.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct UpdateAccessKey {
    access_key_id: String,
    status: String,
    target_uin: Option<u64>,
}

cam_action!(UpdateAccessKey: Write -> NoOutput, look up |it| vec![Subject::Keys(it.target_uin)], |it| it.access_key_id.clone(), update);

async fn update(it: UpdateAccessKey, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    let holder = holder(call, "UpdateAccessKey", it.target_uin).await?;
    let active = match it.status.as_str() {
        ACTIVE => {
            lasting_only(call)?;
            true
        }
        INACTIVE => false,
        _ => return Err(wrong("Status must be Active or Inactive")),
    };
    service(call).set_key_active(call.identity(), holder, &it.access_key_id, active).await?;
    Ok(NoOutput {})
}

/// Deletes an access key.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteAccessKey {
    access_key_id: String,
    target_uin: Option<u64>,
}

cam_action!(DeleteAccessKey: Write -> NoOutput, look up |it| vec![Subject::Keys(it.target_uin)], |it| it.access_key_id.clone(), delete);

async fn delete(it: DeleteAccessKey, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    let holder = holder(call, "DeleteAccessKey", it.target_uin).await?;
    service(call).delete_key(call.identity(), holder, &it.access_key_id).await?;
    Ok(NoOutput {})
}

/// Tells about the access keys of an account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListAccessKeys {
    target_uin: Option<u64>,
}

/// See [`ListAccessKeys`].
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

cam_action!(ListAccessKeys: Read -> AccessKeys, look up |it| vec![Subject::Keys(it.target_uin)], |it| target_of(it.target_uin), list);

async fn list(it: ListAccessKeys, call: &CloudCall<'_>) -> Result<AccessKeys, CloudError> {
    let holder = holder(call, "ListAccessKeys", it.target_uin).await?;
    let keys = service(call).list_keys(holder).await?.into_iter().map(|key| ListedKey {
        access_key_id: key.secret_id.as_str().to_owned(),
        status: status(key.active),
        create_time: time::plain(key.created_at),
        description: key.description,
    });
    Ok(AccessKeys { access_keys: keys.collect() })
}

/// Tells when access keys were used last.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetSecurityLastUsed {
    secret_id_list: Vec<String>,
}

/// See [`GetSecurityLastUsed`].
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

cam_action!(GetSecurityLastUsed: Read -> LastUsed, |_| on_all("GetSecurityLastUsed"), |_| String::new(), last_used);

async fn last_used(it: GetSecurityLastUsed, call: &CloudCall<'_>) -> Result<LastUsed, CloudError> {
    if it.secret_id_list.is_empty() || it.secret_id_list.len() > MAX_KEYS_AT_ONCE {
        let message = format!("SecretIdList must have 1 to {MAX_KEYS_AT_ONCE} members");
        return Err(CloudError::new(Code::InvalidParameter, message));
    }
    let keys = service(call).own_keys(call.identity(), &it.secret_id_list).await?;
    let rows = keys.into_iter().map(|key| LastUsedRow {
        secret_id: key.secret_id.as_str().to_owned(),
        last_used_date: key.last_used_at.map(|at| time::plain(at).chars().take("YYYY-MM-DD".len()).collect()),
        last_secret_used_date: key.last_used_at.map(|at| at.as_secs()),
    });
    Ok(LastUsed { secret_id_last_used_rows: rows.collect() })
}
