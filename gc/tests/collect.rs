//! Collections remove garbage, and nothing else.

#![expect(clippy::unwrap_used, reason = "a test: to panic is how it tells")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt as _;
use roadstead_gc::{Collector, Error, Item, Params, Reason, Removal, Witness, tie};
use roadstead_storage::blob::{BlobKey, BlobStore, FsBlobStore, MemoryBlobStore, StagingKey};
use roadstead_storage::meta::{CommitBlob, MetaStore, NewAccount, NewUpload};
use roadstead_storage::testkit::{Failure, Fault, FaultyBlobStore, Operation, TestDatabase, act};
use roadstead_types::{
    AccountId, Algorithm, Clock, Digest, Hasher, ManualClock, NamespaceId, RegistryId, RepositoryName, SystemClock,
    Timestamp, Uin, UploadId,
};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SWEEP: Params = Params { orphan_age: DAY, dry_run: false };

/// Keeps what it is told, and lets a run go on as often as it is allowed to.
#[derive(Default)]
struct Seen {
    batches: Vec<Vec<Removal>>,
    questions: AtomicU32,
    /// How often the run may go on; always without it.
    allowed: Option<u32>,
}

impl Witness for Seen {
    fn goes_on(&self) -> bool {
        let before = self.questions.fetch_add(1, Ordering::Relaxed);
        self.allowed.is_none_or(|allowed| before < allowed)
    }

    async fn see(&mut self, removals: Vec<Removal>) {
        self.batches.push(removals);
    }
}

/// A database, a store that can fail, and a clock that stands still.
struct Kit {
    meta: MetaStore,
    store: FaultyBlobStore,
    clock: Arc<ManualClock>,
    account: AccountId,
    namespace: NamespaceId,
    repository: RepositoryName,
    _database: TestDatabase,
}

impl Kit {
    async fn new() -> Self {
        let database = TestDatabase::any().await;
        let meta = database.open("collector").await;
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_800_000_000_000)));
        let store = FaultyBlobStore::new(Arc::new(MemoryBlobStore::new(clock.clone())));
        let uin = Uin::from_number(Uin::MIN).unwrap();
        let new = NewAccount::new(&uin, "somebody");
        let account = meta.create_account(&act(clock.clone()), &new).await.unwrap().id;
        let name = "somebody".parse().unwrap();
        let namespace =
            meta.create_namespace(&act(clock.clone()), RegistryId::PERSONAL, &name, account).await.unwrap().id;
        tie(&meta, &store).await.unwrap();
        let repository = "somebody/app".parse().unwrap();
        Self { meta, store, clock, account, namespace, repository, _database: database }
    }

    fn collector(&self) -> Collector {
        Collector::new(self.meta.clone(), Arc::new(self.store.clone()), self.clock.clone())
    }

    async fn run(&self, params: Params) -> (Result<u64, Error>, Vec<Removal>) {
        let mut seen = Seen::default();
        let outcome = self.collector().run(params, &mut seen).await;
        (outcome, seen.batches.concat())
    }

    /// Starts an upload with staged bytes, which expires after an hour.
    async fn upload(&self) -> UploadId {
        let (id, now) = (UploadId::random(), self.clock.now());
        let new = NewUpload {
            id,
            registry: RegistryId::PERSONAL,
            repository: &self.repository,
            account: self.account,
            hash: Hasher::new(Algorithm::Sha256).save(),
            expires_at: now.after(HOUR),
            now,
        };
        self.meta.create_upload(&new).await.unwrap();
        self.stage(id, b"staged").await;
        id
    }

    async fn stage(&self, id: UploadId, bytes: &'static [u8]) -> Digest {
        stage(&self.store, &StagingKey::of(id), bytes).await
    }

    /// Stores an object without a row.
    async fn object(&self, bytes: &'static [u8]) -> (BlobKey, Digest) {
        object(&self.store, bytes).await
    }

    /// Stores an object and its row.
    async fn blob(&self, bytes: &'static [u8]) -> BlobKey {
        let (key, digest) = self.object(bytes).await;
        let now = self.clock.now();
        let commit = CommitBlob {
            registry: RegistryId::PERSONAL,
            namespace: self.namespace,
            repository: &self.repository,
            digest: &digest,
            key: &key,
            size: bytes.len() as u64,
            upload: None,
            lease_until: now.after(DAY),
        };
        assert!(!self.meta.commit_blob(&act(self.clock.clone()), &commit).await.unwrap().adopted);
        key
    }

    async fn objects(&self) -> Vec<BlobKey> {
        objects(&self.store).await
    }

    async fn staged(&self) -> Vec<StagingKey> {
        self.store.list_staged().map_ok(|listed| listed.key).try_collect().await.unwrap()
    }
}

async fn stage(store: &dyn BlobStore, key: &StagingKey, bytes: &'static [u8]) -> Digest {
    let mut writer = store.stage(key, Hasher::new(Algorithm::Sha256)).await.unwrap();
    writer.write(Bytes::from_static(bytes)).await.unwrap();
    writer.hasher().clone().finish()
}

async fn object(store: &dyn BlobStore, bytes: &'static [u8]) -> (BlobKey, Digest) {
    let staged = StagingKey::of(UploadId::random());
    let digest = stage(store, &staged, bytes).await;
    let key = store.commit(&staged, &digest, bytes.len() as u64).await.unwrap();
    store.discard(&staged).await.unwrap();
    (key, digest)
}

async fn objects(store: &dyn BlobStore) -> Vec<BlobKey> {
    store.list().map_ok(|listed| listed.key).try_collect().await.unwrap()
}

#[tokio::test]
async fn expired_uploads_go_with_their_bytes() {
    let kit = Kit::new().await;
    let old = kit.upload().await;
    kit.clock.advance(HOUR - Duration::from_millis(1));
    let young = kit.upload().await;
    assert!(matches!(kit.run(SWEEP).await, (Ok(0), removals) if removals.is_empty()));
    kit.clock.advance(Duration::from_millis(1));
    let (outcome, removals) = kit.run(SWEEP).await;
    assert_eq!(outcome.unwrap(), 1);
    assert_eq!((&removals[0].item, removals[0].reason), (&Item::Upload(old), Reason::UploadExpired));
    let known = kit.meta.known_uploads(&[old, young]).await.unwrap();
    assert!(known.len() == 1 && known.contains(&young));
    assert_eq!(kit.staged().await, [StagingKey::of(young)]);
}

#[tokio::test]
async fn what_has_no_row_goes_at_its_age_and_the_rest_stays() {
    let kit = Kit::new().await;
    let blob = kit.blob(b"known").await;
    let (orphan, _) = kit.object(b"unknown").await;
    let left = UploadId::random();
    kit.stage(left, b"left behind").await;
    kit.clock.advance(DAY);
    assert!(matches!(kit.run(SWEEP).await, (Ok(0), _)), "not before they are older than that");
    let (young, _) = kit.object(b"just written").await;
    kit.clock.advance(Duration::from_millis(1));
    let (outcome, removals) = kit.run(SWEEP).await;
    assert_eq!(outcome.unwrap(), 2);
    let expected = [
        Removal { item: Item::Staged(StagingKey::of(left)), reason: Reason::NoUpload, size: 11 },
        Removal { item: Item::Object(orphan), reason: Reason::NoRow, size: 7 },
    ];
    assert_eq!(removals, expected);
    let mut there = kit.objects().await;
    there.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    let mut expected = [blob, young];
    expected.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    assert_eq!(there, expected);
    assert!(matches!(kit.run(SWEEP).await, (Ok(0), _)), "once");
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_removes_nothing() {
    let kit = Kit::new().await;
    kit.blob(b"known").await;
    kit.object(b"unknown").await;
    kit.upload().await;
    kit.stage(UploadId::random(), b"left behind").await;
    kit.clock.advance(DAY * 2);
    let dry = Params { dry_run: true, ..SWEEP };
    let (outcome, mut planned) = kit.run(dry).await;
    assert_eq!(outcome.unwrap(), 3);
    assert_eq!((kit.objects().await.len(), kit.staged().await.len()), (2, 2));
    let (outcome, mut done) = kit.run(SWEEP).await;
    assert_eq!(outcome.unwrap(), 3);
    planned.sort_by_key(|removal| removal.item.to_string());
    done.sort_by_key(|removal| removal.item.to_string());
    assert_eq!(planned, done);
    assert_eq!((kit.objects().await.len(), kit.staged().await.len()), (1, 0));
}

#[tokio::test]
async fn a_plan_is_whole() {
    let kit = Kit::new().await;
    for _ in 0..501 {
        kit.upload().await;
    }
    kit.clock.advance(HOUR);
    let (outcome, _) = kit.run(Params { dry_run: true, ..SWEEP }).await;
    assert_eq!(outcome.unwrap(), 501);
    assert!(matches!(kit.run(SWEEP).await, (Ok(501), _)));
}

#[tokio::test]
async fn the_store_of_another_database_is_not_swept() {
    let kit = Kit::new().await;
    kit.object(b"somebody else's").await;
    kit.stage(UploadId::random(), b"somebody else's").await;
    kit.clock.advance(DAY * 2);
    // The same store with a new database.
    let other = TestDatabase::sqlite();
    let meta = other.open("other").await;
    let collector = Collector::new(meta.clone(), Arc::new(kit.store.clone()), kit.clock.clone());
    for dry_run in [true, false] {
        let mut seen = Seen::default();
        let outcome = collector.run(Params { dry_run, ..SWEEP }, &mut seen).await;
        assert!(seen.batches.is_empty(), "{:?}", seen.batches);
        let Err(Error::ForeignStore { database, store }) = outcome else { panic!("{outcome:?}") };
        assert_eq!(database, meta.identity().await.unwrap());
        assert_eq!(store.unwrap(), kit.meta.identity().await.unwrap());
    }
    assert!(matches!(tie(&meta, &kit.store).await, Err(Error::ForeignStore { store: Some(_), .. })));
    assert_eq!((kit.objects().await.len(), kit.staged().await.len()), (1, 1));
    // Its own database still sweeps it.
    assert!(matches!(kit.run(SWEEP).await, (Ok(2), _)));
}

#[tokio::test]
async fn objects_of_nobody_knows_whom_are_not_swept() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(FsBlobStore::open(directory.path().join("storage")).await.unwrap());
    object(&*store, b"restored before its database").await;
    let database = TestDatabase::sqlite();
    let meta = database.open("new").await;
    let clock = Arc::new(ManualClock::new(SystemClock.now().after(DAY * 2)));
    let collector = Collector::new(meta.clone(), store.clone(), clock);
    let mut seen = Seen::default();
    let outcome = collector.run(SWEEP, &mut seen).await;
    assert!(seen.batches.is_empty(), "{:?}", seen.batches);
    assert!(matches!(outcome, Err(Error::ForeignStore { store: None, .. })), "{outcome:?}");
    assert!(tie(&meta, &*store).await.is_err());
    assert_eq!(objects(&*store).await.len(), 1);
    // The operator ties them together.
    let id = meta.identity().await.unwrap();
    std::fs::write(directory.path().join("storage/store-id"), format!("{id}\n")).unwrap();
    tie(&meta, &*store).await.unwrap();
    assert_eq!(collector.run(SWEEP, &mut Seen::default()).await.unwrap(), 1);
}

/// The volume of the blob store is not mounted.
#[tokio::test]
async fn an_empty_store_is_not_taken_by_a_database_with_blobs() {
    let kit = Kit::new().await;
    kit.blob(b"on the volume that is not mounted").await;
    let directory = tempfile::tempdir().unwrap();
    let empty = Arc::new(FsBlobStore::open(directory.path().join("storage")).await.unwrap());
    let id = kit.meta.identity().await.unwrap();
    for _ in 0..2 {
        let refused = tie(&kit.meta, &*empty).await;
        assert!(matches!(&refused, Err(Error::EmptyStore { database }) if *database == id), "{refused:?}");
    }
    let collector = Collector::new(kit.meta.clone(), empty.clone(), kit.clock.clone());
    assert!(matches!(collector.run(SWEEP, &mut Seen::default()).await, Err(Error::EmptyStore { .. })));
    assert_eq!(empty.identity().await.unwrap(), None);
    // The operator has lost the objects for good.
    empty.claim(&id).await.unwrap();
    tie(&kit.meta, &*empty).await.unwrap();
    // Memory is empty at each start.
    tie(&kit.meta, &MemoryBlobStore::new(kit.clock.clone())).await.unwrap();
}

#[tokio::test]
async fn an_empty_store_is_taken_by_one_database() {
    let store = MemoryBlobStore::new(Arc::new(SystemClock));
    let databases = [TestDatabase::sqlite(), TestDatabase::sqlite()];
    let [one, two] = [databases[0].open("one").await, databases[1].open("two").await];
    // A dry run writes nothing.
    let collector = Collector::new(one.clone(), Arc::new(store.clone()), Arc::new(SystemClock));
    assert_eq!(collector.run(Params { dry_run: true, ..SWEEP }, &mut Seen::default()).await.unwrap(), 0);
    assert_eq!(store.identity().await.unwrap(), None);
    let (first, second) = futures::join!(tie(&one, &store), tie(&two, &store));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    let owner = store.identity().await.unwrap().unwrap();
    assert_eq!(owner, if first.is_ok() { &one } else { &two }.identity().await.unwrap());
    // The id of a database does not change.
    one.migrate().await.unwrap();
    assert_eq!(tie(&one, &store).await.is_ok(), first.is_ok());
}

#[tokio::test]
async fn what_cannot_be_removed_does_not_keep_the_others() {
    let kit = Kit::new().await;
    for bytes in [&b"one"[..], b"two", b"three"] {
        kit.object(bytes).await;
        kit.stage(UploadId::random(), bytes).await;
        kit.upload().await;
    }
    kit.clock.advance(DAY * 2);
    kit.store.inject(Fault::once(Operation::Delete, Failure::Error));
    kit.store.inject(Fault { times: 2, ..Fault::once(Operation::Discard, Failure::Unavailable) });
    let (outcome, removals) = kit.run(SWEEP).await;
    assert!(matches!(outcome, Err(Error::Incomplete { count: 2, .. })), "the first kind that failed: {outcome:?}");
    // Two of the uploads lost their rows and kept their bytes, so the sweep removed these.
    assert_eq!(removals.len(), 1 + 5 + 2, "{removals:?}");
    assert_eq!((kit.objects().await.len(), kit.staged().await.len()), (1, 0));
    let (outcome, removals) = kit.run(SWEEP).await;
    assert_eq!((outcome.unwrap(), removals.len()), (1, 1), "the next run gets it");
}

/// A directory may have a name like an object.
#[tokio::test]
async fn one_odd_file_does_not_stop_the_sweep() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(FsBlobStore::open(directory.path().to_owned()).await.unwrap());
    let database = TestDatabase::sqlite();
    let meta = database.open("one").await;
    tie(&meta, &*store).await.unwrap();
    let odd = BlobKey::fresh(&Digest::of(Algorithm::Sha256, b"odd"));
    std::fs::create_dir_all(directory.path().join("blobs").join(odd.path())).unwrap();
    for bytes in [&b"one"[..], b"two", b"three"] {
        object(&*store, bytes).await;
    }
    let clock = Arc::new(ManualClock::new(SystemClock.now().after(DAY * 2)));
    let collector = Collector::new(meta, store.clone(), clock);
    let outcome = collector.run(SWEEP, &mut Seen::default()).await;
    assert!(matches!(outcome, Err(Error::Incomplete { count: 1, .. })), "{outcome:?}");
    assert_eq!(objects(&*store).await, [odd]);
}

/// A run that is silent for as long as hundreds of items take counts as hung.
#[tokio::test]
async fn a_run_asks_before_each_item_whether_it_may_go_on() {
    let kit = Kit::new().await;
    for bytes in [&b"one"[..], b"two", b"three"] {
        kit.object(bytes).await;
        kit.stage(UploadId::random(), bytes).await;
        kit.upload().await;
    }
    kit.clock.advance(DAY * 2);
    let mut seen = Seen::default();
    kit.collector().expire(false, &mut seen).await.unwrap();
    let before = seen.questions.load(Ordering::Relaxed);
    assert!(before >= 3, "{before}");
    kit.collector().sweep(SWEEP, &mut seen).await.unwrap();
    let after = seen.questions.load(Ordering::Relaxed) - before;
    // Once for each item of a listing too: one that is all of things that stay takes its time as well.
    assert!(after >= 2 * 6, "{after}");
}

#[tokio::test]
async fn a_run_that_is_told_to_stop_says_what_it_has_removed() {
    let kit = Kit::new().await;
    for _ in 0..3 {
        kit.upload().await;
    }
    kit.clock.advance(HOUR);
    let mut seen = Seen { allowed: Some(2), ..Seen::default() };
    assert_eq!(kit.collector().expire(false, &mut seen).await.unwrap(), 2);
    assert_eq!(seen.batches.concat().len(), 2);
    let (_, rest) = kit.run(SWEEP).await;
    assert_eq!(rest.len(), 1);
}

/// Else nobody knows what a run has removed that is cut off.
#[tokio::test]
async fn what_has_gone_is_told_a_batch_at_a_time() {
    let kit = Kit::new().await;
    for _ in 0..501 {
        kit.upload().await;
    }
    kit.clock.advance(HOUR);
    let mut seen = Seen::default();
    assert_eq!(kit.collector().expire(false, &mut seen).await.unwrap(), 501);
    assert_eq!(seen.batches.iter().map(Vec::len).collect::<Vec<_>>(), [500, 1]);
}
