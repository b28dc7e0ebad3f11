//! Collects the data for the audit event of a request.

use std::cell::{Cell, RefCell};

use roadstead_service::records::{AuditEvent, AuditOutcome};

use super::registered::{Registered, writes};
use super::subject::Subject;
use crate::wire::code::Code;
use crate::wire::said::Said;
use roadstead_http::Call;
use roadstead_http::audit;

/// The data for the audit event. It is filled in while the request runs, and survives a panic.
#[derive(Default)]
pub(crate) struct Trace {
    /// The caller and target.
    pub subject: Subject,
    /// The requested action name.
    pub name: RefCell<String>,
    /// The action, once it is known to exist and its caller is authenticated.
    pub action: Cell<Option<&'static Registered>>,
    /// Whether this is a dry run.
    pub dry_run: Cell<bool>,
}

impl Trace {
    fn outcome(&self, error: Option<&Said>) -> Option<AuditOutcome> {
        let action = self.action.get();
        let writes = action.is_some_and(|action| writes(action.row));
        match error.map(Said::code) {
            // A change has written its own event in its transaction.
            None if self.subject.is_recorded() => None,
            None => writes.then_some(AuditOutcome::Done),
            Some(Code::DryRunOperation) => None,
            Some(code) if code.is_denial() => Some(AuditOutcome::Denied),
            // The caller was not authenticated: there were too many invalid signatures.
            Some(Code::RequestLimitExceeded) if action.is_none() => Some(AuditOutcome::Denied),
            Some(Code::RequestLimitExceeded) => None,
            Some(_) => writes.then_some(AuditOutcome::Failed),
        }
    }

    /// Writes the audit event, if the request was refused, failed, or succeeded without an event of its own.
    pub(crate) async fn write(&self, call: &Call<'_>, error: Option<&Said>) {
        let Some(outcome) = self.outcome(error) else { return };
        let identity = self.subject.identity();
        let action = match self.action.get() {
            Some(action) => action.row.full_name().to_owned(),
            None => self.name.borrow().clone(),
        };
        let mut event = AuditEvent {
            source: "cloud".to_owned(),
            action,
            resource: self.subject.target(),
            dry_run: self.dry_run.get(),
            code: error.map(|error| error.code().wire().to_owned()).unwrap_or_default(),
            ..audit::event(call, identity.as_deref(), outcome)
        };
        if self.action.get().is_none() {
            // The key is only named, so its owner is not proved.
            "anonymous".clone_into(&mut event.principal);
        }
        match outcome {
            AuditOutcome::Done => call.state.audit.done(event).await,
            AuditOutcome::Denied | AuditOutcome::Failed => call.state.audit.noted(event),
        }
    }
}
