//! Moves bytes with bounded memory.
//!
//! All uploads together, and all downloads together, keep at most a budget of bytes in memory. The more of them run,
//! the smaller are the pieces in which they move their bytes. When the pieces have reached the smallest useful size,
//! the next transfer waits for its turn. If it waits too long, the client is told to try again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::LocalBoxStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::{Error, Result};

const LARGEST_PIECE: usize = 1 << 20;
const SMALLEST_UPLOAD_PIECE: usize = 64 << 10;
const SMALLEST_DOWNLOAD_PIECE: usize = 8 << 10;
/// The fewest bytes that a client must send within the body timeout. A transfer holds a share of the budget, so a
/// client must not keep it by sending single bytes.
const LEAST_IN_TIME: usize = 64 << 10;
/// How long a transfer waits for its turn.
const PATIENCE: Duration = Duration::from_secs(30);

/// The reasons why a request body ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// The client disconnected, or sent fewer bytes than it announced.
    Incomplete,
    /// The client broke the protocol.
    Malformed,
}

/// The body of a request.
pub type Body<'a> = LocalBoxStream<'a, std::result::Result<Bytes, BodyError>>;

/// The memory budget of all transfers.
#[derive(Clone)]
pub struct TransferBudget {
    inner: Arc<Inner>,
}

struct Inner {
    uploads: Lane,
    downloads: Lane,
}

/// The transfers in one direction.
struct Lane {
    bytes: usize,
    smallest: usize,
    running: AtomicUsize,
    shares: Arc<Semaphore>,
}

impl Lane {
    fn new(bytes: usize, smallest: usize) -> Self {
        // Each transfer holds two pieces: one is being filled while the other is being written.
        let shares = Arc::new(Semaphore::new((bytes / (2 * smallest)).max(1)));
        Self { bytes, smallest, running: AtomicUsize::new(0), shares }
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Upload,
    Download,
}

/// A running transfer. It returns its share of the budget when it is dropped.
pub struct Transfer {
    inner: Arc<Inner>,
    direction: Direction,
    _share: OwnedSemaphorePermit,
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.inner.lane(self.direction).running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Inner {
    fn lane(&self, direction: Direction) -> &Lane {
        match direction {
            Direction::Upload => &self.uploads,
            Direction::Download => &self.downloads,
        }
    }
}

impl TransferBudget {
    /// Creates a budget of `bytes`.
    pub fn new(bytes: usize) -> Self {
        let uploads = Lane::new(bytes, SMALLEST_UPLOAD_PIECE);
        let downloads = Lane::new(bytes, SMALLEST_DOWNLOAD_PIECE);
        Self { inner: Arc::new(Inner { uploads, downloads }) }
    }

    async fn start(&self, direction: Direction) -> Result<Transfer> {
        let lane = self.inner.lane(direction);
        let share = tokio::time::timeout(PATIENCE, Arc::clone(&lane.shares).acquire_owned()).await;
        let share = share.map_err(|_| Error::Overloaded)?.map_err(|_| Error::Overloaded)?;
        lane.running.fetch_add(1, Ordering::Relaxed);
        Ok(Transfer { inner: Arc::clone(&self.inner), direction, _share: share })
    }

    /// Starts a download, after waiting if too many are running. Returns `Overloaded` if the wait is too long.
    pub async fn download(&self) -> Result<Transfer> {
        self.start(Direction::Download).await
    }

    /// Starts an upload, after waiting if too many are running. Returns `Overloaded` if the wait is too long.
    pub async fn upload(&self) -> Result<Transfer> {
        self.start(Direction::Upload).await
    }
}

impl Transfer {
    /// Returns the current size of the pieces to move.
    pub fn piece(&self) -> usize {
        let lane = self.inner.lane(self.direction);
        let running = lane.running.load(Ordering::Relaxed).max(1);
        (lane.bytes / (2 * running)).clamp(lane.smallest, LARGEST_PIECE)
    }
}

/// A request body, cut into pieces.
pub(crate) struct Pieces<'a> {
    body: Body<'a>,
    timeout: Duration,
    /// The number of bytes at the start to skip, because the upload has them already.
    skip: u64,
    left_over: Bytes,
    ended: bool,
    /// The error that ended the body, to return after the bytes before it. The body is not polled again.
    broken: Option<Error>,
}

impl<'a> Pieces<'a> {
    pub fn new(body: Body<'a>, timeout: Duration, skip: u64) -> Self {
        Self { body, timeout, skip, left_over: Bytes::new(), ended: false, broken: None }
    }

    /// Returns the next piece of at most `size` bytes, or `None` at the end. If the body ends early, this first returns
    /// the bytes that have arrived and then the error.
    pub async fn next(&mut self, size: usize) -> Result<Option<Bytes>> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        let mut piece = BytesMut::new();
        let started = Instant::now();
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
            let left = self.timeout.saturating_sub(started.elapsed());
            match self.pull(left).await {
                Ok(()) => {}
                // The client is slow, but sends enough bytes.
                Err(Error::BodyTimeout) if piece.len() >= size.min(LEAST_IN_TIME) => return Ok(Some(piece.freeze())),
                Err(error) if !piece.is_empty() => {
                    self.broken = Some(error);
                    return Ok(Some(piece.freeze()));
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn pull(&mut self, time: Duration) -> Result<()> {
        let next = tokio::time::timeout(time, self.body.next()).await.map_err(|_| Error::BodyTimeout)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;
    use proptest::prelude::*;

    const TIMEOUT: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn a_body_that_breaks_off_gives_its_bytes_and_then_the_error_and_is_not_asked_again() {
        let chunks = stream::iter([Ok(Bytes::from_static(b"abc")), Err(BodyError::Incomplete)]);
        let never_again = stream::poll_fn(|_| panic!("asked again"));
        let mut pieces = Pieces::new(chunks.chain(never_again).boxed_local(), TIMEOUT, 0);
        assert_eq!(pieces.next(100).await.unwrap().unwrap(), "abc");
        assert!(matches!(pieces.next(100).await, Err(Error::ClientGone)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_times_out() {
        let chunks = stream::iter([Ok(Bytes::from_static(b"abc"))]).chain(stream::pending());
        let mut pieces = Pieces::new(chunks.boxed_local(), TIMEOUT, 0);
        assert_eq!(pieces.next(100).await.unwrap().unwrap(), "abc");
        assert!(matches!(pieces.next(100).await, Err(Error::BodyTimeout)));
    }

    /// Its bytes come now and then, and seldom at the moment when the time is over.
    #[tokio::test(start_paused = true)]
    async fn a_slow_body_goes_on_as_long_as_it_is_steady() {
        let chunks = stream::unfold(0, |sent| async move {
            tokio::time::sleep(Duration::from_millis(700)).await;
            (sent < 200).then(|| (Ok(Bytes::from_static(&[0; 10_000])), sent + 1))
        });
        let mut pieces = Pieces::new(chunks.boxed_local(), TIMEOUT, 0);
        let mut read = 0;
        while let Some(piece) = pieces.next(LARGEST_PIECE).await.unwrap() {
            read += piece.len();
        }
        assert_eq!(read, 2_000_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_below_the_least_rate_times_out() {
        let chunks = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Some((Ok(Bytes::from_static(b"x")), ()))
        });
        let mut pieces = Pieces::new(chunks.boxed_local(), TIMEOUT, 0);
        assert!(pieces.next(LARGEST_PIECE).await.is_ok(), "what has come is kept");
        assert!(matches!(pieces.next(LARGEST_PIECE).await, Err(Error::BodyTimeout)));
    }

    proptest! {
        #[test]
        fn pieces_hold_every_byte_once_and_in_order(lengths in prop::collection::vec(0usize..50, 0..20), size in 1usize..64, skip in 0u64..200) {
            let mut counter = 0u8;
            let chunks: Vec<Bytes> = lengths.iter().map(|&length| (0..length).map(|_| { counter = counter.wrapping_add(1); counter }).collect()).collect();
            let whole: Vec<u8> = chunks.concat();
            let expected = whole.get(usize::try_from(skip).unwrap()..).unwrap_or_default().to_vec();
            let body = stream::iter(chunks.into_iter().map(Ok)).boxed_local();
            let read = futures::executor::block_on(async {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                let _guard = runtime.enter();
                let mut pieces = Pieces::new(body, TIMEOUT, skip);
                let mut read = Vec::new();
                while let Some(piece) = pieces.next(size).await.unwrap() {
                    prop_assert!(!piece.is_empty() && piece.len() <= size);
                    read.extend_from_slice(&piece);
                }
                Ok(read)
            })?;
            prop_assert_eq!(read, expected);
        }
    }

    #[tokio::test]
    async fn the_more_transfers_run_the_smaller_their_pieces() {
        let budget = TransferBudget::new(4 << 20);
        let first = budget.upload().await.unwrap();
        assert_eq!(first.piece(), LARGEST_PIECE);
        let mut more = Vec::new();
        for _ in 0..31 {
            more.push(budget.upload().await.unwrap());
        }
        assert_eq!(first.piece(), SMALLEST_UPLOAD_PIECE);
        assert_eq!(budget.download().await.unwrap().piece(), LARGEST_PIECE);
        drop(more);
        assert_eq!(first.piece(), LARGEST_PIECE);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_for_a_turn_is_told_to_come_again() {
        let budget = TransferBudget::new(2 * SMALLEST_UPLOAD_PIECE);
        let first = budget.upload().await.unwrap();
        assert!(matches!(budget.upload().await, Err(Error::Overloaded)));
        let (second, ()) = futures::join!(budget.upload(), async { drop(first) });
        assert!(second.is_ok());
    }
}
