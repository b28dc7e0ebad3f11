//! Passwords for docker that the registry makes itself: each is good for one registry, and for the account that asked for
//! it.
//!
//! A token is sealed with the master key, so that nobody can make one up, and whether it is ours is seen without a look
//! into the database and without the price of a password hash. The short-lived ones ([`Auth::temporary_password`]) live
//! nowhere but in their holder's hands, and end with the access key that they were asked for with. The long-lived ones ([`Auth::create_instance_token`]) have a row, and can be
//! disabled and deleted: they hold a secret of which the row has the hash. Both are void when their account is disabled or
//! gets other credentials.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roadstead_storage::meta::{InstanceToken, NewInstanceToken};
use roadstead_storage::types::{AccountId, RegistryId, SecretId, Timestamp, Uin};
use zeroize::Zeroizing;

use crate::auth::{Auth, Inner};
use crate::cache::Read;
use crate::error::{AuthenticationError, Error, Result};
use crate::identity::Identity;
use crate::random;
use crate::session::{Session, SessionKind};
use crate::token::HadWith;

/// How every token begins.
const PREFIX: &str = "rsd_";
/// What tokens are sealed for.
const CONTEXT: &str = "registry-token";
/// How long a temporary password is good for.
const TEMPORARY: Duration = Duration::from_secs(60 * 60);
/// How long a long-term token is good for: ten years.
const LONG_TERM: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// How many long-term tokens an instance has at most.
const MAX_TOKENS: u64 = 1000;

/// The row of tokens that have none.
const NO_ROW: i64 = 0;

/// Bytes of the secret of a long-term token.
const SECRET: usize = 32;
/// Characters of the id of an access key.
const KEY: usize = 36;
/// Registry, account, version of its credentials, end and row, eight bytes each.
const FIXED: usize = 40;
/// Format, nonce and tag of what is sealed.
const SEAL: usize = 29;

/// A password for docker that was made.
#[derive(Clone)]
pub struct RegistryPassword {
    /// The user name that goes with it.
    pub username: Uin,
    /// The password itself: a secret.
    pub password: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl fmt::Debug for RegistryPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { username, password: _, expires_at } = self;
        let mut debug = f.debug_struct("RegistryPassword");
        debug.field("username", username).field("expires_at", expires_at).finish_non_exhaustive()
    }
}

/// What a token says.
#[derive(PartialEq, Eq)]
struct Content {
    registry: RegistryId,
    account: AccountId,
    credential_version: i64,
    expires_at: Timestamp,
    depends_on: DependsOn,
}

/// What a token does not outlive, besides the credentials of its account.
#[derive(PartialEq, Eq)]
enum DependsOn {
    /// The access key that a temporary password was asked for with, if it was one.
    Key(Option<SecretId>),
    /// The row of a long-term token, and the secret whose hash it has.
    Row(i64, Zeroizing<[u8; SECRET]>),
}

impl Content {
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let (row, rest) = match &self.depends_on {
            DependsOn::Key(key) => (NO_ROW, key.as_ref().map_or(&[][..], |key| key.as_str().as_bytes())),
            DependsOn::Row(row, secret) => (*row, &secret[..]),
        };
        let expires_at = self.expires_at.as_millis();
        let numbers = [self.registry.get(), self.account.get(), self.credential_version, expires_at, row];
        let mut bytes = Zeroizing::new(Vec::with_capacity(FIXED + rest.len()));
        for number in numbers {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(rest);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.split_at_checked(FIXED)?;
        let number = |at: usize| Some(i64::from_be_bytes(numbers.get(at * 8..(at + 1) * 8)?.try_into().ok()?));
        let depends_on = match (number(4)?, rest) {
            (NO_ROW, []) => DependsOn::Key(None),
            (NO_ROW, key) => DependsOn::Key(Some(std::str::from_utf8(key).ok()?.parse().ok()?)),
            (row, secret) => DependsOn::Row(row, Zeroizing::new(secret.try_into().ok()?)),
        };
        Some(Self {
            registry: RegistryId::new(number(0)?),
            account: AccountId::new(number(1)?),
            credential_version: number(2)?,
            expires_at: Timestamp::from_millis(number(3)?),
            depends_on,
        })
    }
}

/// The sealed bytes of a token, if a text has the form of one.
fn sealed_bytes(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
    let lengths = [SEAL + FIXED, SEAL + FIXED + SECRET, SEAL + FIXED + KEY];
    lengths.contains(&bytes.len()).then_some(bytes)
}

/// Whether a password has the form of a token. Then it is one, or wrong.
pub(crate) fn is_token(password: &str) -> bool {
    sealed_bytes(password).is_some()
}

impl Auth {
    /// Makes a password for docker that is good for this registry for an hour. Whoever has it acts as `identity`. It
    /// does not outlive `key`, the access key that it was asked for with.
    ///
    /// # Errors
    /// `Session` for sessions, whose limits it would not remember; `Crypto` when the library refuses, which it does not.
    pub fn temporary_password(
        &self,
        identity: &Identity,
        registry: RegistryId,
        key: Option<&SecretId>,
    ) -> Result<RegistryPassword> {
        if identity.session.is_some() {
            return Err(Error::Session);
        }
        let expires_at = self.inner.clock.now().after(TEMPORARY);
        self.inner.seal_token(
            identity,
            Content {
                registry,
                account: identity.account,
                credential_version: identity.credential_version,
                expires_at,
                depends_on: DependsOn::Key(key.cloned()),
            },
        )
    }

    /// Makes a password for docker that is good for this instance for ten years, unless it is disabled or deleted; and its
    /// public id. Whoever has it acts as `identity`.
    ///
    /// # Errors
    /// `Session` for sessions, `Storage(LimitReached)` when the instance has as many as it may, `Storage(Stale)` when it has gone.
    pub async fn create_instance_token(
        &self,
        identity: &Identity,
        registry: RegistryId,
        description: &str,
    ) -> Result<(String, RegistryPassword)> {
        if identity.session.is_some() {
            return Err(Error::Session);
        }
        let now = self.inner.clock.now();
        let expires_at = now.after(LONG_TERM);
        let secret = Zeroizing::new(random::bytes::<SECRET>());
        let id = random::alphanumeric(20).to_ascii_lowercase();
        let hash = digest(&SHA256, &*secret);
        let new = NewInstanceToken {
            id: &id,
            registry,
            account: identity.account,
            credential_version: identity.credential_version,
            hash: hash.as_ref(),
            description,
            expires_at,
        };
        let row = self.inner.meta.insert_instance_token(&new, MAX_TOKENS, now).await?;
        let password = self.inner.seal_token(
            identity,
            Content {
                registry,
                account: identity.account,
                credential_version: identity.credential_version,
                expires_at,
                depends_on: DependsOn::Row(row, secret),
            },
        )?;
        Ok((id, password))
    }
}

impl Inner {
    fn seal_token(&self, identity: &Identity, content: Content) -> Result<RegistryPassword> {
        let sealed = self.sealer.seal(CONTEXT, &content.to_bytes())?;
        let mut password = String::from(PREFIX);
        URL_SAFE_NO_PAD.encode_string(sealed, &mut password);
        Ok(RegistryPassword { username: identity.uin.clone(), password, expires_at: content.expires_at })
    }

    /// Who signs in with a token.
    pub(crate) async fn check_token(
        &self,
        registry: RegistryId,
        username: &str,
        password: &str,
    ) -> std::result::Result<Arc<Identity>, AuthenticationError> {
        const BAD: AuthenticationError = AuthenticationError::BadCredentials;
        let sealed = sealed_bytes(password).ok_or(BAD)?;
        let content = self.sealer.open(CONTEXT, &sealed).ok().and_then(|plain| Content::from_bytes(&plain));
        let content = content.filter(|content| content.registry == registry && self.clock.now() < content.expires_at);
        let Content { account, credential_version, depends_on, expires_at, .. } = content.ok_or(BAD)?;
        let identity = self.current(account, credential_version).await?.ok_or(BAD)?;
        if identity.uin.as_str() != username {
            return Err(BAD);
        }
        let (token, key) = match depends_on {
            DependsOn::Key(key) => {
                if !self.key_holds(key.as_ref(), account).await? {
                    return Err(BAD);
                }
                (NO_ROW, key)
            }
            DependsOn::Row(row, secret) => {
                let known = self.good_token(registry, account, row).await?.ok_or(BAD)?;
                let hash = digest(&SHA256, &*secret);
                verify_slices_are_equal(hash.as_ref(), &known.hash).map_err(|_| BAD)?;
                (row, None)
            }
        };
        let kind = SessionKind::InstanceToken { registry, token, key };
        Ok(identity.in_session(Session { kind, policy: None, expires_at }))
    }

    /// The identity of an account that signed in with a token and got a bearer token, as long as that token is good.
    pub(crate) async fn with_instance_token(
        &self,
        registry: RegistryId,
        identity: &Identity,
        had_with: &HadWith,
    ) -> std::result::Result<Arc<Identity>, AuthenticationError> {
        let HadWith { row: token, expires_at, ref key } = *had_with;
        let good = match token {
            NO_ROW => self.key_holds(key.as_ref(), identity.account).await?,
            row => self.good_token(registry, identity.account, row).await?.is_some(),
        };
        if !good || self.clock.now() >= expires_at {
            return Err(AuthenticationError::BadCredentials);
        }
        let kind = SessionKind::InstanceToken { registry, token, key: key.clone() };
        Ok(identity.in_session(Session { kind, policy: None, expires_at }))
    }

    /// The long-term token in this row, if it may be used.
    async fn good_token(
        &self,
        registry: RegistryId,
        account: AccountId,
        row: i64,
    ) -> std::result::Result<Option<Arc<InstanceToken>>, roadstead_storage::Error> {
        let load = async |at| {
            let value = self.meta.instance_token_row(row).await?.map(Arc::new);
            // That there is none is kept too: rows have numbers of their own for ever.
            Ok::<_, roadstead_storage::Error>(Some(Read { value, at }))
        };
        let (found, _) = self.caches.row(&self.caches.instance_tokens, row, load).await?;
        let now = self.clock.now();
        let good = |token: &Arc<InstanceToken>| {
            token.enabled && token.registry == registry && token.account == account && now < token.expires_at
        };
        Ok(found.and_then(|read| read.value).filter(good))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> DependsOn {
        DependsOn::Key(Some(format!("AKID{}", "x".repeat(KEY - 4)).parse().unwrap()))
    }

    fn content(depends_on: DependsOn) -> Content {
        Content {
            registry: RegistryId::new(7),
            account: AccountId::new(8),
            credential_version: 9,
            expires_at: Timestamp::from_millis(10),
            depends_on,
        }
    }

    #[test]
    fn a_token_says_what_it_was_made_for() {
        let row = || DependsOn::Row(11, Zeroizing::new([3; SECRET]));
        let none = || DependsOn::Key(None);
        for depends_on in [none, key, row] {
            let bytes = content(depends_on()).to_bytes();
            assert!(Content::from_bytes(&bytes) == Some(content(depends_on())));
            for length in (0..bytes.len()).filter(|length| *length != FIXED || depends_on() == row()) {
                // Without its secret a token with a row is none; without its row one with a secret is none.
                assert!(Content::from_bytes(&bytes[..length]).is_none(), "{length}");
            }
            let mut longer = bytes.to_vec();
            longer.push(0);
            assert!(Content::from_bytes(&longer).is_none());
        }
    }

    #[test]
    fn tokens_have_a_form_of_their_own() {
        let token = |bytes: usize| format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(vec![0; bytes]));
        for rest in [0, SECRET, KEY] {
            assert!(is_token(&token(SEAL + FIXED + rest)), "{rest}");
        }
        for other in ["", "rsd_", "password", "rsd_password", &token(SEAL), &token(200), &token(SEAL + FIXED)[1..]] {
            assert!(!is_token(other), "{other}");
        }
    }
}
