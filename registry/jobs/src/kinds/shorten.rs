//! Jobs that delete old events of the audit log and old finished jobs.

use serde::{Deserialize, Serialize};

use super::Work;
use crate::{Job, JobCall, JobError, Next};

/// How many rows are deleted in one transaction.
const CHUNK: u32 = 500;

/// Deletes old events of the audit log.
#[derive(Serialize, Deserialize, Debug)]
pub struct ShortenAudit {}

impl Job<Work> for ShortenAudit {
    const KIND: &'static str = "audit.shorten";
    const MAX_ATTEMPTS: u32 = 3;

    fn key(&self) -> Option<String> {
        Some(String::new())
    }

    async fn run(self, call: &JobCall<Work>) -> Result<Next, JobError> {
        let before = call.now().before(call.context().params.keep_audit);
        let mut deleted = 0;
        while call.goes_on() {
            let chunk = call.context().meta.delete_audit_events(before, CHUNK).await?;
            deleted += chunk;
            call.progress(format_args!("{deleted} events deleted"));
            if chunk < u64::from(CHUNK) {
                return Ok(Next::Done);
            }
        }
        Ok(Next::Stopped)
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
        let before = call.now().before(call.context().params.keep_jobs);
        let mut deleted = 0;
        while call.goes_on() {
            let chunk = call.context().meta.forget_jobs(before, CHUNK).await?;
            deleted += chunk;
            call.progress(format_args!("{deleted} jobs forgotten"));
            if chunk < u64::from(CHUNK) {
                return Ok(Next::Done);
            }
        }
        Ok(Next::Stopped)
    }
}
