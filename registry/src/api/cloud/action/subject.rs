//! Who and what a request is about, for the audit log.

use std::cell::RefCell;
use std::sync::Arc;

use roadstead_auth::Identity;
use roadstead_storage::meta::AuditEvent;

/// It is filled in on the way, and outlives a panic.
#[derive(Default)]
pub(crate) struct Subject {
    identity: RefCell<Option<Arc<Identity>>>,
    target: RefCell<String>,
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

    /// Who, as far as that is known.
    pub(crate) fn identity(&self) -> Option<Arc<Identity>> {
        self.identity.borrow().clone()
    }

    /// What the request is about, as far as that is known.
    pub(crate) fn target(&self) -> String {
        self.target.borrow().clone()
    }
}
