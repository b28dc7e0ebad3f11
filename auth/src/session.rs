//! Sessions: identities that act for an account for a time, with fewer rights.

use std::sync::Arc;

use roadstead_types::{AccountId, ProviderId, RegistryId, RoleId, SecretId, Timestamp, Uin};
use serde::{Deserialize, Serialize};

use crate::compiled::app_id;
use roadstead_policy::{self as policy, Author, Policy, Use};

/// The session of an [`Identity`](crate::Identity) that is not simply an account with its own password or key.
#[derive(Clone, Debug)]
pub struct Session {
    /// How the session was made.
    pub kind: SessionKind,
    /// A policy that limits the session: everything that it does not allow is denied.
    pub policy: Option<Arc<policy::Policy>>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The form in which tokens carry the session. Without it, no token can carry it.
    pub origin: Option<Arc<SealedSession>>,
}

/// How a [`Session`] was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SessionKind {
    /// With a role (`AssumeRole`). The policies of the role count, not those of the account.
    Role {
        /// The id of the role.
        id: RoleId,
        /// The version of its trust policy.
        version: i64,
        /// The name that the caller gave the session.
        session_name: String,
    },
    /// With a federation token (`GetFederationToken`). It may do what both the account and the policy of the session
    /// allow.
    Federation {
        /// The name that the caller gave the session.
        name: String,
    },
    /// With a token of an instance. It is valid for that instance only.
    InstanceToken {
        /// The instance.
        registry: RegistryId,
        /// The row of the token; 0 if it has no row.
        token: i64,
        /// The access key that made the token. The token ends with it.
        key: Option<SecretId>,
    },
}

impl PartialEq for Session {
    fn eq(&self, other: &Self) -> bool {
        let same_policy = match (&self.policy, &other.policy) {
            (None, None) => true,
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            (None, Some(_)) | (Some(_), None) => false,
        };
        same_policy && self.kind == other.kind && self.expires_at == other.expires_at
    }
}

impl Eq for Session {}

impl Session {
    /// Tells whether the session may be used in this registry at all.
    pub(crate) fn fits(&self, registry: RegistryId) -> bool {
        match self.kind {
            SessionKind::Role { .. } | SessionKind::Federation { .. } => true,
            SessionKind::InstanceToken { registry: own, .. } => own == registry,
        }
    }
}

/// The data of a [`Session`] in a token. The field names are short because tokens must be short.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedSession {
    /// The account that asked for it and the version of its credentials; the main account if a web identity asked.
    pub(crate) a: (i64, i64),
    /// The main account that the session acts in (id, uin).
    pub(crate) o: (i64, String),
    /// Begin and end, in milliseconds.
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
    /// The access key that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) k: Option<String>,
    /// The identity provider that vouched for the web identity (id, version).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) w: Option<(i64, i64)>,
}

impl SealedSession {
    /// Returns a copy that ends no later than `end`.
    pub(crate) fn until(&self, end: Timestamp) -> Self {
        Self { t: (self.t.0, self.t.1.min(end.as_millis())), ..self.clone() }
    }
}

/// A session and everything that it depends on.
pub(crate) struct Bound {
    pub account: AccountId,
    pub credential_version: i64,
    pub key: Option<SecretId>,
    /// An identity provider and its version, in place of the credentials of an account.
    pub provider: Option<(ProviderId, i64)>,
    pub owner: AccountId,
    pub owner_uin: Uin,
    pub issued_at: Timestamp,
    pub session: Arc<Session>,
}

impl Bound {
    /// Restores a session; `None` for data that this registry never made.
    pub(crate) fn of(origin: SealedSession) -> Option<Self> {
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

    /// Returns when it ends.
    pub(crate) fn expires_at(&self) -> Timestamp {
        self.session.expires_at
    }
}
