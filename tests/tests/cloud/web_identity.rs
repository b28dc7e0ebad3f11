//! Roles that are taken with a token of an identity provider, and docker passwords of such sessions: pulls without a
//! key.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use roadstead_tests::people::Main;
use roadstead_tests::provider::{Provider, key_set, unsigned};
use roadstead_tests::{Image, eventually};
use serde_json::{Value, json};

use crate::cluster::{APP, AUDIENCE, Cluster, ISSUER, PULL_FOO, REFUSED, SUBJECT, password};
use crate::instance::Instance;

#[tokio::test]
async fn a_cluster_pulls_without_a_key() {
    let it = Cluster::new().await;
    let made = it.ask(&it.provider.token(&it.claims()), json!({"DurationSeconds": 1800})).await.ok();
    assert_eq!(made["ExpiredTime"].as_i64().unwrap(), it.reg.now().as_secs() + 1800);
    let session = it.with(&made);
    let caller = session.call("sts", "GetCallerIdentity", json!({})).await.ok();
    assert_eq!((&caller["Type"], &caller["AccountId"]), (&json!("CAMRole"), &json!(it.main.uin)));
    session
        .call("tcr", "CreateNamespacePersonal", json!({"Namespace": "mine"}))
        .await
        .expect("AuthFailure.UnauthorizedOperation");
    session
        .call("sts", "AssumeRole", json!({"RoleArn": "qcs::cam::uin/1:role/1", "RoleSessionName": "ci"}))
        .await
        .expect("InvalidParameter.AccessKeyNotSupport");

    let docker = it.docker(&session).await;
    docker.get(APP).await.expect(200);
    docker.get("/v2/foo-other/app/manifests/v1").await.expect(403);
    docker.post("/v2/foo/app/blobs/uploads/").await.expect(403);
    docker.delete(APP).await.expect(403);
    let bearer = docker.bearer(&["repository:foo/app:pull,push", "repository:foo-other/app:pull"]).await;
    bearer.get(APP).await.expect(200);
    bearer.post("/v2/foo/app/blobs/uploads/").await.expect(403);
    bearer.get("/v2/foo-other/app/manifests/v1").await.expect(403);
    let of_another = it.reg.basic(it.reg.owner_name(), &password(&docker));
    of_another.get(APP).await.expect(401);

    let done =
        it.main.cloud.call("cam", "DescribeAuditLogs", json!({"Operation": "sts:AssumeRoleWithWebIdentity"})).await;
    let event = done.ok()["Events"][0].clone();
    assert_eq!((&event["Outcome"], &event["Uin"]), (&json!("done"), &json!(it.main.uin)));
    assert!(event["Principal"].as_str().unwrap().ends_with("/node-1"), "{event}");
    assert!(event["Resource"].as_str().unwrap().ends_with(&format!("k8s {SUBJECT}")), "{event}");

    // All credentials end with the session.
    it.reg.clock().advance(Duration::from_secs(1799));
    docker.get(APP).await.expect(200);
    let last = docker.bearer(&["repository:foo/app:pull"]).await;
    last.get(APP).await.expect(200);
    it.reg.clock().advance(Duration::from_secs(1));
    docker.get(APP).await.expect(401);
    last.get(APP).await.expect(401);
    session.call("sts", "GetCallerIdentity", json!({})).await.expect("AuthFailure.TokenFailure");
}

/// Bad tokens, each with its fault.
fn wrong_tokens(it: &Cluster) -> Vec<(&'static str, String)> {
    let (now, good) = (it.reg.now().as_secs(), it.provider.token(&it.claims()));
    let with = |name: &str, value: Value| it.provider.token(&it.claims_with(name, value));
    let hmac = |key: &[u8], header: Value| {
        let text = unsigned(&header, &it.claims());
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes());
        format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag))
    };
    let (head, signature) = good.rsplit_once('.').unwrap();
    let header = |alg: &str| json!({"alg": alg, "typ": "JWT", "kid": "one"});
    let mut lacking = it.claims();
    lacking.as_object_mut().unwrap().remove("exp");
    vec![
        ("no token", String::new()),
        ("no JWT", "a.b.c".to_owned()),
        ("too long", format!("{good}{}", "x".repeat(20_000))),
        ("expired", with("exp", json!(now - 61))),
        ("without an end", it.provider.token(&lacking)),
        ("of later", with("nbf", json!(now + 61))),
        ("made later", with("iat", json!(now + 61))),
        ("of another issuer", with("iss", json!("https://kubernetes.default.svc"))),
        ("for another audience", with("aud", json!(["https://kubernetes.default.svc"]))),
        ("for nobody", with("aud", json!([]))),
        ("about somebody else", with("sub", json!("system:serviceaccount:shop:other"))),
        ("about nobody", with("sub", json!(""))),
        ("with a NUL", with("sub", json!(format!("{SUBJECT}\0")))),
        ("of another key", Provider::new("one").token(&it.claims())),
        ("of an unknown key", Provider::new("two").token(&it.claims())),
        ("unsigned", format!("{}.", unsigned(&header("none"), &it.claims()))),
        ("signature cut", format!("{head}.{}", &signature[..40])),
        ("no signature", format!("{head}.")),
        ("HS256 with the point", hmac(it.provider.public(), header("HS256"))),
        ("HS256 with the key set", hmac(it.provider.jwk().to_string().as_bytes(), header("HS256"))),
        ("another algorithm", it.provider.sign(&header("ES384"), &it.claims())),
        ("RS256", it.provider.sign(&header("RS256"), &it.claims())),
        ("critical header", {
            let header = json!({"alg": "ES256", "kid": "one", "crit": ["b64"], "b64": true});
            it.provider.sign(&header, &it.claims())
        }),
        ("its own key", {
            let other = Provider::new("own");
            other.sign(&json!({"alg": "ES256", "kid": "own", "jwk": other.jwk()}), &it.claims())
        }),
    ]
}

#[tokio::test]
async fn what_is_wrong_is_not_told() {
    let it = Cluster::new().await;
    let other = it.reg.account("other").await;
    let untrusting = it.trust("oidc-provider/k8s", json!({"string_equal": {"oidc:sub": "nobody"}}));
    Main::of(&it.main).role(&it.reg, "untrusting", &untrusting, &[PULL_FOO]).await;
    let elsewhere = it.trust("oidc-provider/other", json!({"string_equal": {"oidc:iss": ISSUER}}));
    Main::of(&it.main).role(&it.reg, "elsewhere", &elsewhere, &[PULL_FOO]).await;
    let everybody = r#"{"version":"2.0","statement":[{"effect":"allow","action":"sts:*","principal":{"qcs":["qcs::cam::anonymous:anonymous"]}}]}"#;
    Main::of(&it.main).role(&it.reg, "everybody", everybody, &[PULL_FOO]).await;
    let good = it.provider.token(&it.claims());
    let arn = |uin: &str, role: &str| json!({"RoleArn": format!("qcs::cam::uin/{uin}:roleName/{role}")});
    let mut attempts: Vec<_> = wrong_tokens(&it).into_iter().map(|(what, token)| (what, token, json!({}))).collect();
    attempts.extend([
        ("no such provider", good.clone(), json!({"ProviderId": "none"})),
        ("no provider", good.clone(), json!({"ProviderId": ""})),
        ("no such role", good.clone(), arn(&it.main.uin, "none")),
        ("not trusted", good.clone(), arn(&it.main.uin, "untrusting")),
        ("another provider is trusted", good.clone(), arn(&it.main.uin, "elsewhere")),
        ("those with accounts are trusted", good.clone(), arn(&it.main.uin, "everybody")),
        ("another account", good.clone(), arn(&other.uin, "puller")),
        ("no account", good.clone(), arn("999999999999", "puller")),
    ]);
    let mut messages = Vec::new();
    for (what, token, change) in attempts {
        let reply = it.ask(&token, change).await;
        assert_eq!(reply.code(), REFUSED, "{what}: {}", reply.answer);
        messages.push(reply.message());
    }
    messages.dedup();
    assert_eq!(messages.len(), 1, "{messages:?}");
    it.session().await;
    let refused = eventually("the refusals are written", async || {
        let found = it.main.cloud.call("cam", "DescribeAuditLogs", json!({"Outcome": "denied"})).await.ok();
        found["Events"].as_array().and_then(|events| events.first().cloned())
    })
    .await;
    assert_eq!((&refused["Principal"], &refused["Code"]), (&json!("anonymous"), &json!(REFUSED)), "{refused}");
}

#[tokio::test]
async fn sessions_end_with_what_they_came_from() {
    let it = Cluster::new().await;
    let second = Provider::new("two");
    let owner = Main::of(&it.main);
    let both = json!({"IdentityKey": key_set(&[it.provider.jwk(), second.jwk()]), "Description": "two keys"});
    let trust = it.trust("oidc-provider/k8s", json!({"string_equal": {"oidc:iss": ISSUER}}));
    let update_trust = json!({"RoleName": "puller", "PolicyDocument": trust});
    let one = json!({"IdentityKey": key_set(&[second.jwk()])});
    let clients = json!({"IdentityKey": key_set(&[second.jwk()]), "ClientId": ["another"]});
    let delete = json!({"Name": "k8s"});
    let mut signer = &it.provider;
    for (what, action, change, ends) in [
        ("a key is added", "UpdateOIDCConfig", &both, false),
        ("the trust changes", "UpdateAssumeRolePolicy", &update_trust, true),
        ("a key is taken away", "UpdateOIDCConfig", &one, true),
        ("an audience is taken away", "UpdateOIDCConfig", &clients, true),
        ("the provider goes", "DeleteOIDCConfig", &delete, true),
    ] {
        if what == "an audience is taken away" {
            signer = &second;
        }
        let audience = if what == "the provider goes" { "another" } else { AUDIENCE };
        let made = it.ask(&signer.token(&it.claims_with("aud", json!(audience))), json!({})).await.ok();
        let session = it.with(&made);
        let docker = it.docker(&session).await;
        let bearer = docker.bearer(&["repository:foo/app:pull"]).await;
        bearer.get(APP).await.expect(200);
        match action {
            "UpdateOIDCConfig" => it.configure(action, change.clone()).await,
            _ => it.main.cloud.call("cam", action, change.clone()).await,
        }
        .ok();
        let status = if ends { 401 } else { 200 };
        assert_eq!(docker.get(APP).await.status, status, "{what}");
        assert_eq!(bearer.get(APP).await.status, status, "{what}");
        let code = session.call("sts", "GetCallerIdentity", json!({})).await.code();
        assert_eq!(code, if ends { "AuthFailure.TokenFailure" } else { "" }, "{what}");
    }
    // A new provider with the same name is another provider. Deleting the role ends the session too.
    it.configure("CreateOIDCConfig", json!({})).await.ok();
    let docker = it.docker(&it.session().await).await;
    it.reg.set_password(it.main.id, "another password").await;
    docker.get(APP).await.expect(200);
    let role = it.reg.meta().role_by_name(owner.id, "puller").await.unwrap().unwrap();
    it.reg.meta().delete_role(&it.reg.act(), owner.id, role.id).await.unwrap();
    eventually("the change of the other process is seen", async || (docker.get(APP).await.status == 401).then_some(()))
        .await;
}

#[tokio::test]
async fn a_password_of_a_session_has_its_limits() {
    let it = Cluster::new().await;
    let policy = json!({"version": "2.0", "statement": [
        {"effect": "allow", "action": "ccr:pull", "resource": "qcs::ccr:::repo/foo-other/*"}]});
    let made = json!({"Name": "web", "Policy": policy.to_string()});
    let federated = it.with(&it.main.cloud.call("sts", "GetFederationToken", made).await.ok());
    let docker = it.docker(&federated).await;
    let bearer = docker.bearer(&["repository:foo/app:pull", "repository:foo-other/app:pull,push"]).await;
    for client in [&docker, &bearer] {
        client.get("/v2/foo-other/app/manifests/v1").await.expect(200);
        let denied = client.get(APP).await.status;
        assert!(matches!(denied, 401 | 403), "{denied}");
        let denied = client.post("/v2/foo-other/app/blobs/uploads/").await.status;
        assert!(matches!(denied, 401 | 403), "{denied}");
    }
    // This policy does not fit into a token.
    let statements: Vec<Value> = (0..20)
        .map(|n| json!({"effect": "allow", "action": "ccr:pull", "resource": format!("qcs::ccr:::repo/foo/{}-{n}", "x".repeat(40))}))
        .collect();
    let long = json!({"version": "2.0", "statement": statements}).to_string();
    let made = it.main.cloud.call("sts", "GetFederationToken", json!({"Name": "web", "Policy": long})).await.ok();
    let reply = it.with(&made).call("tcr", "DescribeApplicationTokenPersonal", json!({})).await;
    reply.expect("UnsupportedOperation");
    // Delete the key that requested the session.
    let key = json!({"AccessKeyId": it.main.cloud.secret_id()});
    it.main.cloud.call("cam", "DeleteAccessKey", key).await.ok();
    docker.get("/v2/foo-other/app/manifests/v1").await.expect(401);
    bearer.get("/v2/foo-other/app/manifests/v1").await.expect(401);
}

#[tokio::test]
async fn a_session_gets_a_password_of_an_instance() {
    let it = Cluster::new().await;
    let made = Instance::of(it.main.cloud.clone(), "demo").await;
    made.namespace("team", false).await;
    made.client(&it.main.basic).push_image("team/app", "v1", &Image::small(7)).await;
    let policy = json!({"version": "2.0", "statement": [
        {"effect": "allow", "action": "tcr:CreateInstanceToken", "resource": format!("qcs::tcr:::instance/{}", made.id)},
        {"effect": "allow", "action": "tcr:PullRepository", "resource": format!("qcs::tcr:::repository/{}/team/*", made.id)}]});
    let trust = it.trust("oidc-provider/k8s", json!({"string_like": {"oidc:sub": "system:serviceaccount:shop:*"}}));
    Main::of(&it.main).role(&it.reg, "instance", &trust, &[&policy.to_string()]).await;
    let arn = json!({"RoleArn": format!("qcs::cam::uin/{}:roleName/instance", it.main.uin), "DurationSeconds": 900});
    let session = it.with(&it.ask(&it.provider.token(&it.claims()), arn).await.ok());
    let ask = async |kind: &str| {
        session.call("tcr", "CreateInstanceToken", json!({"RegistryId": made.id, "TokenType": kind})).await
    };
    ask("longterm").await.expect("UnsupportedOperation");
    let token = ask("temp").await.ok();
    assert_eq!(token["ExpTime"], json!(it.reg.now().as_millis() + 900_000), "the token ends with the session");
    let text = |member: &str| token[member].as_str().unwrap().to_owned();
    let docker = it.reg.basic(&text("Username"), &text("Token"));
    docker.at(&made.host).get("/v2/team/app/manifests/v1").await.expect(200);
    docker.at(&made.host).post("/v2/team/app/blobs/uploads/").await.expect(403);
    docker.get(APP).await.expect(401);
}

#[tokio::test]
async fn a_provider_is_what_it_must_be() {
    let it = Cluster::new().await;
    let told = it.main.cloud.call("cam", "DescribeOIDCConfig", json!({"Name": "k8s"})).await.ok();
    let expected = json!({
        "ProviderType": 11, "IdentityUrl": ISSUER, "IdentityKey": key_set(&[it.provider.jwk()]), "ClientId": [AUDIENCE],
        "Status": 11, "Description": "", "Name": "k8s", "AutoRotateKey": 0,
    });
    assert_eq!(told, expected);
    let with = |name: &str, value: Value| {
        let mut key = it.provider.jwk();
        key[name] = value;
        json!({"IdentityKey": key_set(&[key])})
    };
    let set = |keys: &[Value]| json!({"IdentityKey": key_set(keys)});
    let weak = json!({"kty": "RSA", "kid": "r", "n": BASE64_URL_SAFE_NO_PAD.encode([0xC1; 128]), "e": "AQAB"});
    let symmetric = json!({"kty": "oct", "kid": "s", "k": "c2VjcmV0"});
    let (key, url) = ("InvalidParameterValue.IdentityKeyError", "InvalidParameterValue.IdentityUrlError");
    for (change, code) in [
        (json!({"Name": "k8s"}), "InvalidParameter.IdentityNameInUse"),
        (json!({"Name": "a b"}), "InvalidParameterValue.NameError"),
        (json!({"IdentityUrl": "http://issuer.example.com"}), url),
        (json!({"IdentityUrl": "https://issuer.example.com?x"}), url),
        (json!({"ClientId": []}), "InvalidParameter.ParamError"),
        (json!({"ClientId": ["a b"]}), "InvalidParameter.ParamError"),
        (json!({"Description": "x".repeat(301)}), "InvalidParameter.DescriptionLengthOverlimit"),
        (json!({"AutoRotateKey": 1}), "InvalidParameterValue"),
        (json!({"IdentityKey": "no base64"}), key),
        (json!({"IdentityKey": "e30="}), key),
        (set(&[]), key),
        (set(&[weak]), key),
        (set(&[symmetric]), key),
        (set(&[it.provider.jwk(), it.provider.jwk()]), key),
        (with("d", json!("AAAA")), key),
        (with("crv", json!("P-521")), key),
        (with("alg", json!("RS256")), key),
        (with("use", json!("enc")), key),
        (with("kid", json!("x".repeat(300))), key),
    ] {
        let mut named = json!({"Name": "another"});
        named.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let reply = it.configure("CreateOIDCConfig", named.clone()).await;
        assert_eq!(reply.code(), code, "{change}: {}", reply.answer);
    }
    for (action, missing) in [("DescribeOIDCConfig", json!({"Name": "x"})), ("DeleteOIDCConfig", json!({"Name": "x"}))]
    {
        it.main.cloud.call("cam", action, missing).await.expect("ResourceNotFound.IdentityNotExist");
    }
    it.configure("UpdateOIDCConfig", json!({"Name": "x"})).await.expect("ResourceNotFound.IdentityNotExist");
    for duration in [0, 7201] {
        let token = it.provider.token(&it.claims());
        it.ask(&token, json!({"DurationSeconds": duration})).await.expect("InvalidParameter.OverTimeError");
    }
}
