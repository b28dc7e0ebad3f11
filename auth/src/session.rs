//! Identities that act for an account with less than its rights, for a time.

use std::sync::Arc;

use roadstead_types::{RegistryId, RoleId, SecretId, Timestamp};

use crate::bound::Origin;
use crate::identity::Identity;
use roadstead_policy as policy;

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
    pub origin: Option<Arc<Origin>>,
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

impl Identity {
    /// The same account, in a session.
    pub(crate) fn in_session(&self, session: Session) -> Arc<Self> {
        Arc::new(Self { session: Some(Arc::new(session)), ..self.clone() })
    }
}
