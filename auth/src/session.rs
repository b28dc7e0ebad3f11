//! Identities that act for an account with less than its rights, for a time.

use std::sync::Arc;

use roadstead_types::{AccountId, ProviderId, RegistryId, RoleId, SecretId, Timestamp, Uin};
use serde::{Deserialize, Serialize};

use crate::compiled::app_id;
use roadstead_policy::{self as policy, Author, Policy, Use};

/// What an [`Identity`](crate::Identity) is when it is not simply an account with its own password or key.
#[derive(Clone, Debug)]
pub struct Session {
    /// What it came from.
    pub kind: SessionKind,
    /// What limits it: what this policy does not allow is denied.
    pub policy: Option<Arc<policy::Policy>>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// What its holder carries it as. Without one it cannot be carried on.
    pub origin: Option<Arc<SealedSession>>,
}

/// Where a [`Session`] came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SessionKind {
    /// A role that was taken (`AssumeRole`): the policies of the role count, not those of the account.
    Role {
        /// The id of the role.
        id: RoleId,
        /// The version of its trust policy.
        version: i64,
        /// What the session was called by who took the role.
        session_name: String,
    },
    /// A federation token (`GetFederationToken`): what both the account and the policy of the session allow.
    Federation {
        /// What the session was called.
        name: String,
    },
    /// A token of an instance: good for that instance only.
    InstanceToken {
        /// The instance.
        registry: RegistryId,
        /// The row of the token; 0 for one that has none.
        token: i64,
        /// The access key that it was made with, which it does not outlive.
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
    /// Whether it may be used in this registry at all.
    pub(crate) fn fits(&self, registry: RegistryId) -> bool {
        match self.kind {
            SessionKind::Role { .. } | SessionKind::Federation { .. } => true,
            SessionKind::InstanceToken { registry: own, .. } => own == registry,
        }
    }
}

/// What a [`Session`] can be made from again. The names are short because what holds it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedSession {
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

impl SealedSession {
    /// The same, with an end that is no later than `end`.
    pub(crate) fn until(&self, end: Timestamp) -> Self {
        Self { t: (self.t.0, self.t.1.min(end.as_millis())), ..self.clone() }
    }
}

/// A session and what it depends on.
pub(crate) struct Bound {
    pub account: AccountId,
    pub credential_version: i64,
    pub key: Option<SecretId>,
    /// An identity provider and its version, in place of an account's credentials.
    pub provider: Option<(ProviderId, i64)>,
    pub owner: AccountId,
    pub owner_uin: Uin,
    pub issued_at: Timestamp,
    pub session: Arc<Session>,
}

impl Bound {
    /// `None` for what was never made.
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

    /// When it ends.
    pub(crate) fn expires_at(&self) -> Timestamp {
        self.session.expires_at
    }
}
