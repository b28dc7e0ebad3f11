//! Passwords for docker that the registry makes itself. Each is valid for one registry and for the account that asked
//! for it.
//!
//! Temporary ones ([`Auth::temporary_password`]) are sealed with the master key, so nobody can forge one. Checking
//! one needs neither the database nor a password hash. They are stored nowhere, end with the access key that made
//! them, and become void when their account is disabled or gets other credentials. Long-term ones have a row
//! ([`Auth::create_instance_token`]).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roadstead_types::{AccountId, RegistryId, SecretId, Timestamp};
use zeroize::Zeroizing;

use crate::auth::{Auth, Inner};
use crate::error::{AuthenticationError, Result};
use crate::identity::Identity;
use crate::instance_token::Presented;
use crate::registry_password::{PREFIX, RegistryPassword};
use crate::session::{Session, SessionKind};
use crate::token::HadWith;

/// The context in which temporary passwords are sealed.
const CONTEXT: &str = "registry-token";
/// How long a temporary password is valid.
const TEMPORARY: Duration = Duration::from_secs(60 * 60);

/// The row id of temporary passwords, which have no row.
const NO_ROW: i64 = 0;

/// Characters of the id of an access key.
const KEY: usize = 36;
/// Bytes of registry, account, version of its credentials, end and row: eight each.
const FIXED: usize = 40;
/// Bytes that sealing adds: format, nonce and tag.
const SEAL: usize = 29;

/// The content of a temporary password.
#[derive(PartialEq, Eq)]
struct Content {
    registry: RegistryId,
    account: AccountId,
    credential_version: i64,
    expires_at: Timestamp,
    /// The access key that asked for it, if there was one.
    key: Option<SecretId>,
}

impl Content {
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let key = self.key.as_ref().map_or(&[][..], |key| key.as_str().as_bytes());
        let expires_at = self.expires_at.as_millis();
        let numbers = [self.registry.get(), self.account.get(), self.credential_version, expires_at, NO_ROW];
        let mut bytes = Zeroizing::new(Vec::with_capacity(FIXED + key.len()));
        for number in numbers {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(key);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, key) = bytes.split_at_checked(FIXED)?;
        let number = |at: usize| Some(i64::from_be_bytes(numbers.get(at * 8..(at + 1) * 8)?.try_into().ok()?));
        let key = match (number(4)?, key) {
            (NO_ROW, []) => None,
            (NO_ROW, key) => Some(std::str::from_utf8(key).ok()?.parse().ok()?),
            _ => return None,
        };
        Some(Self {
            registry: RegistryId::new(number(0)?),
            account: AccountId::new(number(1)?),
            credential_version: number(2)?,
            expires_at: Timestamp::from_millis(number(3)?),
            key,
        })
    }
}

/// Returns the sealed bytes of a text that has the form of a temporary password.
fn sealed_bytes(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
    [SEAL + FIXED, SEAL + FIXED + KEY].contains(&bytes.len()).then_some(bytes)
}

/// Tells whether a password has the form of a token. Then it is a token, or wrong.
pub(crate) fn is_token(password: &str) -> bool {
    sealed_bytes(password).is_some() || Presented::parse(password).is_some()
}

impl Auth {
    /// Makes a password for docker that is valid in this registry for an hour. A client that uses it acts as
    /// `identity`. If that is a session, the password ends with the session. It also ends with `key`, the access key
    /// that asked for it. The password of a session depends on everything that the session depends on.
    ///
    /// # Errors
    /// `TokenTooLarge` for a session with a long policy; `Crypto` when the cryptographic library fails, which it does
    /// not.
    pub fn temporary_password(
        &self,
        identity: &Identity,
        registry: RegistryId,
        key: Option<&SecretId>,
    ) -> Result<RegistryPassword> {
        if let Some(session) = identity.session.as_deref() {
            return self.inner.session_password(identity, session, registry, TEMPORARY);
        }
        let expires_at = self.inner.clock.now().after(TEMPORARY);
        self.inner.seal_token(
            identity,
            Content {
                registry,
                account: identity.account,
                credential_version: identity.credential_version,
                expires_at,
                key: key.cloned(),
            },
        )
    }
}

impl Inner {
    fn seal_token(&self, identity: &Identity, content: Content) -> Result<RegistryPassword> {
        let sealed = self.sealer.seal(CONTEXT, &content.to_bytes())?;
        let mut password = String::from(PREFIX);
        URL_SAFE_NO_PAD.encode_string(sealed, &mut password);
        Ok(RegistryPassword { username: identity.uin.clone(), password, expires_at: content.expires_at })
    }

    /// Returns the identity behind a token.
    pub(crate) async fn check_token(
        &self,
        registry: RegistryId,
        username: &str,
        password: &str,
        address: IpAddr,
    ) -> std::result::Result<Arc<Identity>, AuthenticationError> {
        const BAD: AuthenticationError = AuthenticationError::BadCredentials;
        if let Some(presented) = Presented::parse(password) {
            return self.check_instance_token(registry, username, &presented, address).await;
        }
        let sealed = sealed_bytes(password).ok_or(BAD)?;
        let content = self.sealer.open(CONTEXT, &sealed).ok().and_then(|plain| Content::from_bytes(&plain));
        let content = content.filter(|content| content.registry == registry && self.clock.now() < content.expires_at);
        let Content { account, credential_version, key, expires_at, .. } = content.ok_or(BAD)?;
        let identity = self.current(account, credential_version).await?.ok_or(BAD)?;
        if identity.uin.as_str() != username || !self.key_holds(key.as_ref(), account).await? {
            return Err(BAD);
        }
        let kind = SessionKind::InstanceToken { registry, token: NO_ROW, key };
        Ok(identity.in_session(Session { kind, policy: None, expires_at, origin: None }))
    }

    /// Returns the identity behind a bearer token whose account signed in with a registry token. Fails when the
    /// latter is no longer valid.
    pub(crate) async fn with_instance_token(
        &self,
        registry: RegistryId,
        identity: &Identity,
        had_with: &HadWith,
    ) -> std::result::Result<Arc<Identity>, AuthenticationError> {
        let HadWith { row: token, expires_at, ref key } = *had_with;
        let good = match token {
            NO_ROW => self.key_holds(key.as_ref(), identity.account).await?,
            row => {
                let found = self.known_token(row, async || Ok(())).await?;
                let found = found.filter(|token| self.token_holds(token, registry));
                found.is_some_and(|token| token.account == identity.account)
            }
        };
        if !good || self.clock.now() >= expires_at {
            return Err(AuthenticationError::BadCredentials);
        }
        let kind = SessionKind::InstanceToken { registry, token, key: key.clone() };
        Ok(identity.in_session(Session { kind, policy: None, expires_at, origin: None }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(key: Option<SecretId>) -> Content {
        Content {
            registry: RegistryId::new(7),
            account: AccountId::new(8),
            credential_version: 9,
            expires_at: Timestamp::from_millis(10),
            key,
        }
    }

    #[test]
    fn a_token_says_what_it_was_made_for() {
        let some: SecretId = format!("AKID{}", "x".repeat(KEY - 4)).parse().unwrap();
        for key in [None, Some(some)] {
            let bytes = content(key.clone()).to_bytes();
            assert!(Content::from_bytes(&bytes) == Some(content(key)));
            for length in (0..bytes.len()).filter(|length| *length != FIXED) {
                assert!(Content::from_bytes(&bytes[..length]).is_none(), "{length}");
            }
            let mut longer = bytes.to_vec();
            longer.push(0);
            assert!(Content::from_bytes(&longer).is_none());
            let mut with_row = bytes.to_vec();
            with_row[FIXED - 1] = 1;
            assert!(Content::from_bytes(&with_row).is_none(), "those are not sealed");
        }
    }

    #[test]
    fn tokens_have_a_form_of_their_own() {
        let token = |bytes: usize| format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(vec![0; bytes]));
        for rest in [0, KEY] {
            assert!(is_token(&token(SEAL + FIXED + rest)), "{rest}");
        }
        assert!(is_token(&format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode([2; 41]))));
        for other in ["", "rsd_", "password", "rsd_password", &token(SEAL), &token(200), &token(SEAL + FIXED)[1..]] {
            assert!(!is_token(other), "{other}");
        }
    }
}
