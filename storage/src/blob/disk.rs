//! File operations shared by readers, writers and the store.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::ops::Deref;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use roadstead_types::Thing;

use crate::{Error, Result};

/// Runs file operations on a thread that may block.
pub(super) async fn blocking<T: Send + 'static>(
    op: &'static str,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(source) => Err(Error::Backend { op, source: Box::new(source) }),
    }
}

/// Makes the entries of a directory survive the loss of power.
pub(super) fn sync_directory(path: &Path) -> Result<()> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(Error::io("sync a directory"))
}

/// A staged file with its one lock. The lock is released explicitly, because closing the file is not enough: a
/// process that is forked at that moment holds a copy of the open file for a while.
pub(super) struct Fenced(File);

impl Deref for Fenced {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl Drop for Fenced {
    fn drop(&mut self) {
        // The file is about to be closed, which releases the lock too.
        let _ = self.0.unlock();
    }
}

/// Takes the one lock of a staged file. The lease in the database may expire while a request is held up. Even then
/// the bytes must have only one writer, and none once they are an object.
pub(super) fn fence(file: File, path: &Path) -> Result<Fenced> {
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Error::Stale(Thing::Upload)),
        Err(TryLockError::Error(error)) => return Err(Error::io("lock a staged upload")(error)),
    }
    let file = Fenced(file);
    // The file may have been committed under another name while this thread waited to run.
    let opened = file.metadata().map_err(Error::io("look at a staged upload"))?;
    match fs::metadata(path) {
        Ok(named) if (named.dev(), named.ino()) == (opened.dev(), opened.ino()) => Ok(file),
        Ok(_) => Err(Error::Stale(Thing::Upload)),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::Stale(Thing::Upload)),
        Err(error) => Err(Error::io("look at a staged upload")(error)),
    }
}
