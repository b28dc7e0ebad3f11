//! `maintenance.readonly`: changes are refused, and reads still work.

use roadstead_config::DatabaseLocation;
use roadstead_tests::{Binary, TestRegistry};
use serde_json::json;

async fn readonly() -> TestRegistry {
    TestRegistry::builder().settings(|settings| settings.maintenance.readonly = true).start().await
}

#[tokio::test]
async fn a_push_is_refused_with_the_reason_and_reading_works() {
    let reg = readonly().await;
    let owner = reg.owner();
    let digest = format!("sha256:{}", "0".repeat(64));
    let refused = [
        owner.post("/v2/library/app/blobs/uploads/").await,
        owner.put("/v2/library/app/manifests/v1", "{}").await,
        owner.delete(&format!("/v2/library/app/manifests/{digest}")).await,
        owner.delete(&format!("/v2/library/app/blobs/{digest}")).await,
    ];
    for answer in refused {
        let answer = answer.expect_error(405, "UNSUPPORTED");
        assert!(answer.text().contains("read-only"), "{}", answer.text());
    }
    owner.get("/v2/").await.expect(200);
    owner.get("/v2/_catalog").await.expect(200);
    owner.get("/v2/library/app/manifests/v1").await.expect(404);
    // A client that may not push gets the usual refusal.
    reg.anonymous().post("/v2/library/app/blobs/uploads/").await.expect(401);
}

#[tokio::test]
async fn actions_that_change_something_are_refused_with_the_reason() {
    let reg = readonly().await;
    let cloud = reg.cloud();
    let refused = cloud.call("tcr", "CreateNamespacePersonal", json!({ "Namespace": "team" })).await;
    assert_eq!(refused.code(), "ResourceUnavailable");
    let refused = cloud.call("cam", "CreateGroup", json!({ "GroupName": "team" })).await;
    assert_eq!(refused.code(), "ResourceUnavailable");
    let page = json!({ "Namespace": "", "Offset": 0, "Limit": 10 });
    assert_eq!(cloud.call("tcr", "DescribeNamespacePersonal", page).await.code(), "");
    let session = json!({ "Name": "reader", "Policy": json!({ "version": "2.0", "statement": [] }).to_string() });
    assert_ne!(cloud.call("sts", "GetFederationToken", session).await.code(), "ResourceUnavailable");
}

#[tokio::test]
async fn commands_that_change_something_are_refused() {
    let reg = readonly().await;
    let command = |arguments: &[&str]| {
        let mut command = Binary::find().command(&reg.settings().data_dir);
        if let DatabaseLocation::Given(url) = reg.settings().database_location() {
            command.env("ROADSTEAD__DATABASE__URL", url.expose());
        }
        command.env("ROADSTEAD__MAINTENANCE__READONLY", "true").args(arguments).output().unwrap()
    };
    let refused = command(&["namespace", "create", "team"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("maintenance.readonly"), "{refused:?}");
    assert!(command(&["namespace", "list"]).status.success());
}
