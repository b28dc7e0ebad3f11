//! The limit for bad tokens of identity providers, and its effect on callers with good tokens.

use roadstead_tests::TestRegistry;
use roadstead_tests::provider::Provider;
use serde_json::json;

use crate::cluster::{Cluster, REFUSED, SUBJECT, open};

const THROTTLED: &str = "RequestLimitExceeded";

/// A cluster whose callers share one address and have low limits. The clock stands still.
async fn narrow() -> Cluster {
    Cluster::changed(|settings| {
        settings.auth.login_attempts_per_address = 20;
        settings.cloud_api.requests_per_second = 5;
    })
    .await
}

/// Sends bad tokens until they are throttled, and some more.
async fn flood(it: &Cluster) {
    let forged = Provider::new("one").token(&it.claims());
    let mut codes = Vec::new();
    for n in 0..60 {
        let token = if n % 2 == 0 { "a.b.c" } else { &forged };
        codes.push(it.ask(token, json!({})).await.code());
    }
    let refused = codes.iter().take_while(|code| *code == REFUSED).count();
    assert_eq!(refused, 20, "{codes:?}");
    assert!(codes[refused..].iter().all(|code| code == THROTTLED), "{codes:?}");
    // Throttled answers reveal nothing more.
    for change in [json!({"ProviderId": "none"}), json!({"RoleArn": "qcs::cam::uin/999999999999:roleName/puller"})] {
        it.ask(&forged, change).await.expect(THROTTLED);
    }
}

#[tokio::test]
async fn bad_tokens_do_not_shut_out_good_ones() {
    let it = narrow().await;
    flood(&it).await;
    it.session().await;
    // Many good and bad tokens at once.
    let good = it.provider.token(&it.claims());
    let asked = futures::future::join_all((0..20).map(|n| {
        let (token, name) = if n % 5 == 0 { (good.as_str(), "good") } else { ("a.b.c", "bad") };
        let it = &it;
        async move { (name, it.ask(token, json!({})).await.code()) }
    }));
    for (name, code) in asked.await {
        assert_eq!(code, if name == "good" { "" } else { THROTTLED }, "{name}");
    }
}

#[tokio::test]
async fn bad_tokens_are_no_bad_signatures() {
    let it = narrow().await;
    flood(&it).await;
    // The server does not know this key yet, and looks it up in the store.
    let newcomer = it.reg.account("newcomer").await;
    newcomer.cloud.call("cam", "GetUserAppId", json!({})).await.ok();
    // Bad signatures do not count as bad tokens either.
    let it = narrow().await;
    for n in 0..30 {
        let secret_id = format!("AKID{n:032}");
        let cloud = it.reg.cloud().with_key(&secret_id, "wrong");
        let code = cloud.call("cam", "GetUserAppId", json!({})).await.code();
        assert_eq!(code, if n < 20 { "AuthFailure.SecretIdNotFound" } else { THROTTLED });
    }
    it.ask("a.b.c", json!({})).await.expect(REFUSED);
}

#[tokio::test]
async fn requests_are_counted_by_whom_they_are_about() {
    let it = narrow().await;
    let anybody = it.trust("oidc-provider/k8s", json!({"string_like": {"oidc:sub": "system:serviceaccount:shop:*"}}));
    let update = json!({"RoleName": "puller", "PolicyDocument": anybody});
    it.main.cloud.call("cam", "UpdateAssumeRolePolicy", update).await.ok();
    for n in 0..8 {
        let code = it.ask(&it.provider.token(&it.claims()), json!({})).await.code();
        assert_eq!(code, if n < 5 { "" } else { THROTTLED }, "{n}");
    }
    let other = it.claims_with("sub", json!(SUBJECT.replace("puller", "other")));
    it.ask(&it.provider.token(&other), json!({})).await.ok();
    it.reg.clock().advance(std::time::Duration::from_secs(1));
    it.session().await;
}

#[tokio::test]
async fn what_nobody_signed_is_small() {
    let reg = TestRegistry::builder().start().await;
    let with = |bytes: usize| json!({"WebIdentityToken": "x".repeat(bytes)});
    open(&reg.cloud(), &with(60 << 10)).await.expect("MissingParameter");
    open(&reg.cloud(), &with(65 << 10)).await.expect("RequestSizeLimitExceeded");
}
