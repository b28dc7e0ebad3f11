//! An act: who does what to which resource. Every unit of work belongs to one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use roadstead_types::{Actor, Clock, Timestamp};

/// The clock, and the time between the loss of a reference and the review of its target.
#[derive(Clone, Debug)]
pub struct Timing {
    clock: Arc<dyn Clock>,
    grace: Duration,
}

impl Timing {
    /// Makes it of this clock and this grace period.
    pub fn new(clock: Arc<dyn Clock>, grace: Duration) -> Self {
        Self { clock, grace }
    }
}

/// An action of an actor on a resource. Every unit belongs to one, and the audit log has one row for it.
///
/// An act may take several units. The first one that is committed writes the row.
#[derive(Clone, Debug)]
pub struct Act {
    actor: Arc<Actor>,
    action: String,
    resource: String,
    timing: Timing,
    dry_run: bool,
    done: Arc<Progress>,
}

/// The progress of an act.
#[derive(Debug, Default)]
struct Progress {
    recorded: AtomicBool,
    change: AtomicI64,
}

impl Act {
    /// Makes the act that `actor` does `action`, for example `tcr:CreateNamespacePersonal` or `manifest.put`.
    pub fn new(actor: Arc<Actor>, action: impl Into<String>, timing: Timing) -> Self {
        Self { actor, action: action.into(), resource: String::new(), timing, dry_run: false, done: Arc::default() }
    }

    /// Sets the resource of the act.
    #[must_use]
    pub fn on(self, resource: impl Into<String>) -> Self {
        Self { resource: resource.into(), ..self }
    }

    /// Sets whether the act is only tried: its units do all their work, but are rolled back instead of committed. A
    /// unit that found something to do then returns [`Error::DryRun`]. Errors that would prevent the commit come
    /// first.
    #[must_use]
    pub fn tried(self, dry_run: bool) -> Self {
        Self { dry_run, ..self }
    }

    /// Makes another act of the same actor, with its own row in the audit log.
    #[must_use]
    pub fn another(&self, action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), done: Arc::default(), ..self.clone() }
    }

    /// Returns the actor.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Returns the action.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// Returns the resource.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// Tells whether it is only tried.
    pub fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// Tells whether the audit log has its row.
    pub fn is_recorded(&self) -> bool {
        self.done.recorded.load(Ordering::Acquire)
    }

    /// Returns the number of the latest change that it committed: see [`MetaStore::changes_since`].
    pub fn change(&self) -> Option<i64> {
        Some(self.done.change.load(Ordering::Acquire)).filter(|&number| number != 0)
    }

    /// Returns the current time.
    pub fn now(&self) -> Timestamp {
        self.timing.clock.now()
    }

    /// Returns when to review targets that lose a reference at `now`.
    pub(super) fn review_after(&self, now: Timestamp) -> Timestamp {
        now.after(self.timing.grace)
    }

    /// Notes that a unit was committed: whether it wrote the row of the audit log, and its number in the change log.
    pub(super) fn committed(&self, recorded: bool, change: Option<i64>) {
        self.done.recorded.fetch_or(recorded, Ordering::AcqRel);
        self.done.change.fetch_max(change.unwrap_or(0), Ordering::AcqRel);
    }
}
