//! Blobs, and the repositories that they are linked into.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::model::{Blob, CommitBlob, Committed, Repository};
use super::personal::Quotas;
use super::repositories::{self, Locked, SHOWN, Wanted};
use super::review::{self, Reason};
use super::row::{get, parse, size, size_column, time};
use super::sql::SqlResult as _;
use super::unit::{Outcome, Unit, unit};
use super::{Act, MetaStore};
use crate::blob::BlobKey;
use crate::{Error, Result};
use roadstead_types::{
    AccountId, BlobId, Digest, NamespaceId, RegistryId, RepositoryId, RepositoryName, Thing, Timestamp,
};

impl MetaStore {
    /// Returns the blob with this digest in this repository.
    pub async fn blob(&self, repository: RepositoryId, digest: &Digest) -> Result<Option<Blob>> {
        let query = sqlx::query(
            "SELECT b.id, b.digest, b.object, b.size, b.lease_until FROM blobs b \
             JOIN repository_blobs l ON l.blob_id = b.id AND l.repository_id = $1 \
             WHERE b.digest = $2 AND b.state <> 2",
        );
        let row = query.bind(repository.get()).bind(digest.as_str()).fetch_optional(self.reader()).await;
        row.op("read a blob")?.as_ref().map(blob).transpose()
    }

    /// Keeps a blob until `until` at least, and revives it if it was condemned. False when it is being deleted or has
    /// gone.
    pub async fn renew_blob_lease(&self, id: BlobId, until: Timestamp) -> Result<bool> {
        let update = sqlx::query(
            "UPDATE blobs SET state = 0, lease_until = CASE WHEN lease_until > $1 THEN lease_until ELSE $1 END \
             WHERE id = $2 AND state <> 2",
        );
        let done = update.bind(until.as_millis()).bind(id.get()).execute(self.writer()).await;
        let renewed = done.op("renew the lease of a blob")?.rows_affected() > 0;
        self.durable().await?;
        Ok(renewed)
    }

    /// Replaces `old`, the lost object of a blob, by `new`. False when the blob has another object by now.
    pub async fn replace_object(&self, id: BlobId, old: &BlobKey, new: &BlobKey, now: Timestamp) -> Result<bool> {
        unit!(self.upkeep(now, "replace an object"), |u| async {
            let update = sqlx::query("UPDATE blobs SET object = $1 WHERE id = $2 AND object = $3 AND state <> 2");
            let update = update.bind(new.as_str()).bind(id.get()).bind(old.as_str());
            Ok(update.execute(&mut **u).await.op("replace an object")?.rows_affected() > 0)
        }
        .await
        .map(Outcome::of))
    }

    /// Returns any repository that has a blob and is public or belongs to a namespace of `owner`. Neither the answer
    /// nor its time shows how many other repositories have the blob.
    pub async fn readable_holder(
        &self,
        registry: RegistryId,
        digest: &Digest,
        owner: Option<AccountId>,
    ) -> Result<Option<Repository>> {
        let sql = format!(
            "SELECT {} FROM blobs b \
             JOIN repository_blobs l ON l.blob_id = b.id JOIN repositories r ON r.id = l.repository_id \
             WHERE b.digest = $1 AND b.state <> 2 AND r.registry_id = $2 AND ({SHOWN} = 1 OR EXISTS \
             (SELECT 1 FROM namespaces n WHERE n.id = r.namespace_id AND n.owner_id = $3)) LIMIT 1",
            repositories::columns()
        );
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(digest.as_str())
            .bind(registry.get())
            .bind(owner.map_or(0, AccountId::get));
        let row = query.fetch_optional(self.reader()).await;
        row.op("find a holder of a blob")?.as_ref().map(repositories::repository).transpose()
    }

    /// Links a durable object into a repository as a blob, and ends its upload. If a blob with the same content
    /// exists, that one is linked and the object is not needed (`adopted`).
    ///
    /// # Errors
    /// `Stale` when the upload or the namespace has gone, or another request has taken the upload over;
    /// `LimitReached` when the owner of the namespace may not have one more repository.
    pub async fn commit_blob(&self, act: &Act, commit: &CommitBlob<'_>) -> Result<Committed> {
        unit!(self.unit(act, "commit a blob"), |u| insert(u, self.default_quotas(), commit).await.map(Outcome::Done))
    }

    /// Links a blob of the repository `from` into the repository `to`, which is made if it is missing. `None` when
    /// `from` has no such blob.
    ///
    /// # Errors
    /// `Stale` when the namespace has gone; `LimitReached` when its owner may not have one more repository.
    #[expect(clippy::too_many_arguments, reason = "every one is a plain value of its own type")]
    pub async fn mount_blob(
        &self,
        act: &Act,
        from: RepositoryId,
        registry: RegistryId,
        namespace: NamespaceId,
        to: &RepositoryName,
        digest: &Digest,
        lease_until: Timestamp,
    ) -> Result<Option<Committed>> {
        let mounted: Result<Committed> = unit!(self.unit(act, "mount a blob"), |u| async {
            // The repository is locked before the blob, as in every transaction that locks both.
            let wanted = Wanted { registry, namespace, name: to };
            u.is_a_step();
            let target = repositories::ensure(u, self.default_quotas(), wanted).await?;
            let leased = lease_in(u, from, digest, lease_until).await?;
            // An error, so that a repository that was just made is rolled back.
            let blob = leased.ok_or(Error::Stale(Thing::Blob))?;
            link(u, &target, blob.id).await?;
            let (repository, repository_created) = (target.id, target.created);
            Ok(Committed { repository, repository_created, blob, adopted: true })
        }
        .await
        .map(Outcome::Done));
        match mounted {
            Err(Error::Stale(Thing::Blob)) => Ok(None),
            mounted => mounted.map(Some),
        }
    }

    /// Unlinks a blob from a repository, and queues it for review. False when the repository does not have it.
    ///
    /// # Errors
    /// `InUse` while a manifest of the repository refers to it.
    pub async fn unlink_blob(&self, act: &Act, repository: RepositoryId, digest: &Digest) -> Result<bool> {
        unit!(self.unit(act, "unlink a blob"), |u| unlink(u, repository, digest).await.map(Outcome::of))
    }
}

async fn insert(u: &mut Unit<'_>, defaults: &Quotas, commit: &CommitBlob<'_>) -> Result<Committed> {
    let CommitBlob { registry, namespace, repository: name, .. } = *commit;
    let now = u.now();
    u.is_a_step();
    let repository = repositories::ensure(u, defaults, Wanted { registry, namespace, name }).await?;
    // The upload is locked after the repository, its owner and its namespace. Those who delete an account or a
    // namespace lock them in the same order.
    if let Some(upload) = commit.upload {
        super::uploads::finish(u, upload, registry, name).await?;
    }
    // One statement orders two commits of the same content, and locks the row for both.
    let upsert = sqlx::query(
        "INSERT INTO blobs (digest, object, size, state, lease_until, created_at) VALUES ($1, $2, $3, 0, $4, $5) \
         ON CONFLICT (digest) WHERE state <> 2 DO UPDATE SET state = 0, lease_until = \
         CASE WHEN blobs.lease_until > excluded.lease_until THEN blobs.lease_until ELSE excluded.lease_until END \
         RETURNING id, digest, object, size, lease_until",
    );
    let upsert = upsert
        .bind(commit.digest.as_str())
        .bind(commit.key.as_str())
        .bind(size_column(commit.size)?)
        .bind(commit.lease_until.as_millis())
        .bind(now.as_millis());
    let blob = blob(&upsert.fetch_one(&mut **u).await.op("commit a blob")?)?;
    if blob.size != commit.size {
        return Err(Error::Corrupt { table: "blobs", column: "size", value: blob.size.to_string() });
    }
    link(u, &repository, blob.id).await?;
    let adopted = blob.key != *commit.key;
    Ok(Committed { repository: repository.id, repository_created: repository.created, blob, adopted })
}

async fn link(u: &mut Unit<'_>, repository: &Locked, blob: BlobId) -> Result<()> {
    let now = u.now();
    let insert = sqlx::query(
        "INSERT INTO repository_blobs (repository_id, blob_id, created_at) VALUES ($1, $2, $3) \
         ON CONFLICT (repository_id, blob_id) DO NOTHING",
    );
    let insert = insert.bind(repository.id.get()).bind(blob.get()).bind(now.as_millis());
    let linked = insert.execute(&mut **u).await.op("link a blob")?.rows_affected() > 0;
    // Perhaps no manifest will ever refer to it.
    if linked { review::queue_blob(u, blob, Reason::NotReferencedYet).await } else { Ok(()) }
}

/// Renews the lease of a blob of a repository. This locks the blob, and revives it if it was condemned.
async fn lease_in(
    u: &mut Unit<'_>,
    repository: RepositoryId,
    digest: &Digest,
    until: Timestamp,
) -> Result<Option<Blob>> {
    let update = sqlx::query(
        "UPDATE blobs SET state = 0, lease_until = CASE WHEN lease_until > $1 THEN lease_until ELSE $1 END \
         WHERE digest = $2 AND state <> 2 AND EXISTS \
         (SELECT 1 FROM repository_blobs l WHERE l.repository_id = $3 AND l.blob_id = blobs.id) \
         RETURNING id, digest, object, size, lease_until",
    );
    let update = update.bind(until.as_millis()).bind(digest.as_str()).bind(repository.get());
    update.fetch_optional(&mut **u).await.op("lease a blob")?.as_ref().map(blob).transpose()
}

async fn unlink(u: &mut Unit<'_>, repository: RepositoryId, digest: &Digest) -> Result<bool> {
    // A request that stores a manifest in the repository also holds this lock. Either it sees that the blob has gone,
    // or this request sees the manifest.
    if repositories::lock(u, repository).await?.is_none() {
        return Ok(false);
    }
    let find = sqlx::query_scalar(
        "SELECT b.id FROM blobs b JOIN repository_blobs l ON l.blob_id = b.id AND l.repository_id = $1 \
         WHERE b.digest = $2 AND b.state <> 2",
    );
    let id: Option<i64> =
        find.bind(repository.get()).bind(digest.as_str()).fetch_optional(&mut **u).await.op("find a blob")?;
    let Some(id) = id else { return Ok(false) };
    let referred =
        sqlx::query("SELECT manifest_id FROM manifest_blobs WHERE blob_id = $1 AND repository_id = $2 LIMIT 1");
    let referred = referred.bind(id).bind(repository.get()).fetch_optional(&mut **u).await;
    if referred.op("look for manifests")?.is_some() {
        return Err(Error::InUse(Thing::Blob));
    }
    let delete = sqlx::query("DELETE FROM repository_blobs WHERE repository_id = $1 AND blob_id = $2");
    delete.bind(repository.get()).bind(id).execute(&mut **u).await.op("unlink a blob")?;
    review::queue_blob(u, BlobId::new(id), Reason::LinkDropped).await?;
    Ok(true)
}

pub(super) fn blob(row: &AnyRow) -> Result<Blob> {
    Ok(Blob {
        id: BlobId::new(get(row, "id")?),
        digest: parse(row, "blobs", "digest")?,
        key: parse(row, "blobs", "object")?,
        size: size(row, "blobs", "size")?,
        lease_until: time(row, "lease_until")?,
    })
}
