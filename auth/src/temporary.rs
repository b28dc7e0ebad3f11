//! Temporary keys (STS). Nothing of them is stored: the token is sealed and holds what the session is; the two halves of
//! the key are derived from the token. So the key says nothing without its token, and neither can be made without the
//! master key.
//!
//! A session ends at its time, and at once when the credentials of the account that asked for it change (password,
//! status), when the access key that it was asked for with is disabled or deleted, when a main account that it needs is
//! disabled, and when its role is deleted or gets another trust policy.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roadstead_storage::types::{AccountId, RoleId, SecretId, Timestamp, Uin};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::auth::{Auth, Inner};
use crate::cache::Read;
use crate::cam::{Author, Policy, Use};
use crate::error::{AuthenticationError, Error, Result};
use crate::identity::Identity;
use crate::permissions::app_id;
use crate::session::{Session, SessionKind};

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

/// What is sealed in a token. The names are short because the token is.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    /// The account that asked for it, and the version of its credentials.
    a: (i64, i64),
    /// The main account that the session acts in.
    o: (i64, String),
    /// From when to when, in milliseconds.
    t: (i64, i64),
    /// The role (id, version, name of the session).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<(i64, i64, String)>,
    /// The name of a federation session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    f: Option<String>,
    /// The policy of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<String>,
    /// The access key that it was asked for with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k: Option<String>,
}

/// A token that was opened. Its times and what it depends on are looked at on every use.
pub(crate) struct OpenedToken {
    secret_id: String,
    secret_key: Zeroizing<String>,
    account: AccountId,
    credential_version: i64,
    key: Option<SecretId>,
    owner: AccountId,
    owner_uin: Uin,
    issued_at: Timestamp,
    expires_at: Timestamp,
    session: Arc<Session>,
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
        let (owner, role, federation) = match session {
            NewSession::Role { id, version, owner, owner_uin, session_name } => {
                ((owner, owner_uin), Some((id.get(), version, session_name.to_owned())), None)
            }
            NewSession::Federation { name } => ((caller.owner, &caller.owner_uin), None, Some(name.to_owned())),
        };
        let contents = Contents {
            a: (caller.account.get(), caller.credential_version),
            o: (owner.0.get(), owner.1.as_str().to_owned()),
            t: (now.as_millis(), expires_at.as_millis()),
            r: role,
            f: federation,
            p: policy.map(str::to_owned),
            k: key.map(ToString::to_string),
        };
        let json = serde_json::to_vec(&contents).map_err(|_| Error::Crypto { op: "write a session" })?;
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
        let now = self.inner.clock.now();
        let leeway = self.inner.params.leeway;
        let is_now = now >= opened.issued_at.before(leeway) && now < opened.expires_at;
        if opened.secret_id != secret_id || !is_now || !self.inner.holds(&opened).await? {
            return Err(BAD);
        }
        let base = self.inner.current(opened.account, opened.credential_version).await?.ok_or(BAD)?;
        let identity = Identity {
            owner: opened.owner,
            owner_uin: opened.owner_uin.clone(),
            session: Some(Arc::clone(&opened.session)),
            ..(*base).clone()
        };
        Ok((opened.secret_key.clone(), Arc::new(identity)))
    }
}

impl Inner {
    /// The two halves of the key that belongs to a token.
    fn halves(&self, token: &str) -> (String, Zeroizing<String>) {
        let derive = |purpose| URL_SAFE_NO_PAD.encode(Zeroizing::new(self.sealer.derive(purpose, token.as_bytes())));
        (format!("AKID{}", derive("id of a temporary key")), Zeroizing::new(derive("secret of a temporary key")))
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
        let opened = Arc::new(self.read(token, serde_json::from_slice(&json).ok()?)?);
        if self.clock.now() < opened.expires_at {
            self.caches.temporary.insert(key, Arc::clone(&opened));
        }
        Some(opened)
    }

    fn read(&self, token: &str, contents: Contents) -> Option<OpenedToken> {
        let Contents { a: (account, credential_version), o: (owner, owner_uin), t: (from, to), r, f, p, k } = contents;
        let (owner, owner_uin): (AccountId, Uin) = (AccountId::new(owner), owner_uin.parse().ok()?);
        let key = k.map(|key| key.parse()).transpose().ok()?;
        let kind = match (r, f) {
            (Some((id, version, session_name)), None) => {
                SessionKind::Role { id: RoleId::new(id), version, session_name }
            }
            (None, Some(name)) => SessionKind::Federation { name },
            _ => return None,
        };
        let author = Author { owner_uin: &owner_uin, app_id: app_id(owner) };
        let policy = p.map(|text| Arc::new(Policy::stored(&text, Use::Session, &author)));
        let expires_at = Timestamp::from_millis(to);
        let (secret_id, secret_key) = self.halves(token);
        Some(OpenedToken {
            secret_id,
            secret_key,
            account: AccountId::new(account),
            credential_version,
            key,
            owner,
            owner_uin,
            issued_at: Timestamp::from_millis(from),
            expires_at,
            session: Arc::new(Session { kind, policy, expires_at }),
        })
    }

    /// Whether what the session depends on, besides the account that asked for it, is as it was.
    async fn holds(&self, opened: &OpenedToken) -> std::result::Result<bool, roadstead_storage::Error> {
        if !self.key_holds(opened.key.as_ref(), opened.account).await? {
            return Ok(false);
        }
        match opened.session.kind {
            SessionKind::Role { id, version, .. } => {
                let load = async |at| {
                    let found = self.meta.role_version(id).await?;
                    Ok::<_, roadstead_storage::Error>(found.map(|value| Read { value, at }))
                };
                let (role, _) = self.caches.row(&self.caches.roles, id, load).await?;
                let same = role.is_some_and(|role| role.value.owner == opened.owner && role.value.version == version);
                Ok(same && self.is_active(opened.owner).await?)
            }
            SessionKind::Federation { .. } => Ok(true),
            SessionKind::InstanceToken { .. } => Ok(false),
        }
    }
}
