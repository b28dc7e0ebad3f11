//! Favourites of the personal edition.

use roadstead_tests::{Cloud, Reply};
use serde_json::{Value, json};

use crate::people;
use crate::personal::{create, data, names, pages_have_bounds, parameters_are_checked, registry, tcr};

const LIST: &str = "DescribeFavorRepositoryPersonal";

async fn add(cloud: &Cloud, name: &str) -> Reply {
    tcr(cloud, "CreateFavorRepositoryPersonal", json!({ "RepoName": name, "RepoType": "QCLOUD HUB" })).await
}

async fn remove(cloud: &Cloud, names: &[&str]) -> Reply {
    let favors: Vec<Value> =
        names.iter().map(|name| json!({ "RepoName": name, "RepoType": "", "RegionId": "1" })).collect();
    tcr(cloud, "BatchDeleteFavorRepositoryPersonal", json!({ "Favors": favors })).await
}

async fn list(cloud: &Cloud, part: &str) -> Vec<String> {
    let found = data(cloud, LIST, json!({ "RepoName": part, "Limit": 100, "Offset": 0 })).await;
    let names: Vec<String> = names(&found).into_iter().map(str::to_owned).collect();
    assert_eq!(found["TotalCount"], names.len());
    names
}

#[tokio::test]
async fn favorites_are_kept_for_each_account() {
    let reg = registry().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    let pull = r#"{"version":"2.0","statement":[{"effect":"allow","action":"ccr:pull","resource":"qcs::ccr:::repo/alice/*"}]}"#;
    let sub = people::sub(&reg, &alice, "sub", &[pull]).await;
    create(&alice.cloud, "alice/private").await;
    create(&alice.cloud, "alice/public").await;
    tcr(&alice.cloud, "ModifyRepositoryAccessPersonal", json!({ "RepoName": "alice/public", "Public": 1 })).await.ok();
    for name in ["alice/private", "alice/public"] {
        reg.clock().advance(std::time::Duration::from_secs(1));
        add(&alice.cloud, name).await.ok();
        add(&alice.cloud, name).await.ok();
    }
    add(&sub.cloud, "alice/private").await.ok();
    add(&bob.cloud, "alice/public").await.ok();
    for name in ["alice/private", "alice/missing", "missing/app"] {
        add(&bob.cloud, name).await.expect("ResourceNotFound.ErrNoRepo");
    }
    assert_eq!(list(&alice.cloud, "").await, ["alice/public", "alice/private"], "the newest one first");
    assert_eq!(list(&alice.cloud, "PRIV").await, ["alice/private"]);
    assert_eq!(list(&sub.cloud, "").await, ["alice/private"]);
    assert_eq!(list(&bob.cloud, "").await, ["alice/public"]);
    let page = data(&alice.cloud, LIST, json!({ "RepoName": "", "Limit": 1, "Offset": 1 })).await;
    assert_eq!((page["TotalCount"].as_i64(), names(&page)), (Some(2), vec!["alice/private"]));
    let shown = data(&bob.cloud, "DescribeRepositoryPersonal", json!({ "RepoName": "alice/public" })).await;
    assert_eq!((&shown["FavorCount"], &shown["IsUserFavor"]), (&json!(2), &json!(true)));
    remove(&alice.cloud, &["alice/public", "alice/private", "alice/missing"]).await.ok();
    assert_eq!(list(&alice.cloud, "").await, Vec::<String>::new());
    assert_eq!(list(&bob.cloud, "").await, ["alice/public"], "the favourite of another account stays");
}

#[tokio::test]
async fn what_cannot_be_seen_any_more_is_not_shown_and_can_be_removed() {
    let reg = registry().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    create(&alice.cloud, "alice/app").await;
    let show = async |public: i64| {
        tcr(&alice.cloud, "ModifyRepositoryAccessPersonal", json!({ "RepoName": "alice/app", "Public": public }))
            .await
            .ok();
    };
    show(1).await;
    add(&bob.cloud, "alice/app").await.ok();
    show(0).await;
    assert_eq!(list(&bob.cloud, "").await, Vec::<String>::new());
    show(1).await;
    assert_eq!(list(&bob.cloud, "").await, ["alice/app"]);
    show(0).await;
    remove(&bob.cloud, &["alice/app"]).await.ok();
    show(1).await;
    assert_eq!(list(&bob.cloud, "").await, Vec::<String>::new());
    add(&bob.cloud, "alice/app").await.ok();
    tcr(&alice.cloud, "DeleteRepositoryPersonal", json!({ "RepoName": "alice/app" })).await.ok();
    create(&alice.cloud, "alice/app").await;
    show(1).await;
    assert_eq!(list(&bob.cloud, "").await, Vec::<String>::new(), "this is another repository with the same name");
}

#[tokio::test]
async fn parameters_have_their_form() {
    let reg = registry().await;
    let alice = reg.account("alice").await;
    let good = json!({ "RepoName": "", "Limit": 10, "Offset": 0 });
    parameters_are_checked(&alice.cloud, LIST, good.clone()).await;
    pages_have_bounds(&alice.cloud, LIST, good).await;
    parameters_are_checked(&alice.cloud, "CreateFavorRepositoryPersonal", json!({ "RepoName": "alice/app" })).await;
    add(&alice.cloud, "alice").await.expect("InvalidParameter");
    parameters_are_checked(
        &alice.cloud,
        "BatchDeleteFavorRepositoryPersonal",
        json!({ "Favors": [{ "RepoName": "alice/app" }] }),
    )
    .await;
    remove(&alice.cloud, &[]).await.expect("MissingParameter");
    remove(&alice.cloud, &["alice/app", "alice/B"]).await.expect("InvalidParameter");
    let many: Vec<String> = (0..101).map(|n| format!("alice/app{n}")).collect();
    remove(&alice.cloud, &many.iter().map(String::as_str).collect::<Vec<_>>()).await.expect("InvalidParameterValue");
    let nested = json!({ "Favors": [{ "RepoType": "" }] });
    tcr(&alice.cloud, "BatchDeleteFavorRepositoryPersonal", nested).await.expect("MissingParameter");
}
