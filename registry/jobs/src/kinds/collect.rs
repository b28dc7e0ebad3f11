//! Jobs that remove expired uploads and stored bytes without a row.

use std::sync::{Arc, Mutex, PoisonError};

use roadstead_gc::{Collector, Error, Params, Removal};
use roadstead_service::audit::Collected;
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
        let collection = Collection::of(call);
        let outcome = collection.collector.expire(false, |removal| collection.see(removal)).await;
        collection.end(call, outcome).await
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
        let params = Params { orphan_age: call.context().params.orphan_age, dry_run: false };
        let collection = Collection::of(call);
        let outcome = collection.collector.sweep(params, |removal| collection.see(removal)).await;
        collection.end(call, outcome).await
    }
}

/// A run of the collector, and the list of removed things.
struct Collection {
    collector: Collector,
    gone: Mutex<Collected>,
}

impl Collection {
    fn of(call: &JobCall<Work>) -> Self {
        let pulse = call.pulse();
        let collector = call.context().collector.clone().while_told(Arc::new(move || pulse.goes_on()));
        Self { collector, gone: Mutex::default() }
    }

    fn see(&self, removal: &Removal) {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).add(removal);
        tracing::info!(item = %removal.item, reason = %removal.reason, size_bytes = removal.size, "removed");
    }

    async fn end(self, call: &JobCall<Work>, outcome: Result<u64, Error>) -> Result<Next, JobError> {
        let gone = self.gone.into_inner().unwrap_or_else(PoisonError::into_inner);
        // The removals are recorded even if the run failed later.
        call.context().audit.collected(&gone).await;
        call.progress(gone);
        match outcome {
            Ok(_) => Ok(if call.goes_on() { Next::Done } else { Next::Stopped }),
            Err(error @ Error::ForeignStore { .. }) => Err(JobError::Fail(Box::new(error))),
            Err(error) => Err(error.into()),
        }
    }
}
