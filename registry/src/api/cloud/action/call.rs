//! One request on its way to an action.

use std::cell::RefCell;
use std::fmt;

use roadstead_auth::{Auth, Caller, Identity, Permissions};
use roadstead_policy::{self as policy, op};
use roadstead_storage::meta::{AuditEvent, MetaStore};
use roadstead_types::{AccountId, SecretId, Timestamp};

use super::{Action, Permission};
use crate::api::cloud::CloudSettings;
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use crate::api::dispatch::ApiState;
use roadstead_service::Services;

/// A request whose signature was good. Actions get at the services only through it.
pub(crate) struct CloudCall<'a> {
    /// What the process serves with.
    pub state: &'a ApiState,
    /// Who calls, and from where.
    pub caller: &'a Caller,
    /// Whose identity it is.
    pub identity: &'a Identity,
    /// The access key that signed, if it is a lasting one: temporary credentials end with it.
    pub key: Option<&'a SecretId>,
    /// What it may do.
    pub permissions: &'a Permissions,
    /// The id of the request.
    pub request_id: &'a str,
    /// The host under which the client reached us, with the port if there is one.
    pub host: &'a str,
    pub(crate) target: &'a RefCell<String>,
}

impl fmt::Debug for CloudCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudCall").field("identity", &self.identity).field("request_id", &self.request_id).finish()
    }
}

impl<'a> CloudCall<'a> {
    /// Who calls.
    pub(crate) fn identity(&self) -> &'a Identity {
        self.identity
    }

    /// The main account of the caller.
    pub(crate) fn owner(&self) -> AccountId {
        self.identity.owner
    }

    /// The metadata.
    pub(crate) fn meta(&self) -> &'a MetaStore {
        &self.state.meta
    }

    /// The services.
    pub(crate) fn services(&self) -> &'a Services {
        &self.state.services
    }

    /// Identities and permissions.
    pub(crate) fn auth(&self) -> &'a Auth {
        &self.state.auth
    }

    /// The present moment.
    pub(crate) fn now(&self) -> Timestamp {
        self.state.clock.now()
    }

    /// How the cloud API behaves.
    pub(crate) fn settings(&self) -> &'a CloudSettings {
        &self.state.cloud.settings
    }

    /// Refuses a caller who is not allowed to do all of `permission`.
    pub(crate) fn authorize(&self, permission: &Permission) -> Result<(), CloudError> {
        let requests = match permission {
            Permission::Signed => return Ok(()),
            Permission::Hardened(_) if self.settings().faithful => return Ok(()),
            Permission::Listed(_) if self.identity.session.is_none() => return Ok(()),
            Permission::Needs(requests) | Permission::Hardened(requests) | Permission::Listed(requests) => requests,
        };
        requests.iter().try_for_each(|request| Ok(self.permissions.check(request)?))
    }

    /// Refuses a caller whom a policy denies the action on everything, whatever else the action asks for: [`op::veto`].
    pub(crate) fn refuse_denied<A: Action>(&self) -> Result<(), CloudError> {
        let veto = op::veto(A::SERVICE.name(), A::NAME, self.settings().faithful);
        veto.map_or(Ok(()), |request| self.refuse_denial(&request))
    }

    /// Refuses a caller whom a policy denies the operation in so many words. No policy has to allow it.
    pub(crate) fn refuse_denial(&self, request: &policy::Request) -> Result<(), CloudError> {
        let decision = self.permissions.decide(request);
        if !decision.is_explicit_denial() {
            return Ok(());
        }
        tracing::info!(account.uin = %self.identity.uin, %request, %decision, "denied");
        Err(Code::AuthFailureUnauthorizedOperation.into())
    }

    pub(crate) fn note_target(&self, target: String) {
        *self.target.borrow_mut() = target.chars().take(AuditEvent::MAX_TEXT).collect();
    }
}
