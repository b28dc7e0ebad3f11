//! Functions of the store that only tests call.

use super::MetaStore;
use super::blobs::blob;
use super::jobs::{NewJob, enqueue};
use super::model::Blob;
use super::sql::{SqlResult as _, stale};
use super::trigger_log::TriggerRun;
use super::triggers::{Workload, bind_workload};
use super::unit::{Outcome, Unit, unit};
use crate::Result;
use roadstead_types::{AccountId, BlobId, JobId, RegistryId, Thing, Timestamp};

impl MetaStore {
    /// Requests work. If the same work is waiting, nothing changes; if it is running, it is done once more.
    pub async fn enqueue_job(&self, new: &NewJob, now: Timestamp) -> Result<JobId> {
        unit!(self.upkeep(now, "enqueue a job"), |tx| enqueue(tx, new, now).await.map(Outcome::Done))
    }

    /// Lists the rows of blobs in any state, in the order of ids, after `after`.
    pub async fn blobs_page(&self, after: Option<BlobId>, limit: u32) -> Result<Vec<Blob>> {
        let query =
            sqlx::query("SELECT id, digest, object, size, lease_until FROM blobs WHERE id > $1 ORDER BY id LIMIT $2");
        let page = query.bind(after.map_or(0, BlobId::get)).bind(i64::from(limit));
        page.fetch_all(self.reader()).await.op("list blobs")?.iter().map(blob).collect()
    }

    /// Logs the run of a trigger.
    ///
    /// # Errors
    /// `Stale` when the account does not exist.
    pub async fn log_trigger_run(&self, registry: RegistryId, owner: AccountId, run: &TriggerRun) -> Result<()> {
        unit!(self.upkeep(run.invoked_at, "log a trigger"), |u| log(u, registry, owner, run).await.map(Outcome::Done))
    }
}

async fn log(u: &mut Unit<'_>, registry: RegistryId, owner: AccountId, run: &TriggerRun) -> Result<()> {
    let insert = sqlx::query(
        "INSERT INTO trigger_log (registry_id, owner_id, repository_name, tag_name, trigger_name, invoke_method, \
         invoke_expr, cluster_id, cluster_region, cluster_namespace, workload_type, workload_name, container_name, \
         return_code, return_message, invoked_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    );
    let insert = insert
        .bind(registry.get())
        .bind(owner.get())
        .bind(&*run.repository_name)
        .bind(&*run.tag)
        .bind(&*run.trigger)
        .bind(run.method.as_str())
        .bind(&*run.expression);
    let insert = bind_workload!(insert, &run.workload)
        .bind(run.return_code)
        .bind(&*run.return_message)
        .bind(run.invoked_at.as_millis());
    insert.execute(&mut **u).await.op("log a trigger").map_err(stale(Thing::Account))?;
    Ok(())
}
