//! `/v2/`, and the properties that all answers share.

use roadstead_tests::{TestRegistry, raw};

#[tokio::test]
async fn anonymous_callers_are_sent_to_the_token_service() {
    let reg = TestRegistry::new().await;
    for path in ["/v2/", "/v2"] {
        let answer = reg.anonymous().get(path).await.expect_error(401, "UNAUTHORIZED");
        let expected = format!("Bearer realm=\"{0}/service/token\",service=\"{1}\"", reg.url(), reg.address());
        assert_eq!(answer.header("www-authenticate"), expected);
        assert_eq!(answer.header("docker-distribution-api-version"), "registry/2.0");
    }
}

#[tokio::test]
async fn right_credentials_are_welcome_and_wrong_ones_are_not() {
    let reg = TestRegistry::new().await;
    assert_eq!(reg.owner().get("/v2/").await.expect(200).text(), "{}");
    reg.owner().bearer(&[]).await.get("/v2/").await.expect(200);
    reg.anonymous().bearer(&[]).await.get("/v2/").await.expect(200);
    let wrong = reg.basic(reg.owner_name(), "wrong").get("/v2/").await.expect_error(401, "UNAUTHORIZED");
    assert!(wrong.header("www-authenticate").ends_with(",error=\"invalid_token\""), "{wrong}");
    reg.basic("100000000000", "wrong").get("/v2/").await.expect_error(401, "UNAUTHORIZED");
    reg.bearer("garbage").get("/v2/").await.expect_error(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn malformed_authorization_headers_are_wrong_credentials() {
    let reg = TestRegistry::new().await;
    let address = reg.address();
    for value in
        ["Basic", "Basic !!!", "Basic YWJj", "Bearer", "Bearer a.b.c", "Digest x", "Basic \u{ff}", "", "Negotiate abc"]
    {
        let header = format!("Authorization: {value}\r\n");
        let answer = raw::request(address, "GET", "/v2/", &header).await;
        assert_eq!(answer.status, 401, "{value:?}: {answer}");
    }
}

#[tokio::test]
async fn the_challenge_names_the_host_that_the_client_used_and_only_if_it_is_one() {
    let reg = TestRegistry::new().await;
    let mut connection = raw::Connection::open(reg.address()).await;
    connection.send("GET /v2/ HTTP/1.1\r\nHost: registry.example:8443\r\nConnection: close\r\n\r\n").await;
    let answer = raw::parse("GET /v2/".into(), &connection.receive().await);
    assert!(answer.header("www-authenticate").contains("realm=\"http://registry.example:8443/service/token\""));
    for host in ["a\"b", "a,b", "a b", "a\\b", "user@host", ""] {
        let mut connection = raw::Connection::open(reg.address()).await;
        connection.send(format!("GET /v2/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await;
        let answer = raw::parse(format!("Host {host:?}"), &connection.receive().await);
        assert!((400..500).contains(&answer.status), "{answer}");
        assert!(!answer.has("www-authenticate"), "{answer}");
    }
}

#[tokio::test]
async fn forwarded_headers_of_strangers_change_nothing_and_those_of_a_trusted_proxy_do() {
    let header = "X-Forwarded-Proto: https\r\nX-Forwarded-Host: public.example\r\n";
    let reg = TestRegistry::new().await;
    let answer = raw::request(reg.address(), "GET", "/v2/", header).await;
    assert!(answer.header("www-authenticate").contains(&reg.url()), "{answer}");
    let proxied = TestRegistry::builder()
        .settings(|s| s.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()])
        .start()
        .await;
    let answer = raw::request(proxied.address(), "GET", "/v2/", header).await;
    assert!(answer.header("www-authenticate").contains("https://public.example/service/token"), "{answer}");
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_takes_a_harmless_one_from_the_client() {
    let reg = TestRegistry::new().await;
    let own = reg.owner().get("/v2/").await;
    assert_eq!(own.header("x-request-id").len(), 32);
    assert_eq!(own.header("x-content-type-options"), "nosniff");
    let given = reg.owner().request("GET", "/v2/").header("x-request-id", "trace-42").send().await;
    assert_eq!(given.header("x-request-id"), "trace-42");
    for bad in ["a b", "<script>", &"x".repeat(65), "\"", "ü"] {
        let answer = reg.owner().request("GET", "/v2/").header("x-request-id", bad).send().await;
        assert_eq!(answer.header("x-request-id").len(), 32, "{bad:?}");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_answer_in_the_form_of_the_specification() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    for path in ["/v1/", "/v2/library/app", "/v2/library/app/manifests", "/v3/", "/metrics", "/console/"] {
        owner.get(path).await.expect_error(404, "NOT_FOUND");
    }
    let wrong = owner.post("/v2/library/app/manifests/v1").await.expect_error(405, "UNSUPPORTED");
    let mut allowed: Vec<&str> = wrong.header("allow").split(", ").collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["DELETE", "GET", "HEAD", "PUT"]);
    for (method, path) in [("PUT", "/v2/"), ("DELETE", "/v2/_catalog"), ("BREW", "/healthz"), ("TRACE", "/v2/")] {
        owner.request(method, path).send().await.expect(405);
    }
}

#[tokio::test]
async fn the_registry_speaks_to_the_v2_path_only_about_versions() {
    let reg = TestRegistry::new().await;
    assert!(reg.owner().get("/v2/_catalog").await.has("docker-distribution-api-version"));
    assert!(!reg.owner().get("/healthz").await.has("docker-distribution-api-version"));
}

#[tokio::test]
async fn errors_have_the_members_that_clients_read() {
    let reg = TestRegistry::new().await;
    let alice = reg.account("alice").await.basic;
    for (client, target, status) in [
        (&reg.anonymous(), "/v2/", 401),
        (&reg.anonymous(), "/v2/alice/app/tags/list", 401),
        (&reg.owner(), "/v2/alice/app/tags/list", 403),
        (&alice, "/v2/alice/app/tags/list", 404),
        (&alice, "/v2/alice/app/manifests/v1", 404),
        (&alice, "/v2/ALICE/app/tags/list", 404),
        (&alice, "/nothing", 404),
    ] {
        let answer = client.get(target).await.expect(status);
        assert_eq!(answer.header("content-type"), "application/json");
        let errors = answer.json()["errors"].clone();
        assert_eq!(errors.as_array().unwrap().len(), 1, "{answer}");
        assert!(errors[0]["code"].is_string() && errors[0]["message"].is_string(), "{answer}");
        // Clients would print an empty detail as `map[]`.
        assert!(errors[0].get("detail").is_none(), "{answer}");
    }
}
