//! Blobs: finds, reads, mounts and deletes them.

use std::ops::Range;
use std::sync::Arc;

use futures::stream::{self, LocalBoxStream, StreamExt};
use roadstead_auth::{Access, Delete, Probe, Pull, Push};
use roadstead_storage::blob::{BlobStream, PieceSize};
use roadstead_storage::meta::{Act, Blob, Committed};
use roadstead_types::{Digest, RepositoryId, Thing};

use super::cache::Caches;
use super::transfer::Transfer;
use super::{Error, Foundation, Result};

/// The largest download that needs no share of the budget. A connection buffers about as much anyway.
const SMALL: u64 = 64 << 10;
const SMALL_PIECE: usize = 64 << 10;

/// A range of bytes in a blob. The end is exclusive.
pub type BlobRange = Range<u64>;

/// The service for blobs.
#[derive(Clone)]
pub struct BlobService {
    base: Arc<Foundation>,
    caches: Arc<Caches>,
}

impl BlobService {
    pub(crate) fn new(base: Arc<Foundation>, caches: Arc<Caches>) -> Self {
        Self { base, caches }
    }

    async fn find(&self, repository: Option<RepositoryId>, digest: &Digest) -> Result<Blob> {
        let repository = repository.ok_or(Error::Unknown(Thing::Blob))?;
        let load = async || self.base.meta.blob(repository, digest).await;
        self.caches.blobs.get_or_load((repository, digest.clone()), load).await?.ok_or(Error::Unknown(Thing::Blob))
    }

    /// Returns the blob and renews its lease, for a client that will rely on the blob.
    pub async fn stat(&self, access: &Access<Probe>, digest: &Digest) -> Result<Blob> {
        let blob = self.find(access.repository_id(), digest).await?;
        let now = self.base.clock.now();
        let lease = self.base.params.lease;
        if blob.lease_until >= now.after(lease / 2) {
            return Ok(blob);
        }
        let repository = access.repository_id().ok_or(Error::Unknown(Thing::Blob))?;
        let until = now.after(lease);
        let renewed = self.base.meta.renew_blob_lease(blob.id, until).await?;
        self.caches.blobs.invalidate(&(repository, digest.clone()));
        // Another request may have deleted the row and pushed the same content again as a new row.
        if renewed { Ok(Blob { lease_until: until, ..blob }) } else { self.find(Some(repository), digest).await }
    }

    /// Returns the blob, for a client that reads it.
    pub async fn get(&self, access: &Access<Pull>, digest: &Digest) -> Result<Blob> {
        self.find(access.repository_id(), digest).await
    }

    /// Reads the bytes `range` of a blob that [`BlobService::get`] returned for the same access.
    pub async fn read(&self, access: &Access<Pull>, blob: &Blob, range: BlobRange) -> Result<BlobStream> {
        let transfer = self.transfer(range.end - range.start).await?;
        self.open(access.repository_id(), blob, range, transfer).await
    }

    /// Reads several ranges of a blob, one stream per range. Each stream is opened only when it is needed. Together they
    /// count as one download, however short they are, because each of them opens the object.
    pub async fn read_parts(
        &self,
        access: &Access<Pull>,
        blob: &Blob,
        ranges: Vec<BlobRange>,
    ) -> Result<LocalBoxStream<'static, Result<BlobStream>>> {
        let transfer = Some(Arc::new(self.base.budget.download().await?));
        let (service, repository, blob) = (self.clone(), access.repository_id(), blob.clone());
        let parts = stream::iter(ranges).then(move |range| {
            let (service, blob, transfer) = (service.clone(), blob.clone(), transfer.clone());
            async move { service.open(repository, &blob, range, transfer).await }
        });
        Ok(parts.boxed_local())
    }

    /// Waits for a share of the budget for a download of this size. Small downloads need none.
    async fn transfer(&self, bytes: u64) -> Result<Option<Arc<Transfer>>> {
        match bytes {
            ..=SMALL => Ok(None),
            _ => Ok(Some(Arc::new(self.base.budget.download().await?))),
        }
    }

    async fn open(
        &self,
        repository: Option<RepositoryId>,
        blob: &Blob,
        range: BlobRange,
        transfer: Option<Arc<Transfer>>,
    ) -> Result<BlobStream> {
        let mut blob = blob.clone();
        // A cached row can name an object that was deleted since, so the second round reads the row from the database.
        for _ in 0..2 {
            let piece = match transfer.clone() {
                None => PieceSize::fixed(SMALL_PIECE),
                Some(transfer) => PieceSize::by(move || transfer.piece()),
            };
            if let Some(stream) = self.base.store.open(&blob.key, range.clone(), piece).await? {
                // The stream holds the transfer, so that it counts as running until the last byte is sent.
                return Ok(stream.map(move |item| (item, &transfer).0).boxed());
            }
            if let Some(repository) = repository {
                self.caches.blobs.invalidate(&(repository, blob.digest.clone()));
            }
            blob = self.find(repository, &blob.digest).await?;
        }
        tracing::error!(blob.digest = %blob.digest, blob.key = %blob.key, "a blob has a row and no object");
        Err(Error::internal(roadstead_storage::Error::Corrupt {
            table: "blobs",
            column: "object",
            value: blob.key.to_string(),
        }))
    }

    /// Removes the blob from the repository. Other repositories keep it. For a caller who may only delete tags, the
    /// blob does not exist. The transaction also writes the audit event of `act`.
    pub async fn delete(&self, access: &Access<Delete>, digest: &Digest, act: &Act) -> Result<()> {
        let repository =
            access.repository_id().filter(|_| access.tags().is_none()).ok_or(Error::Unknown(Thing::Blob))?;
        let gone = self.base.meta.unlink_blob(act, repository, digest).await;
        // After an error, the deletion may have been committed all the same.
        self.caches.blobs.invalidate(&(repository, digest.clone()));
        let gone = gone?;
        if gone { Ok(()) } else { Err(Error::Unknown(Thing::Blob)) }
    }

    /// Links a blob of another repository, from which the caller may pull, into this one. Returns `None` if that
    /// repository does not have the blob.
    pub async fn mount(
        &self,
        act: &Act,
        to: &Access<Push>,
        from: &Access<Pull>,
        digest: &Digest,
    ) -> Result<Option<Committed>> {
        let Some(source) = from.repository_id() else { return Ok(None) };
        let now = self.base.clock.now();
        let until = now.after(self.base.params.lease);
        let meta = &self.base.meta;
        let mounted =
            meta.mount_blob(act, source, to.registry(), to.namespace_id(), to.repository(), digest, until).await;
        let made = mounted.as_ref().map(|mounted| mounted.as_ref().and_then(|m| m.repository_created.as_ref()));
        self.base.pushed(to, made);
        let mounted = mounted?;
        if let Some(mounted) = &mounted {
            self.caches.blobs.invalidate(&(mounted.repository, digest.clone()));
        }
        Ok(mounted)
    }

    /// Links a blob into a repository from any other repository that has it and from which the caller may pull. The
    /// result does not reveal whether repositories that the caller cannot pull from have the blob.
    pub async fn mount_from_any(
        &self,
        act: &Act,
        to: &Access<Push>,
        caller: &roadstead_auth::Caller,
        digest: &Digest,
    ) -> Result<Option<Committed>> {
        let owner = caller.identity.as_ref().map(|identity| identity.owner);
        let Some(holder) = self.base.meta.readable_holder(to.registry(), digest, owner).await? else {
            return Ok(None);
        };
        // The query only finds a candidate. The usual check decides whether the caller may pull from it.
        match self.base.auth.authorize_identity::<Pull>(caller, to.registry(), &holder.name).await {
            Ok(from) => self.mount(act, to, &from, digest).await,
            Err(_) => Ok(None),
        }
    }
}
