//! Requesting work.

use sqlx::AnyConnection;

use super::super::sql::SqlResult as _;
use super::model::NewJob;
use crate::Result;
use roadstead_types::{JobId, Timestamp};

/// Requests work in the transaction that makes it necessary.
pub(in super::super) async fn enqueue(tx: &mut AnyConnection, new: &NewJob, now: Timestamp) -> Result<JobId> {
    // A postponed retry does not run sooner because the work is requested again.
    let insert = sqlx::query_scalar(
        "INSERT INTO jobs (kind, key, payload, scope, state, run_at, progress, created_at) \
         VALUES ($1, $2, $3, $4, 0, $5, '', $6) \
         ON CONFLICT (kind, key) WHERE state < 2 AND key IS NOT NULL DO UPDATE SET \
         again = CASE WHEN jobs.state = 1 THEN 1 ELSE 0 END, \
         run_at = CASE WHEN jobs.attempts = 0 AND excluded.run_at < jobs.run_at THEN excluded.run_at ELSE jobs.run_at END \
         RETURNING id",
    );
    let insert = insert
        .bind(new.kind)
        .bind(new.key.as_deref())
        .bind(&new.payload)
        .bind(&new.scope)
        .bind(now.after(new.delay).as_millis())
        .bind(now.as_millis());
    let id: i64 = insert.fetch_one(tx).await.op("enqueue a job")?;
    Ok(JobId::new(id))
}
