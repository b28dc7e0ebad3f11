//! Passwords of instances.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use roadstead_tests::{Image, TestRegistry, eventually};
use serde_json::json;

use crate::instance::Instance;

#[tokio::test]
async fn a_temporary_token_is_a_password_for_an_hour() {
    let reg = TestRegistry::new().await;
    let made = Instance::new(&reg, "demo").await;
    made.namespace("team", false).await;
    let token = made.call("CreateInstanceToken", json!({})).await.ok();
    assert_eq!((&token["Username"], &token["TokenId"]), (&json!(reg.owner_name()), &json!("")));
    let end = reg.now().as_millis() + 3_600_000;
    assert_eq!(token["ExpTime"], json!(end));
    let password = token["Token"].as_str().unwrap();
    let client = reg.basic(reg.owner_name(), password).at(&made.host);
    let image = Image::small(8);
    client.push_image("team/app", "v1", &image).await;
    let bearer = client.bearer(&["repository:team/app:pull,push"]).await;
    bearer.get("/v2/team/app/manifests/v1").await.expect(200);
    // A temporary password gets no refresh token, which could outlive it.
    let offline =
        client.tokens().offline(reg.owner_name(), password, "repository:team/app:pull").await.expect(200).json();
    assert!(offline.get("refresh_token").is_none(), "{offline}");
    assert_eq!(made.call("DescribeInstanceToken", json!({})).await.ok()["TotalCount"], 0);
    reg.clock().advance(Duration::from_secs(3590));
    client.get("/v2/team/app/manifests/v1").await.expect(200);
    let last = client.bearer(&["repository:team/app:pull"]).await;
    last.get("/v2/team/app/manifests/v1").await.expect(200);
    reg.clock().advance(Duration::from_secs(11));
    client.get("/v2/team/app/manifests/v1").await.expect(401);
    last.get("/v2/team/app/manifests/v1").await.expect(401);
}

#[tokio::test]
async fn who_guesses_tokens_is_slowed_down_and_others_are_not() {
    let few = |settings: &mut roadstead_config::Settings| settings.auth.login_attempts_per_address = 20;
    let reg = TestRegistry::builder().settings(few).start().await;
    let made = Instance::new(&reg, "demo").await;
    made.namespace("team", false).await;
    let (username, known, _) = made.token("longterm").await;
    let (_, unmet, _) = made.token("longterm").await;
    let (_, disabled, id) = made.token("longterm").await;
    made.call("ModifyInstanceToken", json!({ "TokenId": id, "Enable": false })).await.ok();
    let status = async |password: &str| reg.basic(&username, password).at(&made.host).get("/v2/").await.status;
    assert_eq!(status(&known).await, 200);
    // A disabled token does not count as a guess.
    for _ in 0..30 {
        assert_eq!(status(&disabled).await, 401);
    }
    let guess = |row: u64| {
        let bytes: Vec<u8> = [2].into_iter().chain(row.to_be_bytes()).chain([7; 32]).collect();
        format!("rsd_{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
    };
    // Guesses for existing rows and for missing rows.
    for n in 0..30 {
        let row = if n % 2 == 0 { 1 + n % 3 } else { 1_000_000 + n };
        assert_eq!(status(&guess(row)).await, if n < 20 { 401 } else { 429 }, "{n}");
    }
    assert_eq!([status(&known).await, status(&unmet).await, status(&disabled).await], [200, 200, 401]);
    // The same holds with empty caches and many requests at once.
    made.namespace("another", false).await;
    let asked = futures::future::join_all((0..40).map(|n| {
        let password = if n % 4 == 0 { unmet.clone() } else { guess(2_000_000 + n) };
        let status = &status;
        async move { (n % 4 == 0, status(&password).await) }
    }));
    for (good, status) in asked.await {
        assert_eq!(status, if good { 200 } else { 429 });
    }
    reg.clock().advance(Duration::from_secs(60));
    assert_eq!(status(&guess(9)).await, 401);
}

#[tokio::test]
async fn a_long_term_token_is_listed_disabled_and_deleted() {
    let reg = TestRegistry::new().await;
    let made = Instance::new(&reg, "demo").await;
    made.namespace("team", false).await;
    let (username, password, id) = made.token("longterm").await;
    let client = reg.basic(&username, &password).at(&made.host);
    client.push_image("team/app", "v1", &Image::small(7)).await;
    let bearer = client.bearer(&["repository:team/app:pull"]).await;
    reg.clock().advance(Duration::from_secs(600));
    bearer.get("/v2/team/app/manifests/v1").await.expect(200);
    let listed = made.call("DescribeInstanceToken", json!({})).await.ok();
    let shown = &listed["Tokens"][0];
    assert_eq!((&listed["TotalCount"], &shown["Id"], &shown["Desc"]), (&json!(1), &json!(id), &json!("for tests")));
    assert_eq!((&shown["Enabled"], &shown["RegistryId"]), (&json!(true), &json!(made.id)));
    assert!(shown["ExpiredAt"].as_i64().unwrap() > reg.now().as_millis());
    assert!(!listed.to_string().contains(&password));
    let modify = async |parameters: serde_json::Value| {
        let mut parameters = parameters;
        parameters["TokenId"] = json!(id);
        made.call("ModifyInstanceToken", parameters).await
    };
    modify(json!({ "ModifyFlag": 1, "Desc": "anew", "Enable": false })).await.ok();
    modify(json!({})).await.expect("MissingParameter");
    modify(json!({ "ModifyFlag": 1 })).await.expect("MissingParameter");
    modify(json!({ "ModifyFlag": 3 })).await.expect("InvalidParameter");
    let shown = made.call("DescribeInstanceToken", json!({})).await.ok()["Tokens"][0].clone();
    assert_eq!((&shown["Enabled"], &shown["Desc"]), (&json!(true), &json!("anew")));
    modify(json!({ "Enable": false })).await.ok();
    client.get("/v2/").await.expect(401);
    bearer.get("/v2/team/app/manifests/v1").await.expect(401);
    modify(json!({ "Enable": true, "ModifyFlag": 2 })).await.ok();
    bearer.get("/v2/team/app/manifests/v1").await.expect(200);
    made.call("DeleteInstanceToken", json!({ "TokenId": id })).await.ok();
    client.get("/v2/").await.expect(401);
    bearer.get("/v2/team/app/manifests/v1").await.expect(401);
    made.call("DeleteInstanceToken", json!({ "TokenId": id })).await.expect("ResourceNotFound.TcrResourceNotFound");
    modify(json!({ "Enable": true })).await.expect("ResourceNotFound.TcrResourceNotFound");
    made.call("CreateInstanceToken", json!({ "TokenType": "forever" })).await.expect("InvalidParameter");
    made.call("CreateInstanceToken", json!({ "Desc": "x".repeat(300) })).await.expect("InvalidParameter");
}

#[tokio::test]
async fn what_another_process_takes_back_ends_soon() {
    let reg = TestRegistry::new().await;
    let made = Instance::new(&reg, "demo").await;
    let (username, password, id) = made.token("longterm").await;
    let client = reg.basic(&username, &password).at(&made.host);
    client.get("/v2/").await.expect(200);
    let registry = reg.meta().instance_by_id(&made.id.parse().unwrap()).await.unwrap().unwrap().registry;
    assert!(reg.meta().delete_instance_token(&reg.act(), registry, &id).await.unwrap());
    eventually("the token is refused", async || (client.get("/v2/").await.status == 401).then_some(())).await;
}

#[tokio::test]
async fn a_token_is_good_for_its_instance_and_its_account_only() {
    let reg = TestRegistry::new().await;
    let (one, two) = (Instance::new(&reg, "one").await, Instance::new(&reg, "two").await);
    let alice = reg.account("alice").await;
    for kind in ["temp", "longterm"] {
        let (username, password, _) = one.token(kind).await;
        reg.basic(&username, &password).at(&one.host).get("/v2/").await.expect(200);
        reg.basic(&username, &password).at(&two.host).get("/v2/").await.expect(401);
        reg.basic(&username, &password).get("/v2/").await.expect(401);
        reg.basic(&alice.uin, &password).at(&one.host).get("/v2/").await.expect(401);
        // The same holds for bearer tokens that it gets.
        let bearer = reg.basic(&username, &password).at(&one.host).bearer(&["registry:catalog:*"]).await;
        bearer.get("/v2/_catalog").await.expect(200);
        bearer.at(&two.host).get("/v2/_catalog").await.expect(401);
    }
}
