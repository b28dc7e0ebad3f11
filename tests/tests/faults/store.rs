//! Blob stores that fail.

use std::sync::Arc;

use bytes::Bytes;
use roadstead_storage::blob::MemoryBlobStore;
use roadstead_storage::testkit::{Failure, Fault, FaultyBlobStore, Operation};
use roadstead_tests::{Answer, Client, Image, Store, TestRegistry, digest, random_bytes};
use roadstead_types::{Clock as _, ManualClock, SystemClock};

const REPOSITORY: &str = "library/faulty";

/// A registry whose blobs are in memory, and the handle that makes them fail.
async fn faulty() -> (TestRegistry, FaultyBlobStore) {
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let store = FaultyBlobStore::new(Arc::new(MemoryBlobStore::new(Arc::clone(&clock) as _)));
    let builder = TestRegistry::builder().clock(clock).store(Store::Custom(Arc::new(store.clone())));
    (builder.start().await, store)
}

/// The answer to a client for each failure.
fn told(failure: Failure) -> (u16, &'static str) {
    match failure {
        Failure::Error => (500, "UNKNOWN"),
        Failure::Full => (507, "UNKNOWN"),
        Failure::Unavailable => (503, "UNAVAILABLE"),
    }
}

const FAILURES: [Failure; 3] = [Failure::Error, Failure::Full, Failure::Unavailable];

/// Checks an answer to a failure: it has the form of the specification, and does not tell what failed.
#[track_caller]
fn check(answer: Answer, failure: Failure) {
    let (status, code) = told(failure);
    let answer = answer.expect_error(status, code);
    assert!(!answer.text().contains("on purpose"), "{answer}");
    assert_eq!(answer.detail()["request_id"], answer.header("x-request-id"));
}

async fn is_missing(client: &Client, digest: &str) {
    client.head(&format!("/v2/{REPOSITORY}/blobs/{digest}")).await.expect(404);
}

#[tokio::test]
async fn a_push_that_a_failing_store_stops_can_be_made_again() {
    let (registry, store) = faulty().await;
    let client = registry.owner();
    let mut seed = 0;
    for operation in [Operation::Stage, Operation::Write, Operation::Sync, Operation::Commit] {
        for failure in FAILURES {
            seed += 1;
            let content = random_bytes(seed, 100_000);
            let digest = digest(&content);
            let location = client.start_upload(REPOSITORY).await;
            let target = format!("{location}?digest={digest}");
            store.inject(Fault::once(operation, failure));
            check(client.put(&target, content.clone()).await, failure);
            is_missing(&client, &digest).await;
            // The session has its old offset and no lease, so the same request succeeds.
            client.get(&location).await.expect(204);
            client.put(&target, content.clone()).await.expect(201);
            let pulled = client.get(&format!("/v2/{REPOSITORY}/blobs/{digest}")).await.expect(200);
            assert!(pulled.body == content, "{operation:?} {failure:?}");
        }
    }
}

#[tokio::test]
async fn a_chunk_that_a_failing_store_stops_can_be_sent_again() {
    let (registry, store) = faulty().await;
    let client = registry.owner();
    let content = random_bytes(50, 100_000);
    let digest = digest(&content);
    for operation in [Operation::Stage, Operation::Write, Operation::Sync] {
        for failure in FAILURES {
            let location = client.start_upload(REPOSITORY).await;
            client.chunk(&location, 0, content.slice(..40_000)).await.expect(202);
            store.inject(Fault { after_bytes: 10_000, ..Fault::once(operation, failure) });
            check(client.chunk(&location, 40_000, content.slice(40_000..80_000)).await, failure);
            store.heal();
            assert_eq!(client.get(&location).await.expect(204).header("range"), "0-39999");
            client.chunk(&location, 40_000, content.slice(40_000..80_000)).await.expect(202);
            client.put(&format!("{location}?digest={digest}"), content.slice(80_000..)).await.expect(201);
            let pulled = client.get(&format!("/v2/{REPOSITORY}/blobs/{digest}")).await.expect(200);
            assert!(pulled.body == content, "{operation:?} {failure:?}");
        }
    }
}

#[tokio::test]
async fn a_whole_blob_in_one_request_fails_cleanly() {
    let (registry, store) = faulty().await;
    let client = registry.owner();
    for (operation, failure) in [Operation::Stage, Operation::Write, Operation::Commit].into_iter().zip(FAILURES) {
        let content: Bytes = random_bytes(60, 50_000);
        let digest = digest(&content);
        let target = format!("/v2/{REPOSITORY}/blobs/uploads/?digest={digest}");
        store.inject(Fault::once(operation, failure));
        check(client.request("POST", &target).body(content.clone()).send().await, failure);
        is_missing(&client, &digest).await;
    }
}

#[tokio::test]
async fn a_pull_never_ends_early_without_saying_so() {
    let (registry, store) = faulty().await;
    let client = registry.owner();
    let content = random_bytes(70, 3 << 20);
    let digest = client.push_blob(REPOSITORY, &content).await;
    let target = format!("/v2/{REPOSITORY}/blobs/{digest}");
    for failure in FAILURES {
        store.inject(Fault::once(Operation::Open, failure));
        check(client.get(&target).await, failure);
        // In the middle of the body no status can be sent any more, so the connection ends.
        store.inject(Fault { after_bytes: 1_500_000, ..Fault::once(Operation::Read, failure) });
        assert!(client.request("GET", &target).try_send().await.is_err());
        assert!(client.get(&target).await.expect(200).body == content);
    }
}

#[tokio::test]
async fn a_registry_whose_store_fails_says_that_it_is_not_ready() {
    let (registry, store) = faulty().await;
    let client = registry.owner();
    let image = Image::small(1);
    client.push_image(REPOSITORY, "v1", &image).await;
    store.inject(Fault::always(Operation::Ping, Failure::Unavailable));
    registry.anonymous().get("/readyz").await.expect(503);
    registry.anonymous().get("/healthz").await.expect(200);
    // Reading manifests needs no blob store.
    client.get(&format!("/v2/{REPOSITORY}/manifests/v1")).await.expect(200);
    store.heal();
    registry.anonymous().get("/readyz").await.expect(200);
}
