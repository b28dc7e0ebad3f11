//! The bytes of blobs.
//!
//! An upload is *staged* under a staging key while its bytes arrive, and *committed* under a fresh object key. The key
//! of an object is not its digest, so deleting an object can never race with a new upload of the same content
//! (`docs/adr/0001`). The digest stays readable in the key, so that an index can be rebuilt from the store alone.

mod disk;
mod fs;
mod key;
mod memory;
mod read;
mod write;

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub use fs::FsBlobStore;
pub use key::{BlobKey, StagingKey};
pub use memory::MemoryBlobStore;

use crate::Result;
use roadstead_types::{Digest, Hasher, Timestamp};

/// The bytes of a blob, or of a part of it, in pieces.
pub type BlobStream = BoxStream<'static, Result<Bytes>>;

/// The largest piece of a stream, in bytes. It is asked before each piece: a stream that began when there was much memory
/// goes on when there is little.
#[derive(Clone)]
pub struct PieceSize(Arc<dyn Fn() -> usize + Send + Sync>);

impl PieceSize {
    /// Always the same.
    pub fn fixed(bytes: usize) -> Self {
        Self::by(move || bytes)
    }

    /// What the function says.
    pub fn by(bytes: impl Fn() -> usize + Send + Sync + 'static) -> Self {
        Self(Arc::new(bytes))
    }

    /// The size of the next piece; at least 1.
    pub fn next(&self) -> usize {
        (self.0)().max(1)
    }
}

/// What a listing tells of an object or a staged upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<K> {
    /// Its key.
    pub key: K,
    /// Bytes.
    pub size: u64,
    /// When it was last written to, or got its name, whichever is later: an object is young when it is committed, however
    /// long ago its last byte was written.
    pub modified: Timestamp,
}

/// Where the bytes of blobs are kept.
#[async_trait]
pub trait BlobStore: Send + Sync + 'static {
    /// Opens a staged upload for writing where `hasher` stands: at its start for a fresh hasher, else after the
    /// `hasher.len()` bytes that it has hashed. Bytes beyond that point, left by a writer that was cut off, are dropped.
    ///
    /// `Stale` when fewer bytes than that are there, or while another writer has it open.
    async fn stage(&self, key: &StagingKey, hasher: Hasher) -> Result<Box<dyn BlobWriter>>;

    /// Reads a staged upload of `len` bytes from its start.
    async fn read_staged(&self, key: &StagingKey, len: u64) -> Result<BlobStream>;

    /// Makes an object of the `size` staged bytes, under a fresh key. When this returns, the object survives the loss of
    /// power. The staged upload stays until it is discarded, but cannot be written to any more: whoever fails to store the
    /// row of the object can commit again.
    ///
    /// `Stale` when the staged upload is not there, has another size, or has an open writer.
    async fn commit(&self, key: &StagingKey, digest: &Digest, size: u64) -> Result<BlobKey>;

    /// Drops a staged upload. That it is not there is fine.
    async fn discard(&self, key: &StagingKey) -> Result<()>;

    /// Opens the bytes `range` of an object; `None` when there is no such object. Pieces are at most `piece` bytes.
    async fn open(&self, key: &BlobKey, range: Range<u64>, piece: PieceSize) -> Result<Option<BlobStream>>;

    /// The size of an object in bytes.
    async fn size(&self, key: &BlobKey) -> Result<Option<u64>>;

    /// Deletes an object. That it is not there is fine.
    async fn delete(&self, key: &BlobKey) -> Result<()>;

    /// All objects, in no order.
    fn list(&self) -> BoxStream<'_, Result<Listed<BlobKey>>>;

    /// All staged uploads, in no order.
    fn list_staged(&self) -> BoxStream<'_, Result<Listed<StagingKey>>>;

    /// The id of the database that this store belongs to; none before it is claimed.
    async fn identity(&self) -> Result<Option<String>>;

    /// Writes down which database this store belongs to.
    ///
    /// `Conflict` when that is written down already.
    async fn claim(&self, identity: &str) -> Result<()>;

    /// Whether the store can be written to.
    async fn ping(&self) -> Result<()>;
}

/// An open staged upload. It hashes what it writes, so that no byte is read again to be hashed.
#[async_trait]
pub trait BlobWriter: Send {
    /// Appends bytes. After an error the writer must not be used again.
    async fn write(&mut self, bytes: Bytes) -> Result<()>;

    /// Makes everything written so far survive the loss of power.
    async fn sync(&mut self) -> Result<()>;

    /// Ends the writing before a commit, which makes the bytes survive by itself: less than a sync.
    async fn close(&mut self) -> Result<()> {
        self.sync().await
    }

    /// The hash of everything written so far; its length is the offset of the next write.
    fn hasher(&self) -> &Hasher;
}
