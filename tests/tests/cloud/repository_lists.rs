//! Searches for repositories of the personal edition.

use std::time::Duration;

use roadstead_tests::{Cloud, Image, TestRegistry};
use serde_json::{Value, json};

use crate::people;
use crate::personal::{create, data, names, pages_have_bounds, registry, tcr};

const OWNER: &str = "DescribeRepositoryOwnerPersonal";
const FILTER: &str = "DescribeRepositoryFilterPersonal";
const ALL: &str = "DescribeRepositoryAllPersonal";

async fn make(reg: &TestRegistry, cloud: &Cloud, name: &str, public: i64) {
    reg.clock().advance(Duration::from_secs(1));
    tcr(cloud, "CreateRepositoryPersonal", json!({ "RepoName": name, "Public": public })).await.ok();
}

async fn found(cloud: &Cloud, action: &str, parameters: Value) -> (i64, Vec<String>) {
    let data = data(cloud, action, parameters).await;
    (data["TotalCount"].as_i64().unwrap(), names(&data).into_iter().map(str::to_owned).collect())
}

#[tokio::test]
async fn own_repositories_are_found_by_parts_of_their_names() {
    let reg = registry().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    reg.namespace("second", alice.id).await;
    make(&reg, &alice.cloud, "alice/web", 0).await;
    make(&reg, &alice.cloud, "second/web_site", 1).await;
    make(&reg, &alice.cloud, "alice/db", 1).await;
    make(&reg, &bob.cloud, "bob/web", 1).await;
    for action in [OWNER, FILTER] {
        let search = async |parameters: Value| found(&alice.cloud, action, parameters).await;
        assert_eq!(search(json!({})).await, (3, vec!["alice/db".into(), "second/web_site".into(), "alice/web".into()]));
        assert_eq!(search(json!({ "RepoName": "WEB" })).await.0, 2);
        assert_eq!(search(json!({ "RepoName": "_" })).await, (1, vec!["second/web_site".into()]));
        assert_eq!(search(json!({ "RepoName": "%" })).await.0, 0);
        assert_eq!(search(json!({ "RepoName": "alice/" })).await.0, 2);
        assert_eq!(search(json!({ "Limit": 1, "Offset": 1 })).await, (3, vec!["second/web_site".into()]));
        assert_eq!(search(json!({ "Offset": 3 })).await, (3, vec![]));
        assert_eq!(search(json!({ "RepoName": "x".repeat(1000) })).await, (0, vec![]));
        pages_have_bounds(&alice.cloud, action, json!({})).await;
        tcr(&alice.cloud, action, json!({ "Other": 1 })).await.expect("UnknownParameter");
    }
    let filter = async |parameters: Value| found(&alice.cloud, FILTER, parameters).await.1;
    assert_eq!(filter(json!({ "Public": 1 })).await, ["alice/db", "second/web_site"]);
    assert_eq!(filter(json!({ "Public": 0 })).await, ["alice/web"]);
    assert_eq!(filter(json!({ "Namespace": "second" })).await, ["second/web_site"]);
    assert_eq!(filter(json!({ "Namespace": "sec" })).await, Vec::<String>::new());
    assert_eq!(filter(json!({ "Namespace": "bob" })).await, Vec::<String>::new());
    assert_eq!(filter(json!({ "Namespace": "", "RepoName": "db", "Public": 1 })).await, ["alice/db"]);
    tcr(&alice.cloud, FILTER, json!({ "Public": 2 })).await.expect("InvalidParameterValue");
}

#[tokio::test]
async fn everything_that_one_may_see_is_listed_in_the_wanted_order() {
    let reg = registry().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    make(&reg, &alice.cloud, "alice/private", 0).await;
    make(&reg, &bob.cloud, "bob/public", 1).await;
    make(&reg, &bob.cloud, "bob/private", 0).await;
    make(&reg, &alice.cloud, "alice/public", 1).await;
    let search = async |parameters: Value| found(&alice.cloud, ALL, parameters).await;
    let newest = (3, vec!["alice/public".to_owned(), "bob/public".to_owned(), "alice/private".to_owned()]);
    let oldest = (3, newest.1.iter().rev().cloned().collect::<Vec<_>>());
    assert_eq!(search(json!({})).await, newest);
    assert_eq!(search(json!({ "OrderBy": "official", "Order": "desc" })).await, newest);
    assert_eq!(search(json!({ "Order": "asc" })).await, oldest);
    assert_eq!(search(json!({ "OrderBy": "pullCount" })).await, newest, "with equal counts the newest comes first");
    assert_eq!(search(json!({ "OrderBy": "pullCount", "Order": "asc" })).await, oldest);
    assert_eq!(search(json!({ "RepoName": "public", "Limit": 1 })).await, (2, vec!["alice/public".to_owned()]));
    for wrong in
        [json!({ "OrderBy": "name" }), json!({ "Order": "up" }), json!({ "OrderBy": "pullCount", "Order": "DESC" })]
    {
        tcr(&alice.cloud, ALL, wrong).await.expect("InvalidParameterValue");
    }
    pages_have_bounds(&alice.cloud, ALL, json!({})).await;
}

#[tokio::test]
async fn a_list_tells_what_is_in_a_repository() {
    let reg = registry().await;
    let alice = reg.account("alice").await;
    alice.basic.push_image("alice/app", "one", &Image::small(1)).await;
    alice.basic.push_image("alice/app", "two", &Image::small(1)).await;
    create(&alice.cloud, "alice/empty").await;
    tcr(&alice.cloud, "CreateFavorRepositoryPersonal", json!({ "RepoName": "alice/app", "RepoType": "" })).await.ok();
    let list = data(&alice.cloud, OWNER, json!({ "RepoName": "app" })).await;
    let app = &list["RepoInfo"][0];
    assert_eq!((&app["TagCount"], &app["FavorCount"], &app["IsUserFavor"]), (&json!(2), &json!(1), &json!(true)));
    assert_eq!(list["Server"], alice.cloud.host());
    let list = data(&alice.cloud, OWNER, json!({ "RepoName": "empty" })).await;
    assert_eq!((&list["RepoInfo"][0]["TagCount"], &list["RepoInfo"][0]["IsUserFavor"]), (&json!(0), &json!(false)));
}

#[tokio::test]
async fn what_a_policy_denies_is_hidden() {
    let reg = registry().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    for name in ["alice/shown", "alice/unlisted", "alice/unpullable"] {
        make(&reg, &alice.cloud, name, 1).await;
    }
    make(&reg, &bob.cloud, "bob/unlisted", 1).await;
    let policy = r#"{"version":"2.0","statement":[
        {"effect":"deny","action":"ccr:GetUserRepositoryList","resource":"qcs::ccr:::repo/*/unlisted"},
        {"effect":"deny","action":"tcr:PullRepositoryPersonal","resource":"qcs::tcr:::repo/alice/unpullable"}]}"#;
    let sub = people::sub(&reg, &alice, "sub", &[policy]).await;
    let plain = people::sub(&reg, &alice, "plain", &[]).await;
    assert_eq!(found(&sub.cloud, OWNER, json!({})).await, (1, vec!["alice/shown".to_owned()]));
    assert_eq!(found(&plain.cloud, OWNER, json!({})).await.0, 3);
    // These policies do not apply to repositories of other accounts.
    assert_eq!(found(&sub.cloud, ALL, json!({})).await, (2, vec!["bob/unlisted".to_owned(), "alice/shown".to_owned()]));
    let filtered = async |cloud: &Cloud, part: &str| {
        let data = data(cloud, FILTER, json!({ "RepoName": part })).await;
        (data["TotalCount"].as_i64().unwrap(), data["PrivilegeFiltered"].as_bool().unwrap())
    };
    assert_eq!(filtered(&sub.cloud, "").await, (1, true));
    assert_eq!(filtered(&sub.cloud, "shown").await, (1, true), "whether a match is hidden is not told");
    assert_eq!((filtered(&plain.cloud, "").await, filtered(&alice.cloud, "").await), ((3, true), (3, false)));
    for name in ["alice/unlisted", "alice/unpullable"] {
        let describe = tcr(&sub.cloud, "DescribeRepositoryPersonal", json!({ "RepoName": name })).await;
        describe.expect("ResourceNotFound.ErrNoRepo");
        let favor = tcr(&sub.cloud, "CreateFavorRepositoryPersonal", json!({ "RepoName": name })).await;
        favor.expect("ResourceNotFound.ErrNoRepo");
    }
    for name in ["alice/shown", "bob/unlisted"] {
        tcr(&sub.cloud, "DescribeRepositoryPersonal", json!({ "RepoName": name })).await.ok();
    }
}
