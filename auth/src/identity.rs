//! Identities, callers, and the grants of a bearer token.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use roadstead_storage::meta::Account;
use roadstead_types::{AccountId, Actor, RegistryId, RoleId, Timestamp, Uin};
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::right::RightName;
use crate::session::{Session, SessionKind};

/// An authenticated account that was active when it was last looked up, or a session that acts for one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The account. For a session of a role, the account that assumed the role.
    pub account: AccountId,
    /// The main account that it acts in; a main account acts in itself. Namespaces belong to main accounts.
    pub owner: AccountId,
    /// The public number of `account`.
    pub uin: Uin,
    /// The version of its credentials. Tokens that were issued under another version are void.
    pub credential_version: i64,
    /// The public number of `owner`.
    pub owner_uin: Uin,
    /// The session that limits the rights of the account; `None` for the account's own password and keys.
    pub session: Option<Arc<Session>>,
}

/// The one whose limits a request counts against. Sessions do not count against their account, so that who holds
/// temporary credentials cannot keep the account from using its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Share {
    /// An account with its own password or keys.
    Account(AccountId),
    /// All sessions of one role that an account has assumed.
    Role(AccountId, RoleId),
    /// All other sessions of an account.
    Sessions(AccountId),
}

impl Identity {
    /// Returns the one whose limits its requests count against.
    pub fn share(&self) -> Share {
        match self.session.as_deref().map(|session| &session.kind) {
            None => Share::Account(self.account),
            Some(SessionKind::Role { id, .. }) => Share::Role(self.account, *id),
            Some(SessionKind::Federation { .. } | SessionKind::InstanceToken { .. }) => Share::Sessions(self.account),
        }
    }

    /// Makes the identity of a main account that was looked up, not authenticated, for commands of the operator.
    /// `None` for a sub-account.
    pub fn of_main(account: &Account) -> Option<Self> {
        (account.owner == account.id).then(|| Self {
            account: account.id,
            owner: account.owner,
            uin: account.uin.clone(),
            credential_version: account.credential_version,
            owner_uin: account.uin.clone(),
            session: None,
        })
    }

    /// Tells whether it is a main account itself, which may do everything in what it owns. Sessions are limited and
    /// never count, not even those of a main account.
    pub fn is_root(&self) -> bool {
        self.account == self.owner && self.session.is_none()
    }

    /// Returns the same account in a session.
    pub(crate) fn in_session(&self, session: Session) -> Arc<Self> {
        Arc::new(Self { session: Some(Arc::new(session)), ..self.clone() })
    }

    /// Returns the kind of principal in a word, for the audit log.
    pub fn principal(&self) -> String {
        match self.session.as_deref().map(|session| &session.kind) {
            Some(SessionKind::Role { id, session_name, .. }) => format!("role/{id}/{session_name}"),
            Some(SessionKind::Federation { name }) => format!("federation/{name}"),
            Some(SessionKind::InstanceToken { .. }) => "token".to_owned(),
            None if self.is_root() => "root".to_owned(),
            None => "user".to_owned(),
        }
    }

    /// Returns the actor for a request from `client`.
    pub fn actor(&self, client: &Client) -> Actor {
        let (owner, uin, principal) = (Some(self.owner), self.uin.as_str().to_owned(), self.principal());
        Actor { owner, uin, principal, ..client.anonymous() }
    }
}

/// The caller of a request, and its credentials.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The identity; `None` for an anonymous caller.
    pub identity: Option<Arc<Identity>>,
    /// The grants of the bearer token in the request. They limit the rights of the identity.
    pub token: Option<Arc<TokenGrants>>,
    /// Whether the request came with any credentials.
    pub credentials_presented: bool,
    /// The client of the request.
    pub client: Arc<Client>,
}

impl Caller {
    /// Makes a caller without credentials.
    pub fn anonymous(client: Arc<Client>) -> Self {
        Self { identity: None, token: None, credentials_presented: false, client }
    }

    /// Makes a caller whose credentials are valid. `token` holds the grants of its bearer token.
    pub fn identified(identity: Option<Arc<Identity>>, token: Option<Arc<TokenGrants>>, client: Arc<Client>) -> Self {
        Self { identity, token, credentials_presented: true, client }
    }

    /// Returns the address that the request comes from.
    pub fn address(&self) -> IpAddr {
        self.client.address
    }
}

/// The most that a bearer token allows: see [`Auth::bearer`](crate::Auth::bearer).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenGrants {
    /// The registry that the token is for.
    pub registry: RegistryId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// The grants.
    pub access: Vec<Grant>,
}

impl TokenGrants {
    /// Tells whether the token covers `right` on the repository `name`.
    pub fn covers(&self, right: RightName, name: &str) -> bool {
        let covering = right.covering();
        self.access
            .iter()
            .filter(|grant| grant.kind == "repository" && grant.name == name)
            .any(|grant| grant.actions.iter().any(|action| covering.contains(&action.as_str())))
    }

    /// Tells whether the token covers the listing of repositories (`registry:catalog:*`).
    pub fn covers_catalog(&self) -> bool {
        self.access.iter().any(|grant| {
            grant.kind == "registry" && grant.name == "catalog" && grant.actions.iter().any(|action| action == "*")
        })
    }
}

/// One entry of the `access` claim (docker registry token specification, "Getting a Bearer Token").
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Grant {
    /// The type of resource, for example `repository`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name of the resource.
    pub name: String,
    /// The actions that are allowed.
    pub actions: Vec<String>,
}

impl fmt::Display for Grant {
    /// Writes it as a scope: `type:name:action,action`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.kind, self.name, self.actions.join(","))
    }
}
