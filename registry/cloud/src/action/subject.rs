//! Who and what a request is about, for the audit log.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use roadstead_auth::Identity;
use roadstead_service::records::{Act, AuditEvent};

/// It is filled in on the way, and outlives a panic.
#[derive(Default)]
pub(crate) struct Subject {
    identity: RefCell<Option<Arc<Identity>>>,
    target: RefCell<String>,
    act: OnceCell<Act>,
}

impl Subject {
    /// Says who signed; if the signature was not good, whose key it names.
    pub(crate) fn note_identity(&self, identity: Option<Arc<Identity>>) {
        *self.identity.borrow_mut() = identity;
    }

    /// Says what the request is about.
    pub(crate) fn note_target(&self, target: &str) {
        *self.target.borrow_mut() = target.chars().take(AuditEvent::MAX_TEXT).collect();
    }

    /// What is done, as `make` says of the target when it is first asked for.
    pub(crate) fn act(&self, make: impl FnOnce(String) -> Act) -> &Act {
        self.act.get_or_init(|| make(self.target()))
    }

    /// Whether what was done is in the audit log.
    pub(crate) fn is_recorded(&self) -> bool {
        self.act.get().is_some_and(Act::is_recorded)
    }

    /// Who, as far as that is known.
    pub(crate) fn identity(&self) -> Option<Arc<Identity>> {
        self.identity.borrow().clone()
    }

    /// What the request is about, as far as that is known.
    pub(crate) fn target(&self) -> String {
        self.target.borrow().clone()
    }
}
