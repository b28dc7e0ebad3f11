//! Background jobs, as the operator sees them.

use roadstead_auth::place::System;
use roadstead_auth::{Access, Mode, Read, Write};
use roadstead_storage::meta::{Act, Job, JobQuery, MetaStore, Schedule};
use roadstead_types::JobId;

use crate::Result;

/// The service for background jobs, for the operator of the machine.
#[derive(Clone, Debug)]
pub struct JobService {
    meta: MetaStore,
}

impl JobService {
    /// Creates the service for the jobs of this database.
    pub fn new(meta: MetaStore) -> Self {
        Self { meta }
    }

    /// Returns a page of jobs, the latest first.
    pub async fn list(&self, _: &Access<Read, System>, query: &JobQuery<'_>) -> Result<Vec<Job>> {
        Ok(self.meta.list_jobs(query).await?)
    }

    /// Returns the job with this id.
    pub async fn find<E: Mode>(&self, _: &Access<E, System>, id: JobId) -> Result<Option<Job>> {
        Ok(self.meta.job(id).await?)
    }

    /// Returns the schedules of regular jobs, in the byte order of their names.
    pub async fn schedules(&self, _: &Access<Read, System>) -> Result<Vec<Schedule>> {
        Ok(self.meta.list_schedules().await?)
    }

    /// Cancels a job: a waiting job at once; a running job is told to stop. Returns false if the job has ended or does
    /// not exist.
    pub async fn cancel(&self, _: &Access<Write, System>, act: &Act, id: JobId) -> Result<bool> {
        Ok(self.meta.cancel_job(act, id).await?)
    }

    /// Makes a waiting, failed or cancelled job due now. Returns false if the job is running or done, or does not
    /// exist.
    ///
    /// # Errors
    /// `Exists(Job)` if a newer job does the same work.
    pub async fn retry(&self, _: &Access<Write, System>, act: &Act, id: JobId) -> Result<bool> {
        Ok(self.meta.retry_job(act, id).await?)
    }
}
