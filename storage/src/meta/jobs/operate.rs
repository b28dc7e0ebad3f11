//! Operations on jobs for operators: list, cancel, retry, and forget.

use sqlx::{AnyConnection, AssertSqlSafe};

use super::super::Act;
use super::super::MetaStore;
use super::super::row::{get, size};
use super::super::sql::{SqlResult as _, conflict};
use super::super::unit::{Outcome, unit};
use super::{Job, JobCount, JobQuery, columns, job, state};
use crate::Result;
use roadstead_types::{JobId, Thing, Timestamp};

impl MetaStore {
    /// Returns a page of jobs, the latest first.
    pub async fn list_jobs(&self, query: &JobQuery<'_>) -> Result<Vec<Job>> {
        let mut sql = concat!("SELECT ", columns!(), " FROM jobs WHERE id < $1").to_owned();
        if let Some(state) = query.state {
            sql.push_str(&format!(" AND state = {}", state.number()));
        }
        if query.kind.is_some() {
            sql.push_str(" AND kind = $3");
        }
        sql.push_str(" ORDER BY id DESC LIMIT $2");
        let page = sqlx::query(AssertSqlSafe(sql)).bind(query.before.map_or(i64::MAX, JobId::get));
        let page = page.bind(i64::from(query.limit));
        let page = query.kind.into_iter().fold(page, |page, kind| page.bind(kind));
        page.fetch_all(self.reader()).await.op("list jobs")?.iter().map(job).collect()
    }

    /// Returns the job with this id.
    pub async fn job(&self, id: JobId) -> Result<Option<Job>> {
        let row = sqlx::query(concat!("SELECT ", columns!(), " FROM jobs WHERE id = $1")).bind(id.get());
        row.fetch_optional(self.reader()).await.op("read a job")?.as_ref().map(job).transpose()
    }

    /// Cancels a waiting job at once, and tells a running one to stop. False when the job has ended or does not
    /// exist.
    pub async fn cancel_job(&self, act: &Act, id: JobId) -> Result<bool> {
        unit!(self.unit(act, "cancel a job"), |tx| cancel(tx, id, act.now()).await.map(Outcome::of))
    }

    /// Makes a job due now that is waiting, has failed or was cancelled, and resets its attempts. False when it is
    /// running or done, or does not exist.
    ///
    /// # Errors
    /// `Conflict` when the same work was requested since.
    pub async fn retry_job(&self, act: &Act, id: JobId) -> Result<bool> {
        unit!(self.unit(act, "try a job again"), |tx| retry(tx, id, act.now()).await.map(Outcome::of))
    }

    /// Counts the jobs of each kind in each state.
    pub async fn count_jobs(&self) -> Result<Vec<JobCount>> {
        let query =
            sqlx::query("SELECT kind, state, COUNT(*) AS jobs FROM jobs GROUP BY kind, state ORDER BY kind, state");
        let rows = query.fetch_all(self.reader()).await.op("count jobs")?;
        let count = |row| {
            let (kind, state) = (get(row, "kind")?, state(get(row, "state")?)?);
            Ok(JobCount { kind, state, count: size(row, "jobs", "jobs")? })
        };
        rows.iter().map(count).collect()
    }

    /// Deletes jobs that ended before `before`, at most `limit` of them. Returns their number.
    pub async fn forget_jobs(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let delete = sqlx::query(
            "DELETE FROM jobs WHERE id IN \
             (SELECT id FROM jobs WHERE state >= 2 AND finished_at < $1 ORDER BY finished_at LIMIT $2)",
        );
        let delete = delete.bind(before.as_millis()).bind(i64::from(limit));
        Ok(delete.execute(self.writer()).await.op("forget jobs")?.rows_affected())
    }
}

async fn cancel(tx: &mut AnyConnection, id: JobId, now: Timestamp) -> Result<bool> {
    let update = sqlx::query(
        "UPDATE jobs SET cancel = CASE WHEN state = 1 THEN 1 ELSE 0 END, again = 0, \
         finished_at = CASE WHEN state = 1 THEN NULL ELSE $1 END, state = CASE WHEN state = 1 THEN 1 ELSE 4 END \
         WHERE id = $2 AND state < 2",
    );
    let update = update.bind(now.as_millis()).bind(id.get());
    Ok(update.execute(tx).await.op("cancel a job")?.rows_affected() > 0)
}

async fn retry(tx: &mut AnyConnection, id: JobId, now: Timestamp) -> Result<bool> {
    let update = sqlx::query(
        "UPDATE jobs SET state = 0, run_at = $1, attempts = 0, cancel = 0, finished_at = NULL \
         WHERE id = $2 AND state IN (0, 3, 4)",
    );
    let update = update.bind(now.as_millis()).bind(id.get()).execute(tx).await.op("try a job again");
    Ok(update.map_err(conflict(Thing::Job))?.rows_affected() > 0)
}
