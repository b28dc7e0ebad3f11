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

/// The largest piece of a stream, in bytes. It is asked before each piece, because the memory that is free may shrink
/// while a stream is running.
#[derive(Clone)]
pub struct PieceSize(Arc<dyn Fn() -> usize + Send + Sync>);

impl PieceSize {
    /// Always returns the same size.
    pub fn fixed(bytes: usize) -> Self {
        Self::by(move || bytes)
    }

    /// Returns the size that the function returns.
    pub fn by(bytes: impl Fn() -> usize + Send + Sync + 'static) -> Self {
        Self(Arc::new(bytes))
    }

    /// Returns the size of the next piece, which is at least 1.
    pub fn next(&self) -> usize {
        (self.0)().max(1)
    }
}

/// An object or a staged upload in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<K> {
    /// Its key.
    pub key: K,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written to or got its name, whichever is later. So an object counts from its commit, however
    /// long ago its last byte was written.
    pub modified: Timestamp,
}

/// A store for the bytes of blobs.
#[async_trait]
pub trait BlobStore: Send + Sync + 'static {
    /// Opens a staged upload and continues after the `hasher.len()` bytes that `hasher` has hashed; a new hasher
    /// starts at the beginning. Bytes after that position, left by an interrupted writer, are dropped.
    ///
    /// `Stale` when there are fewer bytes, or while another writer has it open.
    async fn stage(&self, key: &StagingKey, hasher: Hasher) -> Result<Box<dyn BlobWriter>>;

    /// Reads a staged upload of `len` bytes from its start.
    async fn read_staged(&self, key: &StagingKey, len: u64) -> Result<BlobStream>;

    /// Makes an object of the `size` staged bytes, under a new key. When this returns, the object survives a loss of
    /// power. The staged upload stays until it is discarded, but cannot be written to any more. A caller that fails
    /// to store the row of the object can commit again.
    ///
    /// `Stale` when the staged upload does not exist, has another size, or has an open writer.
    async fn commit(&self, key: &StagingKey, digest: &Digest, size: u64) -> Result<BlobKey>;

    /// Drops a staged upload. It need not exist.
    async fn discard(&self, key: &StagingKey) -> Result<()>;

    /// Opens the bytes `range` of an object; `None` when the object does not exist. Pieces are at most `piece` bytes.
    async fn open(&self, key: &BlobKey, range: Range<u64>, piece: PieceSize) -> Result<Option<BlobStream>>;

    /// Returns the size of an object in bytes.
    async fn size(&self, key: &BlobKey) -> Result<Option<u64>>;

    /// Deletes an object. It need not exist.
    async fn delete(&self, key: &BlobKey) -> Result<()>;

    /// Lists all objects, in any order.
    fn list(&self) -> BoxStream<'_, Result<Listed<BlobKey>>>;

    /// Lists all staged uploads, in any order.
    fn list_staged(&self) -> BoxStream<'_, Result<Listed<StagingKey>>>;

    /// Returns the id of the database that this store belongs to; `None` before it is claimed.
    async fn identity(&self) -> Result<Option<String>>;

    /// Saves the id of the database that this store belongs to.
    ///
    /// `Conflict` when one is saved already.
    async fn claim(&self, identity: &str) -> Result<()>;

    /// Tells whether its content outlives the process. Another store begins empty each time, and nothing is amiss then.
    fn is_lasting(&self) -> bool {
        true
    }

    /// Checks that the store can be written to.
    async fn ping(&self) -> Result<()>;
}

/// An open staged upload. It hashes the bytes as it writes them, so that they need not be read again.
#[async_trait]
pub trait BlobWriter: Send {
    /// Appends bytes. The writer must not be used again after an error.
    async fn write(&mut self, bytes: Bytes) -> Result<()>;

    /// Makes everything written so far survive a loss of power.
    async fn sync(&mut self) -> Result<()>;

    /// Ends the writing before a commit. This is cheaper than a sync, because the commit makes the bytes durable
    /// itself.
    async fn close(&mut self) -> Result<()> {
        self.sync().await
    }

    /// Returns the hash of everything written so far. Its length is the offset of the next write.
    fn hasher(&self) -> &Hasher;
}
