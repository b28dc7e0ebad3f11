//! What an operator may ask of jobs.

use roadstead_storage::meta::{Act, Job, JobQuery, MetaStore};
use roadstead_types::JobId;

use crate::Result;

/// Jobs, for the operator of the machine.
#[derive(Clone, Debug)]
pub struct JobService {
    meta: MetaStore,
}

impl JobService {
    /// The jobs in this store.
    pub fn new(meta: MetaStore) -> Self {
        Self { meta }
    }

    /// A page of jobs, the latest first.
    pub async fn list(&self, query: &JobQuery<'_>) -> Result<Vec<Job>> {
        Ok(self.meta.list_jobs(query).await?)
    }

    /// The job with this id.
    pub async fn find(&self, id: JobId) -> Result<Option<Job>> {
        Ok(self.meta.job(id).await?)
    }

    /// Cancels a job: at once if it is waiting; one that is running is told to stop. False when it has ended already, and when
    /// there is none.
    pub async fn cancel(&self, act: &Act, id: JobId) -> Result<bool> {
        Ok(self.meta.cancel_job(act, id).await?)
    }

    /// Makes a job due now that is waiting, has failed or was cancelled. False when it is running or done, and when there is
    /// none.
    ///
    /// # Errors
    /// `Exists(Job)` when the same work was asked for since.
    pub async fn retry(&self, act: &Act, id: JobId) -> Result<bool> {
        Ok(self.meta.retry_job(act, id).await?)
    }
}
