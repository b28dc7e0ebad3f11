//! A signed request on its way to an action.

use std::fmt;

use roadstead_auth::place::Account;
use roadstead_auth::{Access, Auth, Caller, Find, Identity, Once, Permissions, Permitted};
use roadstead_policy::{ActionKind, Request, Row};
use roadstead_service::Services;
use roadstead_service::records::Act;
use roadstead_types::{AccountId, SecretId, Timestamp};

use super::subject::Subject;
use crate::state::{CloudSettings, CloudState};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::language::Phrase;
use roadstead_http::ApiState;

/// A request with a valid signature. Actions reach the services only through it.
pub(crate) struct CloudCall<'a> {
    /// The state that all requests share.
    pub state: &'a ApiState,
    /// The state of the cloud API.
    pub cloud: &'a CloudState,
    /// The caller and its address.
    pub caller: &'a Caller,
    /// The identity of the caller.
    pub identity: &'a Identity,
    /// The access key that signed, if it is a permanent one. Temporary credentials end with their key.
    pub key: Option<&'a SecretId>,
    /// The signature, if it must not be used twice.
    pub once: Option<&'a Once>,
    /// The permissions of the caller.
    pub permissions: &'a Permissions,
    /// The id of the request.
    pub request_id: &'a str,
    /// The host under which the client reached this server, with the port if there is one.
    pub host: &'a str,
    /// The row of the action in the table of actions.
    pub row: &'static Row,
    /// Whether this is a dry run.
    pub dry_run: bool,
    /// The data for the audit log.
    pub subject: &'a Subject,
}

impl fmt::Debug for CloudCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudCall").field("identity", &self.identity).field("request_id", &self.request_id).finish()
    }
}

impl<'a> CloudCall<'a> {
    /// Returns the description of this change, which every write needs.
    pub(crate) fn act(&self) -> &'a Act {
        self.subject.act(|target| {
            let actor = self.identity.actor(&self.caller.client);
            self.services().act(actor, self.row.full_name()).on(target).tried(self.dry_run)
        })
    }

    /// Returns the main account of the caller.
    pub(crate) fn owner(&self) -> AccountId {
        self.identity.owner
    }

    /// Returns the services.
    pub(crate) fn services(&self) -> &'a Services {
        &self.state.services
    }

    /// Returns identities and permissions.
    pub(crate) fn auth(&self) -> &'a Auth {
        &self.state.auth
    }

    /// Returns the current time.
    pub(crate) fn now(&self) -> Timestamp {
        self.state.clock.now()
    }

    /// Returns the settings of the cloud API.
    pub(crate) fn settings(&self) -> &'a CloudSettings {
        &self.cloud.settings
    }

    /// Uses up the signature of a write. A request that is refused earlier can be sent again.
    pub(super) fn use_signature(&self, row: &Row) -> CloudResult<()> {
        let Some(once) = self.once.filter(|_| row.kind == Some(ActionKind::Writes)) else { return Ok(()) };
        self.cloud.replays.take(self.identity.share(), once, self.now())
    }

    /// Returns whether a policy hides something from the caller, which means that it explicitly denies the request
    /// about it.
    pub(crate) fn is_hidden(&self, request: &Request) -> bool {
        self.permissions.decide(request).is_explicit_denial()
    }

    /// The right to look up what the request names, before it is known whether the caller may have it.
    pub(crate) fn finding(&self) -> Access<Find, Account> {
        self.permissions.finding()
    }

    /// Wraps something that was found, if the caller may do `request`.
    pub(crate) async fn grant<T>(&self, request: Request, found: T) -> CloudResult<Permitted<T>> {
        Ok(self.auth().permit(self.permissions, request, found).await?)
    }

    /// Records the target of the request for the audit log.
    pub(crate) fn note_target(&self, target: impl AsRef<str>) {
        self.subject.note_target(target.as_ref());
    }
}

/// Refuses temporary credentials. They expire, but a password or key that they create would not.
pub(crate) fn lasting_only(identity: &Identity) -> CloudResult<()> {
    if identity.session.is_none() {
        return Ok(());
    }
    let message = Phrase::both("temporary credentials cannot do this", "临时密钥不能执行该操作");
    Err(CloudError::new(Code::AuthFailureUnauthorizedOperation, message))
}
