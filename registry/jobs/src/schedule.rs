//! Jobs that come back regularly.

use std::time::Duration;

use roadstead_storage::meta::NewJob;
use roadstead_types::Timestamp;

/// When a schedule is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// This long after it was last due.
    Every(Duration),
}

impl When {
    /// The first time after `now`.
    pub(crate) fn next(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Every(period) => now.after(period),
        }
    }
}

/// A job that comes back regularly. Its name is the kind of its job.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The job.
    pub job: NewJob,
    /// When it is due.
    pub when: When,
    /// How long after the start of a process it is not yet due.
    pub quiet: Duration,
}

impl Schedule {
    /// The earliest and the latest moment of the next run, for a process that starts at `now`.
    pub(crate) fn window(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        let earliest = now.after(self.quiet);
        (earliest, self.when.next(now).max(earliest))
    }
}
