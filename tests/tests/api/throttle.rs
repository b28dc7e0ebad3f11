//! Guessing passwords, and too many requests.

use std::time::Duration;

use roadstead_tests::TestRegistry;

async fn strict() -> TestRegistry {
    let settings = |s: &mut roadstead_config::Settings| {
        s.auth.login_attempts = 10;
        s.auth.login_attempts_per_address = 50;
    };
    TestRegistry::builder().settings(settings).start().await
}

#[tokio::test]
async fn the_eleventh_guess_is_not_looked_at_not_even_if_it_is_right() {
    let reg = strict().await;
    let alice = reg.account("alice").await;
    for guess in 0..10 {
        reg.basic(&alice.uin, &format!("guess {guess}")).get("/v2/").await.expect_error(401, "UNAUTHORIZED");
    }
    let refused = reg.basic(&alice.uin, "guess 10").get("/v2/").await.expect_error(429, "TOOMANYREQUESTS");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    alice.basic.get("/v2/").await.expect_error(429, "TOOMANYREQUESTS");
    // The token service has the same limit.
    alice.basic.tokens().get(&[]).await.expect_error(429, "TOOMANYREQUESTS");
    let form = alice.basic.tokens().offline(&alice.uin, &alice.password, "").await;
    form.expect_error(429, "TOOMANYREQUESTS");
    // Another account is not blocked.
    reg.owner().get("/v2/").await.expect(200);
    reg.clock().advance(Duration::from_secs(60));
    alice.basic.get("/v2/").await.expect(200);
}

#[tokio::test]
async fn a_password_that_was_right_not_long_ago_goes_on_working() {
    let reg = strict().await;
    let alice = reg.account("alice").await;
    alice.basic.get("/v2/").await.expect(200);
    let bearer = alice.basic.bearer(&[]).await;
    for guess in 0..11 {
        let answer = reg.basic(&alice.uin, &format!("guess {guess}")).get("/v2/").await;
        assert!(matches!(answer.status, 401 | 429), "{answer}");
    }
    for _ in 0..20 {
        alice.basic.get("/v2/").await.expect(200);
        bearer.get("/v2/").await.expect(200);
    }
    reg.basic(&alice.uin, "guess 11").get("/v2/").await.expect(429);
}

#[tokio::test]
async fn one_address_cannot_try_every_account() {
    let reg = strict().await;
    let mut refused = 0;
    for account in 0..60 {
        let name = (100_000_000_000_u64 + account).to_string();
        refused += usize::from(reg.basic(&name, "password").get("/v2/").await.status == 429);
    }
    assert_eq!(refused, 10);
    // Unknown names count too.
    reg.basic("admin", "admin").get("/v2/").await.expect(429);
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_clients_are_told_apart() {
    let reg = TestRegistry::builder()
        .settings(|s| {
            s.auth.login_attempts = 2;
            s.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        })
        .start()
        .await;
    let alice = reg.account("alice").await;
    let wrong = reg.basic(&alice.uin, "wrong");
    let from = |address: &str| wrong.request("GET", "/v2/").header("x-forwarded-for", address).send();
    for _ in 0..2 {
        from("203.0.113.7").await.expect(401);
    }
    from("203.0.113.7").await.expect(429);
    // A client can only add addresses on the left, which are ignored.
    from("198.51.100.1, 203.0.113.7").await.expect(429);
    from("198.51.100.1").await.expect(401);
}

#[tokio::test]
async fn a_limit_on_requests_is_kept_and_told() {
    let reg = TestRegistry::builder()
        .settings(|s| {
            s.limits.rate_limit_per_second = 1;
            s.limits.rate_limit_burst = 5;
        })
        .start()
        .await;
    let mut refused = None;
    for _ in 0..200 {
        let answer = reg.anonymous().get("/v2/nothing").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("200 requests at once are over the limit").expect_error(429, "TOOMANYREQUESTS");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    // Health checks are never limited.
    for _ in 0..20 {
        reg.anonymous().get("/healthz").await.expect(200);
        reg.anonymous().get("/readyz").await.expect(200);
    }
}
