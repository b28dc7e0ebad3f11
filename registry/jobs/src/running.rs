//! One run of one job: watches it and stores its result.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use roadstead_storage::meta::{ClaimedJob, Job, JobEnd, JobLease};
use roadstead_types::Timestamp;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use crate::backoff::Backoff;
use crate::call::Pulse;
use crate::engine::Engine;
use crate::job::Outcome;
use crate::supervisor::message;
use crate::{JobCall, JobError, Next, Stopping};

const RETRY: Backoff = Backoff { first: Duration::from_secs(10), longest: Duration::from_secs(60 * 60) };
/// How often storing the result of a run is attempted.
const END_ATTEMPTS: u32 = 5;
/// The fraction of the lease that is left when the worker gives up an unresponsive job.
const MARGIN: u32 = 10;
/// The longest error text that is stored, in characters.
const MAX_ERROR: usize = 1000;

/// A job that this process has claimed.
pub(crate) struct Run<C> {
    engine: Arc<Engine<C>>,
    kind: &'static str,
    job: Job,
    lease: JobLease,
    lease_until: Timestamp,
    pulse: Arc<Pulse>,
    /// A sign of life that is not yet in the database.
    is_alive: bool,
    stopping: Stopping,
}

/// The reason why watching a job has ended.
enum Watched {
    /// The job ended by itself.
    Ended(Result<Outcome, JoinError>),
    /// The job showed no sign of life in time.
    Hung,
    /// Another process has the job, or may have it.
    Lost,
    /// The job did not stop when it was told to.
    Deaf,
}

/// The reason why a job was told to stop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Operator,
    Process,
}

impl<C: Send + Sync + 'static> Run<C> {
    pub(crate) fn new(engine: Arc<Engine<C>>, kind: &'static str, claimed: ClaimedJob, stopping: Stopping) -> Self {
        let ClaimedJob { job, lease } = claimed;
        let lease_until = job.lease_until.unwrap_or_default();
        Self { engine, kind, job, lease, lease_until, pulse: Arc::default(), is_alive: false, stopping }
    }

    /// Runs the job and stores its result.
    pub(crate) async fn finish(mut self) {
        let began = Instant::now();
        let Some(end) = self.work().await else {
            tracing::warn!(job.id = %self.job.id, job.kind = self.kind, "a job was lost to another process");
            return self.engine.metrics.run(self.kind, "lost", began.elapsed());
        };
        self.engine.metrics.run(self.kind, outcome(&end), began.elapsed());
        self.tell(&end);
        self.write(&end).await;
    }

    /// Logs the result of the run.
    fn tell(&self, end: &JobEnd) {
        match end {
            JobEnd::Failed { error } => {
                tracing::error!(job.id = %self.job.id, job.kind = self.kind, error, "a job has failed for good");
            }
            JobEnd::Retry { error, .. } => {
                tracing::warn!(job.id = %self.job.id, job.kind = self.kind, error, "a job has failed and will be tried again");
            }
            _ => tracing::debug!(job.id = %self.job.id, job.kind = self.kind, end = outcome(end), "a job has ended"),
        }
    }

    /// Runs the job. Returns `None` if another process has it by now.
    async fn work(&mut self) -> Option<JobEnd> {
        let engine = Arc::clone(&self.engine);
        let failed = |error: String| Some(JobEnd::Failed { error });
        let Some(kind) = engine.kinds.0.get(self.kind) else { return failed("its kind is unknown".to_owned()) };
        if self.job.attempts > kind.max_attempts {
            let last = self.job.last_error.as_deref().unwrap_or_default();
            return failed(format!("given up after {} attempts: {last}", kind.max_attempts));
        }
        let (context, clock) = (Arc::clone(&engine.context), Arc::clone(&engine.clock));
        let call = Arc::new(JobCall { context, clock, pulse: Arc::clone(&self.pulse) });
        let work = match (kind.begin)(&self.job.payload, call) {
            Ok(work) => work,
            Err(error) => return failed(format!("its payload cannot be read: {error}")),
        };
        // The job runs in a task of its own, so that a panic does not reach the worker. Dropping the set ends the task.
        let mut task = JoinSet::new();
        task.spawn(work);
        let mut stop = None;
        let watched = self.watch(&mut task, &mut stop).await;
        drop(task);
        self.end(watched, stop, kind.max_attempts)
    }

    /// Decides how the run has ended. Returns `None` if another process has the job by now.
    fn end(&self, watched: Watched, stop: Option<Stop>, max_attempts: u32) -> Option<JobEnd> {
        Some(match (watched, stop) {
            (Watched::Lost, _) => return None,
            (Watched::Ended(Ok(Ok(Next::Done))), _) => JobEnd::Done,
            (Watched::Ended(Ok(Ok(Next::Stopped) | Err(_)) | Err(_)) | Watched::Deaf, Some(Stop::Operator)) => {
                JobEnd::Cancelled
            }
            (Watched::Ended(Ok(Ok(Next::Stopped))) | Watched::Deaf, _) => JobEnd::Released,
            (Watched::Ended(Ok(Ok(Next::Later(wait)))), _) => JobEnd::Later(self.engine.clock.now().after(wait)),
            (Watched::Ended(Ok(Err(JobError::Fail(error)))), _) => JobEnd::Failed { error: storable(text(&*error)) },
            (Watched::Ended(Ok(Err(JobError::Retry(error)))), _) => self.retry(text(&*error), max_attempts),
            (Watched::Ended(Err(error)), _) => {
                let reason = error.try_into_panic().map_or("it was cut off".to_owned(), |panic| message(&*panic));
                self.retry(reason, max_attempts)
            }
            (Watched::Hung, _) => {
                let lease = self.engine.params.lease;
                let seconds = (lease - lease / MARGIN).as_secs_f64();
                self.retry(format!("it gave no sign of life for {seconds} s"), max_attempts)
            }
        })
    }

    fn retry(&self, error: String, max_attempts: u32) -> JobEnd {
        let error = storable(error);
        if self.job.attempts >= max_attempts {
            return JobEnd::Failed { error: format!("given up after {max_attempts} attempts: {error}") };
        }
        let run_at = self.engine.clock.now().after(RETRY.after(self.job.attempts, rand::random()));
        JobEnd::Retry { run_at, error }
    }

    /// Waits for the job to end, and renews its lease while the job shows that it is alive.
    async fn watch(&mut self, task: &mut JoinSet<Outcome>, stop: &mut Option<Stop>) -> Watched {
        let (mut stopping, patience) = (self.stopping.clone(), self.engine.params.patience);
        let mut ticks = interval(self.engine.params.watch);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut deadline = Instant::now();
        loop {
            tokio::select! {
                Some(ended) = task.join_next() => return Watched::Ended(ended),
                () = stopping.wait(), if stop.is_none() => {
                    *stop = Some(Stop::Process);
                    deadline = Instant::now() + patience;
                    self.pulse.cancel();
                }
                () = sleep_until(deadline), if stop.is_some() => return Watched::Deaf,
                _ = ticks.tick() => match self.look().await {
                    Look::Well => {}
                    Look::Cancel if stop.is_some() => {}
                    Look::Cancel => {
                        *stop = Some(Stop::Operator);
                        deadline = Instant::now() + patience;
                        self.pulse.cancel();
                    }
                    Look::Hung => return Watched::Hung,
                    Look::Lost => return Watched::Lost,
                },
            }
        }
    }

    /// Renews the lease if the job is alive, and checks whether the job should stop.
    async fn look(&mut self) -> Look {
        let (now, lease) = (self.engine.clock.now(), self.engine.params.lease);
        self.is_alive |= self.pulse.take_alive();
        // The margin makes sure that this process gives up before another one can claim the job.
        let ran_out = now.after(lease / MARGIN) >= self.lease_until;
        if ran_out && !self.is_alive {
            return Look::Hung;
        }
        let is_old = now.after(lease.mul_f64(0.75)) >= self.lease_until;
        let row = match self.is_alive && is_old {
            true => self.engine.meta.renew_job(&self.lease, now.after(lease), &self.pulse.progress()).await,
            false => self.engine.meta.is_job_cancelling(&self.lease).await,
        };
        match row {
            Ok(None) => Look::Lost,
            Ok(Some(cancel)) => {
                if self.is_alive && is_old {
                    (self.lease_until, self.is_alive) = (now.after(lease), false);
                }
                if cancel { Look::Cancel } else { Look::Well }
            }
            // Another process may have claimed the job by now.
            Err(_) if ran_out => Look::Lost,
            Err(error) => {
                tracing::warn!(job.id = %self.job.id, error = %error, "the state of a job cannot be read; trying again later");
                Look::Well
            }
        }
    }

    /// Stores the result of the run. If that fails, the lease runs out and the job runs again.
    async fn write(&self, end: &JobEnd) {
        for attempt in 1..=END_ATTEMPTS {
            match self.engine.meta.end_job(&self.lease, end, &self.pulse.progress(), self.engine.clock.now()).await {
                Ok(true) => return,
                Ok(false) => {
                    return tracing::warn!(job.id = %self.job.id, "a job was lost to another process before its end");
                }
                Err(error) => {
                    tracing::warn!(job.id = %self.job.id, error = %error, attempt, "the end of a job cannot be written");
                    sleep(self.engine.params.watch).await;
                }
            }
        }
    }
}

/// The state of a running job.
enum Look {
    Well,
    Cancel,
    Hung,
    Lost,
}

/// Names a result, for metrics and the log.
fn outcome(end: &JobEnd) -> &'static str {
    match end {
        JobEnd::Done => "done",
        JobEnd::Later(_) => "later",
        JobEnd::Retry { .. } => "retry",
        JobEnd::Failed { .. } => "failed",
        JobEnd::Cancelled => "cancelled",
        JobEnd::Released => "released",
    }
}

/// Makes a text storable in the database.
fn storable(text: String) -> String {
    text.chars().filter(|c| *c != '\0').take(MAX_ERROR).collect()
}

/// Returns an error and its causes as one text.
fn text(error: &(dyn StdError + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
