//! Receives the bytes of an upload and stages them.

use roadstead_storage::blob::{BlobWriter, StagingKey};
use roadstead_storage::meta::UploadLease;
use roadstead_types::Hasher;

use super::{After, ChunkRange, Session, UploadService};
use crate::transfer::{Body, Pieces, Transfer};
use crate::{Error, Result};

impl UploadService {
    /// Receives one chunk. The returned hasher covers the bytes that are safely stored, also after an error.
    pub(super) async fn take_chunk(
        &self,
        session: &Session,
        range: Option<ChunkRange>,
        body: Body<'_>,
        transfer: &Transfer,
        after: After,
    ) -> (Hasher, Result<()>) {
        let hasher = session.hasher.clone();
        let offset = hasher.len();
        let skip = match range {
            Some(range) if range.first > offset || range.last < offset => {
                return (hasher, Err(Error::Range { offset }));
            }
            Some(range) => offset - range.first,
            None => 0,
        };
        let before = hasher.clone();
        let key = StagingKey::of(session.upload.id);
        let received = self.receive(key, hasher, body, skip, transfer, after, Some(&session.lease)).await;
        match received {
            // The body does not match its range, so it is unclear which bytes are right. None of them count.
            Ok(hasher) if range.is_some_and(|r| hasher.len() != r.last + 1) => (before, Err(Error::Size)),
            Ok(hasher) => (hasher, Ok(())),
            Err((Some(safe), error)) => (safe, Err(error)),
            // Another request holds the lease now and takes care of the staged bytes.
            Err((None, error @ Error::UploadBusy)) => (before, Err(error)),
            Err((None, error)) => {
                self.cut(key, &before).await;
                (before, Err(error))
            }
        }
    }

    /// Drops staged bytes beyond the safely stored ones. On a full disk, this frees space.
    async fn cut(&self, key: StagingKey, safe: &Hasher) {
        if let Err(error) = self.base.store.stage(&key, safe.clone()).await {
            tracing::debug!(upload.id = %key, error = %error, "bytes of a failed request stay until the next request");
        }
    }

    /// Writes a body to the store. An error comes with a hasher of the safely stored bytes, if there are more than
    /// before.
    #[expect(clippy::too_many_arguments, reason = "every one is a plain value of its own type")]
    pub(super) async fn receive(
        &self,
        key: StagingKey,
        hasher: Hasher,
        body: Body<'_>,
        skip: u64,
        transfer: &Transfer,
        after: After,
        lease: Option<&UploadLease>,
    ) -> std::result::Result<Hasher, (Option<Hasher>, Error)> {
        let mut writer = self.base.store.stage(&key, hasher).await.map_err(|e| (None, e.into()))?;
        let mut pieces = Pieces::new(body, self.base.params.body_timeout, skip);
        let copied = self.while_leased(lease, copy(&mut pieces, writer.as_mut(), transfer)).await;
        match copied {
            Ok(()) => {
                let kept = match after {
                    After::Wait => writer.sync().await,
                    After::Commit => writer.close().await,
                };
                kept.map(|()| writer.hasher().clone()).map_err(|error| (None, error.into()))
            }
            // The bytes of a client that disconnected are valid. After a failed write, they are not.
            Err(error @ (Error::ClientGone | Error::BodyTimeout)) => match writer.sync().await {
                Ok(()) => Err((Some(writer.hasher().clone()), error)),
                Err(_) => Err((None, error)),
            },
            Err(error) => Err((None, error)),
        }
    }
}

/// Moves pieces from the client to the store. It reads the next piece while one is being written.
async fn copy(pieces: &mut Pieces<'_>, writer: &mut dyn BlobWriter, transfer: &Transfer) -> Result<()> {
    let mut piece = pieces.next(transfer.piece()).await?;
    while let Some(bytes) = piece {
        let (next, written) = futures::join!(pieces.next(transfer.piece()), writer.write(bytes));
        written?;
        piece = next?;
    }
    Ok(())
}
