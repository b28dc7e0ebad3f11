//! `maintenance.readonly`: changes are refused, and reads still work.

use std::process::Output;

use roadstead_config::{DatabaseLocation, Settings};
use roadstead_tests::{Binary, OWNER_PASSWORD, TestRegistry};
use serde_json::json;

use super::cli::text;

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

fn command(reg: &TestRegistry, arguments: &[&str]) -> Output {
    let mut command = Binary::find().command(&reg.settings().data_dir);
    if let DatabaseLocation::Given(url) = reg.settings().database_location() {
        command.env("ROADSTEAD__DATABASE__URL", url.expose());
    }
    command.env("ROADSTEAD__MAINTENANCE__READONLY", "true").args(arguments).output().unwrap()
}

#[tokio::test]
async fn commands_that_change_something_are_refused() {
    let mut reg = readonly().await;
    let uin = reg.owner_name().to_owned();
    let refuse = |reg: &TestRegistry, arguments: &[&str]| {
        let refused = command(reg, arguments);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(text(&refused.stderr).contains("maintenance.readonly"), "{arguments:?}: {refused:?}");
    };
    for arguments in [
        &["namespace", "create", "team"][..],
        &["namespace", "delete", "library"],
        &["account", "create", "--name", "carol"],
        &["account", "disable", &uin],
        &["account", "password", &uin],
        &["account", "quota", &uin, "--namespaces", "1"],
        &["account", "key", "create", "--uin", &uin],
        &["repository", "visibility", "library/app", "public"],
        &["job", "cancel", "1"],
        &["garbage-collect"],
    ] {
        refuse(&reg, arguments);
    }
    for arguments in
        [&["namespace", "list"][..], &["account", "quota", &uin], &["garbage-collect", "--dry-run"], &["job", "list"]]
    {
        let output = command(&reg, arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }
    reg.stop(true);
    refuse(&reg, &["rotate-master-key"]);
}

#[tokio::test]
async fn everybody_who_looks_is_told() {
    let reg = readonly().await;
    let ready = reg.anonymous().get("/readyz").await.expect(200).json();
    assert_eq!((&ready["status"], &ready["readonly"]), (&json!("ok"), &json!(true)));
    let doctor = command(&reg, &["doctor", "--url", &reg.url()]);
    let told = text(&doctor.stdout);
    assert!(doctor.status.success(), "{told}");
    assert!(told.contains("push and pull: not tried: the registry is read-only for maintenance"), "{told}");
}

#[tokio::test]
async fn the_log_of_a_start_says_it() {
    let data = tempfile::tempdir().unwrap();
    let server = Binary::find().serve(data.path(), &[("ROADSTEAD__MAINTENANCE__READONLY", "true")]);
    server.signal("TERM");
    let (status, log) = server.wait();
    assert!(status.success() && log.contains("the registry is read-only for maintenance"), "{log}");
}

#[tokio::test]
async fn refresh_tokens_are_neither_made_nor_exchanged_and_still_give_tokens() {
    let scope = "repository:library/app:pull";
    // The service that a token is for is this name, whatever the port.
    let url = |settings: &mut Settings| settings.server.external_url = Some("http://registry.test".parse().unwrap());
    let mut reg = TestRegistry::builder().settings(url).start().await;
    let offline = async |reg: &TestRegistry| {
        let form = reg.owner().tokens().offline(reg.owner_name(), OWNER_PASSWORD, scope).await;
        form.expect(200).json()
    };
    let refresh = offline(&reg).await["refresh_token"].as_str().unwrap().to_owned();
    let next = reg.owner().tokens().refresh(&refresh, scope).await.expect(200).json();
    let next = next["refresh_token"].as_str().unwrap().to_owned();
    reg.restart_with(|settings| settings.maintenance.readonly = true).await;
    assert_eq!(offline(&reg).await.get("refresh_token"), None);
    for token in [&next, &refresh, &next] {
        let answer = reg.owner().tokens().refresh(token, scope).await.expect(200).json();
        assert_eq!((answer["token"].is_string(), answer.get("refresh_token")), (true, None));
    }
    reg.owner().tokens().refresh("nonsense", scope).await.expect(401);
    reg.restart_with(|settings| settings.maintenance.readonly = false).await;
    // Its successor was not used: it is as good as before.
    reg.owner().tokens().refresh(&refresh, scope).await.expect(200);
    reg.owner().tokens().refresh(&next, scope).await.expect(200);
    // Now it was, and a token that has ended gives nothing, also while nothing is written.
    reg.restart_with(|settings| settings.maintenance.readonly = true).await;
    reg.owner().tokens().refresh(&refresh, scope).await.expect(401);
    reg.owner().tokens().refresh(&next, scope).await.expect(200);
}
