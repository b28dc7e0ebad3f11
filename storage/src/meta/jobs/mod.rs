//! Jobs: background work that any process can claim with a lease (`docs/adr/0012`).
//!
//! A waiting or running job has one row for its kind and key. A request for the same work while it runs marks the
//! row, and the work is done once more. No transaction stays open during the work: claiming and ending a job are
//! short updates. The id of the lease tells whether the process that ends a job still holds it.

mod enqueue;
mod model;
mod operate;

use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use uuid::Uuid;

pub(super) use enqueue::enqueue;
pub use model::{ClaimedJob, Job, JobCount, JobEnd, JobLease, JobQuery, JobState, NewJob};

use super::MetaStore;
use super::row::{get, optional_time, time};
use super::sql::SqlResult as _;
use super::unit::{Outcome, unit};
use crate::{Error, Result};
use roadstead_types::{JobId, Timestamp};

/// The columns that [`job`] reads.
macro_rules! columns {
    () => {
        "id, kind, key, payload, scope, state, run_at, attempts, lease_until, cancel, progress, last_error, created_at, \
         started_at, finished_at"
    };
}
use columns;

/// The kind of the job that deletes everything in the registry of a deleted instance. Its payload has the number of
/// the `registry`.
pub const EMPTY_REGISTRY: &str = "registry.empty";

/// The kind of the job that deletes everything in a deleted repository. Its payload has the number of the
/// `repository`.
pub const EMPTY_REPOSITORY: &str = "repository.empty";

/// The error of a job whose process stopped renewing its lease.
const LEASE_RAN_OUT: &str = "its process gave no more sign of life";

impl MetaStore {
    /// Returns the kinds of jobs that are due now.
    pub async fn due_job_kinds(&self, now: Timestamp) -> Result<Vec<String>> {
        let query = sqlx::query_scalar(
            "SELECT DISTINCT kind FROM jobs WHERE state < 2 AND run_at <= $1 AND lease_until <= $1 ORDER BY kind",
        );
        query.bind(now.as_millis()).fetch_all(self.reader()).await.op("look for jobs")
    }

    /// Claims due jobs of a kind, the longest due first. These are waiting jobs, and running ones whose lease has
    /// expired.
    pub async fn claim_jobs(
        &self,
        kind: &str,
        limit: u32,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<ClaimedJob>> {
        // The condition is repeated outside: if two processes pick the same row, the second one waits for the first,
        // and then checks the row again.
        let claim = sqlx::query(concat!(
            "UPDATE jobs SET state = 1, attempts = attempts + 1, lease_id = $1, lease_until = $2, started_at = $3, \
             progress = '', last_error = CASE WHEN state = 1 THEN $4 ELSE last_error END \
             WHERE id IN (SELECT id FROM jobs WHERE state < 2 AND run_at <= $3 AND lease_until <= $3 AND kind = $5 \
             ORDER BY run_at, id LIMIT $6) AND state < 2 AND run_at <= $3 AND lease_until <= $3 RETURNING ",
            columns!()
        ));
        let lease = format!("{}:{}", self.process(), Uuid::new_v4().simple());
        let claim = claim
            .bind(&lease)
            .bind(lease_until.as_millis())
            .bind(now.as_millis())
            .bind(LEASE_RAN_OUT)
            .bind(kind)
            .bind(i64::from(limit));
        let rows = claim.fetch_all(self.writer()).await.op("claim jobs")?;
        let claimed = |row: &AnyRow| {
            let job = job(row)?;
            Ok(ClaimedJob { lease: JobLease { job: job.id, id: lease.clone() }, job })
        };
        rows.iter().map(claimed).collect()
    }

    /// Keeps a job until `until`, and saves its progress. Returns whether the job should stop, or `None` when another
    /// process has claimed it. An expired lease can still be renewed if nobody has claimed the job.
    pub async fn renew_job(&self, lease: &JobLease, until: Timestamp, progress: &str) -> Result<Option<bool>> {
        let update = sqlx::query_scalar(
            "UPDATE jobs SET lease_until = $1, progress = $2 WHERE id = $3 AND lease_id = $4 RETURNING cancel",
        );
        let update = update.bind(until.as_millis()).bind(progress).bind(lease.job.get()).bind(&lease.id);
        // Fetches all rows, not only the first: SQLite commits at the end.
        let cancel = update.fetch_all(self.writer()).await.op("renew the lease of a job")?.pop();
        Ok(cancel.map(|cancel: i64| cancel == 1))
    }

    /// Tells whether a job should stop; `None` when another process has claimed it.
    pub async fn is_job_cancelling(&self, lease: &JobLease) -> Result<Option<bool>> {
        let query = sqlx::query_scalar("SELECT cancel FROM jobs WHERE id = $1 AND lease_id = $2");
        let cancel: Option<i64> =
            query.bind(lease.job.get()).bind(&lease.id).fetch_optional(self.reader()).await.op("look at a job")?;
        Ok(cancel.map(|cancel| cancel == 1))
    }

    /// Ends a run of a job and saves its progress. False when another process has claimed it, and then nothing
    /// changes.
    pub async fn end_job(&self, lease: &JobLease, end: &JobEnd, progress: &str, now: Timestamp) -> Result<bool> {
        unit!(self.upkeep(now, "end a job"), |tx| async {
            let update = sqlx::query("UPDATE jobs SET progress = $1 WHERE id = $2 AND lease_id = $3");
            let update = update.bind(progress).bind(lease.job.get()).bind(&lease.id);
            if update.execute(&mut **tx).await.op("end a job")?.rows_affected() == 0 {
                return Ok(false);
            }
            end_run(tx, lease, end, now).await
        }
        .await
        .map(Outcome::of))
    }

    /// Releases the jobs of processes that are known to have ended.
    pub async fn release_all_job_leases(&self) -> Result<u64> {
        let update = sqlx::query("UPDATE jobs SET lease_until = 0 WHERE state = 1");
        Ok(update.execute(self.writer()).await.op("release the leases of jobs")?.rows_affected())
    }
}

/// The effect of a postponement on the count of attempts.
#[derive(Clone, Copy)]
enum Attempts {
    Anew,
    Counted,
    Uncounted,
}

impl Attempts {
    /// Returns a number to add to the count, and then a factor.
    fn change(self) -> (i64, i64) {
        match self {
            Self::Anew => (0, 0),
            Self::Counted => (0, 1),
            Self::Uncounted => (-1, 1),
        }
    }
}

/// The last error of a job at the end of a run: a new one, the same as before, or none.
#[derive(Clone, Copy)]
enum LastError<'a> {
    Is(&'a str),
    Kept,
    Gone,
}

impl<'a> LastError<'a> {
    fn is_kept(self) -> bool {
        matches!(self, Self::Kept)
    }

    fn text(self) -> Option<&'a str> {
        match self {
            Self::Is(text) => Some(text),
            Self::Kept | Self::Gone => None,
        }
    }
}

async fn end_run(tx: &mut AnyConnection, lease: &JobLease, end: &JobEnd, now: Timestamp) -> Result<bool> {
    match end {
        JobEnd::Done => finish(tx, lease, JobState::Done, LastError::Gone, now).await,
        JobEnd::Failed { error } => finish(tx, lease, JobState::Failed, LastError::Is(error), now).await,
        JobEnd::Cancelled => finish(tx, lease, JobState::Cancelled, LastError::Kept, now).await,
        JobEnd::Later(run_at) => postpone(tx, lease, *run_at, Attempts::Anew, LastError::Gone, now).await,
        JobEnd::Retry { run_at, error } => {
            postpone(tx, lease, *run_at, Attempts::Counted, LastError::Is(error), now).await
        }
        JobEnd::Released => postpone(tx, lease, now, Attempts::Uncounted, LastError::Kept, now).await,
    }
}

/// Ends a job for good, unless the same work was requested again while it ran.
async fn finish(
    tx: &mut AnyConnection,
    lease: &JobLease,
    state: JobState,
    error: LastError<'_>,
    now: Timestamp,
) -> Result<bool> {
    let update = sqlx::query(
        "UPDATE jobs SET state = CASE WHEN again = 1 THEN 0 ELSE $1 END, run_at = CASE WHEN again = 1 THEN $2 ELSE run_at END, \
         finished_at = CASE WHEN again = 1 THEN NULL ELSE $2 END, attempts = CASE WHEN again = 1 THEN 0 ELSE attempts END, \
         last_error = CASE WHEN $3 = 1 THEN last_error ELSE $4 END, lease_id = NULL, lease_until = 0, again = 0, cancel = 0 \
         WHERE id = $5 AND lease_id = $6",
    );
    let update = update
        .bind(state.number())
        .bind(now.as_millis())
        .bind(i64::from(error.is_kept()))
        .bind(error.text())
        .bind(lease.job.get())
        .bind(&lease.id);
    Ok(update.execute(tx).await.op("end a job")?.rows_affected() > 0)
}

/// Postpones a job, unless an operator wants it to stop. If the same work was requested in the meantime, the
/// postponed job covers it.
async fn postpone(
    tx: &mut AnyConnection,
    lease: &JobLease,
    run_at: Timestamp,
    attempts: Attempts,
    error: LastError<'_>,
    now: Timestamp,
) -> Result<bool> {
    let update = sqlx::query(
        "UPDATE jobs SET state = CASE WHEN cancel = 1 AND again = 0 THEN 4 ELSE 0 END, run_at = $1, \
         finished_at = CASE WHEN cancel = 1 AND again = 0 THEN $2 ELSE NULL END, \
         attempts = (attempts + $3) * $4, last_error = CASE WHEN $5 = 1 THEN last_error ELSE $6 END, \
         lease_id = NULL, lease_until = 0, again = 0, cancel = 0 WHERE id = $7 AND lease_id = $8",
    );
    let (more, times) = attempts.change();
    let update = update
        .bind(run_at.as_millis())
        .bind(now.as_millis())
        .bind(more)
        .bind(times)
        .bind(i64::from(error.is_kept()))
        .bind(error.text())
        .bind(lease.job.get())
        .bind(&lease.id);
    Ok(update.execute(tx).await.op("put a job off")?.rows_affected() > 0)
}

fn state(number: i64) -> Result<JobState> {
    let state = JobState::ALL.into_iter().find(|state| state.number() == number);
    state.ok_or_else(|| Error::Corrupt { table: "jobs", column: "state", value: number.to_string() })
}

fn job(row: &AnyRow) -> Result<Job> {
    let (state, attempts) = (state(get(row, "state")?)?, get::<i64>(row, "attempts")?);
    Ok(Job {
        id: JobId::new(get(row, "id")?),
        kind: get(row, "kind")?,
        key: get(row, "key")?,
        payload: get(row, "payload")?,
        scope: get(row, "scope")?,
        state,
        run_at: time(row, "run_at")?,
        attempts: u32::try_from(attempts).map_err(|_| Error::Corrupt {
            table: "jobs",
            column: "attempts",
            value: attempts.to_string(),
        })?,
        lease_until: (state == JobState::Running).then(|| time(row, "lease_until")).transpose()?,
        is_cancelling: get::<i64>(row, "cancel")? == 1,
        progress: get(row, "progress")?,
        last_error: get(row, "last_error")?,
        created_at: time(row, "created_at")?,
        started_at: optional_time(row, "started_at")?,
        finished_at: optional_time(row, "finished_at")?,
    })
}
