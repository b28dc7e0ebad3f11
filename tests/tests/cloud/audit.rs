//! The audit log: changes and refusals can be looked up.

use std::time::Duration;

use roadstead_storage::meta::{AuditEvent, AuditOutcome, AuditQuery};
use roadstead_tests::people::sub;
use roadstead_tests::{Cloud, Image, TestRegistry, eventually};
use serde_json::{Value, json};

/// The events of a page, without those of the set-up of the test.
async fn events(cloud: &Cloud, parameters: Value) -> Vec<Value> {
    let reply = cloud.call("cam", "DescribeAuditLogs", parameters).await.ok();
    reply["Events"].as_array().unwrap().iter().filter(|event| event["Action"] != "test").cloned().collect()
}

fn unlimited() -> roadstead_tests::Builder {
    TestRegistry::builder().settings(|s| s.cloud_api.requests_per_second = 0)
}

/// Waits for the first event that matches, because refusals are written a moment later.
async fn first(cloud: &Cloud, parameters: Value) -> Value {
    eventually("the event is written", async || events(cloud, parameters.clone()).await.into_iter().next()).await
}

#[tokio::test]
async fn a_push_is_in_the_log_when_it_is_answered() {
    let reg = unlimited().start().await;
    let alice = reg.account("alice").await;
    let digest = alice.basic.push_image("alice/app", "v1", &Image::small(1)).await;
    let found = events(&alice.cloud, json!({ "Operation": "manifest.put" })).await;
    assert_eq!(found.len(), 1);
    for (member, value) in [
        ("Uin", alice.uin.as_str()),
        ("Principal", "root"),
        ("Source", "docker"),
        ("Resource", "alice/app@v1"),
        ("SourceIP", "127.0.0.1"),
        ("Outcome", "done"),
        ("Code", ""),
    ] {
        assert_eq!(found[0][member], value, "{member}");
    }
    alice.basic.delete(&format!("/v2/alice/app/manifests/{digest}")).await.expect(202);
    let deleted = events(&alice.cloud, json!({ "Operation": "manifest.delete", "Outcome": "done" })).await;
    assert_eq!(deleted[0]["Resource"], format!("alice/app@{digest}"));
    assert!(events(&reg.cloud(), json!({})).await.iter().all(|event| event["Uin"] != alice.uin.as_str()));
}

#[tokio::test]
async fn docker_has_an_event_for_each_change_and_none_without_one() {
    let reg = unlimited().start().await;
    let alice = reg.account("alice").await;
    let image = Image::small(1);
    let missing = alice.basic.put_manifest("alice/app", "v1", image.media_type(), image.manifest()).await;
    missing.expect_error(404, "MANIFEST_BLOB_UNKNOWN");
    let digest = alice.basic.push_image("alice/app", "v1", &image).await;
    let config = format!("/v2/alice/app/blobs/{}", roadstead_tests::digest(&image.config));
    alice.basic.delete(&config).await.expect_error(405, "DENIED");
    for (target, resource) in [
        ("/v2/alice/app/manifests/v1".to_owned(), "alice/app@v1".to_owned()),
        (format!("/v2/alice/app/manifests/{digest}"), format!("alice/app@{digest}")),
        (config, format!("alice/app@{}", roadstead_tests::digest(&image.config))),
    ] {
        alice.basic.delete(&target).await.expect(202);
        // A second deletion fails, and writes no event.
        alice.basic.delete(&target).await.expect(404);
        let found = events(&alice.cloud, json!({})).await;
        assert_eq!(found[0]["Resource"], json!(resource));
    }
    let found = events(&alice.cloud, json!({})).await;
    let actions: Vec<&str> = found.iter().map(|event| event["Action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["blob.delete", "manifest.delete", "manifest.delete", "manifest.put"]);
    assert!(found.iter().all(|event| event["Outcome"] == "done" && event["Uin"] == alice.uin.as_str()));
}

#[tokio::test]
async fn refusals_are_in_the_log_without_secrets() {
    let reg = unlimited().start().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    alice.basic.push_image("alice/app", "v1", &Image::small(1)).await;
    bob.basic.get("/v2/alice/app/manifests/v1").await.expect(403);
    let refused = first(&bob.cloud, json!({ "Outcome": "denied" })).await;
    assert_eq!((&refused["Action"], &refused["Code"]), (&json!("manifest.get"), &json!("DENIED")));
    assert_eq!(refused["Resource"], "alice/app@v1");

    alice.cloud.call("cam", "GetUserAppId", json!({})).await.ok();
    let wrong = alice.cloud.with_key(alice.cloud.secret_id(), "00000000000000000000000000000000");
    let reply = wrong.call("cam", "GetUserAppId", json!({})).await.expect("AuthFailure.SignatureFailure");
    let refused = first(&alice.cloud, json!({ "Outcome": "denied" })).await;
    assert_eq!(refused["RequestId"], reply.request_id());
    assert_eq!(
        (&refused["Principal"], &refused["Code"]),
        (&json!("anonymous"), &json!("AuthFailure.SignatureFailure"))
    );

    reg.basic(&alice.uin, "a wrong password").get("/v2/").await.expect(401);
    let query = AuditQuery { uin: Some(&alice.uin), action: Some("base"), limit: 10, ..AuditQuery::default() };
    let login = eventually("the login is written", async || reg.meta().audit_events(&query).await.unwrap().pop()).await;
    assert_eq!((login.1.outcome, login.1.owner), (AuditOutcome::Denied, None));
    assert!(!format!("{login:?}").contains("wrong password"));
}

#[tokio::test]
async fn what_was_only_tried_is_called_that() {
    let reg = unlimited().start().await;
    let alice = reg.account("alice").await;
    let user = sub(&reg, &alice, "somebody", &[]).await;
    let delete = |dry_run: bool| json!({ "RepoName": "alice/missing", "DryRun": dry_run });
    let call = async |cloud: &Cloud, dry_run| cloud.call("tcr", "DeleteRepositoryPersonal", delete(dry_run)).await;
    for cloud in [&alice.cloud, &user.cloud] {
        for dry_run in [true, false] {
            let reply = call(cloud, dry_run).await;
            let logged = eventually("the event is in the log", async || {
                let found = events(&alice.cloud, json!({ "Operation": "DeleteRepositoryPersonal" })).await;
                found.into_iter().find(|event| event["RequestId"] == reply.request_id())
            });
            let logged = logged.await;
            let (code, dry) = (reply.code(), json!(dry_run));
            assert_eq!((&logged["Code"], &logged["DryRun"]), (&json!(code), &dry), "{logged}");
            let outcome = if std::ptr::eq(cloud, &user.cloud) { "denied" } else { "failed" };
            assert_eq!(logged["Outcome"], outcome, "{logged}");
        }
    }
    // A dry run that would succeed writes no event.
    let namespace = json!({ "Namespace": "alice-2", "DryRun": true });
    alice.cloud.call("tcr", "CreateNamespacePersonal", namespace).await.expect("DryRunOperation");
    alice.cloud.call("tcr", "CreateNamespacePersonal", json!({ "Namespace": "alice-3" })).await.ok();
    let found = events(&alice.cloud, json!({ "Operation": "CreateNamespacePersonal", "Limit": 10 })).await;
    let told: Vec<_> = found.iter().map(|event| (event["Resource"].clone(), event["DryRun"].clone())).collect();
    assert!(told.contains(&(json!("alice-3"), json!(false))), "{told:?}");
    assert!(!told.iter().any(|(resource, _)| resource == "alice-2"), "{told:?}");
}

#[tokio::test]
async fn being_asked_for_credentials_is_no_refusal() {
    let reg = unlimited().start().await;
    reg.anonymous().get("/v2/").await.expect(401);
    reg.anonymous().get("/v2/library/app/manifests/v1").await.expect(401);
    reg.basic("100000000001", "wrong").get("/v2/").await.expect(401);
    let query = AuditQuery { outcome: Some(AuditOutcome::Denied), limit: 10, ..AuditQuery::default() };
    let found = eventually("the refusal is written", async || {
        Some(reg.meta().audit_events(&query).await.unwrap()).filter(|found| !found.is_empty())
    });
    assert_eq!(found.await.len(), 1);
}

#[tokio::test]
async fn events_come_in_pages_and_by_what_they_are() {
    let reg = unlimited().start().await;
    let alice = reg.account("alice").await;
    let other = AuditEvent {
        at: reg.now(),
        owner: Some(alice.id),
        uin: "100000000001".into(),
        principal: "user".into(),
        source: "cloud".into(),
        action: "tcr:DeleteImagePersonal".into(),
        resource: "alice/app:v1".into(),
        address: "10.0.0.1".into(),
        user_agent: String::new(),
        request_id: String::new(),
        outcome: AuditOutcome::Failed,
        code: "ResourceNotFound.ErrNoRepo".into(),
        repeated: 3,
        dry_run: false,
    };
    let at = |number: u64| reg.now().after(Duration::from_secs(number / 2));
    let all: Vec<AuditEvent> = (0..25).map(|n| AuditEvent { at: at(n), repeated: n, ..other.clone() }).collect();
    reg.meta().record_audit_events(&all).await.unwrap();
    let (mut counts, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let reply = alice
            .cloud
            .call("cam", "DescribeAuditLogs", json!({ "Outcome": "failed", "Limit": 10, "Cursor": cursor }))
            .await
            .ok();
        counts.extend(reply["Events"].as_array().unwrap().iter().map(|event| event["Count"].as_u64().unwrap()));
        cursor = reply["Cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(counts, (0..25).rev().collect::<Vec<_>>());
    for (parameters, count) in [
        (json!({ "Uin": "100000000001", "Limit": 100 }), 25),
        (json!({ "Uin": "100000000002" }), 0),
        (json!({ "Outcome": "failed", "Limit": 3 }), 3),
        (json!({ "Outcome": "denied" }), 0),
        (json!({ "Operation": "tcr:DeleteImagePersonal", "Limit": 100 }), 25),
        (json!({ "Operation": "DeleteImagePersonal", "Limit": 100 }), 25),
        (json!({ "StartTime": "2999-01-01T00:00:00Z" }), 0),
        (json!({ "EndTime": "2000-01-01 00:00:00" }), 0),
    ] {
        assert_eq!(events(&alice.cloud, parameters.clone()).await.len(), count, "{parameters}");
    }
    assert_eq!(events(&reg.cloud(), json!({ "Uin": "100000000001" })).await.len(), 0, "no events of others");
    for wrong in
        [json!({ "Outcome": "no" }), json!({ "Cursor": "x" }), json!({ "StartTime": "now" }), json!({ "Limit": 0 })]
    {
        alice.cloud.call("cam", "DescribeAuditLogs", wrong).await.expect("InvalidParameterValue");
    }
}

#[tokio::test]
async fn a_flood_of_refusals_is_counted() {
    let reg = unlimited().start().await;
    let wrong = reg.cloud().with_key(&format!("AKID{}", "z".repeat(32)), "0");
    for _ in 0..600 {
        wrong.call("cam", "GetUserAppId", json!({})).await;
    }
    let total = async || {
        let query = AuditQuery { outcome: Some(AuditOutcome::Denied), limit: 1000, ..AuditQuery::default() };
        let found = reg.meta().audit_events(&query).await.unwrap();
        Some(found.iter().map(|(_, event)| event.repeated).sum::<u64>()).filter(|&total| total == 600)
    };
    eventually("all refusals are counted", total).await;
}

#[tokio::test]
async fn what_the_server_collects_is_in_the_log() {
    let reg = unlimited().settings(|s| s.gc.interval = Duration::from_millis(50)).start().await;
    reg.owner().start_upload("library/app").await;
    reg.clock().advance(reg.settings().storage.upload_ttl + Duration::from_secs(1));
    let query = AuditQuery { action: Some("garbage.collect"), limit: 10, ..AuditQuery::default() };
    let found = eventually("the upload is collected", async || reg.meta().audit_events(&query).await.unwrap().pop());
    let (_, event) = found.await;
    assert_eq!((event.source.as_str(), event.principal.as_str(), event.owner), ("job", "server", None));
    assert!(event.resource.starts_with("1 items"), "{event:?}");
}

#[tokio::test]
async fn a_key_that_is_made_is_named_and_whose_it_is() {
    let reg = unlimited().start().await;
    let alice = reg.account("alice").await;
    let made = alice.cloud.call("cam", "CreateAccessKey", json!({})).await.ok();
    let id = made["AccessKey"]["AccessKeyId"].as_str().unwrap();
    let found = events(&alice.cloud, json!({ "Operation": "cam:CreateAccessKey" })).await;
    assert_eq!(found[0]["Resource"], format!("{} {id}", alice.uin));
}

#[tokio::test]
async fn old_events_go() {
    let reg = TestRegistry::new().await;
    reg.owner().push_image("library/app", "v1", &Image::small(1)).await;
    let query = AuditQuery { limit: 10, ..AuditQuery::default() };
    // Events: the first start, and the push.
    assert_eq!(reg.meta().audit_events(&query).await.unwrap().len(), 2);
    assert_eq!(reg.meta().delete_audit_events(reg.now(), 10).await.unwrap(), 0);
    let later = reg.now().after(Duration::from_millis(1));
    assert_eq!(reg.meta().delete_audit_events(later, 10).await.unwrap(), 2);
    assert!(reg.meta().audit_events(&query).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_operator_sees_all_of_it_and_is_in_it() {
    let reg = TestRegistry::builder().system_clock().start().await;
    let owner = reg.owner_name().to_owned();
    reg.owner().push_image("library/app", "v1", &Image::small(1)).await;
    assert!(reg.command(&["namespace", "create", "team"], "").status.success());
    let list = |arguments: &[&str]| -> Value {
        let output = reg.command(&[&["audit", "list", "--json"], arguments].concat(), "");
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let all = list(&[]);
    let actions: Vec<_> = all.as_array().unwrap().iter().map(|event| event["action"].clone()).collect();
    assert_eq!(actions, ["namespace.create", "manifest.put", "account.create"]);
    let first = all[2]["resource"].as_str().unwrap();
    assert!(first.starts_with(&format!("{owner} AKID")) && first.ends_with(" library"), "{first}");
    assert_eq!((&all[0]["principal"], &all[0]["resource"]), (&json!("operator"), &json!("team")));
    assert_eq!(list(&["--uin", &owner])[0]["action"], "manifest.put");
    assert_eq!(list(&["--since", "1h", "--action", "namespace.create"]).as_array().unwrap().len(), 1);
    assert_eq!(list(&["--denied"]), json!([]));
    assert_eq!(list(&["--since", "2999-01-01T00:00:00Z"]), json!([]));
    let text = reg.command(&["audit", "list"], "");
    assert!(String::from_utf8(text.stdout).unwrap().contains("  done  "), "the list has a form for people too");
    assert_eq!(reg.command(&["audit", "list", "--since", "tomorrow"], "").status.code(), Some(2));
}
