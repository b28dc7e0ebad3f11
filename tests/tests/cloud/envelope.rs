//! What every request needs, and what every answer has.

use roadstead_tests::{Signing, TestRegistry};
use serde_json::json;

#[tokio::test]
async fn every_way_to_sign_is_understood() {
    let reg = TestRegistry::new().await;
    for signing in Signing::ALL {
        let reply = reg.cloud().with_signing(signing).call("cam", "GetUserAppId", json!({})).await.ok();
        assert_eq!(reply["Uin"], reg.owner_name(), "{signing:?}");
        assert_eq!(reply["OwnerUin"], reg.owner_name());
        assert!(reply["AppId"].as_i64().unwrap() > 1_250_000_000);
    }
}

#[tokio::test]
async fn accounts_have_keys_of_their_own() {
    let reg = TestRegistry::new().await;
    let alice = reg.account("alice").await;
    assert_eq!(alice.cloud.call("cam", "GetUserAppId", json!({})).await.ok()["Uin"], alice.uin);
    let wrong = reg.cloud().with_key(alice.cloud.secret_id(), reg.cloud().secret_key());
    wrong.call("cam", "GetUserAppId", json!({})).await.expect("AuthFailure.SignatureFailure");
}
