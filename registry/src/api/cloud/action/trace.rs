//! What is known of a request by the time that it is answered, for the audit log.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use roadstead_auth::Identity;
use roadstead_storage::meta::{AuditEvent, AuditOutcome};

use super::{Kind, Registered};
use crate::api::audit;
use crate::api::call::Call;
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;

/// It is filled in on the way, and outlives a panic.
#[derive(Default)]
pub(crate) struct Trace {
    /// Who signed; if the signature was not good, whose key it names.
    pub identity: RefCell<Option<Arc<Identity>>>,
    /// What was asked for.
    pub name: RefCell<String>,
    /// The action, once it is known to be one, and called by somebody.
    pub action: Cell<Option<&'static Registered>>,
    /// Whether it was only to be tried.
    pub dry_run: Cell<bool>,
    /// What it is about.
    pub target: RefCell<String>,
}

impl Trace {
    fn outcome(&self, error: Option<&CloudError>) -> Option<AuditOutcome> {
        let action = self.action.get();
        let writes = action.is_some_and(|action| action.kind == Kind::Write);
        match error.map(CloudError::code) {
            None => writes.then_some(AuditOutcome::Done),
            Some(Code::DryRunOperation) => None,
            Some(code) if code.is_denial() => Some(AuditOutcome::Denied),
            // Nobody was let in: signatures were wrong too often.
            Some(Code::RequestLimitExceeded) if action.is_none() => Some(AuditOutcome::Denied),
            Some(Code::RequestLimitExceeded) => None,
            Some(_) => writes.then_some(AuditOutcome::Failed),
        }
    }

    /// Takes the request down, if it has changed something or was refused.
    pub(crate) async fn write(&self, call: &Call<'_>, error: Option<&CloudError>) {
        let Some(outcome) = self.outcome(error) else { return };
        let identity = self.identity.borrow().clone();
        let action = match self.action.get() {
            Some(action) => format!("{}:{}", action.service.name(), action.name),
            None => self.name.borrow().clone(),
        };
        let mut event = AuditEvent {
            source: "cloud".to_owned(),
            action,
            resource: self.target.borrow().clone(),
            dry_run: self.dry_run.get(),
            code: error.map(|error| error.code().wire().to_owned()).unwrap_or_default(),
            ..audit::event(call, identity.as_deref(), outcome)
        };
        if self.action.get().is_none() {
            // The key is named, its owner is not proved.
            "anonymous".clone_into(&mut event.principal);
        }
        match outcome {
            AuditOutcome::Done => call.state.audit.done(event).await,
            AuditOutcome::Denied | AuditOutcome::Failed => call.state.audit.noted(event),
        }
    }
}
