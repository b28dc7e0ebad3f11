//! Repositories of the personal edition: making, changing and deleting them.

use std::time::{Duration, Instant};

use futures::future::join_all;
use roadstead_tests::{Cloud, Image, Reply, TestRegistry};
use serde_json::{Value, json};

use crate::people;
use crate::personal::{create, data, parameters_are_checked, registry, tcr};

async fn on(cloud: &Cloud, action: &str, name: &str) -> Reply {
    tcr(cloud, action, json!({ "RepoName": name })).await
}

async fn describe(cloud: &Cloud, name: &str) -> Value {
    data(cloud, "DescribeRepositoryPersonal", json!({ "RepoName": name })).await
}

async fn show(cloud: &Cloud, name: &str, public: i64) -> Reply {
    tcr(cloud, "ModifyRepositoryAccessPersonal", json!({ "RepoName": name, "Public": public })).await
}

async fn batch(cloud: &Cloud, names: &[&str]) -> Reply {
    tcr(cloud, "BatchDeleteRepositoryPersonal", json!({ "RepoNames": names })).await
}

async fn exists(cloud: &Cloud, name: &str) -> bool {
    let found = data(cloud, "ValidateRepositoryExistPersonal", json!({ "RepoName": name })).await;
    found["IsExist"].as_bool().unwrap()
}

#[tokio::test]
async fn a_repository_is_made_before_its_first_push() {
    let reg = registry().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    let good = json!({ "RepoName": "alice/app", "Public": 1, "Description": "what\nit is for" });
    tcr(&alice.cloud, "CreateRepositoryPersonal", good.clone()).await.ok();
    tcr(&alice.cloud, "CreateRepositoryPersonal", good).await.expect("InvalidParameter.ErrRepoExist");
    create(&alice.cloud, "alice/plain").await;
    assert_eq!(describe(&alice.cloud, "alice/app").await["Description"], "what\nit is for");
    assert_eq!(describe(&alice.cloud, "alice/plain").await["Public"], 0);
    // A foreign namespace and a missing one get the same answer.
    for name in ["alice/new", "alice/app", "missing/new"] {
        on(&bob.cloud, "CreateRepositoryPersonal", name).await.expect("InvalidParameter.ErrNSMisMatch");
    }
    alice.basic.push_image("alice/app", "latest", &Image::small(1)).await;
    assert_eq!(describe(&alice.cloud, "alice/app").await["Description"], "what\nit is for");
    reg.anonymous().get("/v2/alice/app/manifests/latest").await.expect(200);
    let replies = join_all((0..8).map(|_| on(&alice.cloud, "CreateRepositoryPersonal", "alice/raced"))).await;
    let codes: Vec<_> =
        replies.iter().map(Reply::code).filter(|code| *code != "InvalidParameter.ErrRepoExist").collect();
    assert_eq!(codes, [""], "exactly one call makes it");
}

#[tokio::test]
async fn names_of_many_parts_are_names_of_repositories() {
    let reg = registry().await;
    let alice = reg.account("alice").await;
    create(&alice.cloud, "alice/charts/app").await;
    alice.basic.push_image("alice/cache/app/layers", "v1", &Image::small(1)).await;
    for name in ["alice/charts/app", "alice/cache/app/layers"] {
        assert!(exists(&alice.cloud, name).await, "{name}");
        assert_eq!(describe(&alice.cloud, name).await["RepoName"], name);
    }
    let listed = data(&alice.cloud, "DescribeRepositoryOwnerPersonal", json!({ "RepoName": "charts/" })).await;
    assert_eq!(listed["RepoInfo"][0]["RepoName"], "alice/charts/app", "{listed}");
    let copy = json!({ "SrcImage": "alice/cache/app/layers:v1", "DestImage": "alice/copies/app:v2" });
    tcr(&alice.cloud, "DuplicateImagePersonal", copy).await.ok();
    alice.basic.get("/v2/alice/copies/app/manifests/v2").await.expect(200);
    on(&alice.cloud, "DeleteRepositoryPersonal", "alice/cache/app/layers").await.ok();
    assert!(!exists(&alice.cloud, "alice/cache/app/layers").await);
}

#[tokio::test]
async fn names_of_many_parts_are_not_made_where_the_operator_wants_two() {
    let reg = TestRegistry::builder().settings(|s| s.personal.nested_names = false).start().await;
    let alice = reg.account("alice").await;
    on(&alice.cloud, "CreateRepositoryPersonal", "alice/charts/app").await.expect("InvalidParameter");
    create(&alice.cloud, "alice/app").await;
    alice.basic.push_image("alice/app", "v1", &Image::small(1)).await;
    let copy = json!({ "SrcImage": "alice/app:v1", "DestImage": "alice/charts/app:v1" });
    tcr(&alice.cloud, "DuplicateImagePersonal", copy).await.expect("InvalidParameter");
}

#[tokio::test]
async fn what_can_be_no_repository_is_refused() {
    let reg = registry().await;
    let alice = reg.account("alice").await;
    let actions = [
        ("CreateRepositoryPersonal", json!({})),
        ("DeleteRepositoryPersonal", json!({})),
        ("DescribeRepositoryPersonal", json!({})),
        ("ModifyRepositoryAccessPersonal", json!({ "Public": 0 })),
        ("ModifyRepositoryInfoPersonal", json!({ "Description": "" })),
        ("ValidateRepositoryExistPersonal", json!({})),
    ];
    for (action, more) in actions {
        let named = |name: &str| {
            let mut parameters = more.clone();
            parameters["RepoName"] = json!(name);
            parameters
        };
        for name in ["", "alice", "alice/", "/app", "alice/App", "alice//app", "alice/../app", "alice/a b", "alice/*"] {
            let reply = tcr(&alice.cloud, action, named(name)).await.expect("InvalidParameter");
            assert!(reply.message().starts_with("RepoName: "), "{action}: {}", reply.message());
        }
        tcr(&alice.cloud, action, named(&format!("alice/{}", "x".repeat(250)))).await.expect("InvalidParameter");
        parameters_are_checked(&alice.cloud, action, named("alice/app")).await;
    }
    for (name, value) in [
        ("Public", json!(2)),
        ("Public", json!(-1)),
        ("Description", json!("x".repeat(1025))),
        ("Description", json!("\u{0}")),
    ] {
        let mut parameters = json!({ "RepoName": "alice/app" });
        parameters[name] = value;
        tcr(&alice.cloud, "CreateRepositoryPersonal", parameters).await.expect("InvalidParameterValue");
    }
    let wrong = json!({ "RepoName": "alice/app", "Public": "yes" });
    tcr(&alice.cloud, "CreateRepositoryPersonal", wrong).await.expect("InvalidParameter");
    assert!(!exists(&alice.cloud, "alice/app").await);
}

#[tokio::test]
async fn a_description_is_changed_and_taken_back() {
    let reg = registry().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    create(&alice.cloud, "alice/app").await;
    let say = async |cloud: &Cloud, name: &str, text: &str| {
        tcr(cloud, "ModifyRepositoryInfoPersonal", json!({ "RepoName": name, "Description": text })).await
    };
    for text in ["Küche 厨房 🍳", &"ü".repeat(1024), ""] {
        say(&alice.cloud, "alice/app", text).await.ok();
        assert_eq!(describe(&alice.cloud, "alice/app").await["Description"], text);
    }
    say(&alice.cloud, "alice/app", &"x".repeat(1025)).await.expect("InvalidParameterValue");
    say(&alice.cloud, "alice/missing", "").await.expect("ResourceNotFound.ErrNoRepo");
    for name in ["alice/app", "alice/missing", "missing/app"] {
        say(&bob.cloud, name, "mine").await.expect("InvalidParameter.ErrNSMisMatch");
    }
}

#[tokio::test]
async fn visibility_changes_at_once() {
    let reg = registry().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    alice.basic.push_image("alice/app", "latest", &Image::small(1)).await;
    let anonymous = reg.anonymous();
    let (tags, pull) = ("/v2/alice/app/tags/list", "/v2/alice/app/manifests/latest");
    for round in 0..5 {
        bob.basic.get(pull).await.expect(403);
        on(&bob.cloud, "DescribeRepositoryPersonal", "alice/app").await.expect("ResourceNotFound.ErrNoRepo");
        anonymous.get(tags).await.expect(401);
        let started = Instant::now();
        show(&alice.cloud, "alice/app", 1).await.ok();
        bob.basic.get(pull).await.expect(200);
        assert!(started.elapsed() < Duration::from_secs(1), "round {round}");
        assert_eq!(describe(&bob.cloud, "alice/app").await["Public"], 1);
        show(&alice.cloud, "alice/app", 0).await.ok();
    }
    show(&alice.cloud, "alice/app", 2).await.expect("InvalidParameterValue");
    show(&alice.cloud, "alice/missing", 1).await.expect("ResourceNotFound.ErrNoRepo");
    for name in ["alice/app", "alice/missing", "missing/app"] {
        show(&bob.cloud, name, 1).await.expect("InvalidParameter.ErrNSMisMatch");
    }
}

#[tokio::test]
async fn a_deleted_repository_is_gone_with_its_tags() {
    let reg = registry().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    let image = Image::small(1);
    alice.basic.push_image("alice/app", "one", &image).await;
    alice.basic.push_image("alice/app", "two", &Image::small(2)).await;
    for name in ["alice/app", "missing/app"] {
        on(&bob.cloud, "DeleteRepositoryPersonal", name).await.expect("ResourceNotFound.ErrNoRepo");
    }
    alice.basic.get("/v2/alice/app/manifests/one").await.expect(200);
    on(&alice.cloud, "DeleteRepositoryPersonal", "alice/app").await.ok();
    for target in ["manifests/one".to_owned(), format!("manifests/{}", image.digest()), "tags/list".to_owned()] {
        alice.basic.get(&format!("/v2/alice/app/{target}")).await.expect(404);
    }
    on(&alice.cloud, "DeleteRepositoryPersonal", "alice/app").await.expect("ResourceNotFound.ErrNoRepo");
    on(&alice.cloud, "DescribeRepositoryPersonal", "alice/app").await.expect("ResourceNotFound.ErrNoRepo");
    // A new repository of this name starts empty.
    create(&alice.cloud, "alice/app").await;
    alice.basic.get("/v2/alice/app/manifests/one").await.expect(404);
    alice.basic.push_image("alice/app", "one", &image).await;
}

#[tokio::test]
async fn a_batch_is_deleted_whole_or_not_at_all() {
    let reg = registry().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    for name in ["alice/a", "alice/b", "alice/c"] {
        create(&alice.cloud, name).await;
    }
    create(&bob.cloud, "bob/app").await;
    for other in ["alice/missing", "bob/app", "missing/app"] {
        batch(&alice.cloud, &["alice/a", other, "alice/b"]).await.expect("ResourceNotFound.ErrNoRepo");
    }
    batch(&alice.cloud, &["alice/a", "alice/B"]).await.expect("InvalidParameter");
    batch(&alice.cloud, &[]).await.expect("MissingParameter");
    let many: Vec<String> = (0..101).map(|n| format!("alice/app{n}")).collect();
    batch(&alice.cloud, &many.iter().map(String::as_str).collect::<Vec<_>>()).await.expect("InvalidParameterValue");
    for name in ["alice/a", "alice/b", "alice/c"] {
        assert!(exists(&alice.cloud, name).await, "{name} must still exist");
    }
    batch(&alice.cloud, &["alice/a", "alice/b", "alice/a"]).await.ok();
    assert!(!exists(&alice.cloud, "alice/a").await && exists(&alice.cloud, "alice/c").await);
    parameters_are_checked(&alice.cloud, "BatchDeleteRepositoryPersonal", json!({ "RepoNames": ["alice/c"] })).await;
}

#[tokio::test]
async fn existence_is_told_to_the_owner_of_the_namespace() {
    let reg = registry().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    create(&alice.cloud, "alice/app").await;
    assert!(exists(&alice.cloud, "alice/app").await && !exists(&alice.cloud, "alice/missing").await);
    show(&alice.cloud, "alice/app", 1).await.ok();
    for name in ["alice/app", "alice/missing", "missing/app"] {
        on(&bob.cloud, "ValidateRepositoryExistPersonal", name).await.expect("InvalidParameter.ErrNSMisMatch");
    }
}

#[tokio::test]
async fn policies_decide_for_sub_accounts() {
    let reg = registry().await;
    let alice = reg.account("alice").await;
    let policy = r#"{"version":"2.0","statement":[
        {"effect":"allow","action":["tcr:CreateRepositoryPersonal","tcr:DeleteRepositoryPersonal","tcr:ModifyRepositoryInfoPersonal"],
         "resource":"qcs::tcr:::repo/alice/dev*"},
        {"effect":"allow","action":"ccr:BatchDeleteRepository","resource":["qcs::ccr:::repo/alice/dev1","qcs::ccr:::repo/alice/dev2"]}]}"#;
    let dev = people::sub(&reg, &alice, "dev", &[policy]).await;
    for name in ["alice/dev1", "alice/dev2", "alice/dev3"] {
        create(&dev.cloud, name).await;
    }
    create(&alice.cloud, "alice/prod").await;
    let denied = "AuthFailure.UnauthorizedOperation";
    on(&dev.cloud, "CreateRepositoryPersonal", "alice/prod2").await.expect(denied);
    on(&dev.cloud, "DeleteRepositoryPersonal", "alice/prod").await.expect(denied);
    // All names are checked before anything is deleted.
    batch(&dev.cloud, &["alice/dev1", "alice/dev3"]).await.expect(denied);
    assert!(exists(&dev.cloud, "alice/dev1").await);
    batch(&dev.cloud, &["alice/dev1", "alice/dev2"]).await.ok();
    on(&dev.cloud, "DeleteRepositoryPersonal", "alice/dev3").await.ok();
    // The same for actions that need only a signature in the document.
    create(&dev.cloud, "alice/dev4").await;
    show(&dev.cloud, "alice/dev4", 1).await.expect(denied);
    let say = |name: &str| json!({ "RepoName": name, "Description": "x" });
    tcr(&dev.cloud, "ModifyRepositoryInfoPersonal", say("alice/dev4")).await.ok();
    tcr(&dev.cloud, "ModifyRepositoryInfoPersonal", say("alice/prod")).await.expect(denied);
}

#[tokio::test]
async fn the_faithful_mode_asks_for_what_the_document_asks_for() {
    let builder = roadstead_tests::TestRegistry::builder().settings(|settings| {
        settings.cloud_api.requests_per_second = 0;
        settings.cloud_api.faithful = true;
    });
    let reg = builder.start().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    create(&alice.cloud, "alice/app").await;
    create(&bob.cloud, "bob/app").await;
    let sub = people::sub(&reg, &alice, "sub", &[]).await;
    show(&sub.cloud, "alice/app", 1).await.ok();
    show(&sub.cloud, "bob/app", 1).await.expect("InvalidParameter.ErrNSMisMatch");
    on(&sub.cloud, "DeleteRepositoryPersonal", "alice/app").await.expect("AuthFailure.UnauthorizedOperation");
}
