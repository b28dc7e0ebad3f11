//! Calls that are refused or find nothing do not empty the caches of others.

use roadstead_tests::{Client, Credentials, Image, TestRegistry};
use serde_json::json;

use crate::instance::Instance;

/// The hits and misses of the caches of this kind.
async fn lookups(metrics: &Client, cache: &str) -> (u64, u64) {
    let text = metrics.get("/metrics").await.expect(200).text();
    let read = |outcome: &str| {
        let start = format!("roadstead_cache_lookups{{cache=\"{cache}\",outcome=\"{outcome}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&start)?.parse().ok()).unwrap_or(0)
    };
    (read("hit"), read("miss"))
}

#[tokio::test]
async fn refused_calls_do_not_empty_the_caches_of_others() {
    let start = TestRegistry::builder().settings(|settings| {
        settings.metrics.listen = Some("127.0.0.1:0".parse().unwrap());
        settings.cloud_api.requests_per_second = 0;
    });
    let reg = start.start().await;
    let (victim, attacker) = (reg.account("victim").await, reg.account("attacker").await);
    victim.basic.push_image("victim/app", "v1", &Image::small(1)).await;
    let instance = Instance::of(attacker.cloud.clone(), "demo").await;
    let group = json!({ "GroupName": "group" });
    attacker.cloud.call("cam", "CreateGroup", group.clone()).await.ok();
    let refused = async || {
        let missing = format!("sha256:{}", "0".repeat(64));
        let config = json!({ "mediaType": "application/vnd.oci.image.config.v1+json", "digest": missing, "size": 2 });
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({ "schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [] });
        let content = manifest.to_string().into_bytes().into();
        attacker.basic.put_manifest("attacker/none", "v1", media_type, content).await.expect(404);
        attacker.basic.delete("/v2/attacker/none/manifests/v1").await.expect(404);
        let cloud = &attacker.cloud;
        assert_ne!(cloud.call("cam", "CreateGroup", group.clone()).await.code(), "");
        assert_ne!(cloud.call("cam", "DeleteGroup", json!({ "GroupId": 1_000_000 })).await.code(), "");
        let name = json!({ "Namespace": "victim" });
        assert_ne!(cloud.call("tcr", "CreateNamespacePersonal", name.clone()).await.code(), "");
        assert_ne!(cloud.call("tcr", "DeleteNamespacePersonal", name).await.code(), "");
        let token = json!({ "TokenId": "none", "Enable": true });
        assert_ne!(instance.call("ModifyInstanceToken", token).await.code(), "");
        assert_ne!(instance.call("DeleteInstanceToken", json!({ "TokenId": "none" })).await.code(), "");
        assert_ne!(instance.call("DeleteNamespace", json!({ "NamespaceName": "none" })).await.code(), "");
    };
    let pull = async || drop(victim.basic.get("/v2/victim/app/manifests/v1").await.expect(200));
    let metrics = Client::new(&format!("http://{}", reg.metrics_address().unwrap()), Credentials::None);
    pull().await;
    refused().await;
    let caches = ["tag", "manifest", "repository", "row"];
    let mut before = Vec::new();
    for cache in caches {
        before.push(lookups(&metrics, cache).await);
    }
    for _ in 0..300 {
        refused().await;
        pull().await;
    }
    for (cache, (hits, misses)) in caches.into_iter().zip(before) {
        let (now_hits, now_misses) = lookups(&metrics, cache).await;
        let (hits, misses) = (now_hits - hits, now_misses - misses);
        assert!(hits >= 290, "{cache}: {hits}");
        assert!(misses * 100 <= hits + misses, "{cache}: {misses} of {} look-ups missed", hits + misses);
    }
}
