//! The jobs of the registry, one file per kind.

mod collect;
mod empty;
mod shorten;

use std::sync::Arc;
use std::time::Duration;

use roadstead_auth::Operator;
use roadstead_gc::Collector;
use roadstead_service::Services;
use roadstead_service::audit::Audit;

pub use collect::{ExpireUploads, SweepStore};
pub use empty::{EmptyRegistry, EmptyRepository, ResumeEmptying};
pub use shorten::{ForgetJobs, ShortenAudit};

use crate::{Job, Kinds, Schedule, When, new_job};
use roadstead_storage::meta::MetaStore;
use roadstead_types::{Clock, Timestamp};

/// How often old events and old finished jobs are deleted, and missing jobs for deleted content are enqueued.
const TIDY: Duration = Duration::from_secs(10 * 60);
/// How long a new process waits before it sweeps the blob store, unless sweeps are more frequent. The delay gives the
/// operator time to stop a server that was started on the wrong database. The job itself waits, because an old database
/// has a schedule that is overdue, and perhaps a job.
const FIRST_SWEEP: Duration = Duration::from_secs(60 * 60);

/// The context of the jobs of the registry.
pub struct Work {
    /// The services.
    pub services: Services,
    /// The proof that jobs show to services.
    pub operator: Operator,
    /// The collector.
    pub collector: Collector,
    /// The audit log.
    pub audit: Audit,
    /// The database, for work that has no service.
    pub meta: MetaStore,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The time before which this process does not sweep the blob store: see [`WorkParams::first_sweep`].
    pub first_sweep: Timestamp,
    /// Parameters from the settings.
    pub params: WorkParams,
}

/// The settings that the jobs of the registry need.
#[derive(Clone, Copy, Debug)]
pub struct WorkParams {
    /// How often expired uploads are removed.
    pub expire_every: Duration,
    /// Whether expired uploads are removed.
    pub purge_uploads: bool,
    /// How often the blob store is swept.
    pub sweep_every: Duration,
    /// The minimum age of an orphan before it is removed.
    pub orphan_age: Duration,
    /// How long an event of the audit log is kept.
    pub keep_audit: Duration,
    /// How long a finished job is kept.
    pub keep_jobs: Duration,
}

impl WorkParams {
    /// Returns the time of the first sweep of a process that starts at `now`.
    pub fn first_sweep(&self, now: Timestamp) -> Timestamp {
        now.after(self.quiet())
    }

    fn quiet(&self) -> Duration {
        self.sweep_every.min(FIRST_SWEEP)
    }
}

/// Returns all kinds of jobs.
pub fn all() -> Kinds<Work> {
    Kinds::new()
        .with::<ExpireUploads>()
        .with::<SweepStore>()
        .with::<ShortenAudit>()
        .with::<ForgetJobs>()
        .with::<EmptyRegistry>()
        .with::<EmptyRepository>()
        .with::<ResumeEmptying>()
}

/// Returns the jobs that run regularly.
///
/// # Errors
/// If a job cannot be written as JSON.
pub fn schedules(params: &WorkParams) -> serde_json::Result<Vec<Schedule>> {
    Ok(vec![
        schedule(&ExpireUploads {}, params.expire_every, Duration::ZERO)?,
        schedule(&SweepStore {}, params.sweep_every, params.quiet())?,
        schedule(&ShortenAudit {}, TIDY, Duration::ZERO)?,
        schedule(&ForgetJobs {}, TIDY, Duration::ZERO)?,
        schedule(&ResumeEmptying {}, TIDY, Duration::ZERO)?,
    ])
}

fn schedule<J: Job<Work>>(job: &J, every: Duration, quiet: Duration) -> serde_json::Result<Schedule> {
    Ok(Schedule { job: new_job(job)?, when: When::Every(every), quiet })
}
