//! Jobs that come back regularly.

use std::fmt;
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

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(period) => write!(f, "every {period:?}"),
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
    /// How long a new installation waits for the first run.
    pub quiet: Duration,
}
