//! Temporary keys (STS). Nothing of them is stored: the token is sealed and holds what the session is; the two halves of
//! the key are derived from the token. So the key says nothing without its token, and neither can be made without the
//! master key.
//!
//! A session ends at its time, and at once when the credentials of the account that asked for it change (password,
//! status), when the access key that it was asked for with is disabled or deleted, when a main account that it needs is
//! disabled, and when its role is deleted or gets another trust policy. What was had with the word of an identity provider
//! depends on that provider in place of an account's credentials and key.

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

/// What tokens are sealed for.
const CONTEXT: &str = "temporary key";

/// What a temporary key is asked for.
#[derive(Clone, Copy, Debug)]
pub enum NewSession<'a> {
    /// A session of a role, which the caller was found to be trusted with.
    Role {
        /// The role.
        id: RoleId,
        /// The version of its trust policy that was looked at.
        version: i64,
        /// The main account that the role belongs to.
        owner: AccountId,
        /// Its public number.
        owner_uin: &'a Uin,
        /// What the caller calls the session.
        session_name: &'a str,
        /// The identity provider that vouched for the caller and its version, where that is why the caller is trusted. The
        /// session depends on it, and not on credentials of an account.
        provider: Option<(ProviderId, i64)>,
    },
    /// A session of the caller with no more rights than the session's policy gives.
    Federation {
        /// What the caller calls the session.
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
    /// What goes with every request that is signed with it.
    pub token: String,
    /// When it ends.
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
    /// Makes a temporary key for `caller`. `policy` limits what it is good for: a document of [`Use::Session`]. It does not
    /// outlive `key`, the access key that it was asked for with.
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

    /// The secret half of a temporary key, and whose it is: for a request that came with `secret_id` and `token`.
    ///
    /// # Errors
    /// `BadCredentials` for a token that is not ours, belongs to another key, or is void (see the session's end above);
    /// `Unavailable` when the store cannot be asked.
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
    /// The two halves of the key that belongs to a token. The secret has no hyphen: one that begins with it is an option on
    /// a command line.
    fn halves(&self, token: &str) -> (String, Zeroizing<String>) {
        let derive = |alphabet: &GeneralPurpose, purpose| {
            alphabet.encode(Zeroizing::new(self.sealer.derive(purpose, token.as_bytes())))
        };
        let id = derive(&URL_SAFE_NO_PAD, "id of a temporary key");
        (format!("AKID{id}"), Zeroizing::new(derive(&STANDARD_NO_PAD, "secret of a temporary key")))
    }

    /// The token, if it is one of ours.
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
