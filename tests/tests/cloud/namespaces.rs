//! Namespaces of the personal edition.

use futures::future::join_all;
use roadstead_tests::{Cloud, Image, Reply};
use serde_json::{Value, json};

use crate::people;
use crate::personal::{create, data, pages_have_bounds, parameters_are_checked, registry, tcr, unregistered};

async fn make(cloud: &Cloud, name: &str) -> Reply {
    tcr(cloud, "CreateNamespacePersonal", json!({ "Namespace": name })).await
}

async fn delete(cloud: &Cloud, name: &str) -> Reply {
    tcr(cloud, "DeleteNamespacePersonal", json!({ "Namespace": name })).await
}

async fn exists(cloud: &Cloud, name: &str) -> (bool, bool) {
    let found = data(cloud, "ValidateNamespaceExistPersonal", json!({ "Namespace": name })).await;
    (found["IsExist"].as_bool().unwrap(), found["IsPreserved"].as_bool().unwrap())
}

async fn list(cloud: &Cloud, part: &str, limit: i64, offset: i64) -> Value {
    let parameters = json!({ "Namespace": part, "Limit": limit, "Offset": offset });
    data(cloud, "DescribeNamespacePersonal", parameters).await
}

fn listed(found: &Value) -> Vec<(&str, i64)> {
    let list = found["NamespaceInfo"].as_array().unwrap().iter();
    list.map(|entry| (entry["Namespace"].as_str().unwrap(), entry["RepoCount"].as_i64().unwrap())).collect()
}

#[tokio::test]
async fn a_name_is_taken_once_by_anybody() {
    let reg = registry().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    assert_eq!(exists(&bob.cloud, "team").await, (false, false));
    make(&alice.cloud, "team").await.ok();
    assert_eq!(exists(&bob.cloud, "team").await, (true, false));
    make(&alice.cloud, "team").await.expect("InvalidParameter.ErrNamespaceExist");
    make(&bob.cloud, "team").await.expect("InvalidParameter.ErrNamespaceExist");
    alice.basic.push_image("team/app", "latest", &Image::small(1)).await;
    assert_eq!(bob.basic.post("/v2/team/app/blobs/uploads/").await.status, 403);
    // Of many simultaneous calls, exactly one succeeds.
    let outcomes = join_all((0..10).map(|n| make(if n % 2 == 0 { &alice.cloud } else { &bob.cloud }, "raced"))).await;
    let codes: Vec<String> = outcomes.iter().map(Reply::code).collect();
    assert_eq!(codes.iter().filter(|code| code.is_empty()).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| *code == "InvalidParameter.ErrNamespaceExist").count(), 9, "{codes:?}");
}

#[tokio::test]
async fn some_names_are_nobodys() {
    let reg = registry().await;
    let alice = reg.account("alice").await;
    for name in ["library", "qcloud", "tencentyun"] {
        make(&alice.cloud, name).await.expect("InvalidParameter.ErrNamespaceReserved");
        make(&reg.cloud(), name).await.expect("InvalidParameter.ErrNamespaceReserved");
        assert_eq!(exists(&alice.cloud, name).await, (name == "library", true));
    }
    for name in ["", "a", "Team", "a/b", "a b", "-a", "a_", &"x".repeat(64), "a*", "ä", "a\u{0}b", "../a"] {
        let reply = make(&alice.cloud, name).await.expect("InvalidParameter");
        assert!(reply.message().starts_with("Namespace: a namespace name is"), "{}", reply.message());
        delete(&alice.cloud, name).await.expect("InvalidParameter");
        tcr(&alice.cloud, "ValidateNamespaceExistPersonal", json!({ "Namespace": name }))
            .await
            .expect("InvalidParameter");
    }
    for action in ["CreateNamespacePersonal", "DeleteNamespacePersonal", "ValidateNamespaceExistPersonal"] {
        parameters_are_checked(&alice.cloud, action, json!({ "Namespace": "team" })).await;
    }
}

#[tokio::test]
async fn an_empty_namespace_can_be_deleted_by_its_owner() {
    let reg = registry().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    create(&alice.cloud, "alice/app").await;
    // A foreign namespace and a missing one get the same answer.
    delete(&bob.cloud, "alice").await.expect("ResourceNotFound.ErrNoNamespace");
    delete(&bob.cloud, "missing").await.expect("ResourceNotFound.ErrNoNamespace");
    delete(&alice.cloud, "alice").await.expect("ResourceInUse");
    tcr(&alice.cloud, "DeleteRepositoryPersonal", json!({ "RepoName": "alice/app" })).await.ok();
    delete(&alice.cloud, "alice").await.ok();
    delete(&alice.cloud, "alice").await.expect("ResourceNotFound.ErrNoNamespace");
    assert_eq!(alice.basic.post("/v2/alice/app/blobs/uploads/").await.status, 403, "the deletion takes effect at once");
    // The name is free, and the old content does not come back.
    make(&bob.cloud, "alice").await.ok();
    bob.basic.push_image("alice/app", "latest", &Image::small(1)).await;
    assert_eq!(alice.basic.get("/v2/alice/app/tags/list").await.status, 403);
}

#[tokio::test]
async fn namespaces_are_listed_by_parts_of_their_names() {
    let reg = registry().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    for name in ["team-a", "team_b", "other"] {
        reg.clock().advance(std::time::Duration::from_secs(1));
        make(&alice.cloud, name).await.ok();
    }
    create(&alice.cloud, "team_b/one").await;
    create(&alice.cloud, "team_b/two").await;
    let all = list(&alice.cloud, "", 100, 0).await;
    assert_eq!(all["NamespaceCount"], 4);
    assert_eq!(listed(&all), [("other", 0), ("team_b", 2), ("team-a", 0), ("alice", 0)], "the newest first");
    let found = list(&alice.cloud, "TEAM", 1, 1).await;
    assert_eq!((&found["NamespaceCount"], listed(&found)), (&json!(2), vec![("team-a", 0)]));
    for (part, count) in [("_", 1), ("%", 0), ("missing", 0), ("bob", 0)] {
        assert_eq!(list(&alice.cloud, part, 10, 0).await["NamespaceCount"], count, "{part}");
    }
    assert_eq!(listed(&list(&bob.cloud, "", 10, 0).await), [("bob", 0)]);
    let good = json!({ "Namespace": "", "Limit": 10, "Offset": 0 });
    parameters_are_checked(&alice.cloud, "DescribeNamespacePersonal", good.clone()).await;
    pages_have_bounds(&alice.cloud, "DescribeNamespacePersonal", good).await;
}

#[tokio::test]
async fn who_has_not_registered_has_no_namespaces() {
    let reg = registry().await;
    let stranger = unregistered(&reg).await;
    make(&stranger, "team").await.expect("ResourceNotFound.ErrNoUser");
    delete(&stranger, "team").await.expect("ResourceNotFound.ErrNoUser");
    let parameters = json!({ "Namespace": "", "Limit": 10, "Offset": 0 });
    tcr(&stranger, "DescribeNamespacePersonal", parameters.clone()).await.expect("ResourceNotFound.ErrNoUser");
    tcr(&stranger, "CreateUserPersonal", json!({ "Password": "a long password" })).await.ok();
    make(&stranger, "team").await.ok();
    assert_eq!(data(&stranger, "DescribeNamespacePersonal", parameters).await["NamespaceCount"], 1);
}

#[tokio::test]
async fn policies_decide_for_sub_accounts() {
    let reg = registry().await;
    let alice = reg.account("alice").await;
    let allowed = r#"{"version":"2.0","statement":[
        {"effect":"allow","action":"tcr:CreateNamespacePersonal","resource":"qcs::tcr:::repo/dev*"},
        {"effect":"allow","action":"ccr:DeleteUserNamespace","resource":"qcs::ccr:::repo/dev1"}]}"#;
    let dev = people::sub(&reg, &alice, "dev", &[allowed]).await;
    make(&dev.cloud, "dev1").await.ok();
    make(&dev.cloud, "dev2").await.ok();
    make(&dev.cloud, "prod").await.expect("AuthFailure.UnauthorizedOperation");
    delete(&dev.cloud, "alice").await.expect("AuthFailure.UnauthorizedOperation");
    delete(&dev.cloud, "missing").await.expect("AuthFailure.UnauthorizedOperation");
    delete(&dev.cloud, "dev2").await.expect("AuthFailure.UnauthorizedOperation");
    delete(&dev.cloud, "dev1").await.ok();
    // The namespaces belong to the main account.
    assert_eq!(listed(&list(&alice.cloud, "dev", 10, 0).await), [("dev2", 0)]);
    assert_eq!(listed(&list(&dev.cloud, "", 10, 0).await), [("dev2", 0)], "where the user has rights");
    delete(&alice.cloud, "dev2").await.ok();
}
