//! Taking away what nobody needs: unfinished uploads past their time, and stored bytes without a row.
//!
//! Everything here plans first and then acts, and the plan can be had alone: a dry run says, item by item, what would go
//! and why. Nothing here stops or slows a push: an item is checked again in the step that removes it.
//!
//! This crate knows the stores and nothing else: no HTTP, no permissions, no configuration files. It does not decide
//! *when* it runs.
//!
//! To add a kind of garbage, add a variant to [`Reason`], find its items in a function of its own like
//! `expired_uploads`, and call it from [`Collector::run`].

#![deny(missing_docs)]

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use roadstead_storage::blob::{BlobKey, BlobStore, StagingKey};
use roadstead_storage::meta::MetaStore;
use roadstead_storage::types::{Clock, Timestamp, UploadId};

/// What went wrong in a collection.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A store failed. What was removed before stays removed; the next run goes on.
    #[error("a store failed during collection")]
    Storage(#[from] roadstead_storage::Error),
}

/// What an item is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    /// An upload session and its staged bytes.
    Upload(UploadId),
    /// Staged bytes.
    Staged(StagingKey),
    /// An object.
    Object(BlobKey),
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upload(id) => write!(f, "upload {id}"),
            Self::Staged(key) => write!(f, "staged bytes {key}"),
            Self::Object(key) => write!(f, "object {key}"),
        }
    }
}

/// Why an item goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The upload was not finished in time.
    UploadExpired,
    /// The staged bytes belong to no upload.
    NoUpload,
    /// No row names the object.
    NoRow,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UploadExpired => "not finished in time",
            Self::NoUpload => "belongs to no upload",
            Self::NoRow => "no row names it",
        })
    }
}

/// One item that goes, or would go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Removal {
    /// What.
    pub item: Item,
    /// Why.
    pub reason: Reason,
    /// Bytes that it holds in the store; 0 when that is not known.
    pub size: u64,
}

/// What a run is to do.
#[derive(Clone, Copy, Debug)]
pub struct Params {
    /// How old bytes without a row must be. It must be longer than any commit takes: an object is written before its row.
    pub orphan_age: Duration,
    /// Say what would go, and remove nothing.
    pub dry_run: bool,
}

/// Collects over one pair of stores.
pub struct Collector {
    meta: MetaStore,
    store: Arc<dyn BlobStore>,
    clock: Arc<dyn Clock>,
}

/// Rows and keys that are looked at together.
const BATCH: usize = 500;

impl Collector {
    /// A collector over these stores.
    pub fn new(meta: MetaStore, store: Arc<dyn BlobStore>, clock: Arc<dyn Clock>) -> Self {
        Self { meta, store, clock }
    }

    /// Looks for garbage and removes it; gives what went, or in a dry run what would go. `seen` is told of each item as it
    /// is found.
    pub async fn run(&self, params: Params, mut seen: impl FnMut(&Removal)) -> Result<u64, Error> {
        let mut count = 0;
        let mut note = |removal: Removal| {
            count += 1;
            seen(&removal);
        };
        self.expired_uploads(params.dry_run, &mut note).await?;
        let before = self.clock.now().before(params.orphan_age);
        self.orphaned_staging(before, params.dry_run, &mut note).await?;
        self.orphaned_objects(before, params.dry_run, &mut note).await?;
        Ok(count)
    }

    async fn expired_uploads(&self, dry_run: bool, note: &mut impl FnMut(Removal)) -> Result<(), Error> {
        loop {
            let now = self.clock.now();
            let expired = self.meta.expired_uploads(now, u32::try_from(BATCH).unwrap_or(u32::MAX)).await?;
            let mut progressed = false;
            for &id in &expired {
                let removal = Removal { item: Item::Upload(id), reason: Reason::UploadExpired, size: 0 };
                if dry_run {
                    note(removal);
                } else if self.meta.delete_expired_upload(id, now).await? {
                    // The row first: without it nobody goes on with the bytes, and bytes without a row are swept.
                    self.store.discard(&StagingKey::of(id)).await?;
                    progressed = true;
                    note(removal);
                }
            }
            if dry_run || !progressed || expired.len() < BATCH {
                return Ok(());
            }
        }
    }

    async fn orphaned_staging(
        &self,
        before: Timestamp,
        dry_run: bool,
        note: &mut impl FnMut(Removal),
    ) -> Result<(), Error> {
        let old = self.store.list_staged().filter(|listed| {
            let keep = listed.as_ref().map_or(true, |l| l.modified < before);
            futures::future::ready(keep)
        });
        let mut batches = old.chunks(BATCH);
        while let Some(batch) = batches.next().await {
            let batch = batch.into_iter().collect::<Result<Vec<_>, _>>()?;
            let ids: Vec<UploadId> = batch.iter().map(|l| l.key.upload()).collect();
            let known = self.meta.known_uploads(&ids).await?;
            for orphan in batch.into_iter().filter(|l| !known.contains(&l.key.upload())) {
                if !dry_run {
                    self.store.discard(&orphan.key).await?;
                }
                note(Removal { item: Item::Staged(orphan.key), reason: Reason::NoUpload, size: orphan.size });
            }
        }
        Ok(())
    }

    async fn orphaned_objects(
        &self,
        before: Timestamp,
        dry_run: bool,
        note: &mut impl FnMut(Removal),
    ) -> Result<(), Error> {
        let old = self.store.list().filter(|listed| {
            let keep = listed.as_ref().map_or(true, |l| l.modified < before);
            futures::future::ready(keep)
        });
        let mut batches = old.chunks(BATCH);
        while let Some(batch) = batches.next().await {
            let batch = batch.into_iter().collect::<Result<Vec<_>, _>>()?;
            let keys: Vec<BlobKey> = batch.iter().map(|l| l.key.clone()).collect();
            let known = self.meta.known_objects(&keys).await?;
            for orphan in batch.into_iter().filter(|l| !known.contains(&l.key)) {
                if !dry_run {
                    self.store.delete(&orphan.key).await?;
                }
                note(Removal { item: Item::Object(orphan.key), reason: Reason::NoRow, size: orphan.size });
            }
        }
        Ok(())
    }
}
