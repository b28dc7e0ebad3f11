//! Jobs, their kinds, and the results of a run.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use roadstead_storage::meta::NewJob;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use crate::JobCall;

/// One kind of work. The fields of the struct describe the work; they are stored as JSON until a process claims the
/// job. `C` is the context that all jobs of a worker share.
pub trait Job<C>: Serialize + DeserializeOwned + Send + 'static {
    /// The name of the kind, such as `upload.expire`. It is stored in the database, so a released kind keeps its name.
    const KIND: &'static str;
    /// The most attempts before the job fails for good.
    const MAX_ATTEMPTS: u32 = 10;
    /// The most jobs of this kind that run at the same time in one process.
    const AT_ONCE: usize = 2;

    /// Identifies the work. Two jobs of this kind with the same key are done once for both, and never at the same time.
    /// `None` means that every job is separate work.
    fn key(&self) -> Option<String>;

    /// Describes what the job works on, for people.
    fn scope(&self) -> String {
        String::new()
    }

    /// Does the work. A run can be cut off at any moment and repeated, by this process or another one.
    fn run(self, call: &JobCall<C>) -> impl Future<Output = Result<Next, JobError>> + Send;
}

/// The next step after a successful run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// Everything is done.
    Done,
    /// More work is left; the job runs again after this time.
    Later(Duration),
    /// The job was told to stop, and stopped.
    Stopped,
}

/// The reason why a run failed.
#[derive(Debug)]
pub enum JobError {
    /// A later attempt may succeed.
    Retry(Box<dyn StdError + Send + Sync>),
    /// Every later attempt would fail as well.
    Fail(Box<dyn StdError + Send + Sync>),
}

/// Every error counts as temporary, unless the job says otherwise.
impl<E: StdError + Send + Sync + 'static> From<E> for JobError {
    fn from(error: E) -> Self {
        Self::Retry(Box::new(error))
    }
}

/// Returns the row with which a job is enqueued.
///
/// # Errors
/// If its fields cannot be written as JSON.
pub fn new_job<C, J: Job<C>>(job: &J) -> serde_json::Result<NewJob> {
    Ok(NewJob {
        kind: J::KIND,
        key: job.key(),
        payload: serde_json::to_string(job)?,
        scope: job.scope(),
        delay: Duration::ZERO,
    })
}

pub(crate) type Outcome = Result<Next, JobError>;
type Begin<C> = fn(&str, Arc<JobCall<C>>) -> serde_json::Result<BoxFuture<'static, Outcome>>;

/// The data that the worker has about a kind.
pub(crate) struct Kind<C> {
    pub max_attempts: u32,
    /// One permit for each job of this kind that may run at the same time.
    pub places: Arc<Semaphore>,
    pub begin: Begin<C>,
}

/// The kinds of jobs that a worker can run. Jobs of other kinds wait for a process that knows their kind.
pub struct Kinds<C>(pub(crate) BTreeMap<&'static str, Kind<C>>);

impl<C: Send + Sync + 'static> Kinds<C> {
    /// Creates an empty set of kinds.
    pub fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a kind to these kinds.
    #[must_use]
    pub fn with<J: Job<C>>(mut self) -> Self {
        let places = Arc::new(Semaphore::new(J::AT_ONCE));
        self.0.insert(J::KIND, Kind { max_attempts: J::MAX_ATTEMPTS, places, begin: begin::<C, J> });
        self
    }
}

impl<C: Send + Sync + 'static> Default for Kinds<C> {
    fn default() -> Self {
        Self::new()
    }
}

fn begin<C: Send + Sync + 'static, J: Job<C>>(
    payload: &str,
    call: Arc<JobCall<C>>,
) -> serde_json::Result<BoxFuture<'static, Outcome>> {
    let job: J = serde_json::from_str(payload)?;
    Ok(async move { job.run(&call).await }.boxed())
}
