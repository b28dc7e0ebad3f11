//! Health, readiness and metrics, for operators.

use roadstead_config::Settings;
use roadstead_storage::blob::MemoryBlobStore;
use roadstead_storage::meta::JobState;
use roadstead_storage::testkit::{Failure, Fault, FaultyBlobStore, Operation};
use roadstead_tests::{Client, Credentials, Image, SERVER_THREAD, Store, TestRegistry, eventually};
use roadstead_types::{Clock, SystemClock, Timestamp};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[tokio::test]
async fn a_running_registry_is_alive_and_ready() {
    let reg = TestRegistry::new().await;
    assert_eq!(reg.anonymous().get("/healthz").await.expect(200).json(), json!({ "status": "ok" }));
    let ready = reg.anonymous().get("/readyz").await.expect(200).json();
    let expected = json!({
        "status": "ok", "database": true, "migrations": true, "store": true, "down": [], "draining": false,
        "readonly": false,
    });
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
    assert_eq!(ready.as_object().unwrap().len(), 7, "the answer names the failing parts, and nothing else: {ready}");
    // The process still counts as alive, because a restart would not help.
    reg.anonymous().get("/healthz").await.expect(200);
    store.heal();
    reg.anonymous().get("/readyz").await.expect(200);
}

/// A clock that panics in the loops of the server while it is broken. Other threads serve requests.
#[derive(Debug, Default)]
struct BrokenClock(AtomicBool);

impl Clock for BrokenClock {
    fn now(&self) -> Timestamp {
        let is_loop = std::thread::current().name() == Some(SERVER_THREAD);
        assert!(!(is_loop && self.0.load(Ordering::SeqCst)), "the clock is broken");
        SystemClock.now()
    }
}

#[tokio::test]
async fn a_loop_that_panics_is_named_and_started_again() {
    let clock = Arc::new(BrokenClock::default());
    let local = |settings: &mut Settings| settings.metrics.listen = Some("127.0.0.1:0".parse().unwrap());
    let reg = TestRegistry::builder().any_clock(clock.clone()).settings(local).start().await;
    let down = async || {
        let ready = reg.anonymous().get("/readyz").await;
        let down = ready.json()["down"].as_array().unwrap().clone();
        assert_eq!(ready.status, if down.is_empty() { 200 } else { 503 });
        down
    };
    assert_eq!(down().await, Vec::<serde_json::Value>::new());
    let jobs_of_the_start = async || {
        let counts = reg.meta().count_jobs().await.unwrap();
        (!counts.is_empty() && counts.iter().all(|count| count.state == JobState::Done)).then_some(())
    };
    eventually("the jobs of the start are done", jobs_of_the_start).await;
    clock.0.store(true, Ordering::SeqCst);
    for name in ["changes", "jobs"] {
        eventually(name, async || down().await.contains(&json!(name)).then_some(())).await;
    }
    // Pushes still work.
    reg.owner().push_image("library/app", "v1", &Image::small(1)).await;
    clock.0.store(false, Ordering::SeqCst);
    eventually("all loops run again", async || down().await.is_empty().then_some(())).await;
    let metrics = Client::new(&format!("http://{}", reg.metrics_address().unwrap()), Credentials::None);
    let text = metrics.get("/metrics").await.expect(200).text();
    let restarts = text.lines().find(|line| line.starts_with("roadstead_loop_restarts_total{name=\"changes\"}"));
    assert!(restarts.is_some_and(|line| !line.ends_with(" 0")), "{text}");
    assert!(text.contains("roadstead_jobs{kind=\"upload.expire\",state=\"done\"}"), "{text}");
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
