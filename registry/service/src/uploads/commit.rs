//! What was staged becomes a blob.

use futures::StreamExt as _;
use roadstead_auth::{Access, Push};
use roadstead_storage::blob::{BlobKey, StagingKey};
use roadstead_storage::meta::{Act, Blob, CommitBlob, UploadLease};
use roadstead_types::{Algorithm, Digest, Hasher};

use super::{Finished, UploadService};
use crate::{Error, Result};

impl UploadService {
    /// Makes a blob of what an upload has, whose digest may be of another algorithm than it was hashed with.
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
            // The client named the algorithm only at the end: the one case in which bytes are read again.
            self.while_leased(Some(lease), self.rehash(key, hasher.len(), digest.algorithm())).await?
        };
        if hasher.len() == 0 {
            // Nothing was ever written, so nothing was staged.
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
                // Hashing is work for a thread that may block, not for the executor.
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

    /// Makes the staged bytes a blob of the repository. First the object, then the row: a row without an object cannot be.
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
        // After an error, whether the transaction was committed is not always known. An object that nobody refers to is swept
        // by age; deleting it here could delete one that a row refers to.
        let committed = committed?;
        self.caches.blobs.invalidate(&(committed.repository, digest.clone()));
        self.discard(staged).await;
        if committed.adopted {
            self.drop_second_copy(&committed.blob, &key).await?;
        }
        Ok(Finished { repository: committed.repository })
    }

    /// The content was there already: the object that has just come is not needed, unless the one that was there is lost
    /// or damaged. Then a push of the same content is what heals it.
    async fn drop_second_copy(&self, blob: &Blob, key: &BlobKey) -> Result<()> {
        let store = &self.base.store;
        if store.size(&blob.key).await? != Some(blob.size) {
            tracing::error!(blob.digest = %blob.digest, blob.key = %blob.key, "the object of a blob is not what its row says; replaced");
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
