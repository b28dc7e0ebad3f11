//! Shared code of the actions that create temporary keys.

use std::borrow::Cow;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use roadstead_auth::{Error as AuthError, Identity, NewSession, TemporaryKey, app_id};
use roadstead_policy::{Author, Policy, PolicyError, Use};
use roadstead_types::{AccountId, Uin};
use serde::Serialize;

use crate::action::CloudCall;
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use roadstead_types::time;

/// A temporary key and its expiry.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Issued {
    credentials: Credentials,
    expired_time: i64,
    expiration: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    token: String,
    tmp_secret_id: String,
    tmp_secret_key: String,
}

impl From<TemporaryKey> for Issued {
    fn from(key: TemporaryKey) -> Self {
        let TemporaryKey { secret_id, secret_key, token, expires_at } = key;
        let credentials =
            Credentials { token, tmp_secret_id: secret_id, tmp_secret_key: secret_key.as_str().to_owned() };
        Self { credentials, expired_time: expires_at.as_secs(), expiration: time::iso(expires_at) }
    }
}

/// Creates the temporary key.
pub(super) fn issue(
    call: &CloudCall<'_>,
    session: NewSession<'_>,
    policy: Option<&str>,
    lifetime: Duration,
) -> CloudResult<Issued> {
    match call.auth().issue_temporary(call.identity, session, policy, lifetime, call.key) {
        Ok(key) => Ok(key.into()),
        Err(AuthError::TokenTooLarge) => Err(Code::InvalidParameterPolicyTooLong.into()),
        Err(AuthError::Session) => Err(Code::FailedOperationTempKeyNotAllowed.into()),
        Err(other) => Err(CloudError::internal(other)),
    }
}

/// Returns the lifetime of a session, which must not exceed `most` seconds.
pub(super) fn lifetime(asked: Option<i64>, default: i64, most: i64) -> CloudResult<Duration> {
    let seconds = asked.unwrap_or(default);
    match u64::try_from(seconds) {
        Ok(seconds @ 1..) if asked.is_none_or(|asked| asked <= most) => {
            // The default lifetime is shortened if it exceeds the maximum.
            Ok(Duration::from_secs(seconds).min(Duration::from_secs(u64::try_from(most).unwrap_or(0))))
        }
        _ => {
            let message = format!("DurationSeconds must be from 1 to {most}");
            Err(CloudError::new(Code::InvalidParameterOverTimeError, message))
        }
    }
}

/// Checks the name of a session.
pub(super) fn check_name(parameter: &str, name: &str, least: usize) -> CloudResult<()> {
    let fits = (least..=128).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b));
    if fits {
        return Ok(());
    }
    let message = format!("{parameter} must be {least} to 128 letters, digits or characters of _+=,.@-");
    Err(CloudError::new(Code::InvalidParameterParamError, message))
}

/// Parses the policy of a session in this main account and returns its canonical form. Clients encode it once, like a
/// part of a URL.
pub(super) fn policy(text: &str, owner: AccountId, owner_uin: &Uin) -> CloudResult<String> {
    let text = text.trim();
    let text = if text.starts_with('{') { Cow::Borrowed(text) } else { decoded(text)? };
    let author = Author { owner_uin, app_id: app_id(owner) };
    let parsed = Policy::parse(&text, Use::Session, &author).map_err(refused)?;
    Ok(parsed.canonical)
}

/// Parses the policy of a session in the caller's own main account.
pub(super) fn own_policy(text: &str, identity: &Identity) -> CloudResult<String> {
    policy(text, identity.owner, &identity.owner_uin)
}

fn refused(error: PolicyError) -> CloudError {
    let code = match error.code.strip_prefix("InvalidParameter.").unwrap_or(error.code) {
        "PolicyDocumentError" => Code::InvalidParameterStrategyFormatError,
        "PolicyDocumentLengthOverLimit" => Code::InvalidParameterPolicyTooLong,
        "GrantOtherResource" | "ResourceUinError" => Code::InvalidParameterGrantOtherResource,
        resource if resource.starts_with("Resource") => Code::InvalidParameterResouceError,
        _ => Code::InvalidParameterStrategyInvalid,
    };
    CloudError::new(code, error.message)
}

/// Percent-decodes a text, and turns plus signs into spaces, as in forms.
fn decoded(text: &str) -> CloudResult<Cow<'static, str>> {
    let spaced = text.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(plain) => Ok(Cow::Owned(plain.into_owned())),
        Err(_) => Err(CloudError::new(Code::InvalidParameterStrategyFormatError, "Policy is not encoded UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_decoded_once() {
        assert_eq!(decoded("%7B%22a%22%3A+%22%2525%22%7d").ok().as_deref(), Some(r#"{"a": "%25"}"#));
        assert_eq!(decoded("100%").ok().as_deref(), Some("100%"));
        assert!(decoded("%ff").is_err());
    }

    #[test]
    fn lifetimes_have_bounds() {
        let seconds = |asked, default, most| lifetime(asked, default, most).ok().map(|lifetime| lifetime.as_secs());
        assert_eq!(seconds(None, 1800, 7200), Some(1800));
        assert_eq!(seconds(None, 7200, 3600), Some(3600), "the default fits always");
        assert_eq!(seconds(Some(7200), 1800, 7200), Some(7200));
        for wrong in [7201, 0, -1, i64::MAX, i64::MIN] {
            assert_eq!(seconds(Some(wrong), 1800, 7200), None, "{wrong}");
        }
    }
}
