//! The keys that sign tokens.

#![expect(clippy::unwrap_used, reason = "a test: to panic is how it tells")]

mod common;

use std::time::Duration;

use common::{MASTER_KEY, World, bearer, params};
use roadstead_auth::{Auth, AuthenticationError, Error, Sealer};
use serde_json::Value;

const DAY: Duration = Duration::from_secs(86_400);

fn kids(auth: &Auth) -> Vec<String> {
    let keys = auth.jwks();
    let keys = keys["keys"].as_array().unwrap();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_key_set_is_what_verifiers_expect() {
    let world = World::new().await;
    let keys = world.auth.jwks();
    let key = keys["keys"][0].as_object().unwrap();
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    let fixed = ["kty", "crv", "use", "alg"].map(text);
    assert_eq!(fixed, ["EC", "P-256", "sig", "ES256"]);
    assert_eq!(["x", "y", "kid"].map(|name| text(name).len()), [43, 43, 43]);
    assert_eq!(key.len(), 7, "and nothing private");

    // A verifier that has only the key set accepts our tokens.
    let token = world.issue(None, &[]).await.token;
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(keys["keys"][0].clone()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    validation.set_audience(&[common::SERVICE]);
    validation.validate_exp = false;
    let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
    assert!(jsonwebtoken::decode::<Value>(&token, &key, &validation).is_ok());
}

#[tokio::test]
async fn a_new_key_signs_and_the_old_one_verifies_until_its_tokens_have_ended() {
    let world = World::new().await;
    let old = kids(&world.auth);
    world.clock.advance(90 * DAY - Duration::from_millis(1));
    world.auth.maintain().await.unwrap();
    assert_eq!(kids(&world.auth), old, "not due yet");
    let token = world.issue(None, &[]).await.token;

    world.clock.advance(Duration::from_millis(1));
    world.auth.maintain().await.unwrap();
    assert_eq!(kids(&world.auth).len(), 2);
    assert!(bearer(&world.auth, &token).await.is_ok());
    let fresh = world.another_process(params()).await;
    world.clock.advance(Duration::from_secs(15 * 60));
    assert!(bearer(&fresh, &token).await.is_ok(), "verified anew, within the leeway");
    let new = world.issue(None, &[]).await.token;
    assert!(bearer(&world.auth, &new).await.is_ok());

    world.clock.advance(DAY);
    assert_eq!(kids(&world.auth).len(), 1, "expired, though not read again yet");
    world.auth.maintain().await.unwrap();
    assert_eq!(world.meta.signing_keys().await.unwrap().len(), 1);
    assert_ne!(kids(&world.auth), old);
}

#[tokio::test]
async fn replicas_share_their_keys() {
    let world = World::new().await;
    let replica = world.another_process(params()).await;
    assert_eq!(kids(&world.auth), kids(&replica));
    world.clock.advance(91 * DAY);
    let (one, two) = tokio::join!(world.auth.maintain(), replica.maintain());
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(world.meta.signing_keys().await.unwrap().len(), 2, "one new key");

    // A key that one replica has made is found by another replica when a token names it.
    world.clock.advance(91 * DAY);
    world.auth.maintain().await.unwrap();
    let token = world.issue(None, &[]).await.token;
    assert!(bearer(&replica, &token).await.is_ok());
    assert_eq!(kids(&world.auth), kids(&replica));
}

#[tokio::test]
async fn another_master_key_does_not_open_the_signing_key() {
    let world = World::new().await;
    let open = async |key| Auth::open(world.meta.clone(), params(), Sealer::new(key), world.clock.clone()).await;
    assert!(matches!(open([8; 32]).await, Err(Error::Sealed { .. })));
    assert!(open(MASTER_KEY).await.is_ok());
    let row = world.meta.signing_keys().await.unwrap().remove(0);
    assert!(Sealer::new(MASTER_KEY).open("signing-key/another", &row.sealed_private).is_err());
}

#[tokio::test]
async fn unknown_keys_are_not_looked_up_at_every_attempt() {
    let world = World::new().await;
    let token = world.issue(None, &[]).await.token;
    let (_, rest) = token.split_once('.').unwrap();
    // {"typ":"JWT","alg":"ES256","kid":"x"}
    let forged = format!("eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiIsImtpZCI6IngifQ.{rest}");
    let answer = async || bearer(&world.auth, &forged).await;
    assert!(matches!(answer().await, Err(AuthenticationError::BadCredentials)));
    world.clock.advance(Duration::from_secs(1));
    assert!(matches!(answer().await, Err(AuthenticationError::BadCredentials)));
    // Within the same second the database is not asked: it is closed and could not answer.
    world.meta.close().await;
    assert!(matches!(answer().await, Err(AuthenticationError::BadCredentials)));
    world.clock.advance(Duration::from_secs(1));
    assert!(matches!(answer().await, Err(AuthenticationError::Unavailable(_))));
}
