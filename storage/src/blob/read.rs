//! Reads a file in pieces. The next piece is read while the last one is being sent.

use std::fs::File;
use std::io::ErrorKind;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use tokio::task::JoinHandle;

use super::disk::blocking;
use super::{BlobStream, PieceSize};
use crate::{Error, Result};

/// How many bytes of buffers are kept for reuse.
const MAX_KEPT: usize = 16 << 20;

/// Buffers that have been sent and can be filled again: a new one costs a page fault every 4 KiB.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    fn take(&self, length: usize) -> Buffer {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = kept.iter().position(|buffer| buffer.len() >= length && buffer.len() <= 2 * length);
        let bytes = fitting.map(|index| kept.swap_remove(index));
        drop(kept);
        Buffer { bytes: bytes.unwrap_or_else(|| vec![0; length]), length, home: self.clone() }
    }
}

/// A buffer that returns to the others when the last piece of it is dropped.
struct Buffer {
    bytes: Vec<u8>,
    length: usize,
    home: Buffers,
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut kept = self.home.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting: usize = kept.iter().map(Vec::len).sum();
        if waiting + self.bytes.len() <= MAX_KEPT {
            kept.push(std::mem::take(&mut self.bytes));
        }
    }
}

/// The range to read, and the size of the pieces.
pub(super) struct Pieces {
    pub(super) range: Range<u64>,
    pub(super) piece: PieceSize,
    pub(super) buffers: Buffers,
}

/// Smaller buffers are not kept.
const SMALL: usize = 64 << 10;

impl Pieces {
    /// Reads the next piece of `file`; `None` at the end of the range.
    fn read(&mut self, file: &File) -> Result<Option<Bytes>> {
        let left = self.range.end.saturating_sub(self.range.start);
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(self.piece.next());
        if length == 0 {
            return Ok(None);
        }
        let start = self.range.start;
        // Fails with UnexpectedEof when the file is too short, so that a body is never cut silently.
        let read = |buffer: &mut [u8]| file.read_exact_at(buffer, start).map_err(Error::io("read an object"));
        let bytes = if length < SMALL {
            let mut buffer = vec![0; length];
            read(&mut buffer)?;
            Bytes::from(buffer)
        } else {
            let mut buffer = self.buffers.take(length);
            read(&mut buffer.bytes[..length])?;
            Bytes::from_owner(buffer)
        };
        self.range.start += length as u64;
        Ok(Some(bytes))
    }
}

type Step = Result<(Option<Bytes>, Pieces)>;

/// Opens the file at `path` and reads `pieces` of it; `None` when the file does not exist.
///
/// One blocking task opens the file and reads the first piece, so that a small blob costs only one task.
pub(super) async fn open(path: PathBuf, mut pieces: Pieces) -> Result<Option<BlobStream>> {
    let opened = blocking("open an object", move || {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("open an object")(error)),
        };
        let length = file.metadata().map_err(Error::io("size an object"))?.len();
        if length < pieces.range.end {
            let short = std::io::Error::new(ErrorKind::UnexpectedEof, format!("{length} bytes are there"));
            return Err(Error::io("read an object")(short));
        }
        let first = pieces.read(&file)?;
        Ok(Some((Arc::new(file), first, pieces)))
    });
    Ok(opened.await?.map(|(file, first, pieces)| rest(file, first, pieces)))
}

fn rest(file: Arc<File>, first: Option<Bytes>, pieces: Pieces) -> BlobStream {
    let next = |file: Arc<File>, mut pieces: Pieces| -> Option<JoinHandle<Step>> {
        // Reads at most one piece ahead of the one that is being sent.
        (!pieces.range.is_empty())
            .then(|| tokio::task::spawn_blocking(move || pieces.read(&file).map(|bytes| (bytes, pieces))))
    };
    let Some(first) = first else { return stream::empty().boxed() };
    let ahead = next(Arc::clone(&file), pieces);
    let others = stream::unfold((file, ahead), move |(file, ahead)| async move {
        let step = ahead?.await;
        match step {
            Ok(Ok((Some(bytes), pieces))) => {
                let ahead = next(Arc::clone(&file), pieces);
                Some((Ok(bytes), (file, ahead)))
            }
            Ok(Ok((None, _))) => None,
            Ok(Err(error)) => Some((Err(error), (file, None))),
            Err(source) => Some((Err(Error::Backend { op: "read an object", source: Box::new(source) }), (file, None))),
        }
    });
    stream::once(async { Ok(first) }).chain(others).boxed()
}
