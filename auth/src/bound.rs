//! What a session is, as its holder carries it: sealed in the token of a temporary key, sealed in a password for docker,
//! signed in a bearer token. And what it depends on, which is looked at on every use.

use std::sync::Arc;

use roadstead_types::{AccountId, ProviderId, RoleId, SecretId, Timestamp, Uin};
use serde::{Deserialize, Serialize};

use crate::auth::Inner;
use crate::cache::Read;
use crate::identity::Identity;
use crate::permissions::app_id;
use crate::session::{Session, SessionKind};
use roadstead_policy::{Author, Policy, Use};

type Stored<T> = Result<T, roadstead_storage::Error>;

/// What a [`Session`] can be made from again. The names are short because what holds it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The account that asked for it, and the version of its credentials; the main account, where nobody with an account
    /// asked.
    pub(crate) a: (i64, i64),
    /// The main account that the session acts in.
    pub(crate) o: (i64, String),
    /// From when to when, in milliseconds.
    pub(crate) t: (i64, i64),
    /// The role (id, version, name of the session).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) r: Option<(i64, i64, String)>,
    /// The name of a federation session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) f: Option<String>,
    /// The policy of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) p: Option<String>,
    /// The access key that it was asked for with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) k: Option<String>,
    /// The identity provider that vouched for who asked (id, version).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) w: Option<(i64, i64)>,
}

impl Origin {
    /// The same, with an end that is no later than `end`.
    pub(crate) fn until(&self, end: Timestamp) -> Self {
        Self { t: (self.t.0, self.t.1.min(end.as_millis())), ..self.clone() }
    }
}

/// A session and what it depends on.
pub(crate) struct Bound {
    account: AccountId,
    credential_version: i64,
    key: Option<SecretId>,
    /// An identity provider and its version, in place of an account's credentials.
    provider: Option<(ProviderId, i64)>,
    owner: AccountId,
    owner_uin: Uin,
    issued_at: Timestamp,
    session: Arc<Session>,
}

impl Bound {
    /// `None` for what was never made.
    pub(crate) fn of(origin: Origin) -> Option<Self> {
        let (owner, owner_uin): (AccountId, Uin) = (AccountId::new(origin.o.0), origin.o.1.parse().ok()?);
        let key = origin.k.as_ref().map(|key| key.parse()).transpose().ok()?;
        let kind = match (&origin.r, &origin.f) {
            (Some((id, version, session_name)), None) => {
                SessionKind::Role { id: RoleId::new(*id), version: *version, session_name: session_name.clone() }
            }
            (None, Some(name)) => SessionKind::Federation { name: name.clone() },
            _ => return None,
        };
        let author = Author { owner_uin: &owner_uin, app_id: app_id(owner) };
        let policy = origin.p.as_ref().map(|text| Arc::new(Policy::stored(text, Use::Session, &author)));
        let expires_at = Timestamp::from_millis(origin.t.1);
        Some(Self {
            account: AccountId::new(origin.a.0),
            credential_version: origin.a.1,
            key,
            provider: origin.w.map(|(id, version)| (ProviderId::new(id), version)),
            owner,
            owner_uin,
            issued_at: Timestamp::from_millis(origin.t.0),
            session: Arc::new(Session { kind, policy, expires_at, origin: Some(Arc::new(origin)) }),
        })
    }

    /// When it ends.
    pub(crate) fn expires_at(&self) -> Timestamp {
        self.session.expires_at
    }
}

impl Inner {
    /// Who acts in a session, if it has begun, has not ended, and everything that it depends on is as it was.
    pub(crate) async fn bound(&self, bound: &Bound) -> Stored<Option<Arc<Identity>>> {
        let now = self.clock.now();
        let is_now = now >= bound.issued_at.before(self.params.leeway) && now < bound.expires_at();
        if !is_now || !self.holds(bound).await? {
            return Ok(None);
        }
        let base = match bound.provider {
            // Nobody's credentials were used.
            Some(_) => self.active(bound.account).await?,
            None => self.current(bound.account, bound.credential_version).await?,
        };
        Ok(base.map(|base| {
            Arc::new(Identity {
                owner: bound.owner,
                owner_uin: bound.owner_uin.clone(),
                session: Some(Arc::clone(&bound.session)),
                ..(*base).clone()
            })
        }))
    }

    /// Whether what the session depends on, besides the account that asked for it, is as it was.
    async fn holds(&self, bound: &Bound) -> Stored<bool> {
        if !self.key_holds(bound.key.as_ref(), bound.account).await? || !self.provider_holds(bound).await? {
            return Ok(false);
        }
        match bound.session.kind {
            SessionKind::Role { id, version, .. } => {
                let load = async |at| {
                    let found = self.meta.role_version(id).await?;
                    Ok::<_, roadstead_storage::Error>(found.map(|value| Read { value, at }))
                };
                let (role, _) = self.caches.row(&self.caches.roles, id, load).await?;
                let same = role.is_some_and(|role| role.value.owner == bound.owner && role.value.version == version);
                Ok(same && self.is_active(bound.owner).await?)
            }
            SessionKind::Federation { .. } => Ok(true),
            SessionKind::InstanceToken { .. } => Ok(false),
        }
    }

    async fn provider_holds(&self, bound: &Bound) -> Stored<bool> {
        let Some((id, version)) = bound.provider else { return Ok(true) };
        let load = async |at| {
            let found = self.meta.provider_version(id).await?;
            Ok::<_, roadstead_storage::Error>(found.map(|value| Read { value, at }))
        };
        let (found, _) = self.caches.row(&self.caches.providers, id, load).await?;
        Ok(found.is_some_and(|found| found.value.owner == bound.owner && found.value.version == version))
    }
}
