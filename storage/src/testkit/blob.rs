//! The behaviours of every blob store.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};

use super::{Failure, Fault, FaultyBlobStore, Operation};
use crate::blob::{BlobKey, BlobStore, BlobStream, PieceSize, StagingKey};
use crate::{Error, Result};
use roadstead_types::{Algorithm, Digest, Hasher, Thing, UploadId};

type Store = Arc<dyn BlobStore>;
type Behaviour = fn(Store) -> BoxFuture<'static, ()>;

/// Runs the suite. Every behaviour gets an empty store.
///
/// # Panics
/// When the store does not behave as it should.
pub async fn blob_suite(make_store: impl AsyncFn() -> Arc<dyn BlobStore>) {
    let behaviours: [Behaviour; 15] = [
        |store| what_is_written_is_read(store).boxed(),
        |store| ranges_are_exact(store).boxed(),
        |store| the_empty_blob_is_a_blob(store).boxed(),
        |store| uploads_resume_where_the_hash_stands(store).boxed(),
        |store| a_fresh_hasher_starts_over(store).boxed(),
        |store| less_than_was_hashed_is_stale(store).boxed(),
        |store| commit_wants_the_right_size(store).boxed(),
        |store| the_same_content_gets_two_objects(store).boxed(),
        |store| a_dropped_writer_leaves_its_bytes(store).boxed(),
        |store| what_is_not_there_is_not_an_error(store).boxed(),
        |store| listings_show_everything_once(store).boxed(),
        |store| writers_do_not_disturb_each_other(store).boxed(),
        |store| staged_bytes_have_one_writer(store).boxed(),
        |store| failures_leave_something_to_resume(store).boxed(),
        |store| a_store_is_claimed_once(store).boxed(),
    ];
    for behaviour in behaviours {
        behaviour(make_store().await).await;
    }
}

/// Returns bytes whose period is no power of two, so that a misplaced piece is noticed.
fn content(length: usize) -> Bytes {
    (0..length).map(|index| u8::try_from(index % 251).unwrap()).collect()
}

fn fresh() -> (StagingKey, Hasher) {
    (StagingKey::of(UploadId::random()), Hasher::new(Algorithm::Sha256))
}

async fn put(store: &Store, bytes: &Bytes) -> BlobKey {
    let (key, hasher) = fresh();
    let mut writer = store.stage(&key, hasher).await.unwrap();
    for piece in bytes.chunks(10_007) {
        writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    let digest = writer.hasher().clone().finish();
    drop(writer);
    let object = store.commit(&key, &digest, bytes.len() as u64).await.unwrap();
    store.discard(&key).await.unwrap();
    object
}

async fn collect(stream: BlobStream) -> Result<Bytes> {
    let pieces: Vec<Bytes> = stream.try_collect().await?;
    Ok(pieces.concat().into())
}

async fn staged_bytes_have_one_writer(store: Store) {
    let (key, hasher) = fresh();
    let mut first = store.stage(&key, hasher.clone()).await.unwrap();
    first.write(content(1000)).await.unwrap();
    let digest = first.hasher().clone().finish();
    let is_busy = |outcome: Result<()>| matches!(outcome, Err(Error::Stale(Thing::Upload)));
    // While one writer has an upload open, a request that took over its lease cannot get at the bytes.
    assert!(is_busy(store.stage(&key, hasher).await.map(drop)));
    assert!(is_busy(store.commit(&key, &digest, 1000).await.map(drop)));
    let resumed = first.hasher().clone();
    drop(first);
    drop(store.stage(&key, resumed).await.unwrap());
    let object = store.commit(&key, &digest, 1000).await.unwrap();
    // If the row of the object is not committed, the upload can be committed again, or discarded.
    let again = store.commit(&key, &digest, 1000).await.unwrap();
    assert!(object != again);
    let beyond = first_bytes(1000);
    let outcome = store.stage(&key, beyond).await.map(drop);
    assert!(matches!(outcome, Err(Error::Stale(Thing::StagedUpload))), "an object is never written to");
    store.discard(&key).await.unwrap();
    for object in [object, again] {
        assert_eq!(
            collect(store.open(&object, 0..1000, PieceSize::fixed(4096)).await.unwrap().unwrap()).await.unwrap(),
            content(1000)
        );
    }
}

/// Returns the hasher of an upload with `length` received bytes.
fn first_bytes(length: usize) -> Hasher {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    hasher.update(&content(length));
    hasher
}

async fn what_is_written_is_read(store: Store) {
    let bytes = content(300_001);
    let key = put(&store, &bytes).await;
    assert_eq!(key.digest(), Some(Digest::of(Algorithm::Sha256, &bytes)));
    assert_eq!(key.to_string().parse::<BlobKey>().unwrap(), key);
    assert_eq!(store.size(&key).await.unwrap(), Some(300_001));
    for piece in [1 << 20, 65_536, 4096, 300_001, 300_000] {
        let stream = store.open(&key, 0..300_001, PieceSize::fixed(piece)).await.unwrap().unwrap();
        let pieces: Vec<Bytes> = stream.try_collect().await.unwrap();
        assert!(pieces.iter().all(|bytes| !bytes.is_empty() && bytes.len() <= piece));
        assert_eq!(pieces.concat(), bytes);
    }
    // The size may change during the read, which is at most one piece ahead.
    let (size, mut last) = (Arc::new(AtomicUsize::new(100_000)), 0);
    let asked = Arc::clone(&size);
    let piece = PieceSize::by(move || asked.load(Ordering::SeqCst));
    let mut stream = store.open(&key, 0..300_001, piece).await.unwrap().unwrap();
    while let Some(bytes) = stream.try_next().await.unwrap() {
        last = bytes.len();
        size.store(1000, Ordering::SeqCst);
    }
    assert!((1..=1000).contains(&last), "the last piece is as small as was asked");
    store.ping().await.unwrap();
}

async fn ranges_are_exact(store: Store) {
    let bytes = content(200_000);
    let key = put(&store, &bytes).await;
    for (start, end) in [(0, 1), (0, 200_000), (199_999, 200_000), (65_535, 131_073), (7, 7), (200_000, 200_000)] {
        let range = u64::try_from(start).unwrap()..u64::try_from(end).unwrap();
        let read = collect(store.open(&key, range, PieceSize::fixed(65_536)).await.unwrap().unwrap()).await.unwrap();
        assert_eq!(read, bytes.slice(start..end));
    }
    // A short object is an error, at once or in the stream. The body never just ends.
    if let Ok(stream) = store.open(&key, 0..200_001, PieceSize::fixed(65_536)).await {
        assert!(collect(stream.unwrap()).await.is_err());
    }
}

async fn the_empty_blob_is_a_blob(store: Store) {
    let key = put(&store, &Bytes::new()).await;
    assert_eq!(store.size(&key).await.unwrap(), Some(0));
    assert_eq!(
        collect(store.open(&key, 0..0, PieceSize::fixed(4096)).await.unwrap().unwrap()).await.unwrap(),
        Bytes::new()
    );
}

async fn uploads_resume_where_the_hash_stands(store: Store) {
    let bytes = content(100_000);
    let (key, hasher) = fresh();
    let mut writer = store.stage(&key, hasher).await.unwrap();
    writer.write(bytes.slice(..40_000)).await.unwrap();
    writer.sync().await.unwrap();
    let saved = writer.hasher().save();
    // These bytes arrived, but their position was not saved.
    writer.write(content(9999)).await.unwrap();
    drop(writer);
    let mut writer = store.stage(&key, Hasher::resume(&saved).unwrap()).await.unwrap();
    assert_eq!(writer.hasher().len(), 40_000);
    writer.write(Bytes::new()).await.unwrap();
    writer.write(bytes.slice(40_000..)).await.unwrap();
    assert_eq!(writer.hasher().clone().finish(), Digest::of(Algorithm::Sha256, &bytes));
    assert_eq!(collect(store.read_staged(&key, 100_000).await.unwrap()).await.unwrap(), bytes);
    assert_eq!(collect(store.read_staged(&key, 77).await.unwrap()).await.unwrap(), bytes.slice(..77));
    let digest = writer.hasher().clone().finish();
    drop(writer);
    let object = store.commit(&key, &digest, 100_000).await.unwrap();
    assert_eq!(
        collect(store.open(&object, 0..100_000, PieceSize::fixed(4096)).await.unwrap().unwrap()).await.unwrap(),
        bytes
    );
}

async fn a_fresh_hasher_starts_over(store: Store) {
    let (key, hasher) = fresh();
    store.stage(&key, hasher.clone()).await.unwrap().write(content(5000)).await.unwrap();
    let mut writer = store.stage(&key, hasher).await.unwrap();
    writer.write(content(10)).await.unwrap();
    let digest = writer.hasher().clone().finish();
    drop(writer);
    let object = store.commit(&key, &digest, 10).await.unwrap();
    assert_eq!(store.size(&object).await.unwrap(), Some(10));
}

fn is_stale<T>(outcome: &Result<T>) -> bool {
    matches!(outcome, Err(Error::Stale(_)))
}

async fn less_than_was_hashed_is_stale(store: Store) {
    let (key, mut hasher) = fresh();
    hasher.update(&content(10));
    assert!(is_stale(&store.stage(&key, hasher.clone()).await), "nothing is there");
    store.stage(&key, Hasher::new(Algorithm::Sha256)).await.unwrap().write(content(9)).await.unwrap();
    assert!(is_stale(&store.stage(&key, hasher).await), "one byte is missing");
}

async fn commit_wants_the_right_size(store: Store) {
    let (key, hasher) = fresh();
    let digest = hasher.clone().finish();
    assert!(is_stale(&store.commit(&key, &digest, 0).await), "nothing is staged");
    store.stage(&key, hasher).await.unwrap().write(content(100)).await.unwrap();
    for size in [0, 99, 101] {
        assert!(is_stale(&store.commit(&key, &digest, size).await));
    }
    store.commit(&key, &digest, 100).await.unwrap();
    store.discard(&key).await.unwrap();
    assert!(is_stale(&store.commit(&key, &digest, 100).await), "it was discarded");
}

async fn the_same_content_gets_two_objects(store: Store) {
    let bytes = content(1000);
    let (one, two) = (put(&store, &bytes).await, put(&store, &bytes).await);
    assert_ne!(one, two);
    store.delete(&one).await.unwrap();
    assert!(store.open(&one, 0..1000, PieceSize::fixed(4096)).await.unwrap().is_none());
    assert_eq!(
        collect(store.open(&two, 0..1000, PieceSize::fixed(4096)).await.unwrap().unwrap()).await.unwrap(),
        bytes
    );
}

async fn a_dropped_writer_leaves_its_bytes(store: Store) {
    let (key, hasher) = fresh();
    store.stage(&key, hasher).await.unwrap().write(content(123)).await.unwrap();
    let staged: Vec<_> = store.list_staged().try_collect().await.unwrap();
    assert_eq!(staged.iter().map(|entry| (entry.key, entry.size)).collect::<Vec<_>>(), [(key, 123)]);
    store.discard(&key).await.unwrap();
    assert_eq!(store.list_staged().count().await, 0);
}

async fn what_is_not_there_is_not_an_error(store: Store) {
    let key = BlobKey::fresh(&Digest::of(Algorithm::Sha512, b"nothing"));
    assert!(store.open(&key, 0..1, PieceSize::fixed(4096)).await.unwrap().is_none());
    assert_eq!(store.size(&key).await.unwrap(), None);
    store.delete(&key).await.unwrap();
    let (staged, _) = fresh();
    store.discard(&staged).await.unwrap();
    assert!(store.read_staged(&staged, 1).await.is_err());
    assert_eq!((store.list().count().await, store.list_staged().count().await), (0, 0));
}

async fn listings_show_everything_once(store: Store) {
    let mut keys = HashSet::new();
    for length in 0..40 {
        keys.insert(put(&store, &content(length)).await);
    }
    let sha512 = Digest::of(Algorithm::Sha512, &content(3));
    let (staged, _) = fresh();
    store.stage(&staged, Hasher::new(Algorithm::Sha512)).await.unwrap().write(content(3)).await.unwrap();
    keys.insert(store.commit(&staged, &sha512, 3).await.unwrap());
    let listed: Vec<_> = store.list().try_collect().await.unwrap();
    assert_eq!(listed.len(), keys.len());
    for entry in listed {
        assert!(keys.remove(&entry.key));
        assert_eq!(store.size(&entry.key).await.unwrap(), Some(entry.size));
        assert!(entry.modified.as_millis() > 0);
    }
}

async fn writers_do_not_disturb_each_other(store: Store) {
    let tasks = (0..16).map(|number| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let bytes = content(50_000 + number);
            let key = put(&store, &bytes).await;
            let read = store.open(&key, 0..bytes.len() as u64, PieceSize::fixed(7777)).await.unwrap().unwrap();
            assert_eq!(collect(read).await.unwrap(), bytes);
        })
    });
    for outcome in futures::future::join_all(tasks).await {
        outcome.unwrap();
    }
}

async fn a_store_is_claimed_once(store: Store) {
    assert_eq!(store.identity().await.unwrap(), None);
    let claims = ["one", "two", "three"].map(|id| {
        let store = Arc::clone(&store);
        async move { store.claim(id).await.map(|()| id) }
    });
    let outcomes = futures::future::join_all(claims).await;
    let winners: Vec<&str> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok().copied()).collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    assert!(outcomes.iter().all(|o| matches!(o, Ok(_) | Err(Error::Conflict(Thing::StoreId)))), "{outcomes:?}");
    assert_eq!(store.identity().await.unwrap().as_deref(), Some(winners[0]));
    assert_eq!((store.list().count().await, store.list_staged().count().await), (0, 0), "it is no object");
}

async fn failures_leave_something_to_resume(store: Store) {
    let faulty = FaultyBlobStore::new(Arc::clone(&store));
    let (key, hasher) = fresh();
    let mut writer = faulty.stage(&key, hasher).await.unwrap();
    writer.write(content(1000)).await.unwrap();
    let saved = writer.hasher().save();
    faulty.inject(Fault { after_bytes: 500, ..Fault::once(Operation::Write, Failure::Full) });
    assert!(matches!(writer.write(content(1000)).await, Err(Error::Full(_))));
    drop(writer);
    let mut writer = faulty.stage(&key, Hasher::resume(&saved).unwrap()).await.unwrap();
    writer.write(content(10)).await.unwrap();
    let digest = writer.hasher().clone().finish();
    drop(writer);
    faulty.inject(Fault::once(Operation::Commit, Failure::Unavailable));
    assert!(matches!(faulty.commit(&key, &digest, 1010).await, Err(Error::Unavailable { .. })));
    let object = faulty.commit(&key, &digest, 1010).await.unwrap();
    faulty.inject(Fault { after_bytes: 700, ..Fault::once(Operation::Read, Failure::Error) });
    let stream = faulty.open(&object, 0..1010, PieceSize::fixed(300)).await.unwrap().unwrap();
    let pieces: Vec<Result<Bytes>> = stream.collect().await;
    let arrived: usize = pieces.iter().flatten().map(Bytes::len).sum();
    assert_eq!((arrived, pieces.last().is_some_and(Result::is_err)), (700, true));
}
