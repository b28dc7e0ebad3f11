//! Jobs that run regularly.

use std::fmt;
use std::time::Duration;

use roadstead_storage::meta::NewJob;
use roadstead_types::Timestamp;

/// The rule that says when a schedule is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// This long after the last due time.
    Every(Duration),
}

impl When {
    /// Returns the first due time after `now`.
    pub(crate) fn next(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Every(period) => now.after(period),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(period) => write!(f, "every {period:?}"),
        }
    }
}

/// A job that runs regularly. The schedule is named after the kind of its job.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The job to enqueue.
    pub job: NewJob,
    /// When the schedule is due.
    pub when: When,
    /// How long a new installation waits for the first run.
    pub quiet: Duration,
}
