//! Shared code of the actions that create temporary keys.

use percent_encoding::percent_decode_str;
use roadstead_auth::TemporaryKey;
use serde::Serialize;

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

/// Returns the text of a policy. Clients encode it like a part of a URL, once.
pub(super) fn policy(text: &str) -> CloudResult<String> {
    let text = text.trim();
    if text.starts_with('{') { Ok(text.to_owned()) } else { decoded(text) }
}

/// Percent-decodes a text, and turns plus signs into spaces, as in forms.
fn decoded(text: &str) -> CloudResult<String> {
    let spaced = text.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(plain) => Ok(plain.into_owned()),
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
}
