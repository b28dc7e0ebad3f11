//! The blob suite on every blob store.
#![cfg(feature = "testkit")]

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use futures::TryStreamExt as _;
use roadstead_storage::blob::{BlobStore, FsBlobStore, MemoryBlobStore, StagingKey};
use roadstead_storage::testkit::{FaultyBlobStore, blob_suite};
use roadstead_types::{Algorithm, Clock, Hasher, SystemClock, UploadId};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files() {
    let home = tempfile::tempdir().unwrap();
    let count = std::sync::atomic::AtomicUsize::new(0);
    blob_suite(async || {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let root = home.path().join(number.to_string());
        Arc::new(FsBlobStore::open(root).await.unwrap()) as Arc<dyn BlobStore>
    })
    .await;
}

#[tokio::test]
async fn memory() {
    blob_suite(async || Arc::new(MemoryBlobStore::new(Arc::new(SystemClock))) as Arc<dyn BlobStore>).await;
}

#[tokio::test]
async fn a_faulty_store_without_faults_is_a_store() {
    blob_suite(async || {
        let memory = Arc::new(MemoryBlobStore::new(Arc::new(SystemClock)));
        Arc::new(FaultyBlobStore::new(memory)) as Arc<dyn BlobStore>
    })
    .await;
}

/// The last byte of an upload is old, but it is committed now. So the object is young: its row is still to come.
#[tokio::test]
async fn an_object_is_as_old_as_its_commit() {
    let home = tempfile::tempdir().unwrap();
    let store = FsBlobStore::open(home.path().to_owned()).await.unwrap();
    let key = StagingKey::of(UploadId::random());
    let mut writer = store.stage(&key, Hasher::new(Algorithm::Sha256)).await.unwrap();
    writer.write(Bytes::from_static(b"slow")).await.unwrap();
    let digest = writer.hasher().clone().finish();
    drop(writer);
    let staged = home.path().join("uploads").join(key.to_string());
    let long_ago = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    std::fs::File::options().write(true).open(staged).unwrap().set_modified(long_ago).unwrap();
    store.commit(&key, &digest, 4).await.unwrap();
    let listed: Vec<_> = store.list().try_collect().await.unwrap();
    let age = SystemClock.now().since(listed[0].modified);
    assert!(age < Duration::from_secs(600), "{age:?}");
}
