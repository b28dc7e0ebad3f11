//! Long-term passwords for docker, each valid in one instance.
//!
//! A password consists of the number of its row and a random secret. The row stores a hash of the secret. Nothing in
//! it is sealed, so it survives a change of the master key. This matters because the programs that use it (a kubelet
//! with a pull secret) do not ask for another one. It ends when it is disabled or deleted, or when its account is
//! disabled or gets other credentials.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roadstead_storage::meta::{Act, InstanceToken, NewInstanceToken};
use roadstead_types::RegistryId;
use zeroize::Zeroizing;

use crate::auth::{Auth, Inner};
use crate::error::{AuthenticationError, Error, Result};
use crate::identity::Identity;
use crate::known::Cached;
use crate::random;
use crate::registry_password::{PREFIX, RegistryPassword};
use crate::session::{Session, SessionKind};

/// How long a token is valid: ten years.
const LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// The most tokens that an instance may have.
const MAX_TOKENS: u64 = 1000;

/// The first byte of these tokens. Sealed tokens begin with another one.
const FORMAT: u8 = 2;
/// Bytes of the number of a row.
const ROW: usize = 8;
/// Bytes of the secret.
const SECRET: usize = 32;

/// A token that a client sent.
#[derive(PartialEq, Eq)]
pub(crate) struct Presented {
    row: i64,
    secret: Zeroizing<[u8; SECRET]>,
}

impl Presented {
    /// Parses a password. `None` if it does not have the form of these tokens.
    pub(crate) fn parse(password: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(password.strip_prefix(PREFIX)?).ok()?);
        let (&FORMAT, rest) = bytes.split_first()? else { return None };
        let (row, secret) = rest.split_at_checked(ROW)?;
        let secret = Zeroizing::new(secret.try_into().ok()?);
        Some(Self { row: i64::from_be_bytes(row.try_into().ok()?), secret })
    }

    fn password(&self) -> String {
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 + ROW + SECRET));
        bytes.push(FORMAT);
        bytes.extend_from_slice(&self.row.to_be_bytes());
        bytes.extend_from_slice(&*self.secret);
        let mut password = String::from(PREFIX);
        URL_SAFE_NO_PAD.encode_string(&*bytes, &mut password);
        password
    }
}

impl Auth {
    /// Makes a password for docker that is valid in this instance for ten years, unless it is disabled or deleted.
    /// Returns it with its public id. A client that uses it acts as `identity`.
    ///
    /// # Errors
    /// `Session` for sessions, `Storage(LimitReached)` when the instance has too many tokens, `Storage(Stale)` when
    /// it no longer exists.
    pub async fn create_instance_token(
        &self,
        act: &Act,
        identity: &Identity,
        registry: RegistryId,
        description: &str,
    ) -> Result<(String, RegistryPassword)> {
        if identity.session.is_some() {
            return Err(Error::Session);
        }
        let now = self.inner.clock.now();
        let expires_at = now.after(LIFETIME);
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
        let row = self.inner.meta.insert_instance_token(act, &new, MAX_TOKENS).await?;
        let password = Presented { row, secret }.password();
        Ok((id, RegistryPassword { username: identity.uin.clone(), password, expires_at }))
    }
}

impl Inner {
    /// Returns the identity behind a long-term token.
    pub(crate) async fn check_instance_token(
        &self,
        registry: RegistryId,
        username: &str,
        presented: &Presented,
        address: IpAddr,
    ) -> std::result::Result<Arc<Identity>, AuthenticationError> {
        const BAD: AuthenticationError = AuthenticationError::BadCredentials;
        let Some(known) = self.presented_token(presented, address).await? else {
            let failed = self.instance_tokens.failed(address, self.clock.now());
            return Err(failed.map_or_else(throttled, |()| BAD));
        };
        // A client that knows the secret is not guessing, so its failure is not counted.
        if !self.token_holds(&known, registry) {
            return Err(BAD);
        }
        let identity = self.current(known.account, known.credential_version).await?.ok_or(BAD)?;
        if identity.uin.as_str() != username {
            return Err(BAD);
        }
        let kind = SessionKind::InstanceToken { registry, token: known.row, key: None };
        Ok(identity.in_session(Session { kind, policy: None, expires_at: known.expires_at, origin: None }))
    }

    /// Returns the long-term token that the client sent, if it exists and the secret is correct.
    async fn presented_token(
        &self,
        presented: &Presented,
        address: IpAddr,
    ) -> std::result::Result<Option<Arc<InstanceToken>>, AuthenticationError> {
        let row = presented.row;
        let is_met = self.caches.met_tokens.get(&row).is_some();
        let turn = async || match is_met {
            true => Ok(None),
            false => self.instance_tokens.turn(address, self.clock.now()).await.map(Some).map_err(throttled),
        };
        let found = self.known_token(row, turn).await?;
        if found.is_none() {
            self.caches.met_tokens.remove(&row);
        }
        let hash = digest(&SHA256, &*presented.secret);
        let found = found.filter(|known| verify_slices_are_equal(hash.as_ref(), &known.hash).is_ok());
        if found.is_some() && !is_met {
            self.caches.met_tokens.insert(row, ());
        }
        Ok(found)
    }

    /// Returns the long-term token in this row. If it is not cached, the store is asked once `turn` has returned, and
    /// the result of `turn` is held during the query.
    pub(crate) async fn known_token<T>(
        &self,
        row: i64,
        turn: impl AsyncFnOnce() -> std::result::Result<T, AuthenticationError>,
    ) -> std::result::Result<Option<Arc<InstanceToken>>, AuthenticationError> {
        let load = async |at| {
            let _turn = turn().await?;
            // A missing row is not cached, because it may be made later.
            let found = self.meta.instance_token_row(row).await?;
            Ok::<_, AuthenticationError>(found.map(|token| Cached { value: Arc::new(token), at }))
        };
        let (found, _) = self.caches.row(&self.caches.instance_tokens, row, load).await?;
        Ok(found.map(|read| read.value))
    }

    /// Tells whether a long-term token may be used in this registry.
    pub(crate) fn token_holds(&self, token: &InstanceToken, registry: RegistryId) -> bool {
        token.enabled && token.registry == registry && self.clock.now() < token.expires_at
    }
}

fn throttled(retry_after: Duration) -> AuthenticationError {
    AuthenticationError::Throttled { retry_after }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_is_a_row_and_a_secret() {
        let presented = || Presented { row: 0x0102_0304_0506_0708, secret: Zeroizing::new([3; SECRET]) };
        let password = presented().password();
        assert_eq!(password, "rsd_AgECAwQFBgcIAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM");
        assert!(Presented::parse(&password) == Some(presented()));
        for other in ["", "rsd_", "password", &password[4..], &password[..password.len() - 2], &format!("{password}AA")]
        {
            assert!(Presented::parse(other).is_none(), "{other}");
        }
        // A sealed token.
        assert!(Presented::parse(&password.replace("rsd_Ag", "rsd_AQ")).is_none());
    }

    proptest! {
        #[test]
        fn no_text_is_two_tokens(text in "rsd_A[gQ][A-Za-z0-9_-]{50,56}") {
            if let Some(presented) = Presented::parse(&text) {
                prop_assert_eq!(presented.password(), text);
            }
        }
    }
}
