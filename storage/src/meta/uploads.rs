//! Uploads in progress. Their bytes are in the blob store, their hash state and lease here.
//!
//! These rows outlive the process, but nothing waits for the disk. After a loss of power an upload may be at an
//! earlier position or missing, and its client continues from the reported position. It must never claim bytes that
//! are lost, so callers sync the bytes before they count them.

use sqlx::any::AnyRow;
use uuid::Uuid;

use super::MetaStore;
use super::model::{Lease, NewUpload, Upload, UploadLease};
use super::row::{get, hash_state, parse, size_column, time};
use super::sql::{SqlResult as _, conflict, stale};
use super::unit::Unit;
use crate::{Error, Result};
use roadstead_types::{AccountId, HashState, RegistryId, RepositoryName, Thing, Timestamp, UploadId};

impl MetaStore {
    /// Stores a new upload without a lease.
    ///
    /// # Errors
    /// `Stale` when the account does not exist.
    pub async fn create_upload(&self, new: &NewUpload<'_>) -> Result<()> {
        let insert = sqlx::query(
            "INSERT INTO uploads (id, registry_id, repository_name, account_id, hash_algorithm, hash_state, \
             hashed_bytes, lease_until, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)",
        );
        let insert = insert
            .bind(new.id.to_string())
            .bind(new.registry.get())
            .bind(new.repository.as_str())
            .bind(new.account.get())
            .bind(new.hash.algorithm.as_str())
            .bind(&new.hash.bytes[..])
            .bind(size_column(new.hash.len)?)
            .bind(new.now.as_millis())
            .bind(new.expires_at.as_millis());
        let done = insert.execute(self.writer()).await.op("create an upload");
        done.map_err(conflict(Thing::Upload)).map_err(stale(Thing::Account))?;
        Ok(())
    }

    /// Returns an upload that has not expired.
    pub async fn upload(&self, id: UploadId, now: Timestamp) -> Result<Option<Upload>> {
        let query = sqlx::query(
            "SELECT id, registry_id, repository_name, account_id, hash_algorithm, hash_state, hashed_bytes, \
             lease_holder, lease_until, created_at, expires_at FROM uploads WHERE id = $1 AND expires_at > $2",
        );
        let row = query.bind(id.to_string()).bind(now.as_millis()).fetch_optional(self.reader()).await;
        row.op("read an upload")?.map(|row| upload(&row, now)).transpose()
    }

    /// Takes the lease of an upload until `until`, if nobody holds it. The lease is the right to write to it.
    pub async fn lease_upload(&self, id: UploadId, until: Timestamp, now: Timestamp) -> Result<Lease> {
        let update = sqlx::query(
            "UPDATE uploads SET lease_holder = $1, lease_until = $2 \
             WHERE id = $3 AND expires_at > $4 AND (lease_holder IS NULL OR lease_until <= $4) \
             RETURNING id, registry_id, repository_name, account_id, hash_algorithm, hash_state, hashed_bytes, \
             lease_holder, lease_until, created_at, expires_at",
        );
        let holder = format!("{}:{}", self.process(), Uuid::new_v4().simple());
        let update = update.bind(&holder).bind(until.as_millis()).bind(id.to_string()).bind(now.as_millis());
        // Fetches all rows, not only the first: SQLite commits at the end, and the disk may be full then.
        match update.fetch_all(self.writer()).await.op("lease an upload")?.pop() {
            Some(row) => Ok(Lease::Acquired(upload(&row, now)?, UploadLease { upload: id, holder })),
            None => Ok(if self.upload(id, now).await?.is_some() { Lease::Busy } else { Lease::Gone }),
        }
    }

    /// Keeps a lease until `until`. False when it has been lost.
    pub async fn renew_upload_lease(&self, lease: &UploadLease, until: Timestamp) -> Result<bool> {
        // An expired lease can still be renewed if nobody else took it.
        let update = sqlx::query("UPDATE uploads SET lease_until = $1 WHERE id = $2 AND lease_holder = $3");
        let done = update.bind(until.as_millis()).bind(lease.upload.to_string()).bind(&lease.holder);
        Ok(done.execute(self.writer()).await.op("renew the lease of an upload")?.rows_affected() > 0)
    }

    /// Stores the progress of an upload and when it expires, and releases its lease.
    ///
    /// # Errors
    /// `Stale` when the lease has been lost.
    pub async fn save_upload(&self, lease: &UploadLease, hash: &HashState, expires_at: Timestamp) -> Result<()> {
        let update = sqlx::query(
            "UPDATE uploads SET hash_algorithm = $1, hash_state = $2, hashed_bytes = $3, expires_at = $4, \
             lease_holder = NULL, lease_until = 0 WHERE id = $5 AND lease_holder = $6 AND hashed_bytes <= $3",
        );
        let update = update
            .bind(hash.algorithm.as_str())
            .bind(&hash.bytes[..])
            .bind(size_column(hash.len)?)
            .bind(expires_at.as_millis())
            .bind(lease.upload.to_string())
            .bind(&lease.holder);
        let done = update.execute(self.writer()).await.op("save an upload")?;
        if done.rows_affected() > 0 { Ok(()) } else { Err(Error::Stale(Thing::Upload)) }
    }

    /// Deletes the upload of a lease. False when the lease has been lost or the upload has gone.
    pub async fn delete_upload(&self, lease: &UploadLease) -> Result<bool> {
        let delete = sqlx::query("DELETE FROM uploads WHERE id = $1 AND lease_holder = $2");
        let delete = delete.bind(lease.upload.to_string()).bind(&lease.holder);
        Ok(delete.execute(self.writer()).await.op("delete an upload")?.rows_affected() > 0)
    }

    /// Returns expired uploads without a lease, the longest expired first.
    pub async fn expired_uploads(&self, now: Timestamp, limit: u32) -> Result<Vec<UploadId>> {
        let query = sqlx::query(
            "SELECT id FROM uploads WHERE expires_at <= $1 AND (lease_holder IS NULL OR lease_until <= $1) \
             ORDER BY expires_at, id LIMIT $2",
        );
        let rows = query.bind(now.as_millis()).bind(i64::from(limit)).fetch_all(self.reader()).await;
        rows.op("list expired uploads")?.iter().map(|row| parse(row, "uploads", "id")).collect()
    }

    /// Deletes an upload if it is still expired and without a lease.
    pub async fn delete_expired_upload(&self, id: UploadId, now: Timestamp) -> Result<bool> {
        let delete = sqlx::query(
            "DELETE FROM uploads WHERE id = $1 AND expires_at <= $2 AND (lease_holder IS NULL OR lease_until <= $2)",
        );
        let done = delete.bind(id.to_string()).bind(now.as_millis()).execute(self.writer()).await;
        Ok(done.op("delete an expired upload")?.rows_affected() > 0)
    }

    /// Releases every lease, and returns their number. Only for the start of the only server on a database.
    pub async fn release_all_upload_leases(&self) -> Result<u64> {
        let update =
            sqlx::query("UPDATE uploads SET lease_holder = NULL, lease_until = 0 WHERE lease_holder IS NOT NULL");
        Ok(update.execute(self.writer()).await.op("release the leases of uploads")?.rows_affected())
    }

    /// Counts the uploads.
    pub async fn count_uploads(&self) -> Result<u64> {
        let count: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM uploads").fetch_one(self.reader()).await.op("count uploads")?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

/// Ends the upload of a lease.
pub(super) async fn finish(
    u: &mut Unit<'_>,
    lease: &UploadLease,
    registry: RegistryId,
    repository: &RepositoryName,
) -> Result<()> {
    let delete = sqlx::query(
        "DELETE FROM uploads WHERE id = $1 AND lease_holder = $2 AND registry_id = $3 AND repository_name = $4",
    );
    let delete = delete.bind(lease.upload.to_string()).bind(&lease.holder);
    let done = delete.bind(registry.get()).bind(repository.as_str()).execute(&mut **u).await.op("finish an upload")?;
    if done.rows_affected() > 0 { Ok(()) } else { Err(Error::Stale(Thing::Upload)) }
}

fn upload(row: &AnyRow, now: Timestamp) -> Result<Upload> {
    let holder: Option<String> = get(row, "lease_holder")?;
    Ok(Upload {
        id: parse(row, "uploads", "id")?,
        registry: RegistryId::new(get(row, "registry_id")?),
        repository: parse(row, "uploads", "repository_name")?,
        account: AccountId::new(get(row, "account_id")?),
        hash: hash_state(row)?,
        leased: holder.is_some() && time(row, "lease_until")? > now,
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
    })
}
