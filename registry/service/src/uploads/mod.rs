//! Uploads of blobs: sessions that receive bytes over one or more requests.

mod chunk;
mod commit;

use std::sync::Arc;
use std::time::Duration;

use roadstead_auth::{Access, Push};
use roadstead_storage::blob::StagingKey;
use roadstead_storage::meta::{Act, Lease, NewUpload, Upload, UploadLease};
use roadstead_types::{Algorithm, Digest, Hasher, RegistryId, RepositoryId, Thing, UploadId};

use super::cache::Caches;
use super::transfer::{Body, Transfer};
use super::{Error, Foundation, Result};

/// How long a request keeps its lease on an upload without renewing it. It renews the lease while bytes arrive.
const UPLOAD_LEASE: Duration = Duration::from_secs(60);

/// The byte range of a chunk, with both ends inclusive (distribution-spec, "Pushing a blob in chunks").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChunkRange {
    /// Offset of the first byte.
    pub first: u64,
    /// Offset of the last byte.
    pub last: u64,
}

/// The step after a body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// The client sends another request, so the bytes must be on disk before they are counted.
    Wait,
    /// The commit follows, which writes all bytes to disk.
    Commit,
}

/// A finished upload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Finished {
    /// The repository that now has the blob.
    pub repository: RepositoryId,
}

/// An upload that the current request may write to.
struct Session {
    upload: Upload,
    lease: UploadLease,
    /// The hash of the bytes so far.
    hasher: Hasher,
}

/// The service for uploads of blobs. Their state is in the database, so any process can receive the next chunk, also
/// after a restart.
#[derive(Clone)]
pub struct UploadService {
    base: Arc<Foundation>,
    caches: Arc<Caches>,
}

impl UploadService {
    pub(crate) fn new(base: Arc<Foundation>, caches: Arc<Caches>) -> Self {
        Self { base, caches }
    }

    /// Starts an upload that is hashed with `algorithm`.
    pub async fn start(&self, access: &Access<Push>, algorithm: Algorithm) -> Result<UploadId> {
        self.check_room(access).await?;
        let now = self.base.clock.now();
        let id = UploadId::random();
        let new = NewUpload {
            id,
            registry: access.registry(),
            repository: access.repository(),
            account: access.account(),
            hash: Hasher::new(algorithm).save(),
            expires_at: now.after(self.base.params.upload_ttl),
            now,
        };
        self.base.meta.create_upload(&new).await?;
        Ok(id)
    }

    /// Receives a whole blob in one request, without a session that a client could resume.
    pub async fn upload(&self, act: &Act, access: &Access<Push>, digest: &Digest, body: Body<'_>) -> Result<Finished> {
        self.check_room(access).await?;
        let key = StagingKey::of(UploadId::random());
        let transfer = self.base.budget.upload().await?;
        let stored = self.receive(key, Hasher::new(digest.algorithm()), body, 0, &transfer, After::Commit, None).await;
        let result = match stored {
            Ok(hasher) => self.commit(act, access, key, None, hasher, digest).await,
            Err((_, error)) => Err(error),
        };
        if result.is_err() {
            self.discard(key).await;
        }
        result
    }

    /// Refuses an upload early if its repository does not exist and may not be created.
    async fn check_room(&self, access: &Access<Push>) -> Result<()> {
        if access.repository_id().is_some() || access.registry() != RegistryId::PERSONAL {
            return Ok(());
        }
        Ok(self.base.meta.check_room(access.namespace_id()).await?)
    }

    /// Returns the upload `id` if it belongs to this repository and this account. A foreign upload looks like a missing
    /// one.
    async fn find(&self, access: &Access<Push>, id: UploadId) -> Result<Upload> {
        let upload = self.base.meta.upload(id, self.base.clock.now()).await?;
        upload.filter(|u| belongs(u, access)).ok_or(Error::Unknown(Thing::Upload))
    }

    /// Returns the number of bytes of the upload that have arrived.
    pub async fn status(&self, access: &Access<Push>, id: UploadId) -> Result<u64> {
        Ok(self.find(access, id).await?.hash.len)
    }

    /// Cancels an upload and drops its bytes.
    pub async fn cancel(&self, access: &Access<Push>, id: UploadId) -> Result<()> {
        let session = self.lease(access, id).await?;
        self.drop_session(&session).await
    }

    /// Appends a body to the upload. Returns the number of bytes that the upload has now.
    ///
    /// A chunk may start before the end of the upload if it reaches beyond the end: the client repeats a request whose
    /// answer was lost, and the known bytes are skipped. A chunk without new bytes, or with a gap before it, is refused
    /// with the offset of the next byte. If the body ends early, the bytes that have arrived are kept.
    pub async fn append(
        &self,
        access: &Access<Push>,
        id: UploadId,
        range: Option<ChunkRange>,
        body: Body<'_>,
    ) -> Result<u64> {
        // The request waits for a share of the budget before it takes the lease, so that a queued request does not
        // block the upload.
        let transfer = self.base.budget.upload().await?;
        let session = self.lease(access, id).await?;
        let (hasher, outcome) = self.take_chunk(&session, range, body, &transfer, After::Wait).await;
        self.save(&session.lease, &hasher).await?;
        outcome.map(|()| hasher.len())
    }

    /// Appends the last body, if there is one, and turns the upload into a blob of the repository.
    pub async fn finish(
        &self,
        act: &Act,
        access: &Access<Push>,
        id: UploadId,
        range: Option<ChunkRange>,
        body: Option<Body<'_>>,
        digest: &Digest,
    ) -> Result<Finished> {
        // Without a body, no memory is needed.
        let body = match body {
            Some(body) => Some((body, self.base.budget.upload().await?)),
            None => None,
        };
        let mut session = self.lease(access, id).await?;
        if session.hasher.len() == 0 {
            session.hasher = Hasher::new(digest.algorithm());
        }
        let hasher = match body {
            Some((body, transfer)) => self.take_last_chunk(&session, range, body, &transfer).await?,
            None => session.hasher.clone(),
        };
        let result = self.conclude(act, access, &session.lease, hasher, digest).await;
        match &result {
            Ok(_) => {}
            // The client sent different bytes than it announced, so the upload cannot continue.
            Err(Error::Digest { .. }) => self.drop_session(&session).await?,
            // The bytes that were safe before this request still are, so the client can resume from there.
            Err(_) => self.give_back(&session).await,
        }
        result
    }

    /// Receives the body of the last request of an upload. The client can repeat the request after a failure.
    async fn take_last_chunk(
        &self,
        session: &Session,
        range: Option<ChunkRange>,
        body: Body<'_>,
        transfer: &Transfer,
    ) -> Result<Hasher> {
        let (hasher, outcome) = self.take_chunk(session, range, body, transfer, After::Commit).await;
        if let Err(error) = outcome {
            // Without a range, the client repeats the whole body, so its bytes do not count.
            let safe = if range.is_some() { &hasher } else { &session.hasher };
            self.save(&session.lease, safe).await?;
            return Err(error);
        }
        Ok(hasher)
    }

    /// Ends a session and drops its bytes.
    async fn drop_session(&self, session: &Session) -> Result<()> {
        if !self.base.meta.delete_upload(&session.lease).await? {
            return Err(Error::UploadBusy);
        }
        self.discard(StagingKey::of(session.upload.id)).await;
        Ok(())
    }

    /// Releases the lease of an unchanged upload. If that fails, the lease runs out by itself.
    async fn give_back(&self, session: &Session) {
        let expires_at = self.base.clock.now().after(self.base.params.upload_ttl);
        if let Err(error) = self.base.meta.save_upload(&session.lease, &session.hasher.save(), expires_at).await {
            tracing::warn!(upload.id = %session.upload.id, error = %error, "an upload stays leased until its lease runs out");
        }
    }

    async fn lease(&self, access: &Access<Push>, id: UploadId) -> Result<Session> {
        self.find(access, id).await?;
        let now = self.base.clock.now();
        match self.base.meta.lease_upload(id, now.after(UPLOAD_LEASE), now).await? {
            Lease::Acquired(upload, lease) if belongs(&upload, access) => match Hasher::resume(&upload.hash) {
                Ok(hasher) => Ok(Session { upload, lease, hasher }),
                Err(error) => {
                    // A release with a different hasher layout has saved the state, so the upload cannot continue.
                    tracing::warn!(upload.id = %id, error = %error, "an upload is given up");
                    self.base.meta.delete_upload(&lease).await?;
                    self.discard(StagingKey::of(id)).await;
                    Err(Error::Unknown(Thing::Upload))
                }
            },
            Lease::Busy => Err(Error::UploadBusy),
            Lease::Acquired(..) | Lease::Gone => Err(Error::Unknown(Thing::Upload)),
        }
    }

    async fn save(&self, lease: &UploadLease, hasher: &Hasher) -> Result<()> {
        let expires_at = self.base.clock.now().after(self.base.params.upload_ttl);
        Ok(self.base.meta.save_upload(lease, &hasher.save(), expires_at).await?)
    }

    /// Runs `work`, and renews the lease meanwhile. If the lease is lost, the work is dropped.
    async fn while_leased<T>(&self, lease: Option<&UploadLease>, work: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(lease) = lease else { return work.await };
        let renewals = async {
            loop {
                tokio::time::sleep(UPLOAD_LEASE / 3).await;
                let until = self.base.clock.now().after(UPLOAD_LEASE);
                match self.base.meta.renew_upload_lease(lease, until).await {
                    Ok(true) => {}
                    Ok(false) => return Error::UploadBusy,
                    // A later renewal may still succeed. If another request takes the lease, the lock of the blob store
                    // keeps the two apart.
                    Err(error) => tracing::warn!(upload.id = %lease.upload(), error = %error, "lease not renewed"),
                }
            }
        };
        tokio::select! {
            outcome = work => outcome,
            lost = renewals => Err(lost),
        }
    }

    /// Drops staged bytes. If that fails, they are swept later.
    async fn discard(&self, key: StagingKey) {
        if let Err(error) = self.base.store.discard(&key).await {
            tracing::warn!(upload.id = %key, error = %error, "staged bytes stay until they are swept");
        }
    }
}

fn belongs(upload: &Upload, access: &Access<Push>) -> bool {
    upload.registry == access.registry()
        && upload.repository == *access.repository()
        && upload.account == access.account()
}
