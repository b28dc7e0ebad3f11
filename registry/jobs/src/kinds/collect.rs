//! Jobs that remove expired uploads and stored bytes without a row.

use roadstead_gc::{Collected, Error, Params, Removal, Witness};
use roadstead_storage::meta::AuditEvent;
use serde::{Deserialize, Serialize};

use super::Work;
use crate::{Job, JobCall, JobError, Next};

/// Removes the uploads that were not finished in time.
#[derive(Serialize, Deserialize, Debug)]
pub struct ExpireUploads {}

impl Job<Work> for ExpireUploads {
    const KIND: &'static str = "upload.expire";
    const MAX_ATTEMPTS: u32 = 3;

    fn key(&self) -> Option<String> {
        Some(String::new())
    }

    async fn run(self, call: &JobCall<Work>) -> Result<Next, JobError> {
        if !call.context().params.purge_uploads {
            return Ok(Next::Done);
        }
        let mut onlooker = Onlooker::of(call);
        ended(call, call.context().collector.expire(false, &mut onlooker).await)
    }
}

/// Removes stored bytes without a row. This lists the whole blob store.
#[derive(Serialize, Deserialize, Debug)]
pub struct SweepStore {}

impl Job<Work> for SweepStore {
    const KIND: &'static str = "store.sweep";
    const MAX_ATTEMPTS: u32 = 3;

    fn key(&self) -> Option<String> {
        Some(String::new())
    }

    async fn run(self, call: &JobCall<Work>) -> Result<Next, JobError> {
        let wait = call.context().first_sweep.since(call.context().clock.now());
        if !wait.is_zero() {
            return Ok(Next::Later(wait));
        }
        let params = Params { orphan_age: call.context().params.orphan_age, dry_run: false };
        let mut onlooker = Onlooker::of(call);
        ended(call, call.context().collector.sweep(params, &mut onlooker).await)
    }
}

/// Records what a run removes, and lets it go on as long as the job may.
struct Onlooker<'a> {
    call: &'a JobCall<Work>,
    gone: Collected,
}

impl<'a> Onlooker<'a> {
    fn of(call: &'a JobCall<Work>) -> Self {
        let gone = Collected::default();
        call.progress(gone);
        Self { call, gone }
    }
}

impl Witness for Onlooker<'_> {
    fn goes_on(&self) -> bool {
        self.call.goes_on()
    }

    async fn see(&mut self, removals: Vec<Removal>) {
        let mut batch = Collected::default();
        for removal in &removals {
            batch.add(removal);
            self.gone.add(removal);
            tracing::info!(item = %removal.item, reason = %removal.reason, size_bytes = removal.size, "removed");
        }
        let Work { services, operator, audit, .. } = self.call.context();
        let act = services.act(operator.actor().clone(), Collected::ACTION).on(batch.to_string());
        audit.done(AuditEvent::done(&act, act.now())).await;
        self.call.progress(self.gone);
    }
}

/// Returns the end of a job from the outcome of its run.
fn ended(call: &JobCall<Work>, outcome: Result<u64, Error>) -> Result<Next, JobError> {
    match outcome {
        Ok(_) => Ok(if call.goes_on() { Next::Done } else { Next::Stopped }),
        Err(error @ (Error::ForeignStore { .. } | Error::EmptyStore { .. })) => Err(JobError::Fail(Box::new(error))),
        Err(error) => Err(error.into()),
    }
}
