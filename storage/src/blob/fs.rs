//! Blobs in files of one directory tree.
//!
//! ```text
//! store-id                            the database that this store belongs to
//! uploads/<upload id>                 a staged upload: written to, resumable
//! blobs/<algorithm>/<xx>/<hex>-<uuid> an object: complete, durable, never changed
//! ```

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use uuid::Uuid;

use super::disk::{Fenced, blocking, fence, sync_directory};
use super::read::{self, Pieces};
use super::write::FsWriter;
use super::{BlobKey, BlobStore, BlobStream, BlobWriter, Listed, PieceSize, StagingKey};
use crate::{Error, Result};
use roadstead_types::{Algorithm, Digest, Hasher, Thing, Timestamp, UploadId};

/// The file with the id of the database that a store belongs to.
const IDENTITY: &str = "store-id";

/// The size of the pieces in which a staged upload is read.
const STAGED_PIECE: usize = 1 << 20;

/// A blob store in a directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct FsBlobStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    uploads: PathBuf,
    blobs: PathBuf,
    /// Directories whose entry in their parent is known to be durable.
    durable: Mutex<HashSet<PathBuf>>,
    buffers: read::Buffers,
}

impl FsBlobStore {
    /// Opens the store below `root`, and makes its directories if they are missing.
    ///
    /// # Errors
    /// `Backend` when they cannot be made, `Full` when there is no room for them.
    pub async fn open(root: PathBuf) -> Result<Self> {
        blocking("open the blob store", move || {
            let inner = Inner {
                uploads: root.join("uploads"),
                blobs: root.join("blobs"),
                root,
                durable: Mutex::default(),
                buffers: read::Buffers::default(),
            };
            fs::create_dir_all(&inner.root).map_err(Error::io("create the blob directory"))?;
            if let Some(parent) = inner.root.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                sync_directory(parent)?;
            }
            inner.ensure_directory(&inner.uploads)?;
            inner.ensure_directory(&inner.blobs)?;
            Ok(Self { inner: Arc::new(inner) })
        })
        .await
    }
}

impl Inner {
    fn staged(&self, key: &StagingKey) -> PathBuf {
        self.uploads.join(key.to_string())
    }

    fn object(&self, key: &BlobKey) -> PathBuf {
        self.blobs.join(key.path())
    }

    /// Makes a directory below an existing one, and makes it durable.
    fn ensure_directory(&self, path: &Path) -> Result<()> {
        let known = |inner: &Self| inner.durable.lock().unwrap_or_else(PoisonError::into_inner).contains(path);
        if known(self) {
            return Ok(());
        }
        match fs::create_dir(path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(Error::io("create a directory")(error));
            }
            // Synced even if it existed, because the process that made it may not have synced it yet.
            _ => path.parent().map_or(Ok(()), sync_directory)?,
        }
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        Ok(())
    }

    fn commit(&self, staged: &Path, digest: &Digest, size: u64) -> Result<BlobKey> {
        let stale = || Error::Stale(Thing::StagedUpload);
        // Opened for writing, because network file systems need that for an exclusive lock.
        let file = OpenOptions::new().read(true).write(true).open(staged).map_err(|error| match error.kind() {
            ErrorKind::NotFound => stale(),
            _ => Error::io("open a staged upload")(error),
        })?;
        // Held until the file has its second name, so that a file with a writer is not committed.
        let file = fence(file, staged)?;
        file.sync_all().map_err(Error::io("sync a staged upload"))?;
        // Checked after the sync, because a failed write-back has truncated the file.
        if file.metadata().map_err(Error::io("size a staged upload"))?.len() != size {
            return Err(stale());
        }
        let key = BlobKey::fresh(digest);
        let path = self.object(&key);
        let directory = path.parent().unwrap_or(&self.blobs);
        if let Some(algorithm) = directory.parent() {
            self.ensure_directory(algorithm)?;
        }
        self.ensure_directory(directory)?;
        name_object(staged, &path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => stale(),
            _ => Error::io("name an object")(error),
        })?;
        sync_directory(directory)?;
        Ok(key)
    }
}

#[async_trait]
impl BlobStore for FsBlobStore {
    async fn stage(&self, key: &StagingKey, hasher: Hasher) -> Result<Box<dyn BlobWriter>> {
        let (path, uploads) = (self.inner.staged(key), self.inner.uploads.clone());
        let length = hasher.len();
        let file = blocking("stage an upload", move || open_staged(&path, length)).await?;
        Ok(Box::new(FsWriter::new(file, hasher, uploads)))
    }

    async fn read_staged(&self, key: &StagingKey, len: u64) -> Result<BlobStream> {
        let path = self.inner.staged(key);
        let pieces =
            Pieces { range: 0..len, piece: PieceSize::fixed(STAGED_PIECE), buffers: self.inner.buffers.clone() };
        read::open(path, pieces).await?.ok_or(Error::Stale(Thing::StagedUpload))
    }

    async fn commit(&self, key: &StagingKey, digest: &Digest, size: u64) -> Result<BlobKey> {
        let (inner, staged, digest) = (Arc::clone(&self.inner), self.inner.staged(key), digest.clone());
        blocking("commit an upload", move || inner.commit(&staged, &digest, size)).await
    }

    async fn discard(&self, key: &StagingKey) -> Result<()> {
        let path = self.inner.staged(key);
        blocking("discard an upload", move || remove(&path)).await
    }

    async fn open(&self, key: &BlobKey, range: Range<u64>, piece: PieceSize) -> Result<Option<BlobStream>> {
        read::open(self.inner.object(key), Pieces { range, piece, buffers: self.inner.buffers.clone() }).await
    }

    async fn size(&self, key: &BlobKey) -> Result<Option<u64>> {
        let path = self.inner.object(key);
        blocking("size an object", move || match fs::metadata(path) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("size an object")(error)),
        })
        .await
    }

    async fn delete(&self, key: &BlobKey) -> Result<()> {
        let path = self.inner.object(key);
        blocking("delete an object", move || remove(&path)).await
    }

    fn list(&self) -> BoxStream<'_, Result<Listed<BlobKey>>> {
        let algorithms = stream::iter([Algorithm::Sha256, Algorithm::Sha512]);
        let directories = algorithms.flat_map(|algorithm| {
            stream::iter((0..=u8::MAX).map(move |byte| format!("{algorithm}/{}", hex::encode([byte]))))
        });
        directories
            .then(|prefix| {
                let path = self.inner.blobs.join(&prefix);
                blocking("list objects", move || {
                    listed(&path, |name| BlobKey::of_path(&format!("{prefix}/{name}")).ok())
                })
            })
            .map_ok(|found| stream::iter(found.into_iter().map(Ok)))
            .try_flatten()
            .boxed()
    }

    fn list_staged(&self) -> BoxStream<'_, Result<Listed<StagingKey>>> {
        let path = self.inner.uploads.clone();
        let list = blocking("list staged uploads", move || {
            listed(&path, |name| UploadId::from_str(name).ok().map(StagingKey::of))
        });
        stream::once(list).map_ok(|found| stream::iter(found.into_iter().map(Ok))).try_flatten().boxed()
    }

    async fn identity(&self) -> Result<Option<String>> {
        let path = self.inner.root.join(IDENTITY);
        blocking("read the id of the blob store", move || match fs::read_to_string(path) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("read the id of the blob store")(error)),
        })
        .await
    }

    async fn claim(&self, identity: &str) -> Result<()> {
        let (root, text) = (self.inner.root.clone(), format!("{identity}\n"));
        blocking("claim the blob store", move || claim(&root, &text)).await
    }

    async fn ping(&self) -> Result<()> {
        let path = self.inner.uploads.join(format!(".ping-{}", Uuid::new_v4().simple()));
        blocking("write to the blob store", move || {
            let written = fs::write(&path, b"ping").map_err(Error::io("write to the blob store"));
            written.and(remove(&path))
        })
        .await
    }
}

/// Gives staged bytes the name of an object. They keep their old name too, so a commit whose row fails can be tried
/// again. On file systems without hard links they are moved.
fn name_object(staged: &Path, object: &Path) -> std::io::Result<()> {
    match fs::hard_link(staged, object) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::Unsupported | ErrorKind::PermissionDenied | ErrorKind::TooManyLinks
            ) =>
        {
            fs::rename(staged, object)
        }
        outcome => outcome,
    }
}

fn open_staged(path: &Path, length: u64) -> Result<Fenced> {
    let file = OpenOptions::new().write(true).create(length == 0).truncate(false).open(path);
    let stale = || Error::Stale(Thing::StagedUpload);
    let file = file.map_err(|error| match error.kind() {
        ErrorKind::NotFound if length > 0 => stale(),
        _ => Error::io("open a staged upload")(error),
    })?;
    let file = fence(file, path)?;
    let metadata = file.metadata().map_err(Error::io("size a staged upload"))?;
    let there = metadata.len();
    // A second name belongs to an object, which never changes.
    let is_object = metadata.nlink() > 1;
    if is_object && length == 0 {
        // The bytes are not needed. The lock of the old file keeps others away until the new file is locked.
        remove(path)?;
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        let file = file.map_err(Error::io("open a staged upload"))?;
        return fence(file, path);
    }
    if there < length || is_object {
        return Err(stale());
    }
    if there > length {
        file.set_len(length).map_err(Error::io("cut a staged upload"))?;
    }
    Ok(file)
}

/// Writes the id of a store, all of it or nothing. Of two concurrent callers one succeeds.
fn claim(root: &Path, text: &str) -> Result<()> {
    let temporary = root.join(format!(".{IDENTITY}-{}", Uuid::new_v4().simple()));
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::hard_link(&temporary, root.join(IDENTITY))
    };
    let written = write().map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Error::Conflict(Thing::StoreId),
        _ => Error::io("claim the blob store")(error),
    });
    written.and(remove(&temporary))?;
    sync_directory(root)
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("remove a file")(error)),
        _ => Ok(()),
    }
}

/// Lists the files of a directory with a valid name, with size and time. Files that vanish meanwhile are left out.
fn listed<K>(path: &Path, key: impl Fn(&str) -> Option<K>) -> Result<Vec<Listed<K>>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("list a directory")(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::io("list a directory"))?;
        let Some(key) = entry.file_name().to_str().and_then(&key) else { continue };
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::io("list a directory")(error)),
        };
        // Naming a file changes only its ctime, and an object is as old as its name.
        let written = millis(metadata.mtime(), metadata.mtime_nsec());
        let changed = millis(metadata.ctime(), metadata.ctime_nsec());
        let modified = Timestamp::from_millis(written.max(changed));
        found.push(Listed { key, size: metadata.len(), modified });
    }
    Ok(found)
}

fn millis(seconds: i64, nanoseconds: i64) -> i64 {
    seconds.saturating_mul(1000).saturating_add(nanoseconds / 1_000_000)
}
