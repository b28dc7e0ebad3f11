//! Forged and changed tokens.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use roadstead_tests::{Client, Image, TestRegistry, claims, digest, raw};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const TARGET: &str = "/v2/library/app/manifests/v1";
const SCOPE: &str = "repository:library/app:pull";

struct Attack {
    reg: TestRegistry,
    token: String,
    header: Value,
    claims: Value,
}

impl Attack {
    async fn new() -> Self {
        let reg = TestRegistry::new().await;
        reg.owner().push_image("library/app", "v1", &Image::small(1)).await;
        let token = reg.owner().tokens().get(&[SCOPE]).await.json()["token"].as_str().unwrap().to_owned();
        reg.bearer(&token).get(TARGET).await.expect(200);
        let header = serde_json::from_slice(&BASE64.decode(token.split('.').next().unwrap()).unwrap()).unwrap();
        let claims = claims(&token);
        Self { reg, token, header, claims }
    }

    fn client(&self, token: &str) -> Client {
        self.reg.bearer(token)
    }

    async fn refused(&self, what: &str, token: &str) {
        for target in [TARGET, "/v2/"] {
            let answer = self.client(token).get(target).await;
            assert_eq!((answer.status, answer.code()), (401, "UNAUTHORIZED".into()), "{what}: {answer}");
            assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""), "{what}: {answer}");
        }
        // The bad token does not affect the good one.
        self.client(&self.token).get(TARGET).await.expect(200);
    }

    fn signature(&self) -> &str {
        self.token.rsplit('.').next().unwrap()
    }

    /// The signing input for these header and claims.
    fn input(header: &Value, claims: &Value) -> String {
        format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
    }
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    match key.len() {
        0..=64 => block[..key.len()].copy_from_slice(key),
        _ => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let keyed = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = Sha256::new().chain_update(keyed(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(keyed(0x5c)).chain_update(inner).finalize().to_vec()
}

#[tokio::test]
async fn a_token_without_a_signature_is_none() {
    let attack = Attack::new().await;
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let mut header = attack.header.clone();
        header["alg"] = json!(alg);
        let input = Attack::input(&header, &attack.claims);
        attack.refused(alg, &format!("{input}.")).await;
        attack.refused(alg, &format!("{input}.{}", attack.signature())).await;
        attack.refused(alg, &input).await;
    }
    let stripped = attack.token.rsplit_once('.').unwrap().0;
    attack.refused("stripped", &format!("{stripped}.")).await;
}

#[tokio::test]
async fn the_public_key_is_no_secret_to_sign_with() {
    let attack = Attack::new().await;
    let jwks = attack.reg.anonymous().get("/service/jwks").await.expect(200);
    let key = jwks.json()["keys"][0].clone();
    let (x, y) = (key["x"].as_str().unwrap(), key["y"].as_str().unwrap());
    let point = [&[4][..], &BASE64.decode(x).unwrap(), &BASE64.decode(y).unwrap()].concat();
    let mut claims = attack.claims.clone();
    claims["access"] = json!([{ "type": "repository", "name": "library/app", "actions": ["*"] }]);
    for alg in ["HS256", "HS384", "ES256", "RS256", "ES384", "EdDSA"] {
        let mut header = attack.header.clone();
        header["alg"] = json!(alg);
        let input = Attack::input(&header, &claims);
        for secret in [&point[..], x.as_bytes(), key.to_string().as_bytes(), jwks.text().as_bytes(), b""] {
            let signature = BASE64.encode(hmac_sha256(secret, input.as_bytes()));
            attack.refused(alg, &format!("{input}.{signature}")).await;
        }
    }
}

#[tokio::test]
async fn what_was_signed_cannot_be_changed() {
    let attack = Attack::new().await;
    let changes = [
        ("access", json!([{ "type": "repository", "name": "library/app", "actions": ["*"] }])),
        ("exp", json!(9_999_999_999_i64)),
        ("aud", json!("elsewhere")),
        ("iss", json!("me")),
        ("sub", json!("999999999999")),
    ];
    for (claim, value) in changes {
        let mut claims = attack.claims.clone();
        claims[claim] = value;
        let input = Attack::input(&attack.header, &claims);
        attack.refused(claim, &format!("{input}.{}", attack.signature())).await;
    }
    let mut flipped = attack.token.clone().into_bytes();
    let middle = attack.token.rfind('.').unwrap() + 10;
    flipped[middle] = if flipped[middle] == b'A' { b'B' } else { b'A' };
    attack.refused("a flipped bit", &String::from_utf8(flipped).unwrap()).await;
}

#[tokio::test]
async fn a_key_that_the_token_brings_along_is_not_believed() {
    let attack = Attack::new().await;
    let own = attack.reg.anonymous().get("/service/jwks").await.json()["keys"][0].clone();
    for (member, value) in [
        ("jwk", own),
        ("jku", json!(format!("{}/service/jwks", attack.reg.url()))),
        ("x5u", json!("http://127.0.0.1:1/")),
        ("x5c", json!(["MIIB"])),
        ("kid", json!("../../dev/null")),
        ("kid", json!("' OR 1=1 --")),
        ("kid", json!("")),
        ("kid", Value::Null),
        ("kid", json!("x".repeat(2000))),
        ("crit", json!(["exp"])),
    ] {
        let mut header = attack.header.clone();
        header[member] = value;
        let input = Attack::input(&header, &attack.claims);
        // With a wrong signature, and with the signature of the original token.
        attack.refused(member, &format!("{input}.{}", BASE64.encode([7; 64]))).await;
        attack.refused(member, &format!("{input}.{}", attack.signature())).await;
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused_without_further_ado() {
    let attack = Attack::new().await;
    let long = "x".repeat(20_000);
    for garbage in ["a", ".", "..", "...", "a.b.c.d", "e30.e30.", "🦀", "%00", &long, &format!("{}x", attack.token)] {
        let header = format!("Authorization: Bearer {garbage}\r\n");
        let answer = raw::request(attack.reg.address(), "GET", TARGET, &header).await;
        assert!(matches!(answer.status, 401 | 400 | 431), "{}: {}", answer.status, garbage.len());
    }
}

#[tokio::test]
async fn a_token_ends() {
    let attack = Attack::new().await;
    let client = attack.client(&attack.token);
    let blob = format!("/v2/library/app/blobs/{}", digest(&Image::small(1).config));
    attack.reg.clock().advance(Duration::from_secs(899));
    client.get(TARGET).await.expect(200);
    // Clocks may differ by a minute.
    attack.reg.clock().advance(Duration::from_secs(62));
    client.get(TARGET).await.expect_error(401, "UNAUTHORIZED");
    client.get(&blob).await.expect_error(401, "UNAUTHORIZED");
    client.get("/v2/").await.expect_error(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_token_is_for_the_host_that_it_was_asked_from() {
    let attack = Attack::new().await;
    let header = format!("Authorization: Bearer {}\r\n", attack.token);
    let own = raw::request(attack.reg.address(), "GET", TARGET, &header).await;
    assert_eq!(own.status, 200, "{own}");
    let mut connection = raw::Connection::open(attack.reg.address()).await;
    connection.send(format!("GET {TARGET} HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n{header}\r\n")).await;
    let other = raw::parse("another host".into(), &connection.receive().await);
    assert_eq!(other.status, 401, "{other}");
    // Another registry uses other keys.
    let elsewhere = TestRegistry::new().await;
    elsewhere.bearer(&attack.token).get("/v2/").await.expect(401);
}

#[tokio::test]
async fn the_keys_are_published_without_their_secrets_and_tokens_survive_their_rotation() {
    let reg =
        TestRegistry::builder().settings(|s| s.auth.signing_key_rotation = Duration::from_secs(3600)).start().await;
    let jwks = reg.anonymous().get("/service/jwks").await.expect(200).json();
    let keys = jwks["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    for key in keys {
        assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&json!("EC"), &json!("P-256"), &json!("ES256")));
        assert!(key.get("d").is_none());
    }
    let token = reg.owner().tokens().get(&[]).await.json()["token"].as_str().unwrap().to_owned();
    let header: Value = serde_json::from_slice(&BASE64.decode(token.split('.').next().unwrap()).unwrap()).unwrap();
    assert_eq!((&header["kid"], &header["alg"]), (&keys[0]["kid"], &json!("ES256")));
}
