//! The jobs of the registry, one file a kind.

mod collect;
mod empty;
mod shorten;

use std::time::Duration;

use roadstead_gc::Collector;
use roadstead_service::Services;
use roadstead_service::audit::Audit;

pub use collect::{ExpireUploads, SweepStore};
pub use empty::{EmptyRegistry, EmptyRepository};
pub use shorten::{ForgetJobs, ShortenAudit};

use crate::{Job, Kinds, Schedule, When, new_job};
use roadstead_storage::meta::MetaStore;

/// How often the audit log is shortened, and jobs that have ended are forgotten.
const SHORTEN: Duration = Duration::from_secs(10 * 60);
/// When the blob store is first swept after the start of a process, unless it is swept more often than that. Not at once: a
/// server that was just started on the wrong database is noticed, and stopped.
const FIRST_SWEEP: Duration = Duration::from_secs(60 * 60);

/// What the jobs of the registry work with.
pub struct Work {
    /// The rules of the registry.
    pub services: Services,
    /// Collection.
    pub collector: Collector,
    /// The audit log.
    pub audit: Audit,
    /// The store, for what the rules know nothing of.
    pub meta: MetaStore,
    /// What the settings say.
    pub params: WorkParams,
}

/// What the jobs of the registry need to know of the settings.
#[derive(Clone, Copy, Debug)]
pub struct WorkParams {
    /// How often expired uploads are dropped.
    pub expire_every: Duration,
    /// Whether uploads that were not finished in time are dropped.
    pub purge_uploads: bool,
    /// How often the blob store is swept.
    pub sweep_every: Duration,
    /// How old an orphan must be.
    pub orphan_age: Duration,
    /// How long an event of the audit log is kept.
    pub keep_audit: Duration,
    /// How long a job that has ended is kept.
    pub keep_jobs: Duration,
}

/// All kinds.
pub fn all() -> Kinds<Work> {
    Kinds::new()
        .with::<ExpireUploads>()
        .with::<SweepStore>()
        .with::<ShortenAudit>()
        .with::<ForgetJobs>()
        .with::<EmptyRegistry>()
        .with::<EmptyRepository>()
}

/// The jobs that come back regularly.
///
/// # Errors
/// When a job has no form in JSON.
pub fn schedules(params: &WorkParams) -> serde_json::Result<Vec<Schedule>> {
    let quiet = params.sweep_every.min(FIRST_SWEEP);
    Ok(vec![
        schedule(&ExpireUploads {}, params.expire_every, Duration::ZERO)?,
        schedule(&SweepStore {}, params.sweep_every, quiet)?,
        schedule(&ShortenAudit {}, SHORTEN, Duration::ZERO)?,
        schedule(&ForgetJobs {}, SHORTEN, Duration::ZERO)?,
    ])
}

fn schedule<J: Job<Work>>(job: &J, every: Duration, quiet: Duration) -> serde_json::Result<Schedule> {
    Ok(Schedule { job: new_job(job)?, when: When::Every(every), quiet })
}
