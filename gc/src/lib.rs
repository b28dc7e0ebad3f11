//! Removes garbage: unfinished uploads past their time, and stored bytes without a row.
//!
//! A dry run lists item by item what a run would remove, and why. Nothing here stops or slows a push. An upload is
//! checked again in the transaction that deletes its row. Objects and staged bytes without a row have nothing to check:
//! their age alone protects them ([`Params::orphan_age`]).
//!
//! This crate knows the stores and nothing else: no HTTP, no permissions, no configuration files. It does not decide
//! *when* it runs.
//!
//! Objects are deleted only in the store that belongs to the database: both have the same random id ([`tie`]). With a
//! new database, or with the store of another one, every object would look like garbage.
//!
//! To add a kind of garbage, add a variant to [`Reason`], find its items in a function of its own like
//! `expired_uploads`, and call it from [`Collector::sweep`].

#![deny(missing_docs)]

mod collected;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use roadstead_storage::blob::{BlobKey, BlobStore, Listed, StagingKey};
use roadstead_storage::meta::MetaStore;
use roadstead_types::{Clock, Timestamp, UploadId};

pub use collected::Collected;

/// The errors of a collection.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A store failed. Removed items stay removed, and the next run continues.
    #[error("a store failed during collection")]
    Storage(#[from] roadstead_storage::Error),
    /// The blob store belongs to another database or to an unknown one. Nothing in it is deleted.
    #[error(
        "the blob store {}, this database has {database}. If they belong together, write {database} into the file `store-id` of the blob store",
        store.as_ref().map_or("has objects and no id".to_owned(), |id| format!("belongs to the database with the id {id}"))
    )]
    ForeignStore {
        /// The id of the database.
        database: String,
        /// The id in the store.
        store: Option<String>,
    },
    /// The blob store is empty, but the database knows blobs. Probably its volume is not mounted.
    #[error(
        "the blob store is empty, but the database has blobs: is the right volume mounted? If the objects are lost for \
         good, write {database} into the file `store-id` of the blob store"
    )]
    EmptyStore {
        /// The id of the database.
        database: String,
    },
    /// Some items could not be removed. All others were.
    #[error("{count} items could not be removed")]
    Incomplete {
        /// The number of these items.
        count: u64,
        /// The error of the first one.
        #[source]
        first: roadstead_storage::Error,
    },
}

/// A piece of garbage.
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

/// Why an item is garbage.
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

/// An item that is removed, or would be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Removal {
    /// The item.
    pub item: Item,
    /// The reason.
    pub reason: Reason,
    /// Its size in the store in bytes; 0 if that is not known.
    pub size: u64,
}

/// The parameters of a run.
#[derive(Clone, Copy, Debug)]
pub struct Params {
    /// The age at which bytes without a row are removed. It must be longer than any commit takes, because an object
    /// is written before its row.
    pub orphan_age: Duration,
    /// Whether to remove nothing, and only report what a run would remove.
    pub dry_run: bool,
}

/// Makes sure that a blob store belongs to a database. An empty store without an id gets the id of a database that
/// has no blobs; a store that does not outlive the process, of any database.
///
/// # Errors
/// `ForeignStore` when it belongs to another database, or has objects but no id. `EmptyStore` when it should have the
/// objects of the database, but is empty and has no id.
pub async fn tie(meta: &MetaStore, store: &dyn BlobStore) -> Result<(), Error> {
    match check(meta, store).await? {
        Tie::Tied => Ok(()),
        Tie::Free(database) => match store.claim(&database).await {
            // Another server was faster, on this database or on another one.
            Err(roadstead_storage::Error::Conflict(_)) => check(meta, store).await.map(drop),
            outcome => Ok(outcome?),
        },
    }
}

/// Tells whether a blob store belongs to a database. False when both are empty, and the store has no id.
///
/// # Errors
/// The same as [`tie`].
pub async fn belongs(meta: &MetaStore, store: &dyn BlobStore) -> Result<bool, Error> {
    Ok(matches!(check(meta, store).await?, Tie::Tied))
}

enum Tie {
    Tied,
    /// The store is empty and has no id. It can be claimed with this one.
    Free(String),
}

async fn check(meta: &MetaStore, store: &dyn BlobStore) -> Result<Tie, Error> {
    let database = meta.identity().await?;
    match store.identity().await? {
        Some(identity) if identity == database => Ok(Tie::Tied),
        None if store.list().try_next().await?.is_none() => match store.is_lasting() && meta.has_blobs().await? {
            true => Err(Error::EmptyStore { database }),
            false => Ok(Tie::Free(database)),
        },
        store => Err(Error::ForeignStore { database, store }),
    }
}

/// The observer of a run.
pub trait Witness: Send {
    /// Tells before each item whether the run may continue. A run that may not ends early, and keeps its results.
    fn goes_on(&self) -> bool {
        true
    }

    /// Receives the items that were removed, or in a dry run would be. It is called after each batch, so that the
    /// removals of an interrupted run are known too.
    fn see(&mut self, removals: Vec<Removal>) -> impl Future<Output = ()> + Send;
}

/// Collects garbage in a metadata store and its blob store.
#[derive(Clone)]
pub struct Collector {
    meta: MetaStore,
    store: Arc<dyn BlobStore>,
    clock: Arc<dyn Clock>,
}

/// How many rows or keys are checked together.
const BATCH: usize = 500;

/// The results of a run so far. If an item cannot be removed, the run continues with the others.
struct Run<'a, W> {
    dry_run: bool,
    witness: &'a mut W,
    /// The removals that the witness has not received yet.
    untold: Vec<Removal>,
    removed: u64,
    failed: u64,
    first: Option<roadstead_storage::Error>,
}

impl<'a, W: Witness> Run<'a, W> {
    fn new(dry_run: bool, witness: &'a mut W) -> Self {
        Self { dry_run, witness, untold: Vec::new(), removed: 0, failed: 0, first: None }
    }

    fn goes_on(&self) -> bool {
        self.witness.goes_on()
    }

    fn note(&mut self, removal: Removal, outcome: roadstead_storage::Result<()>) {
        match outcome {
            Ok(()) => {
                self.removed += 1;
                self.untold.push(removal);
            }
            Err(error) => self.fail(&removal.item, error),
        }
    }

    fn fail(&mut self, item: &dyn fmt::Display, error: roadstead_storage::Error) {
        let source = std::error::Error::source(&error);
        let cause = source.map(ToString::to_string).unwrap_or_default();
        tracing::warn!(item = %item, error = %error, cause, "an item could not be removed; the run continues");
        self.failed += 1;
        self.first.get_or_insert(error);
    }

    /// Hands the new removals to the witness.
    async fn tell(&mut self) {
        let untold = std::mem::take(&mut self.untold);
        if !untold.is_empty() {
            self.witness.see(untold).await;
        }
    }

    /// Ends the run. The witness receives its removals even if a store failed in the end.
    async fn end(mut self, outcome: Result<(), Error>) -> Result<u64, Error> {
        self.tell().await;
        outcome?;
        match self.first {
            Some(first) => Err(Error::Incomplete { count: self.failed, first }),
            None => Ok(self.removed),
        }
    }
}

impl Collector {
    /// Makes a collector for these stores.
    pub fn new(meta: MetaStore, store: Arc<dyn BlobStore>, clock: Arc<dyn Clock>) -> Self {
        Self { meta, store, clock }
    }

    /// Removes garbage of every kind, and returns the number of items; in a dry run, the number that it would remove.
    ///
    /// # Errors
    /// `Incomplete` when items could not be removed, `ForeignStore` when the blob store does not belong to the
    /// database, and then there is no sweep.
    pub async fn run(&self, params: Params, witness: &mut impl Witness) -> Result<u64, Error> {
        let expired = self.expire(params.dry_run, witness).await;
        let swept = self.sweep(params, witness).await;
        Ok(expired? + swept?)
    }

    /// Removes the uploads that were not finished in time. The cost depends on their number.
    ///
    /// # Errors
    /// `Incomplete` when items could not be removed.
    pub async fn expire(&self, dry_run: bool, witness: &mut impl Witness) -> Result<u64, Error> {
        let mut run = Run::new(dry_run, witness);
        let outcome = self.expired_uploads(&mut run).await;
        run.end(outcome).await
    }

    /// Removes stored bytes without a row. This lists the whole blob store.
    ///
    /// # Errors
    /// `ForeignStore` or `EmptyStore` when the blob store does not belong to the database, and then nothing is done;
    /// `Incomplete` when items could not be removed.
    pub async fn sweep(&self, params: Params, witness: &mut impl Witness) -> Result<u64, Error> {
        if let Tie::Free(_) = check(&self.meta, &*self.store).await?
            && !params.dry_run
        {
            tie(&self.meta, &*self.store).await?;
        }
        let mut run = Run::new(params.dry_run, witness);
        let before = self.clock.now().before(params.orphan_age);
        let outcome = async {
            self.orphaned_staging(before, &mut run).await?;
            self.orphaned_objects(before, &mut run).await
        };
        let outcome = outcome.await;
        run.end(outcome).await
    }

    async fn expired_uploads(&self, run: &mut Run<'_, impl Witness>) -> Result<(), Error> {
        loop {
            let now = self.clock.now();
            // A dry run removes nothing, so further batches would always be the same.
            let limit = if run.dry_run { usize::MAX } else { BATCH };
            let expired = self.meta.expired_uploads(now, u32::try_from(limit).unwrap_or(u32::MAX)).await?;
            let mut progressed = false;
            for &id in &expired {
                if !run.goes_on() {
                    return Ok(());
                }
                let removal = Removal { item: Item::Upload(id), reason: Reason::UploadExpired, size: 0 };
                if run.dry_run {
                    run.note(removal, Ok(()));
                } else if self.meta.delete_expired_upload(id, now).await? {
                    // The row is deleted first. Then no request can continue the upload, and the sweep removes bytes
                    // without a row.
                    progressed = true;
                    run.note(removal, self.store.discard(&StagingKey::of(id)).await);
                }
            }
            run.tell().await;
            if !progressed || expired.len() < limit {
                return Ok(());
            }
        }
    }

    async fn orphaned_staging(&self, before: Timestamp, run: &mut Run<'_, impl Witness>) -> Result<(), Error> {
        let mut listing = self.store.list_staged();
        loop {
            let batch = batch(&mut listing, before, run).await;
            if batch.is_empty() {
                return Ok(());
            }
            let ids: Vec<UploadId> = batch.iter().map(|l| l.key.upload()).collect();
            let known = self.meta.known_uploads(&ids).await?;
            for orphan in batch.into_iter().filter(|l| !known.contains(&l.key.upload())) {
                if !run.goes_on() {
                    return Ok(());
                }
                let removed = if run.dry_run { Ok(()) } else { self.store.discard(&orphan.key).await };
                let removal = Removal { item: Item::Staged(orphan.key), reason: Reason::NoUpload, size: orphan.size };
                run.note(removal, removed);
            }
            run.tell().await;
        }
    }

    async fn orphaned_objects(&self, before: Timestamp, run: &mut Run<'_, impl Witness>) -> Result<(), Error> {
        let mut listing = self.store.list();
        loop {
            let batch = batch(&mut listing, before, run).await;
            if batch.is_empty() {
                return Ok(());
            }
            let keys: Vec<BlobKey> = batch.iter().map(|l| l.key.clone()).collect();
            let known = self.meta.known_objects(&keys).await?;
            for orphan in batch.into_iter().filter(|l| !known.contains(&l.key)) {
                if !run.goes_on() {
                    return Ok(());
                }
                let removed = if run.dry_run { Ok(()) } else { self.store.delete(&orphan.key).await };
                let removal = Removal { item: Item::Object(orphan.key), reason: Reason::NoRow, size: orphan.size };
                run.note(removal, removed);
            }
            run.tell().await;
        }
    }
}

type Listing<'a, K> = BoxStream<'a, roadstead_storage::Result<Listed<K>>>;

/// Reads the next entries of a listing that have not changed since `before`. Entries that cannot be listed stay. Returns
/// nothing at the end of the listing, and when the run may not continue.
async fn batch<K>(listing: &mut Listing<'_, K>, before: Timestamp, run: &mut Run<'_, impl Witness>) -> Vec<Listed<K>> {
    let mut batch = Vec::new();
    while batch.len() < BATCH && run.goes_on() {
        match listing.next().await {
            Some(Ok(listed)) if listed.modified < before => batch.push(listed),
            Some(Ok(_)) => {}
            Some(Err(error)) => run.fail(&"listing", error),
            None => break,
        }
    }
    batch
}
