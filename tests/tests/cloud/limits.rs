//! Limits of sizes and of rates.

use std::time::Duration;

use bytes::Bytes;
use roadstead_tests::{Signing, TestRegistry};
use serde_json::json;

#[tokio::test]
async fn an_account_may_call_an_action_so_often_in_a_second() {
    let reg = TestRegistry::builder().settings(|s| s.cloud_api.requests_per_second = 5).start().await;
    let alice = reg.account("alice").await.cloud;
    for signing in [Signing::Tc3Post, Signing::Tc3Get, Signing::Sha256Post, Signing::Sha1Get, Signing::Tc3Post] {
        alice.with_signing(signing).call("cam", "GetUserAppId", json!({})).await.ok();
    }
    alice.call("cam", "GetUserAppId", json!({})).await.expect("RequestLimitExceeded");
    alice.call("cam", "Nothing", json!({})).await.expect("InvalidAction");
    reg.cloud().call("cam", "GetUserAppId", json!({})).await.ok();
    reg.clock().advance(Duration::from_millis(200));
    alice.call("cam", "GetUserAppId", json!({})).await.ok();
    alice.call("cam", "GetUserAppId", json!({})).await.expect("RequestLimitExceeded");
    reg.clock().advance(Duration::from_secs(1));
    for _ in 0..5 {
        alice.call("cam", "GetUserAppId", json!({})).await.ok();
    }
    alice.call("cam", "GetUserAppId", json!({})).await.expect("RequestLimitExceeded");
}

#[tokio::test]
async fn without_a_limit_there_is_none() {
    let reg = TestRegistry::builder().settings(|s| s.cloud_api.requests_per_second = 0).start().await;
    for _ in 0..50 {
        reg.cloud().call("cam", "GetUserAppId", json!({})).await.ok();
    }
}

#[tokio::test]
async fn requests_have_a_largest_size() {
    let reg = TestRegistry::new().await;
    let large = |bytes: usize| json!({ "Other": "x".repeat(bytes) });
    let call = async |signing: Signing, bytes: usize| {
        reg.cloud().with_signing(signing).call("cam", "GetUserAppId", large(bytes)).await
    };
    for (signing, limit) in [
        (Signing::Tc3Get, 32 << 10),
        (Signing::Sha1Get, 32 << 10),
        (Signing::Sha256Post, 1 << 20),
        (Signing::Tc3Post, 10 << 20),
    ] {
        call(signing, limit - 500).await.expect("UnknownParameter");
        call(signing, limit + 1).await.expect("RequestSizeLimitExceeded");
    }
}

#[tokio::test]
async fn bodies_of_strangers_are_limited_too() {
    let reg = TestRegistry::new().await;
    let mut prepared = reg.cloud().prepare("cam", "GetUserAppId", &json!({}));
    prepared.body = Bytes::from(vec![b' '; (10 << 20) + 1]);
    reg.cloud().send(prepared).await.expect("RequestSizeLimitExceeded");
}
