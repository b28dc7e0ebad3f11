//! What operators look at: health, readiness, metrics.

use roadstead_storage::blob::MemoryBlobStore;
use roadstead_storage::testkit::{Failure, Fault, FaultyBlobStore, Operation};
use roadstead_tests::{Client, Credentials, Image, Store, TestRegistry};
use roadstead_types::SystemClock;
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn a_running_registry_is_alive_and_ready() {
    let reg = TestRegistry::new().await;
    assert_eq!(reg.anonymous().get("/healthz").await.expect(200).json(), json!({ "status": "ok" }));
    let ready = reg.anonymous().get("/readyz").await.expect(200).json();
    let expected = json!({ "status": "ok", "database": true, "migrations": true, "store": true, "draining": false });
    assert_eq!(ready, expected);
    reg.anonymous().head("/readyz").await.expect(200);
}

#[tokio::test]
async fn a_store_that_fails_is_told_without_its_secrets_and_comes_back() {
    let store = Arc::new(FaultyBlobStore::new(Arc::new(MemoryBlobStore::new(Arc::new(SystemClock)))));
    let reg = TestRegistry::builder().store(Store::Custom(store.clone())).start().await;
    store.inject(Fault::always(Operation::Ping, Failure::Unavailable));
    let ready = reg.anonymous().get("/readyz").await.expect(503).json();
    assert_eq!(
        (&ready["store"], &ready["database"], &ready["status"]),
        (&json!(false), &json!(true), &json!("unavailable"))
    );
    assert_eq!(ready.as_object().unwrap().len(), 5, "which of them fails is said, and nothing else: {ready}");
    // It lives all the same: a restart would not help.
    reg.anonymous().get("/healthz").await.expect(200);
    store.heal();
    reg.anonymous().get("/readyz").await.expect(200);
}

#[tokio::test]
async fn a_fault_of_the_store_tells_the_client_no_details() {
    let store = Arc::new(FaultyBlobStore::new(Arc::new(MemoryBlobStore::new(Arc::new(SystemClock)))));
    let reg = TestRegistry::builder().store(Store::Custom(store.clone())).start().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    owner.push_image("library/app", "v1", &image).await;
    let target = format!("/v2/library/app/blobs/{}", roadstead_tests::digest(&image.layers[0]));
    store.inject(Fault::always(Operation::Open, Failure::Error));
    let answer = owner.get(&target).await.expect_error(500, "UNKNOWN");
    assert_eq!(answer.detail(), json!({ "request_id": answer.header("x-request-id") }));
    let message = answer.json()["errors"][0]["message"].clone();
    assert_eq!(message, "something went wrong inside the registry; its log has the request id");
    store.heal();
    store.inject(Fault::always(Operation::Open, Failure::Unavailable));
    let answer = owner.get(&target).await.expect_error(503, "UNAVAILABLE");
    assert!(answer.has("retry-after"));
    store.heal();
    owner.get(&target).await.expect(200);
}

#[tokio::test]
async fn metrics_have_their_own_listener_and_hold_no_names() {
    let reg =
        TestRegistry::builder().settings(|s| s.metrics.listen = Some("127.0.0.1:0".parse().unwrap())).start().await;
    let alice = reg.account("alice").await;
    alice.basic.push_image("alice/very-secret-name", "v1", &Image::small(1)).await;
    alice.basic.get("/v2/alice/very-secret-name/manifests/v1").await.expect(200);
    alice.basic.start_upload("alice/very-secret-name").await;
    reg.anonymous().get("/nothing").await.expect(404);
    reg.owner().get("/metrics").await.expect(404);
    let metrics = Client::new(&format!("http://{}", reg.metrics_address().unwrap()), Credentials::None);
    let answer = metrics.get("/metrics").await.expect(200);
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    let text = answer.text();
    for line in [
        "roadstead_http_requests_total{operation=\"manifest.get\",status=\"200\"} 1",
        "roadstead_http_requests_total{operation=\"manifest.put\",status=\"201\"} 1",
        "roadstead_http_requests_total{operation=\"none\",status=\"404\"}",
        "roadstead_uploads_in_progress 1",
        "roadstead_database_connections ",
        "roadstead_http_request_duration_seconds_bucket{",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line:?} is missing:\n{text}");
    }
    for secret in ["secret-name", &alice.uin, "alice"] {
        assert!(!text.contains(secret), "{secret:?} is a label");
    }
    metrics.get("/v2/").await.expect(404);
    metrics.get("/healthz").await.expect(404);
}
