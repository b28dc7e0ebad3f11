//! Writing a staged file.

use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::task::JoinHandle;

use super::BlobWriter;
use super::disk::{Fenced, blocking, sync_directory};
use crate::{Error, Result};
use roadstead_types::Hasher;

/// After so many bytes, the writer starts to write them back to the disk. Otherwise the sync at the end of a large
/// upload would have to write all of them.
const WRITE_BACK: u64 = 32 << 20;

/// From this size on, bytes are hashed and written at the same time.
const PARALLEL: u64 = 128 << 10;

/// An open staged file.
pub(super) struct FsWriter {
    file: Arc<Fenced>,
    hasher: Hasher,
    /// The directory of the file, until the entry in it is durable.
    directory: Option<PathBuf>,
    not_sent: u64,
    write_back: Option<JoinHandle<Result<()>>>,
}

impl FsWriter {
    /// Continues `file` at the position of `hasher`.
    pub(super) fn new(file: Fenced, hasher: Hasher, directory: PathBuf) -> Self {
        Self { file: Arc::new(file), hasher, directory: Some(directory), not_sent: 0, write_back: None }
    }

    /// Starts to write back to the disk, unless a write-back is running already.
    async fn send(&mut self) -> Result<()> {
        if self.write_back.as_ref().is_some_and(|task| !task.is_finished()) {
            return Ok(());
        }
        self.sent().await?;
        let file = Arc::clone(&self.file);
        self.not_sent = 0;
        self.write_back = Some(tokio::task::spawn_blocking(move || {
            file.sync_data().map_err(|error| {
                // The kernel reports a lost page only once. So truncate the file, and it cannot be taken for a
                // complete one, even if the writer is dropped before it hears of the error.
                let _ = file.set_len(0);
                Error::io("write an upload back")(error)
            })
        }));
        Ok(())
    }

    /// Waits for the running write-back.
    async fn sent(&mut self) -> Result<()> {
        match self.write_back.take() {
            None => Ok(()),
            Some(task) => {
                task.await.map_err(|source| Error::Backend { op: "write an upload back", source: Box::new(source) })?
            }
        }
    }
}

#[async_trait]
impl BlobWriter for FsWriter {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let (file, mut hasher) = (Arc::clone(&self.file), self.hasher.clone());
        let (length, offset) = (bytes.len() as u64, hasher.len());
        let hashed = bytes.clone();
        let write = move || file.write_all_at(&bytes, offset).map_err(Error::io("write an upload"));
        let hash = move || {
            hasher.update(&hashed);
            hasher
        };
        // Large pieces are written and hashed at the same time, which is worth a second thread.
        self.hasher = if length < PARALLEL {
            blocking("write an upload", move || write().map(|()| hash())).await?
        } else {
            tokio::try_join!(blocking("write an upload", write), blocking("hash an upload", move || Ok(hash())))?.1
        };
        self.not_sent += length;
        if self.not_sent >= WRITE_BACK { self.send().await } else { Ok(()) }
    }

    async fn sync(&mut self) -> Result<()> {
        self.sent().await?;
        let (file, directory) = (Arc::clone(&self.file), self.directory.clone());
        blocking("sync an upload", move || {
            file.sync_all().map_err(|error| {
                let _ = file.set_len(0);
                Error::io("sync an upload")(error)
            })?;
            directory.as_deref().map_or(Ok(()), sync_directory)
        })
        .await?;
        self.directory = None;
        self.not_sent = 0;
        Ok(())
    }

    async fn close(&mut self) -> Result<()> {
        // The commit must know if a write-back failed, so wait for it here.
        self.sent().await
    }

    fn hasher(&self) -> &Hasher {
        &self.hasher
    }
}
