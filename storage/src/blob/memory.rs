//! Blobs in memory, for tests.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt as _};

use super::{BlobKey, BlobStore, BlobStream, BlobWriter, Listed, PieceSize, StagingKey};
use crate::{Error, Result};
use roadstead_types::{Clock, Digest, Hasher, Thing, Timestamp};

/// A blob store that lasts as long as the process. Cheap to clone; all clones are one store.
#[derive(Clone, Debug)]
pub struct MemoryBlobStore {
    inner: Arc<Mutex<Inner>>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, Default)]
struct Inner {
    staged: HashMap<StagingKey, (BytesMut, Timestamp)>,
    /// Staged uploads that are objects now. They must not be written to.
    committed: HashSet<StagingKey>,
    /// Staged uploads with an open writer.
    writing: HashMap<StagingKey, Weak<()>>,
    objects: HashMap<BlobKey, (Bytes, Timestamp)>,
    identity: Option<String>,
}

impl Inner {
    /// Checks that staged bytes have no other writer, and are not an object yet.
    fn fence(&mut self, key: &StagingKey) -> Result<()> {
        self.writing.retain(|_, open| open.strong_count() > 0);
        if self.writing.contains_key(key) { Err(Error::Stale(Thing::Upload)) } else { Ok(()) }
    }
}

impl MemoryBlobStore {
    /// Makes an empty store. It takes the times in its listings from `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { inner: Arc::default(), clock }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const STALE: Error = Error::Stale(Thing::StagedUpload);

fn index(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn pieces(content: Bytes, piece: PieceSize) -> BlobStream {
    let next = move |mut rest: Bytes| {
        let length = rest.len().min(piece.next());
        std::future::ready((length > 0).then(|| (Ok(rest.split_to(length)), rest)))
    };
    stream::unfold(content, next).boxed()
}

fn short(there: usize) -> Error {
    let text = format!("{there} bytes are there");
    Error::io("read an object")(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, text))
}

#[async_trait]
impl BlobStore for MemoryBlobStore {
    async fn stage(&self, key: &StagingKey, hasher: Hasher) -> Result<Box<dyn BlobWriter>> {
        let length = index(hasher.len());
        let mut inner = self.lock();
        inner.fence(key)?;
        if inner.committed.contains(key) {
            return Err(STALE);
        }
        if length == 0 {
            inner.staged.insert(*key, (BytesMut::new(), self.clock.now()));
        }
        let (staged, _) = inner.staged.get_mut(key).ok_or(STALE)?;
        if staged.len() < length {
            return Err(STALE);
        }
        staged.truncate(length);
        let open = Arc::new(());
        inner.writing.insert(*key, Arc::downgrade(&open));
        Ok(Box::new(MemoryWriter { store: self.clone(), key: *key, hasher, _open: open }))
    }

    async fn read_staged(&self, key: &StagingKey, len: u64) -> Result<BlobStream> {
        let inner = self.lock();
        let (staged, _) = inner.staged.get(key).ok_or(STALE)?;
        let content = staged.get(..index(len)).ok_or_else(|| short(staged.len()))?;
        Ok(pieces(Bytes::copy_from_slice(content), PieceSize::fixed(1 << 20)))
    }

    async fn commit(&self, key: &StagingKey, digest: &Digest, size: u64) -> Result<BlobKey> {
        let mut inner = self.lock();
        inner.fence(key)?;
        if inner.staged.get(key).is_none_or(|(staged, _)| staged.len() as u64 != size) {
            return Err(STALE);
        }
        let (content, _) = inner.staged.get(key).ok_or(STALE)?;
        let content = Bytes::copy_from_slice(content);
        let object = BlobKey::fresh(digest);
        inner.objects.insert(object.clone(), (content, self.clock.now()));
        inner.committed.insert(*key);
        Ok(object)
    }

    async fn discard(&self, key: &StagingKey) -> Result<()> {
        let mut inner = self.lock();
        inner.staged.remove(key);
        inner.committed.remove(key);
        Ok(())
    }

    async fn open(&self, key: &BlobKey, range: Range<u64>, piece: PieceSize) -> Result<Option<BlobStream>> {
        let inner = self.lock();
        let Some((content, _)) = inner.objects.get(key) else { return Ok(None) };
        let (start, end) = (index(range.start), index(range.end));
        if end > content.len() {
            return Err(short(content.len()));
        }
        Ok(Some(pieces(content.slice(start.min(end)..end), piece)))
    }

    async fn size(&self, key: &BlobKey) -> Result<Option<u64>> {
        Ok(self.lock().objects.get(key).map(|(content, _)| content.len() as u64))
    }

    async fn delete(&self, key: &BlobKey) -> Result<()> {
        self.lock().objects.remove(key);
        Ok(())
    }

    fn list(&self) -> BoxStream<'_, Result<Listed<BlobKey>>> {
        let inner = self.lock();
        let listed = inner.objects.iter().map(|(key, (content, modified))| {
            Ok(Listed { key: key.clone(), size: content.len() as u64, modified: *modified })
        });
        stream::iter(listed.collect::<Vec<_>>()).boxed()
    }

    fn list_staged(&self) -> BoxStream<'_, Result<Listed<StagingKey>>> {
        let inner = self.lock();
        let listed = inner.staged.iter().map(|(key, (content, modified))| {
            Ok(Listed { key: *key, size: content.len() as u64, modified: *modified })
        });
        stream::iter(listed.collect::<Vec<_>>()).boxed()
    }

    async fn identity(&self) -> Result<Option<String>> {
        Ok(self.lock().identity.clone())
    }

    async fn claim(&self, identity: &str) -> Result<()> {
        match &mut self.lock().identity {
            Some(_) => Err(Error::Conflict(Thing::StoreId)),
            free => {
                *free = Some(identity.to_owned());
                Ok(())
            }
        }
    }

    fn is_lasting(&self) -> bool {
        false
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }
}

struct MemoryWriter {
    store: MemoryBlobStore,
    key: StagingKey,
    hasher: Hasher,
    _open: Arc<()>,
}

#[async_trait]
impl BlobWriter for MemoryWriter {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        let now = self.store.clock.now();
        let mut inner = self.store.lock();
        let (staged, modified) = inner.staged.get_mut(&self.key).ok_or(STALE)?;
        // Continues at the position of the hash, like a file, because another writer may have been here.
        staged.truncate(index(self.hasher.len()));
        staged.extend_from_slice(&bytes);
        *modified = now;
        drop(inner);
        self.hasher.update(&bytes);
        Ok(())
    }

    async fn sync(&mut self) -> Result<()> {
        Ok(())
    }

    fn hasher(&self) -> &Hasher {
        &self.hasher
    }
}
