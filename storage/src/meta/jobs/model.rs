//! Jobs as the store keeps them.

use std::str::FromStr;
use std::time::Duration;

use roadstead_types::{JobId, Timestamp};

/// The state of a job.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum JobState {
    /// It waits for its time.
    Waiting,
    /// A process runs it.
    Running,
    /// It has succeeded.
    Done,
    /// It has failed for good.
    Failed,
    /// An operator has stopped it.
    Cancelled,
}

impl JobState {
    /// All states, in the order of their numbers in the database.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// The name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The number in the database.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Waiting => 0,
            Self::Running => 1,
            Self::Done => 2,
            Self::Failed => 3,
            Self::Cancelled => 4,
        }
    }
}

/// The text names no state of a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a job is waiting, running, done, failed or cancelled")]
pub struct UnknownJobState;

impl FromStr for JobState {
    type Err = UnknownJobState;

    fn from_str(text: &str) -> Result<Self, UnknownJobState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownJobState)
    }
}

/// A request for work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewJob {
    /// The kind of work.
    pub kind: &'static str,
    /// The key of the work. Two requests of the same kind and key are for the same work, which is done once.
    pub key: Option<String>,
    /// The input of the work, in JSON. Jobs with the same key have the same payload.
    pub payload: String,
    /// The thing that the job works on, for people.
    pub scope: String,
    /// The delay before it starts.
    pub delay: Duration,
}

/// A job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Job {
    /// The id of its row.
    pub id: JobId,
    /// The kind of work.
    pub kind: String,
    /// The key of the work. Two jobs of the same kind and key are the same work.
    pub key: Option<String>,
    /// The input of the work, in JSON.
    pub payload: String,
    /// The thing that the job works on, for people.
    pub scope: String,
    /// Its state.
    pub state: JobState,
    /// When it is due.
    pub run_at: Timestamp,
    /// The number of attempts since it was last requested.
    pub attempts: u32,
    /// Until when no other process may claim it, while it is running.
    pub lease_until: Option<Timestamp>,
    /// Whether an operator wants a running job to stop.
    pub is_cancelling: bool,
    /// The progress of the last attempt, in the words of the job.
    pub progress: String,
    /// The error of the last failed attempt, until an attempt ends well.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the last attempt started.
    pub started_at: Option<Timestamp>,
    /// When it ended for good.
    pub finished_at: Option<Timestamp>,
}

/// The right to run a job. When another process has claimed the job, this lease is void.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobLease {
    pub(super) job: JobId,
    pub(super) id: String,
}

/// A job and the right to run it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClaimedJob {
    /// The job.
    pub job: Job,
    /// The right to run it.
    pub lease: JobLease,
}

/// The end of a run of a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JobEnd {
    /// The work is done.
    Done,
    /// The work is done for now, and goes on at this time.
    Later(Timestamp),
    /// This attempt has failed, and the next one comes later.
    Retry {
        /// The time of the next attempt.
        run_at: Timestamp,
        /// The error of this attempt.
        error: String,
    },
    /// The work has failed, and another attempt would not help.
    Failed {
        /// The error.
        error: String,
    },
    /// The job has stopped, as an operator wanted.
    Cancelled,
    /// The run was interrupted because its process ends. Any process may continue, and it does not count as an
    /// attempt.
    Released,
}

/// A filter for jobs. The latest come first.
#[derive(Clone, Copy, Debug, Default)]
pub struct JobQuery<'a> {
    /// Only jobs in this state.
    pub state: Option<JobState>,
    /// Only jobs of this kind.
    pub kind: Option<&'a str>,
    /// Only jobs that were made before this one.
    pub before: Option<JobId>,
    /// The most jobs to return.
    pub limit: u32,
}

/// The number of jobs of a kind in a state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobCount {
    /// The kind.
    pub kind: String,
    /// The state.
    pub state: JobState,
    /// The number.
    pub count: u64,
}
