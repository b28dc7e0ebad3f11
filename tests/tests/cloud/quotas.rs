//! Quotas of accounts in the personal edition.

use bytes::Bytes;
use futures::future::join_all;
use roadstead_tests::{Cloud, Image, Reply, TestRegistry, digest};
use serde_json::{Value, json};

use crate::people;
use crate::personal::{create, data, registry, tcr};

async fn quotas(cloud: &Cloud) -> Vec<(String, i64)> {
    let data = data(cloud, "DescribeUserQuotaPersonal", json!({})).await;
    let list = data["LimitInfo"].as_array().unwrap().iter();
    list.map(|limit| (limit["Type"].as_str().unwrap().to_owned(), limit["Value"].as_i64().unwrap())).collect()
}

fn set(reg: &TestRegistry, arguments: &[&str]) -> Value {
    let output = reg.command(&[&["account", "quota"], arguments, &["--json"]].concat(), "");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn outcomes(replies: &[Reply], refused: &str) -> (usize, usize) {
    let of = |code: &str| replies.iter().filter(|reply| reply.code() == code).count();
    (of(""), of(refused))
}

#[tokio::test]
async fn namespaces_are_counted_while_many_are_made_at_once() {
    let reg = registry().await;
    let alice = reg.account("alice").await;
    let making = (0..20).map(|n| {
        let cloud = alice.cloud.clone();
        async move { tcr(&cloud, "CreateNamespacePersonal", json!({ "Namespace": format!("team{n}") })).await }
    });
    let replies = join_all(making).await;
    assert_eq!(outcomes(&replies, "LimitExceeded.ErrNamespaceMaxLimit"), (9, 11), "one namespace existed before");
    let refused = replies.iter().find(|reply| !reply.code().is_empty()).unwrap();
    assert_eq!(refused.message(), "no more than 10 namespaces are allowed");
}

#[tokio::test]
async fn repositories_are_counted_while_many_are_made_at_once() {
    let reg = registry().await;
    let alice = reg.account("alice").await;
    assert_eq!(
        quotas(&alice.cloud).await,
        [("namespace".to_owned(), 10), ("repo".to_owned(), 100), ("trigger".to_owned(), 10)]
    );
    let set_to = set(&reg, &[&alice.uin, "--repositories", "5", "--triggers", "0"]);
    assert_eq!(set_to, json!({ "namespaces": 10, "repositories": 5, "triggers": 0 }));
    assert_eq!(
        quotas(&alice.cloud).await,
        [("namespace".to_owned(), 10), ("repo".to_owned(), 5), ("trigger".to_owned(), 0)]
    );
    let making = (0..20).map(|n| {
        let cloud = alice.cloud.clone();
        async move { tcr(&cloud, "CreateRepositoryPersonal", json!({ "RepoName": format!("alice/app{n}") })).await }
    });
    let replies = join_all(making).await;
    assert_eq!(outcomes(&replies, "LimitExceeded.ErrRepoMaxLimit"), (5, 15));
    set(&reg, &[&alice.uin, "--repositories", "6"]);
    create(&alice.cloud, "alice/sixth").await;
    let over = tcr(&alice.cloud, "CreateRepositoryPersonal", json!({ "RepoName": "alice/seventh" })).await;
    over.expect("LimitExceeded.ErrRepoMaxLimit");
}

#[tokio::test]
async fn a_push_is_told_which_quota_is_in_its_way() {
    let reg = registry().await;
    let alice = reg.account("alice").await;
    set(&reg, &[&alice.uin, "--repositories", "2"]);
    create(&alice.cloud, "alice/one").await;
    alice.basic.push_image("alice/two", "latest", &Image::small(1)).await;
    // The push is refused before its first byte.
    let refused = alice.basic.post("/v2/alice/three/blobs/uploads/").await.expect_error(403, "DENIED");
    let message = refused.json()["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("the 2 repositories"), "{message}");
    let blob = Bytes::from_static(b"one too many");
    let digest = digest(&blob);
    let whole = format!("/v2/alice/three/blobs/uploads/?digest={digest}");
    alice.basic.request("POST", &whole).body(blob.clone()).send().await.expect_error(403, "DENIED");
    // The same if another request uses the last place during the upload.
    set(&reg, &[&alice.uin, "--repositories", "3"]);
    let upload = alice.basic.start_upload("alice/three").await;
    create(&alice.cloud, "alice/last").await;
    let separator = if upload.contains('?') { '&' } else { '?' };
    let end = format!("{upload}{separator}digest={digest}");
    alice.basic.put(&end, blob.clone()).await.expect_error(403, "DENIED");
    set(&reg, &[&alice.uin, "--repositories", "4"]);
    alice.basic.put(&end, blob).await.expect(201);
    // Existing repositories still work, and a deletion makes room.
    alice.basic.push_image("alice/two", "next", &Image::small(2)).await;
    tcr(&alice.cloud, "DeleteRepositoryPersonal", json!({ "RepoName": "alice/one" })).await.ok();
    alice.basic.push_image("alice/five", "latest", &Image::small(3)).await;
    let mount = format!(
        "/v2/alice/six/blobs/uploads/?mount={}&from=alice/two",
        Image::small(1).blobs().next().map(roadstead_tests::digest).unwrap()
    );
    alice.basic.post(&mount).await.expect_error(403, "DENIED");
}

#[tokio::test]
async fn sub_accounts_count_with_their_main_account() {
    let reg = registry().await;
    let alice = reg.account("alice").await;
    let all = r#"{"version":"2.0","statement":[{"effect":"allow","action":"tcr:*","resource":"*"}]}"#;
    let sub = people::sub(&reg, &alice, "sub", &[all]).await;
    set(&reg, &[&alice.uin, "--repositories", "1", "--namespaces", "2"]);
    tcr(&sub.cloud, "CreateNamespacePersonal", json!({ "Namespace": "subs" })).await.ok();
    let over = tcr(&alice.cloud, "CreateNamespacePersonal", json!({ "Namespace": "more" })).await;
    over.expect("LimitExceeded.ErrNamespaceMaxLimit");
    create(&sub.cloud, "subs/app").await;
    let over = tcr(&sub.cloud, "CreateRepositoryPersonal", json!({ "RepoName": "alice/app" })).await;
    over.expect("LimitExceeded.ErrRepoMaxLimit");
    let quota = data(&sub.cloud, "DescribeUserQuotaPersonal", json!({})).await;
    assert_eq!(quota["LimitInfo"][0], json!({ "Username": alice.uin, "Type": "namespace", "Value": 2 }));
    let refused = reg.command(&["account", "quota", &sub.uin, "--namespaces", "3"], "");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is a sub-account"));
    let shown = reg.command(&["account", "quota", &alice.uin], "");
    assert_eq!(String::from_utf8_lossy(&shown.stdout), "namespaces    2\nrepositories  1\ntriggers      10\n");
    tcr(&alice.cloud, "DescribeUserQuotaPersonal", json!({ "Other": 1 })).await.expect("UnknownParameter");
}

#[tokio::test]
async fn defaults_and_reserved_names_are_settings() {
    let builder = TestRegistry::builder().settings(|settings| {
        settings.cloud_api.requests_per_second = 0;
        settings.quotas.namespaces = 2;
        settings.quotas.reserved_namespaces = vec!["mine".to_owned()];
    });
    let reg = builder.start().await;
    let alice = reg.account("alice").await;
    let make = async |name: &str| tcr(&alice.cloud, "CreateNamespacePersonal", json!({ "Namespace": name })).await;
    make("mine").await.expect("InvalidParameter.ErrNamespaceReserved");
    make("qcloud").await.ok();
    make("third").await.expect("LimitExceeded.ErrNamespaceMaxLimit");
    make("alice").await.expect("InvalidParameter.ErrNamespaceExist");
}
