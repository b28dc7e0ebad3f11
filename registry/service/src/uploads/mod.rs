//! Uploads of blobs: sessions that take bytes, one request at a time.

mod chunk;
mod commit;

use std::sync::Arc;
use std::time::Duration;

use roadstead_auth::{Access, Push};
use roadstead_storage::blob::StagingKey;
use roadstead_storage::meta::{Act, Lease, NewUpload, Upload, UploadLease};
use roadstead_types::{Algorithm, Digest, Hasher, RegistryId, RepositoryId, Thing, UploadId};

use chunk::After;

use super::cache::Caches;
use super::transfer::{Body, Transfer};
use super::{Error, Foundation, Result};

/// How long a request holds an upload without a sign of life. It is renewed while bytes flow.
const UPLOAD_LEASE: Duration = Duration::from_secs(60);

/// The bytes that a chunk says it holds: first and last, both inclusive (distribution-spec, "Pushing a blob in chunks").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChunkRange {
    /// Offset of the first byte.
    pub first: u64,
    /// Offset of the last byte.
    pub last: u64,
}

/// A finished upload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Finished {
    /// The repository that has the blob now.
    pub repository: RepositoryId,
}

/// An upload that this request may write to.
struct Session {
    upload: Upload,
    lease: UploadLease,
    /// Where it stands.
    hasher: Hasher,
}

/// Uploads of blobs. Their state lives in the database: any process can take the next chunk, after any restart.
#[derive(Clone)]
pub struct UploadService {
    base: Arc<Foundation>,
    caches: Arc<Caches>,
}

impl UploadService {
    pub(crate) fn new(base: Arc<Foundation>, caches: Arc<Caches>) -> Self {
        Self { base, caches }
    }

    /// Starts an upload whose content will be hashed with `algorithm`.
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

    /// Takes a whole blob in one request, without a session that could be gone on with.
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

    /// Refuses content for a repository that may not be made, before it is sent.
    async fn check_room(&self, access: &Access<Push>) -> Result<()> {
        if access.repository_id().is_some() || access.registry() != RegistryId::PERSONAL {
            return Ok(());
        }
        Ok(self.base.meta.check_room(access.namespace_id()).await?)
    }

    /// The upload `id`, if it is one of this repository and of this account. Foreign ids look like unknown ones.
    async fn find(&self, access: &Access<Push>, id: UploadId) -> Result<Upload> {
        let upload = self.base.meta.upload(id, self.base.clock.now()).await?;
        upload.filter(|u| belongs(u, access)).ok_or(Error::Unknown(Thing::Upload))
    }

    /// How many bytes of the upload have arrived.
    pub async fn status(&self, access: &Access<Push>, id: UploadId) -> Result<u64> {
        Ok(self.find(access, id).await?.hash.len)
    }

    /// Ends an upload and drops its bytes.
    pub async fn cancel(&self, access: &Access<Push>, id: UploadId) -> Result<()> {
        let session = self.lease(access, id).await?;
        self.drop_session(&session).await
    }

    /// Appends a body to the upload; gives the number of bytes that it has now.
    ///
    /// A chunk that starts before the end of the upload and reaches beyond it is a retry whose first answer got lost:
    /// the bytes that are there already are passed over. A chunk with nothing new, or with a gap before it, is refused
    /// with the offset at which to go on. When the body breaks off, what has arrived stays.
    pub async fn append(
        &self,
        access: &Access<Push>,
        id: UploadId,
        range: Option<ChunkRange>,
        body: Body<'_>,
    ) -> Result<u64> {
        // The wait for a share comes before the lease: nobody holds an upload while waiting in a queue.
        let transfer = self.base.budget.upload().await?;
        let session = self.lease(access, id).await?;
        let (hasher, outcome) = self.take_chunk(&session, range, body, &transfer, After::Wait).await;
        self.save(&session.lease, &hasher).await?;
        outcome.map(|()| hasher.len())
    }

    /// Appends the last body, if any, and turns the upload into a blob of the repository.
    pub async fn finish(
        &self,
        act: &Act,
        access: &Access<Push>,
        id: UploadId,
        range: Option<ChunkRange>,
        body: Option<Body<'_>>,
        digest: &Digest,
    ) -> Result<Finished> {
        // Without a body there is nothing to hold in memory.
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
            // The bytes are not what the client meant to send: nothing can be gone on with.
            Err(Error::Digest { .. }) => self.drop_session(&session).await?,
            // What was safe before this request still is: the client can try again, from there.
            Err(_) => self.give_back(&session).await,
        }
        result
    }

    /// Takes the body that comes with the end of an upload. After a failure the client can try again.
    async fn take_last_chunk(
        &self,
        session: &Session,
        range: Option<ChunkRange>,
        body: Body<'_>,
        transfer: &Transfer,
    ) -> Result<Hasher> {
        let (hasher, outcome) = self.take_chunk(session, range, body, transfer, After::Commit).await;
        if let Err(error) = outcome {
            // Without a range, a client that tries again sends the whole body again.
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

    /// Ends the lease of an upload that stands where it stood. If that fails too, the lease runs out by itself.
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
                    // Saved by a release with another layout: nobody can go on with it.
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

    /// Runs `work`, and renews the lease as long as it runs. When the lease is lost, so is the work.
    async fn while_leased<T>(&self, lease: Option<&UploadLease>, work: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(lease) = lease else { return work.await };
        let renewals = async {
            loop {
                tokio::time::sleep(UPLOAD_LEASE / 3).await;
                let until = self.base.clock.now().after(UPLOAD_LEASE);
                match self.base.meta.renew_upload_lease(lease, until).await {
                    Ok(true) => {}
                    Ok(false) => return Error::UploadBusy,
                    // The next renewal may come in time; who took the lease over is kept out by the store's own lock.
                    Err(error) => tracing::warn!(upload.id = %lease.upload(), error = %error, "lease not renewed"),
                }
            }
        };
        tokio::select! {
            outcome = work => outcome,
            lost = renewals => Err(lost),
        }
    }

    /// Drops staged bytes. What cannot be dropped now is swept by age.
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
