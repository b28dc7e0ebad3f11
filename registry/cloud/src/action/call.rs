//! One request on its way to an action.

use std::fmt;

use roadstead_auth::{Auth, Caller, Identity, Permissions};
use roadstead_policy::{Class, Effect, Request, Row, Service};
use roadstead_service::Services;
use roadstead_service::records::Act;
use roadstead_storage::meta::MetaStore;
use roadstead_types::{AccountId, SecretId, Timestamp};

use super::needs::{Needs, Permitted};
use super::subject::Subject;
use crate::state::{CloudSettings, CloudState};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::language::Phrase;
use roadstead_http::ApiState;

/// A request whose signature was good. Actions get at the services only through it.
pub(crate) struct CloudCall<'a> {
    /// What the process serves with.
    pub state: &'a ApiState,
    /// What the cloud API keeps from one request to the next.
    pub cloud: &'a CloudState,
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
    /// The row of the action.
    pub row: &'static Row,
    /// Whether it is only to be tried.
    pub dry_run: bool,
    /// What the audit log is to know.
    pub subject: &'a Subject,
}

impl fmt::Debug for CloudCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudCall").field("identity", &self.identity).field("request_id", &self.request_id).finish()
    }
}

impl<'a> CloudCall<'a> {
    /// What the caller does. Whatever changes something takes it.
    pub(crate) fn act(&self) -> &'a Act {
        self.subject.act(|target| {
            let actor = self.identity.actor(&self.caller.client);
            self.services().act(actor, self.row.full_name()).on(target).tried(self.dry_run)
        })
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
        &self.cloud.settings
    }

    /// Refuses a caller who lacks a right that the action of this row takes.
    pub(super) async fn authorize(&self, row: &'static Row, needs: &Needs) -> CloudResult<()> {
        let is_asked = match row.class {
            Class::Unsigned => false,
            Class::Signed => self.identity.session.is_some(),
            Class::Hardened => !self.settings().faithful,
            Class::Checked if needs.requests.is_empty() => {
                return Err(CloudError::internal(format!("{} does not say which rights it takes", row.full_name())));
            }
            Class::Checked => true,
        };
        if is_asked {
            let requests = self.auth().tagged(self.permissions, needs.requests.clone()).await?;
            requests.iter().try_for_each(|request| self.permissions.check(request))?;
        }
        self.refuse_veto(row)?;
        needs.not_denied.iter().try_for_each(|request| self.refuse_denial(request))
    }

    /// Refuses to change anything while the registry is read-only. Temporary keys are made without storing anything.
    pub(super) fn check_writable(&self, row: &Row) -> CloudResult<()> {
        if row.effect == Some(Effect::Writes) && row.service != Service::Sts {
            self.permissions.check_writable()?;
        }
        Ok(())
    }

    /// Refuses a caller whom a policy denies the action on everything: see [`Row::veto`].
    pub(super) fn refuse_veto(&self, row: &'static Row) -> CloudResult<()> {
        row.veto(self.settings().faithful).map_or(Ok(()), |request| self.refuse_denial(&request))
    }

    /// Refuses a caller whom a policy denies the operation explicitly. No policy has to allow it.
    fn refuse_denial(&self, request: &Request) -> CloudResult<()> {
        let decision = self.permissions.decide(request);
        if !decision.is_explicit_denial() {
            return Ok(());
        }
        tracing::info!(account.uin = %self.identity.uin, %request, %decision, "denied");
        Err(Code::AuthFailureUnauthorizedOperation.into())
    }

    /// Whether a policy hides something from the caller: the request about it is denied explicitly.
    pub(crate) fn is_hidden(&self, request: &Request) -> bool {
        self.permissions.decide(request).is_explicit_denial()
    }

    /// Grants something that was found to a caller who is allowed to do this to it.
    pub(crate) fn grant<T>(&self, request: &Request, found: T) -> CloudResult<Permitted<T>> {
        self.permissions.check(request)?;
        Ok(Permitted::new(found))
    }

    /// Says what it is about, for the audit log.
    pub(crate) fn note_target(&self, target: impl AsRef<str>) {
        self.subject.note_target(target.as_ref());
    }
}

/// Refuses temporary credentials: what they may do ends, and a password or a key that they make would not.
pub(crate) fn lasting_only(identity: &Identity) -> CloudResult<()> {
    if identity.session.is_none() {
        return Ok(());
    }
    let message = Phrase::both("temporary credentials cannot do this", "临时密钥不能执行该操作");
    Err(CloudError::new(Code::AuthFailureUnauthorizedOperation, message))
}
