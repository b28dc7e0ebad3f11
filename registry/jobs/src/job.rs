//! What a job is.

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

/// One kind of work. The fields of the struct are what the work is about: they are kept as JSON until a process takes the job.
/// `C` is what all jobs of a worker share.
pub trait Job<C>: Serialize + DeserializeOwned + Send + 'static {
    /// The name of the kind, such as `upload.expire`. It is in the database: a kind that was released keeps its name.
    const KIND: &'static str;
    /// How often it is tried before it is given up.
    const MAX_ATTEMPTS: u32 = 10;
    /// How many of this kind run at once in one process.
    const AT_ONCE: usize = 2;

    /// What makes two jobs of this kind the same work, which is done once for both and never twice at the same time. `None`
    /// when every job is work of its own.
    fn key(&self) -> Option<String>;

    /// What it is about, for people.
    fn scope(&self) -> String {
        String::new()
    }

    /// Does the work. It may be cut off at any moment and be run again, by this process or another one.
    fn run(self, call: &JobCall<C>) -> impl Future<Output = Result<Next, JobError>> + Send;
}

/// What comes after a run that did not fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// Nothing: all is done.
    Done,
    /// There is more to do, after this time.
    Later(Duration),
    /// The job was told to stop, and has.
    Stopped,
}

/// Why a run has failed.
#[derive(Debug)]
pub enum JobError {
    /// Trying again later may help.
    Retry(Box<dyn StdError + Send + Sync>),
    /// Trying again is of no use.
    Fail(Box<dyn StdError + Send + Sync>),
}

/// An error is one that may go away, unless the job knows better.
impl<E: StdError + Send + Sync + 'static> From<E> for JobError {
    fn from(error: E) -> Self {
        Self::Retry(Box::new(error))
    }
}

/// The job as it is enqueued.
///
/// # Errors
/// When its fields have no form in JSON.
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

/// What the worker knows of a kind.
pub(crate) struct Kind<C> {
    pub max_attempts: u32,
    /// As many permits as jobs of this kind may run at once.
    pub places: Arc<Semaphore>,
    pub begin: Begin<C>,
}

/// The kinds of jobs that a worker can run. Jobs of other kinds wait for a process that knows them.
pub struct Kinds<C>(pub(crate) BTreeMap<&'static str, Kind<C>>);

impl<C: Send + Sync + 'static> Kinds<C> {
    /// No kind.
    pub fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// These and one more.
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
