//! Moving bytes with bounded memory.
//!
//! All transfers together keep at most a budget of bytes in memory: the more of them run, the smaller the pieces in
//! which they move their bytes. Uploads also queue for a share of the budget, so that a burst of pushes waits instead of
//! growing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::LocalBoxStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Error, Result};

const LARGEST_PIECE: usize = 1 << 20;
const SMALLEST_PIECE: usize = 64 << 10;

/// How the body of a request breaks off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// The client went away, or sent fewer bytes than it announced.
    Incomplete,
    /// The client broke the protocol.
    Malformed,
}

/// The body of a request.
pub type Body<'a> = LocalBoxStream<'a, std::result::Result<Bytes, BodyError>>;

/// The bytes that all transfers may have in memory together.
#[derive(Clone)]
pub struct TransferBudget {
    inner: Arc<Inner>,
}

struct Inner {
    bytes: usize,
    running: AtomicUsize,
    uploads: Arc<Semaphore>,
}

/// A transfer that is running: its share of the budget, given back on drop.
pub struct Transfer {
    inner: Arc<Inner>,
    _share: Option<OwnedSemaphorePermit>,
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.inner.running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl TransferBudget {
    /// A budget of `bytes`.
    pub fn new(bytes: usize) -> Self {
        // Each upload holds one piece that fills and one that is written.
        let uploads = (bytes / (2 * SMALLEST_PIECE)).max(1);
        let inner = Inner { bytes, running: AtomicUsize::new(0), uploads: Arc::new(Semaphore::new(uploads)) };
        Self { inner: Arc::new(inner) }
    }

    fn start(&self, share: Option<OwnedSemaphorePermit>) -> Transfer {
        self.inner.running.fetch_add(1, Ordering::Relaxed);
        Transfer { inner: Arc::clone(&self.inner), _share: share }
    }

    /// Starts a download.
    pub fn download(&self) -> Transfer {
        self.start(None)
    }

    /// Starts an upload, after a wait if too many run.
    pub async fn upload(&self) -> Transfer {
        // The semaphore is never closed; were it, the upload would run without a share.
        let share = Arc::clone(&self.inner.uploads).acquire_owned().await.ok();
        self.start(share)
    }
}

impl Transfer {
    /// The size of the pieces in which to move bytes now.
    pub fn piece(&self) -> usize {
        let running = self.inner.running.load(Ordering::Relaxed).max(1);
        (self.inner.bytes / (2 * running)).clamp(SMALLEST_PIECE, LARGEST_PIECE)
    }
}

/// A body, cut into pieces.
pub(crate) struct Pieces<'a> {
    body: Body<'a>,
    timeout: Duration,
    /// Bytes at the start that the upload has already.
    skip: u64,
    left_over: Bytes,
    ended: bool,
}

impl<'a> Pieces<'a> {
    pub fn new(body: Body<'a>, timeout: Duration, skip: u64) -> Self {
        Self { body, timeout, skip, left_over: Bytes::new(), ended: false }
    }

    /// The next piece of at most `size` bytes; `None` at the end. When the body breaks off, the bytes before the break
    /// come first and the error after them: what has arrived is not thrown away.
    pub async fn next(&mut self, size: usize) -> Result<Option<Bytes>> {
        let mut piece = BytesMut::new();
        loop {
            if !self.left_over.is_empty() {
                let take = self.left_over.len().min(size - piece.len());
                let head = self.left_over.split_to(take);
                if piece.is_empty() && (take == size || (self.ended && self.left_over.is_empty())) {
                    return Ok(Some(head));
                }
                piece.reserve(size - piece.len());
                piece.extend_from_slice(&head);
            }
            if piece.len() == size || (self.ended && self.left_over.is_empty()) {
                return Ok((!piece.is_empty()).then(|| piece.freeze()));
            }
            match self.pull().await {
                Ok(()) => {}
                Err(_) if !piece.is_empty() => return Ok(Some(piece.freeze())),
                Err(error) => return Err(error),
            }
        }
    }

    async fn pull(&mut self) -> Result<()> {
        let next = tokio::time::timeout(self.timeout, self.body.next()).await.map_err(|_| Error::BodyTimeout)?;
        match next {
            Some(Ok(mut bytes)) => {
                let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
                self.skip -= skipped as u64;
                self.left_over = bytes.split_off(skipped);
                Ok(())
            }
            Some(Err(BodyError::Incomplete | BodyError::Malformed)) => Err(Error::ClientGone),
            None => {
                self.ended = true;
                Ok(())
            }
        }
    }
}
