//! `/service/token`: docker's bearer tokens.

use std::time::Duration;

use roadstead_tests::{Answer, Client, Credentials, Image, TestRegistry, claims};
use serde_json::{Value, json};

fn token(answer: &Answer) -> String {
    answer.json()["token"].as_str().unwrap().to_owned()
}

fn access(answer: &Answer) -> Value {
    claims(&token(answer))["access"].clone()
}

fn entry(name: &str, actions: &[&str]) -> Value {
    json!({ "type": "repository", "name": name, "actions": actions })
}

#[tokio::test]
async fn a_token_says_who_for_whom_and_for_how_long() {
    let reg = TestRegistry::new().await;
    let tokens = reg.owner().tokens();
    let answer = tokens.get(&["repository:library/app:pull,push"]).await.expect(200);
    let body = answer.json();
    assert_eq!(body["token"], body["access_token"]);
    assert_eq!(body["expires_in"], 900);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(body["issued_at"].as_str().unwrap().ends_with('Z'));
    assert!(body.get("refresh_token").is_none());
    let claims = claims(&token(&answer));
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("roadstead"), &json!(reg.address().to_string())));
    assert_eq!(claims["sub"], reg.owner_name());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    assert_eq!(claims["access"], json!([entry("library/app", &["pull", "push"])]));
}

#[tokio::test]
async fn what_may_not_be_had_is_left_out_and_is_no_error() {
    let reg = TestRegistry::new().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    alice.basic.push_blob("alice/open", &"x".into()).await;
    alice.basic.push_blob("alice/secret", &"x".into()).await;
    reg.set_public("alice/open", true).await;
    let scopes = [
        "repository:alice/open:pull,push",
        "repository:alice/secret:pull,push,delete",
        "repository:bob/app:pull,push,delete,fly",
        "repository:nowhere/app:pull",
        "registry:catalog:*",
        "registry:everything:*",
        "plugin:bob/app:pull",
        "nonsense",
        "repository:BOB/APP:pull",
        "repository:../bob/app:pull",
    ];
    let expected = json!([
        entry("alice/open", &["pull"]),
        entry("bob/app", &["pull", "push", "delete"]),
        { "type": "registry", "name": "catalog", "actions": ["*"] },
    ]);
    assert_eq!(access(&bob.basic.tokens().get(&scopes).await.expect(200)), expected);
    // The same scopes in one parameter, separated by spaces.
    assert_eq!(access(&bob.basic.tokens().get(&[&scopes.join(" ")]).await.expect(200)), expected);
    let anonymous = access(&reg.anonymous().tokens().get(&scopes).await.expect(200));
    assert_eq!(anonymous, json!([entry("alice/open", &["pull"])]));
}

#[tokio::test]
async fn scopes_of_one_repository_are_added_up_and_stay_with_it() {
    let reg = TestRegistry::new().await;
    let scopes = ["repository:library/a:pull", "repository:library/a:push", "repository:library/ab:pull"];
    let owner = reg.owner().bearer(&scopes).await;
    owner.post("/v2/library/a/blobs/uploads/").await.expect(202);
    owner.post("/v2/library/ab/blobs/uploads/").await.expect(401);
    owner.get("/v2/library/ab/tags/list").await.expect(404);
    owner.get("/v2/library/a/tags/list").await.expect(404);
    owner.get("/v2/library/b/tags/list").await.expect(401);
}

#[tokio::test]
async fn a_token_is_for_the_service_that_was_asked() {
    let reg = TestRegistry::new().await;
    for service in ["registry.docker.io", "127.0.0.1"] {
        let answer = reg.owner().get(&format!("/service/token?service={service}")).await;
        answer.expect_error(400, "UNKNOWN");
    }
    for none in ["", "?service=", "?service=&scope=repository:library/app:pull"] {
        reg.owner().get(&format!("/service/token{none}")).await.expect(200);
    }
}

#[tokio::test]
async fn wrong_credentials_get_no_token_not_even_an_anonymous_one() {
    let reg = TestRegistry::new().await;
    let alice = reg.account("alice").await;
    let wrong = reg.basic(&alice.uin, "wrong").tokens().get(&[]).await.expect_error(401, "UNAUTHORIZED");
    let unknown = reg.basic("999999999999", "wrong").tokens().get(&[]).await.expect_error(401, "UNAUTHORIZED");
    let nobody = reg.basic("nobody", "wrong").tokens().get(&[]).await.expect_error(401, "UNAUTHORIZED");
    let empty = reg.basic("", "").tokens().get(&[]).await.expect_error(401, "UNAUTHORIZED");
    // The answer does not tell whether the name or the password was wrong.
    for other in [unknown, nobody, empty] {
        assert_eq!(wrong.essence(), other.essence());
    }
    alice.basic.bearer(&[]).await.tokens().get(&[]).await.expect(401);
}

#[tokio::test]
async fn the_number_of_scopes_and_the_size_of_a_token_are_limited() {
    let reg = TestRegistry::new().await;
    let tokens = reg.owner().tokens();
    // A token that is too large for proxies is refused, and the answer says why.
    let long = (0..100).map(|n| format!("repository:library/{n:0200}:pull"));
    tokens.get(&[&long.collect::<Vec<_>>().join(" ")]).await.expect_error(400, "UNKNOWN");
    let form = [("grant_type", "password"), ("service", tokens.service()), ("username", reg.owner_name())];
    let more = vec!["repository:library/app:pull"; 10_000].join(" ");
    let mut pairs = form.to_vec();
    pairs.extend([("password", roadstead_tests::OWNER_PASSWORD), ("scope", &more)]);
    let answer = tokens.post(&pairs).await;
    assert!(matches!(answer.status, 400 | 413), "{answer}");
    let hundred_and_one = vec!["repository:library/app:pull"; 101].join(" ");
    tokens.get(&[&hundred_and_one]).await.expect_error(400, "UNKNOWN");
    let short = vec!["x"; 10_000].join(" ");
    pairs.pop();
    pairs.push(("scope", &short));
    tokens.post(&pairs).await.expect_error(400, "UNKNOWN");
}

/// A client may ask for a hundred scopes. nginx and others accept a header line of 8 KiB.
#[tokio::test]
async fn a_hundred_repositories_fit_a_token_that_proxies_take() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    owner.push_image("library/payment-platform-gateway-service-099", "v1", &Image::small(1)).await;
    for count in [1, 27, 100] {
        let name = |n| format!("repository:library/payment-platform-gateway-service-{n:03}:pull,push");
        let scopes = (100 - count..100).map(name).collect::<Vec<_>>().join(" ");
        let answer = owner.tokens().get(&[&scopes]).await.expect(200);
        let line = format!("Authorization: Bearer {}\r\n", token(&answer));
        assert!(line.len() <= 8192, "{count} repositories are {} bytes", line.len());
        let bearer = owner.with(Credentials::Bearer(token(&answer)));
        bearer.get("/v2/library/payment-platform-gateway-service-099/manifests/v1").await.expect(200);
        bearer.get("/v2/library/payment-platform-gateway-service-100/tags/list").await.expect(401);
        bearer.delete("/v2/library/payment-platform-gateway-service-099/manifests/v1").await.expect(401);
    }
}

#[tokio::test]
async fn a_hundred_short_scopes_fit_a_token() {
    let reg = TestRegistry::new().await;
    let many: Vec<String> = (0..100).map(|n| format!("repository:elsewhere/app{n}:pull,push,delete")).collect();
    let answer = reg.owner().tokens().get(&[&many.join(" ")]).await.expect(200);
    assert!(token(&answer).len() < 4096);
    assert_eq!(access(&answer), json!([]));
}

#[tokio::test]
async fn the_oauth2_form_gives_what_was_granted() {
    let reg = TestRegistry::new().await;
    let tokens = reg.anonymous().tokens();
    let form = |username: &'static str| {
        [
            ("grant_type", "password"),
            ("client_id", "x"),
            ("username", username),
            ("scope", "repository:library/app:pull,fly"),
        ]
    };
    let owner = reg.owner_name().to_owned();
    let mut pairs = form("").to_vec();
    pairs.retain(|(key, _)| *key != "username");
    pairs.extend([("service", tokens.service()), ("username", &owner), ("password", roadstead_tests::OWNER_PASSWORD)]);
    let answer = tokens.post(&pairs).await.expect(200);
    let body = answer.json();
    assert_eq!((&body["scope"], &body["token_type"]), (&json!("repository:library/app:pull"), &json!("Bearer")));
    assert!(body.get("refresh_token").is_none());
    assert_eq!(answer.header("cache-control"), "no-store");
    reg.bearer(&token(&answer)).get("/v2/library/app/tags/list").await.expect(404);
    for (missing, status, error) in [
        ("grant_type", 400, "invalid_request"),
        ("service", 400, "invalid_request"),
        ("username", 400, "invalid_request"),
        ("password", 400, "invalid_request"),
    ] {
        let without: Vec<_> = pairs.iter().copied().filter(|(key, _)| *key != missing).collect();
        let answer = tokens.post(&without).await.expect(status);
        assert_eq!(answer.json()["error"], error, "{missing}");
    }
    let with = |key: &'static str, value: &'static str| {
        let mut pairs: Vec<_> = pairs.iter().copied().filter(|(k, _)| *k != key).collect();
        pairs.push((key, value));
        let tokens = tokens.clone();
        async move { tokens.post(&pairs).await }
    };
    assert_eq!(with("grant_type", "client_credentials").await.expect(400).json()["error"], "unsupported_grant_type");
    let wrong = with("password", "wrong").await.expect(401).json();
    assert_eq!((&wrong["error"], &wrong["errors"][0]["code"]), (&json!("invalid_grant"), &json!("UNAUTHORIZED")));
    with("service", "elsewhere").await.expect_error(400, "UNKNOWN");
}

async fn refresh_token(reg: &TestRegistry, client: &Client) -> String {
    let tokens = client.tokens();
    let answer = tokens.offline(reg.owner_name(), roadstead_tests::OWNER_PASSWORD, "").await.expect(200);
    answer.json()["refresh_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_refresh_token_is_used_once_and_gives_the_next_one() {
    let reg = TestRegistry::new().await;
    let tokens = reg.anonymous().tokens();
    let first = refresh_token(&reg, &reg.anonymous()).await;
    let answer = tokens.refresh(&first, "repository:library/app:pull,push").await.expect(200);
    assert_eq!(access(&answer), json!([entry("library/app", &["pull", "push"])]));
    let second = answer.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    let third = tokens.refresh(&second, "").await.expect(200).json()["refresh_token"].as_str().unwrap().to_owned();
    // If an old token is used again, somebody has copied it: the whole family ends.
    assert_eq!(tokens.refresh(&first, "").await.expect(401).json()["error"], "invalid_grant");
    tokens.refresh(&third, "").await.expect(401);
    // Other families still work.
    let other = refresh_token(&reg, &reg.anonymous()).await;
    tokens.refresh(&other, "").await.expect(200);
    tokens.refresh("garbage", "").await.expect(401);
}

#[tokio::test]
async fn a_refresh_token_is_for_one_client_and_one_service_and_ends() {
    let reg = TestRegistry::new().await;
    let tokens = reg.anonymous().tokens();
    let own = refresh_token(&reg, &reg.anonymous()).await;
    let pairs = |client: &'static str, service: String, token: String| {
        let tokens = tokens.clone();
        async move {
            let pairs = [
                ("grant_type", "refresh_token"),
                ("service", &*service),
                ("client_id", client),
                ("refresh_token", &*token),
            ];
            tokens.post(&pairs).await.status
        }
    };
    assert_eq!(pairs("another", tokens.service().to_owned(), own.clone()).await, 401);
    let fresh = refresh_token(&reg, &reg.anonymous()).await;
    assert_eq!(pairs("roadstead-tests", "elsewhere".into(), fresh.clone()).await, 400);
    reg.clock().advance(Duration::from_secs(31 * 24 * 60 * 60));
    tokens.refresh(&fresh, "").await.expect(401);
}

#[tokio::test]
async fn the_get_form_gives_no_refresh_token() {
    // Docker keeps its first refresh token for ever, which rotation would treat as theft.
    let reg = TestRegistry::new().await;
    let pairs = [("offline_token", "true"), ("client_id", "roadstead-tests")];
    for client in [reg.owner(), reg.anonymous()] {
        let body = client.tokens().get_with(&[], &pairs).await.expect(200).json();
        assert!(body.get("refresh_token").is_none(), "{body}");
    }
}

#[tokio::test]
async fn a_refresh_whose_answer_was_lost_can_be_tried_again() {
    let reg = TestRegistry::new().await;
    let tokens = reg.anonymous().tokens();
    let first = refresh_token(&reg, &reg.anonymous()).await;
    let next = |answer: &Answer| answer.json()["refresh_token"].as_str().unwrap().to_owned();
    let second = next(&tokens.refresh(&first, "").await.expect(200));
    assert_eq!(next(&tokens.refresh(&first, "").await.expect(200)), second);
    tokens.refresh(&second, "").await.expect(200);
    tokens.refresh(&first, "").await.expect(401);
    tokens.refresh(&second, "").await.expect(401);
}

#[tokio::test]
async fn a_form_is_not_endless() {
    let reg = TestRegistry::new().await;
    let large = "x".repeat(70_000);
    let answer = reg.anonymous().form("/service/token", &[("grant_type", "password"), ("x", &large)]).await;
    answer.expect(413);
    reg.anonymous().request("POST", "/service/token").body("\u{0}%%%&&&==").send().await.expect(400);
}

#[tokio::test]
async fn a_form_that_is_too_large_is_refused_as_a_form() {
    let reg = TestRegistry::new().await;
    let long = "x".repeat(70 << 10);
    let answer = reg.anonymous().form("/service/token", &[("grant_type", "password"), ("service", &long)]).await;
    let answer = answer.expect_error(413, "UNSUPPORTED");
    assert_eq!(answer.json()["errors"][0]["message"], "the form is too large");
}
