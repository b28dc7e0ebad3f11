//! Long-term passwords for docker, each good for one instance.
//!
//! One is the number of its row and a random secret, of which the row has the hash. Nothing of it is sealed: it outlives the
//! master key, because the programs that it is for (a kubelet with a pull secret) do not come and ask for another one. It
//! ends when it is disabled or deleted, and when its account is disabled or gets other credentials.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roadstead_storage::meta::{InstanceToken, NewInstanceToken};
use roadstead_storage::types::RegistryId;
use zeroize::Zeroizing;

use crate::auth::{Auth, Inner};
use crate::cache::Read;
use crate::error::{AuthenticationError, Error, Result};
use crate::identity::Identity;
use crate::random;
use crate::registry_token::{PREFIX, RegistryPassword};
use crate::session::{Session, SessionKind};

/// How long one is good for: ten years.
const LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// How many an instance has at most.
const MAX_TOKENS: u64 = 1000;

/// The first byte of these tokens. What is sealed begins with another one.
const FORMAT: u8 = 2;
/// Bytes of the number of a row.
const ROW: usize = 8;
/// Bytes of the secret.
const SECRET: usize = 32;

/// What somebody came with.
#[derive(PartialEq, Eq)]
pub(crate) struct Presented {
    row: i64,
    secret: Zeroizing<[u8; SECRET]>,
}

impl Presented {
    /// What a password says, if it has the form of these tokens.
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
        let row = self.inner.meta.insert_instance_token(&new, MAX_TOKENS, now).await?;
        let password = Presented { row, secret }.password();
        Ok((id, RegistryPassword { username: identity.uin.clone(), password, expires_at }))
    }
}

impl Inner {
    /// Who signs in with a long-term token.
    pub(crate) async fn check_instance_token(
        &self,
        registry: RegistryId,
        username: &str,
        presented: &Presented,
    ) -> std::result::Result<Arc<Identity>, AuthenticationError> {
        const BAD: AuthenticationError = AuthenticationError::BadCredentials;
        let known = self.good_token(registry, presented.row).await?.ok_or(BAD)?;
        let hash = digest(&SHA256, &*presented.secret);
        verify_slices_are_equal(hash.as_ref(), &known.hash).map_err(|_| BAD)?;
        let identity = self.current(known.account, known.credential_version).await?.ok_or(BAD)?;
        if identity.uin.as_str() != username {
            return Err(BAD);
        }
        let kind = SessionKind::InstanceToken { registry, token: known.row, key: None };
        Ok(identity.in_session(Session { kind, policy: None, expires_at: known.expires_at, origin: None }))
    }

    /// The long-term token in this row, if it may be used in this registry.
    pub(crate) async fn good_token(
        &self,
        registry: RegistryId,
        row: i64,
    ) -> std::result::Result<Option<Arc<InstanceToken>>, roadstead_storage::Error> {
        let load = async |at| {
            // That there is none is not kept: anybody may ask for a row that is yet to be.
            let found = self.meta.instance_token_row(row).await?;
            Ok::<_, roadstead_storage::Error>(found.map(|token| Read { value: Arc::new(token), at }))
        };
        let (found, _) = self.caches.row(&self.caches.instance_tokens, row, load).await?;
        let now = self.clock.now();
        let good = |token: &Arc<InstanceToken>| token.enabled && token.registry == registry && now < token.expires_at;
        Ok(found.map(|read| read.value).filter(good))
    }
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
        // What is sealed.
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
