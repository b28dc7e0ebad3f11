//! The blob suite on every blob store.
#![cfg(feature = "testkit")]

use std::sync::Arc;

use roadstead_storage::blob::{BlobStore, FsBlobStore, MemoryBlobStore};
use roadstead_storage::testkit::{FaultyBlobStore, blob_suite};
use roadstead_storage::types::SystemClock;

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
