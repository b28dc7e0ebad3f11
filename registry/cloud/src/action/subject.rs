//! The caller and target of a request, for the audit log.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use roadstead_auth::Identity;
use roadstead_service::records::{Act, AuditEvent};

/// The caller and target of a request. They are filled in while the request runs, and survive a panic.
#[derive(Default)]
pub(crate) struct Subject {
    identity: RefCell<Option<Arc<Identity>>>,
    target: RefCell<String>,
    act: OnceCell<Act>,
}

impl Subject {
    /// Records who signed the request. If the signature is invalid, this is the owner of the key that the request
    /// names.
    pub(crate) fn note_identity(&self, identity: Option<Arc<Identity>>) {
        *self.identity.borrow_mut() = identity;
    }

    /// Records the target of the request.
    pub(crate) fn note_target(&self, target: &str) {
        *self.target.borrow_mut() = target.chars().take(AuditEvent::MAX_TEXT).collect();
    }

    /// Returns the description of the change. The first call creates it with `make`, from the target.
    pub(crate) fn act(&self, make: impl FnOnce(String) -> Act) -> &Act {
        self.act.get_or_init(|| make(self.target()))
    }

    /// Returns whether the change is in the audit log.
    pub(crate) fn is_recorded(&self) -> bool {
        self.act.get().is_some_and(Act::is_recorded)
    }

    /// Returns the caller, if known.
    pub(crate) fn identity(&self) -> Option<Arc<Identity>> {
        self.identity.borrow().clone()
    }

    /// Returns the target of the request, if known.
    pub(crate) fn target(&self) -> String {
        self.target.borrow().clone()
    }
}
