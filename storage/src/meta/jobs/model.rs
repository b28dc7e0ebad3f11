//! Jobs as the store keeps them.

use std::str::FromStr;
use std::time::Duration;

use roadstead_types::{JobId, Timestamp};

/// Where a job stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum JobState {
    /// It runs when its time has come.
    Waiting,
    /// A process has it.
    Running,
    /// It has ended well.
    Done,
    /// It was given up.
    Failed,
    /// An operator has stopped it.
    Cancelled,
}

impl JobState {
    /// All of them, in the order of their numbers in the database.
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

/// A text that names no state of a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a job is waiting, running, done, failed or cancelled")]
pub struct UnknownJobState;

impl FromStr for JobState {
    type Err = UnknownJobState;

    fn from_str(text: &str) -> Result<Self, UnknownJobState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownJobState)
    }
}

/// Work that is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewJob {
    /// What kind of work.
    pub kind: &'static str,
    /// What makes two jobs of a kind the same work, which is done once for both.
    pub key: Option<String>,
    /// What the kind needs to know, in JSON. Jobs with the same key have the same payload.
    pub payload: String,
    /// What the job is about, for people.
    pub scope: String,
    /// How long to wait before it is done.
    pub delay: Duration,
}

/// A job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Job {
    /// The id of its row.
    pub id: JobId,
    /// What kind of work.
    pub kind: String,
    /// What makes two jobs of a kind the same work.
    pub key: Option<String>,
    /// What the kind needs to know, in JSON.
    pub payload: String,
    /// What the job is about, for people.
    pub scope: String,
    /// Where it stands.
    pub state: JobState,
    /// When it is due.
    pub run_at: Timestamp,
    /// How often it was begun since it was last asked for.
    pub attempts: u32,
    /// Until when nobody else may take it, while it is running.
    pub lease_until: Option<Timestamp>,
    /// Whether an operator wants a running job to stop.
    pub is_cancelling: bool,
    /// How far the last attempt has come, in the words of the job.
    pub progress: String,
    /// Why the last attempt that failed did.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last begun.
    pub started_at: Option<Timestamp>,
    /// When it ended for good.
    pub finished_at: Option<Timestamp>,
}

/// The right to run a job. Whoever took the job later has another one, and then this one is worth nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobLease {
    pub(super) job: JobId,
    pub(super) id: String,
}

/// A job, for whoever is to run it now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClaimedJob {
    /// The job.
    pub job: Job,
    /// The right to run it.
    pub lease: JobLease,
}

/// How a run of a job has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JobEnd {
    /// All is done.
    Done,
    /// All is done until then.
    Later(Timestamp),
    /// This attempt has failed, and there is another one then.
    Retry {
        /// When.
        run_at: Timestamp,
        /// Why it has failed.
        error: String,
    },
    /// There is no use in trying again.
    Failed {
        /// Why.
        error: String,
    },
    /// An operator wanted it to stop, and it has.
    Cancelled,
    /// It was left off because its process ends. Any process may go on with it; it was no attempt.
    Released,
}

/// Which jobs a list shows, the latest first.
#[derive(Clone, Copy, Debug, Default)]
pub struct JobQuery<'a> {
    /// Only those in this state.
    pub state: Option<JobState>,
    /// Only those of this kind.
    pub kind: Option<&'a str>,
    /// Only those that were made before this one.
    pub before: Option<JobId>,
    /// The most jobs.
    pub limit: u32,
}

/// How many jobs of a kind are in a state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobCount {
    /// The kind.
    pub kind: String,
    /// The state.
    pub state: JobState,
    /// How many.
    pub count: u64,
}
