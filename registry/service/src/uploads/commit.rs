//! Commits uploads: turns staged bytes into a blob.

use futures::StreamExt as _;
use roadstead_auth::{Access, Push};
use roadstead_storage::blob::{BlobKey, StagingKey};
use roadstead_storage::meta::{Act, Blob, CommitBlob, UploadLease};
use roadstead_types::{Algorithm, Digest, Hasher};

use super::{Finished, UploadService};
use crate::{Error, Result};

impl UploadService {
    /// Turns an upload into a blob. The digest may use a different algorithm than the upload.
    pub(super) async fn conclude(
        &self,
        act: &Act,
        access: &Access<Push>,
        lease: &UploadLease,
        hasher: Hasher,
        digest: &Digest,
    ) -> Result<Finished> {
        let key = StagingKey::of(lease.upload());
        let hasher = if hasher.algorithm() == digest.algorithm() {
            hasher
        } else {
            // The client named the algorithm only at the end. This is the only case in which stored bytes are read
            // again.
            self.while_leased(Some(lease), self.rehash(key, hasher.len(), digest.algorithm())).await?
        };
        if hasher.len() == 0 {
            // The upload is empty, so nothing was staged yet.
            self.base.store.stage(&key, hasher.clone()).await?.sync().await?;
        }
        self.commit(act, access, key, Some(lease), hasher, digest).await
    }

    async fn rehash(&self, key: StagingKey, len: u64, algorithm: Algorithm) -> Result<Hasher> {
        let mut hasher = Hasher::new(algorithm);
        if len > 0 {
            let mut stream = self.base.store.read_staged(&key, len).await?;
            while let Some(piece) = stream.next().await {
                let piece = piece?;
                // Hashing would block the executor, so it runs on a thread for blocking work.
                let hashed = tokio::task::spawn_blocking(move || {
                    hasher.update(&piece);
                    hasher
                });
                hasher = hashed.await.map_err(|e| {
                    Error::internal(roadstead_storage::Error::Backend { op: "hash an upload", source: Box::new(e) })
                })?;
            }
        }
        Ok(hasher)
    }

    /// Turns the staged bytes into a blob of the repository. The object is stored before the row, because no row may
    /// exist without an object.
    pub(super) async fn commit(
        &self,
        act: &Act,
        access: &Access<Push>,
        staged: StagingKey,
        upload: Option<&UploadLease>,
        hasher: Hasher,
        digest: &Digest,
    ) -> Result<Finished> {
        let size = hasher.len();
        let found = hasher.finish();
        if found != *digest {
            return Err(Error::Digest { expected: digest.clone(), found });
        }
        let stored = async { Ok(self.base.store.commit(&staged, digest, size).await?) };
        let key = self.while_leased(upload, stored).await?;
        let now = self.base.clock.now();
        let commit = CommitBlob {
            registry: access.registry(),
            namespace: access.namespace_id(),
            repository: access.repository(),
            digest,
            key: &key,
            size,
            upload,
            lease_until: now.after(self.base.params.lease),
        };
        let committed = self.base.meta.commit_blob(act, &commit).await;
        self.base.pushed(access, committed.as_ref().map(|committed| committed.repository_created.as_ref()));
        // After an error, the transaction may have been committed all the same. The object must stay, because a row may
        // refer to it. An object without a row is swept later.
        let committed = committed?;
        self.caches.blobs.invalidate(&(committed.repository, digest.clone()));
        self.discard(staged).await;
        if committed.adopted {
            self.drop_second_copy(&committed.blob, &key).await?;
        }
        Ok(Finished { repository: committed.repository })
    }

    /// Drops the new object, because the content already existed. If the existing object is missing or damaged, the new
    /// one replaces it instead.
    async fn drop_second_copy(&self, blob: &Blob, key: &BlobKey) -> Result<()> {
        let store = &self.base.store;
        if store.size(&blob.key).await? != Some(blob.size) {
            tracing::error!(blob.digest = %blob.digest, blob.key = %blob.key, "the object of a blob does not match its row; replaced");
            if self.base.meta.replace_object(blob.id, &blob.key, key, self.base.clock.now()).await? {
                self.caches.blobs.clear();
                return Ok(());
            }
        }
        if let Err(error) = store.delete(key).await {
            tracing::warn!(blob.key = %key, error = %error, "a second copy of a blob stays until it is swept");
        }
        Ok(())
    }
}
