//! Taking away what nobody needs: unfinished uploads past their time, and stored bytes without a row.
//!
//! Everything here plans first and then acts, and the plan can be had alone: a dry run says, item by item, what would go
//! and why. Nothing here stops or slows a push: an item is checked again in the step that removes it.
//!
//! This crate knows the stores and nothing else: no HTTP, no permissions, no configuration files. It does not decide
//! *when* it runs.
//!
//! Objects are deleted only in the store that belongs to the database: both have the same random id ([`tie`]). A database
//! that was just made, or another one's store, would otherwise make every object look like garbage.
//!
//! To add a kind of garbage, add a variant to [`Reason`], find its items in a function of its own like
//! `expired_uploads`, and call it from [`Collector::sweep`].

#![deny(missing_docs)]

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use roadstead_storage::blob::{BlobKey, BlobStore, Listed, StagingKey};
use roadstead_storage::meta::MetaStore;
use roadstead_types::{Clock, Timestamp, UploadId};

/// What went wrong in a collection.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A store failed. What was removed before stays removed; the next run goes on.
    #[error("a store failed during collection")]
    Storage(#[from] roadstead_storage::Error),
    /// The blob store belongs to another database, or to none that is known: nothing in it is deleted.
    #[error(
        "the blob store {}, this database has {database}: nothing is swept. If both do belong together, write \
         {database} into the file `store-id` of the blob store",
        store.as_ref().map_or("has objects and no id".to_owned(), |id| format!("belongs to the database with the id {id}"))
    )]
    ForeignStore {
        /// The id of the database.
        database: String,
        /// The id in the store.
        store: Option<String>,
    },
    /// Some items could not be removed; everything else was.
    #[error("{count} items could not be removed")]
    Incomplete {
        /// How many.
        count: u64,
        /// What the first one said.
        #[source]
        first: roadstead_storage::Error,
    },
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

/// Makes sure that a blob store belongs to a database. A store without an id gets that of the database while there is no
/// object in it: then nothing can be lost.
///
/// # Errors
/// `ForeignStore` when it belongs to another one, or has objects of nobody knows whom.
pub async fn tie(meta: &MetaStore, store: &dyn BlobStore) -> Result<(), Error> {
    match check(meta, store).await? {
        Tie::Tied => Ok(()),
        Tie::Free(database) => match store.claim(&database).await {
            // Somebody else was faster: another server on the same database, or one on another.
            Err(roadstead_storage::Error::Conflict(_)) => check(meta, store).await.map(drop),
            outcome => Ok(outcome?),
        },
    }
}

/// Whether a blob store belongs to a database. `false`: it is empty and nobody's.
///
/// # Errors
/// `ForeignStore` when it belongs to another one, or has objects of nobody knows whom.
pub async fn belongs(meta: &MetaStore, store: &dyn BlobStore) -> Result<bool, Error> {
    Ok(matches!(check(meta, store).await?, Tie::Tied))
}

enum Tie {
    Tied,
    /// Nobody's, and empty; with the id to claim it.
    Free(String),
}

async fn check(meta: &MetaStore, store: &dyn BlobStore) -> Result<Tie, Error> {
    let database = meta.identity().await?;
    match store.identity().await? {
        Some(identity) if identity == database => Ok(Tie::Tied),
        None if store.list().try_next().await?.is_none() => Ok(Tie::Free(database)),
        store => Err(Error::ForeignStore { database, store }),
    }
}

/// Asked between two batches whether a run may go on. One that may not ends there, and has done what it has done.
pub type GoesOn = Arc<dyn Fn() -> bool + Send + Sync>;

/// Collects over one pair of stores.
#[derive(Clone)]
pub struct Collector {
    meta: MetaStore,
    store: Arc<dyn BlobStore>,
    clock: Arc<dyn Clock>,
    goes_on: GoesOn,
}

/// Rows and keys that are looked at together.
const BATCH: usize = 500;

/// What a run has come to: an item that cannot be removed does not keep the others.
struct Run<'a> {
    dry_run: bool,
    seen: &'a mut (dyn FnMut(&Removal) + Send),
    removed: u64,
    failed: u64,
    first: Option<roadstead_storage::Error>,
}

impl<'a> Run<'a> {
    fn new(dry_run: bool, seen: &'a mut (dyn FnMut(&Removal) + Send)) -> Self {
        Self { dry_run, seen, removed: 0, failed: 0, first: None }
    }

    fn note(&mut self, removal: &Removal, outcome: roadstead_storage::Result<()>) {
        match outcome {
            Ok(()) => {
                self.removed += 1;
                (self.seen)(removal);
            }
            Err(error) => self.fail(&removal.item, error),
        }
    }

    fn fail(&mut self, item: &dyn fmt::Display, error: roadstead_storage::Error) {
        let source = std::error::Error::source(&error);
        let cause = source.map(ToString::to_string).unwrap_or_default();
        tracing::warn!(item = %item, error = %error, cause, "an item could not be removed; the others are");
        self.failed += 1;
        self.first.get_or_insert(error);
    }

    fn end(self) -> Result<u64, Error> {
        match self.first {
            Some(first) => Err(Error::Incomplete { count: self.failed, first }),
            None => Ok(self.removed),
        }
    }
}

impl Collector {
    /// A collector over these stores.
    pub fn new(meta: MetaStore, store: Arc<dyn BlobStore>, clock: Arc<dyn Clock>) -> Self {
        Self { meta, store, clock, goes_on: Arc::new(|| true) }
    }

    /// The same, whose runs end early when `goes_on` says so.
    #[must_use]
    pub fn while_told(self, goes_on: GoesOn) -> Self {
        Self { goes_on, ..self }
    }

    /// Looks for garbage of every kind and removes it; gives how much went, or in a dry run would go. `seen` is told of each
    /// item as it goes.
    ///
    /// # Errors
    /// `Incomplete` when items could not be removed, `ForeignStore` instead of a sweep of a store that is not the
    /// database's.
    pub async fn run(&self, params: Params, mut seen: impl FnMut(&Removal) + Send) -> Result<u64, Error> {
        let expired = self.expire(params.dry_run, &mut seen).await;
        let swept = self.sweep(params, &mut seen).await;
        Ok(expired? + swept?)
    }

    /// Drops the uploads that were not finished in time. This costs what it finds.
    ///
    /// # Errors
    /// `Incomplete` when items could not be removed.
    pub async fn expire(&self, dry_run: bool, mut seen: impl FnMut(&Removal) + Send) -> Result<u64, Error> {
        let mut run = Run::new(dry_run, &mut seen);
        self.expired_uploads(&mut run).await?;
        run.end()
    }

    /// Removes stored bytes without a row. This lists the whole blob store.
    ///
    /// # Errors
    /// `ForeignStore`, with nothing done, when the blob store is not the database's; `Incomplete` when items could not be
    /// removed.
    pub async fn sweep(&self, params: Params, mut seen: impl FnMut(&Removal) + Send) -> Result<u64, Error> {
        if let Tie::Free(_) = check(&self.meta, &*self.store).await?
            && !params.dry_run
        {
            tie(&self.meta, &*self.store).await?;
        }
        let mut run = Run::new(params.dry_run, &mut seen);
        let before = self.clock.now().before(params.orphan_age);
        self.orphaned_staging(before, &mut run).await?;
        self.orphaned_objects(before, &mut run).await?;
        run.end()
    }

    async fn expired_uploads(&self, run: &mut Run<'_>) -> Result<(), Error> {
        while (self.goes_on)() {
            let now = self.clock.now();
            // A plan removes nothing, and would see the same first ones again and again.
            let limit = if run.dry_run { usize::MAX } else { BATCH };
            let expired = self.meta.expired_uploads(now, u32::try_from(limit).unwrap_or(u32::MAX)).await?;
            let mut progressed = false;
            for &id in &expired {
                let removal = Removal { item: Item::Upload(id), reason: Reason::UploadExpired, size: 0 };
                if run.dry_run {
                    run.note(&removal, Ok(()));
                } else if self.meta.delete_expired_upload(id, now).await? {
                    // The row first: without it nobody goes on with the bytes, and bytes without a row are swept.
                    progressed = true;
                    run.note(&removal, self.store.discard(&StagingKey::of(id)).await);
                }
            }
            if !progressed || expired.len() < limit {
                break;
            }
        }
        Ok(())
    }

    async fn orphaned_staging(&self, before: Timestamp, run: &mut Run<'_>) -> Result<(), Error> {
        let mut batches = old(self.store.list_staged(), before).chunks(BATCH);
        while let Some(batch) = batches.next().await {
            if !(self.goes_on)() {
                break;
            }
            let batch = whole(batch, run);
            let ids: Vec<UploadId> = batch.iter().map(|l| l.key.upload()).collect();
            let known = self.meta.known_uploads(&ids).await?;
            for orphan in batch.into_iter().filter(|l| !known.contains(&l.key.upload())) {
                let removed = if run.dry_run { Ok(()) } else { self.store.discard(&orphan.key).await };
                let removal = Removal { item: Item::Staged(orphan.key), reason: Reason::NoUpload, size: orphan.size };
                run.note(&removal, removed);
            }
        }
        Ok(())
    }

    async fn orphaned_objects(&self, before: Timestamp, run: &mut Run<'_>) -> Result<(), Error> {
        let mut batches = old(self.store.list(), before).chunks(BATCH);
        while let Some(batch) = batches.next().await {
            if !(self.goes_on)() {
                break;
            }
            let batch = whole(batch, run);
            let keys: Vec<BlobKey> = batch.iter().map(|l| l.key.clone()).collect();
            let known = self.meta.known_objects(&keys).await?;
            for orphan in batch.into_iter().filter(|l| !known.contains(&l.key)) {
                let removed = if run.dry_run { Ok(()) } else { self.store.delete(&orphan.key).await };
                let removal = Removal { item: Item::Object(orphan.key), reason: Reason::NoRow, size: orphan.size };
                run.note(&removal, removed);
            }
        }
        Ok(())
    }
}

type Listing<'a, K> = BoxStream<'a, roadstead_storage::Result<Listed<K>>>;

/// What of a listing has not changed since `before`, and its errors.
fn old<K: Send + 'static>(listing: Listing<'_, K>, before: Timestamp) -> Listing<'_, K> {
    let keep = move |listed: &roadstead_storage::Result<Listed<K>>| {
        std::future::ready(listed.as_ref().map_or(true, |l| l.modified < before))
    };
    listing.filter(keep).boxed()
}

/// A part of a listing without its errors: what cannot be listed stays.
fn whole<K>(batch: Vec<roadstead_storage::Result<Listed<K>>>, run: &mut Run<'_>) -> Vec<Listed<K>> {
    let mut listed = Vec::with_capacity(batch.len());
    for entry in batch {
        match entry {
            Ok(entry) => listed.push(entry),
            Err(error) => run.fail(&"listing", error),
        }
    }
    listed
}
