//! Temporary keys (STS). Nothing about them is stored. The token is sealed and contains the session, and the two
//! halves of the key are derived from the token. So a key is useless without its token, and nobody can make either
//! without the master key.
//!
//! A session ends at its time. It ends early when the credentials of its account change (password, status), when the
//! access key that asked for it is disabled or deleted, when a main account that it needs is disabled, and when its
//! role is deleted or gets another trust policy. A session of a web identity depends on its identity provider in
//! place of the credentials and the key of an account.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use roadstead_types::{AccountId, ProviderId, RoleId, SecretId, Timestamp, Uin};
use zeroize::Zeroizing;

use crate::auth::{Auth, Inner};
use crate::error::{AuthenticationError, Error, Result};
use crate::identity::Identity;
use crate::known::OpenedToken;
use crate::session::{Bound, SealedSession};

/// The most characters of the token of a temporary key.
pub const MAX_TEMPORARY_TOKEN_CHARS: usize = 4096;

/// The context in which tokens are sealed.
const CONTEXT: &str = "temporary key";

/// The session that a temporary key is for.
#[derive(Clone, Copy, Debug)]
pub enum NewSession<'a> {
    /// A session of a role. The caller has checked that the role trusts it.
    Role {
        /// The role.
        id: RoleId,
        /// The version of the trust policy that was checked.
        version: i64,
        /// The main account that the role belongs to.
        owner: AccountId,
        /// The uin of that main account.
        owner_uin: &'a Uin,
        /// The name that the caller gives the session.
        session_name: &'a str,
        /// The identity provider that vouched for the caller, and its version. The session then depends on the
        /// provider and not on credentials of an account.
        provider: Option<(ProviderId, i64)>,
    },
    /// A session of the caller that the policy of the session limits.
    Federation {
        /// The name that the caller gives the session.
        name: &'a str,
    },
}

/// A temporary key.
#[derive(Clone)]
pub struct TemporaryKey {
    /// Its public half: `AKID` and 43 letters, digits, `-` or `_`. Lasting keys are shorter.
    pub secret_id: String,
    /// Its secret half.
    pub secret_key: Zeroizing<String>,
    /// The token that goes with every request that is signed with the key.
    pub token: String,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl fmt::Debug for TemporaryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { secret_id, expires_at, .. } = self;
        let mut debug = f.debug_struct("TemporaryKey");
        debug.field("secret_id", secret_id).field("expires_at", expires_at).finish_non_exhaustive()
    }
}

impl Auth {
    /// Makes a temporary key for `caller`. `policy` limits its rights: a document of
    /// [`Use::Session`](roadstead_policy::Use::Session). The key ends with `key`, the access key that asked for it.
    ///
    /// # Errors
    /// `Session` when the caller is a session itself, `TokenTooLarge` when the policy is too long.
    pub fn issue_temporary(
        &self,
        caller: &Identity,
        session: NewSession<'_>,
        policy: Option<&str>,
        lifetime: Duration,
        key: Option<&SecretId>,
    ) -> Result<TemporaryKey> {
        if caller.session.is_some() {
            return Err(Error::Session);
        }
        let now = self.inner.clock.now();
        let expires_at = now.after(lifetime);
        let (owner, role, federation, provider) = match session {
            NewSession::Role { id, version, owner, owner_uin, session_name, provider } => {
                let provider = provider.map(|(id, version)| (id.get(), version));
                ((owner, owner_uin), Some((id.get(), version, session_name.to_owned())), None, provider)
            }
            NewSession::Federation { name } => ((caller.owner, &caller.owner_uin), None, Some(name.to_owned()), None),
        };
        let origin = SealedSession {
            a: (caller.account.get(), caller.credential_version),
            o: (owner.0.get(), owner.1.as_str().to_owned()),
            t: (now.as_millis(), expires_at.as_millis()),
            r: role,
            f: federation,
            p: policy.map(str::to_owned),
            k: key.map(ToString::to_string),
            w: provider,
        };
        let json = serde_json::to_vec(&origin).map_err(|_| Error::Crypto { op: "write a session" })?;
        let token = URL_SAFE_NO_PAD.encode(self.inner.sealer.seal(CONTEXT, &json)?);
        if token.len() > MAX_TEMPORARY_TOKEN_CHARS {
            return Err(Error::TokenTooLarge);
        }
        let (secret_id, secret_key) = self.inner.halves(&token);
        Ok(TemporaryKey { secret_id, secret_key, token, expires_at })
    }

    /// Returns the secret half of a temporary key and its identity, for a request with `secret_id` and `token`.
    ///
    /// # Errors
    /// `BadCredentials` for a token that is not ours, belongs to another key, or is void (the session has ended, see
    /// above); `Unavailable` when the store cannot be asked.
    pub async fn temporary(
        &self,
        secret_id: &str,
        token: &str,
    ) -> std::result::Result<(Zeroizing<String>, Arc<Identity>), AuthenticationError> {
        const BAD: AuthenticationError = AuthenticationError::BadCredentials;
        let opened = self.inner.opened(token).ok_or(BAD)?;
        if opened.secret_id != secret_id {
            return Err(BAD);
        }
        let identity = self.inner.bound(&opened.bound).await?.ok_or(BAD)?;
        Ok((opened.secret_key.clone(), identity))
    }
}

impl Inner {
    /// Derives the two halves of the key from its token. The secret has no hyphen, because a leading one would look
    /// like an option on a command line.
    fn halves(&self, token: &str) -> (String, Zeroizing<String>) {
        let derive = |alphabet: &GeneralPurpose, purpose| {
            alphabet.encode(Zeroizing::new(self.sealer.derive(purpose, token.as_bytes())))
        };
        let id = derive(&URL_SAFE_NO_PAD, "id of a temporary key");
        (format!("AKID{id}"), Zeroizing::new(derive(&STANDARD_NO_PAD, "secret of a temporary key")))
    }

    /// Opens the token, if it is one of ours.
    fn opened(&self, token: &str) -> Option<Arc<OpenedToken>> {
        if token.len() > MAX_TEMPORARY_TOKEN_CHARS {
            return None;
        }
        let key = self.caches.secret_key(&["temporary", token]);
        if let Some(found) = self.caches.temporary.get(&key) {
            return Some(found);
        }
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        let json = self.sealer.open(CONTEXT, &sealed).ok()?;
        let bound = Bound::of(serde_json::from_slice(&json).ok()?)?;
        let (secret_id, secret_key) = self.halves(token);
        let opened = Arc::new(OpenedToken { secret_id, secret_key, bound });
        if self.clock.now() < opened.bound.expires_at() {
            self.caches.temporary.insert(key, Arc::clone(&opened));
        }
        Some(opened)
    }
}
