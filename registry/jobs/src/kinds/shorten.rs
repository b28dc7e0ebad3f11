//! Jobs that delete old events of the audit log and of the outbox, and old finished jobs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Work;
use crate::{Job, JobCall, JobError, Next};

/// How many rows are deleted in one transaction.
const CHUNK: u32 = 500;
/// How long events stay in the outbox, whoever reads them.
const KEEP_OUTBOX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Deletes old events of the audit log and of the outbox.
#[derive(Serialize, Deserialize, Debug)]
pub struct ShortenAudit {}

impl Job<Work> for ShortenAudit {
    const KIND: &'static str = "audit.shorten";
    const MAX_ATTEMPTS: u32 = 3;

    fn key(&self) -> Option<String> {
        Some(String::new())
    }

    async fn run(self, call: &JobCall<Work>) -> Result<Next, JobError> {
        let (meta, now) = (&call.context().meta, call.now());
        let (old, very_old) = (now.before(KEEP_OUTBOX), now.before(call.context().params.keep_audit));
        let tell = |count| call.progress(format_args!("{count} events of the audit log deleted"));
        let Some(audit) = in_chunks(call, tell, || meta.delete_audit_events(very_old, CHUNK)).await? else {
            return Ok(Next::Stopped);
        };
        let tell = |count| {
            call.progress(format_args!("{audit} events of the audit log and {count} events of the outbox deleted"));
        };
        let outbox = in_chunks(call, tell, || meta.delete_outbox(old, CHUNK)).await?;
        Ok(outbox.map_or(Next::Stopped, |_| Next::Done))
    }
}

/// Deletes jobs that finished long ago.
#[derive(Serialize, Deserialize, Debug)]
pub struct ForgetJobs {}

impl Job<Work> for ForgetJobs {
    const KIND: &'static str = "job.forget";
    const MAX_ATTEMPTS: u32 = 3;

    fn key(&self) -> Option<String> {
        Some(String::new())
    }

    async fn run(self, call: &JobCall<Work>) -> Result<Next, JobError> {
        let (meta, before) = (&call.context().meta, call.now().before(call.context().params.keep_jobs));
        let tell = |count| call.progress(format_args!("{count} jobs forgotten"));
        let forgotten = in_chunks(call, tell, || meta.forget_jobs(before, CHUNK)).await?;
        Ok(forgotten.map_or(Next::Stopped, |_| Next::Done))
    }
}

/// Deletes chunk by chunk until a chunk is not full, and calls `tell` with the number of deleted rows so far. Returns `None` if
/// the job was told to stop.
async fn in_chunks<F>(
    call: &JobCall<Work>,
    tell: impl Fn(u64),
    delete: impl Fn() -> F,
) -> roadstead_storage::Result<Option<u64>>
where
    F: Future<Output = roadstead_storage::Result<u64>>,
{
    let mut deleted = 0;
    while call.goes_on() {
        let chunk = delete().await?;
        deleted += chunk;
        tell(deleted);
        if chunk < u64::from(CHUNK) {
            return Ok(Some(deleted));
        }
    }
    Ok(None)
}
