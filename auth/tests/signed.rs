//! Signed requests of the cloud API: keys, their state, and their recorded use.

#![expect(clippy::unwrap_used, reason = "a test: to panic is how it tells")]

mod common;

use roadstead_storage::testkit::act;
use std::borrow::Cow;
use std::num::NonZeroU32;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use common::{World, client};
use roadstead_auth::{NewCredentials, SignatureError, Signed, SignedRequest};
use roadstead_storage::meta::{AccountStatus, Scope};
use roadstead_types::Clock as _;

/// Calls with the key of `who`, signed with `secret` now.
async fn call(world: &World, who: &NewCredentials, secret: &str) -> Result<Signed, SignatureError> {
    let (id, now) = (who.secret_id.as_str(), world.clock.now().as_secs().to_string());
    let source = format!("GETh/?Nonce=1&SecretId={id}&SignatureMethod=HmacSHA256&Timestamp={now}");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), source.as_bytes());
    let signature = BASE64_STANDARD.encode(tag);
    let pairs = [
        ("SecretId", id),
        ("Timestamp", &now),
        ("Nonce", "1"),
        ("SignatureMethod", "HmacSHA256"),
        ("Signature", &signature),
    ];
    let pairs = pairs.map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value)));
    let request =
        SignedRequest { method: "GET", query: "", hosts: &["h"], header: &|_| None, body: b"", pairs: &pairs };
    world.auth.signed(&request, &client()).await
}

#[tokio::test]
async fn a_key_says_who_it_is_and_when_it_was_used() {
    let world = World::new().await;
    let signed = call(&world, &world.owner, &world.owner.secret_key).await.unwrap();
    let identity = signed.caller.identity.unwrap();
    assert_eq!((identity.account, identity.is_root()), (world.owner.account.id, true));
    assert_eq!((signed.secret_id.as_str(), signed.service), (world.owner.secret_id.as_str(), None));
    let used = async || world.meta.access_key(&world.owner.secret_id).await.unwrap().unwrap().last_used_at;
    assert_eq!(used().await, None, "not a write for each request");
    world.clock.advance(Duration::from_secs(60));
    call(&world, &world.owner, &world.owner.secret_key).await.unwrap();
    assert!(matches!(call(&world, &world.other, "another secret").await, Err(SignatureError::Mismatch)));
    world.auth.record_key_uses().await.unwrap();
    assert_eq!(used().await, Some(world.clock.now()));
    let other = world.meta.access_key(&world.other.secret_id).await.unwrap().unwrap();
    assert_eq!(other.last_used_at, None, "who only names a key does not use it");
}

#[tokio::test]
async fn the_last_note_of_uses_does_not_rely_on_one_that_is_cut_off() {
    let world = World::new().await;
    call(&world, &world.owner, &world.owner.secret_key).await.unwrap();
    let held = world.database.hold_writes().await;
    let mut first = Box::pin(world.auth.record_key_uses());
    assert!(futures::poll!(&mut first).is_pending());
    let mut last = Box::pin(world.auth.record_key_uses());
    assert!(futures::poll!(&mut last).is_pending(), "it says that all is written");
    drop(first);
    held.release().await;
    last.await.unwrap();
    let key = world.meta.access_key(&world.owner.secret_id).await.unwrap().unwrap();
    assert_eq!(key.last_used_at, Some(world.clock.now()));
}

#[tokio::test]
async fn keys_and_accounts_that_are_shut_out_are_refused_at_once() {
    let world = World::new().await;
    let (id, secret) = (world.owner.account.id, &*world.owner.secret_key);
    let outcome = async || call(&world, &world.owner, secret).await;
    outcome().await.unwrap();
    for active in [false, true] {
        world.meta.set_access_key_active(&act(world.clock.clone()), id, &world.owner.secret_id, active).await.unwrap();
        world.auth.changed(&Scope::System);
        assert_eq!(outcome().await.is_ok(), active);
    }
    for status in [AccountStatus::Disabled, AccountStatus::Active] {
        world.meta.set_account_status(&act(world.clock.clone()), id, status).await.unwrap();
        world.auth.changed(&Scope::Account(id));
        assert_eq!(outcome().await.is_ok(), status == AccountStatus::Active);
    }
    world.meta.delete_access_key(&act(world.clock.clone()), id, &world.owner.secret_id).await.unwrap();
    world.auth.poll_changes().await.unwrap();
    assert!(matches!(outcome().await, Err(SignatureError::SecretIdNotFound)));
}

#[tokio::test]
async fn failures_do_not_shut_out_a_key_that_is_known() {
    let params = common::params();
    let few = NonZeroU32::new(3).unwrap();
    let world = World::with(roadstead_auth::AuthParams { login_attempts_per_address_per_minute: few, ..params }).await;
    call(&world, &world.owner, &world.owner.secret_key).await.unwrap();
    for _ in 0..3 {
        assert!(matches!(call(&world, &world.owner, "wrong").await, Err(SignatureError::Mismatch)));
    }
    assert!(matches!(call(&world, &world.owner, "wrong").await, Err(SignatureError::Throttled { .. })));
    call(&world, &world.owner, &world.owner.secret_key).await.unwrap();
    // The same after everything was forgotten and is read again.
    world.auth.changed(&Scope::System);
    call(&world, &world.owner, &world.owner.secret_key).await.unwrap();
    let unknown = call(&world, &world.other, &world.other.secret_key).await;
    assert!(matches!(unknown, Err(SignatureError::Throttled { .. })), "the store is not asked");
    world.clock.advance(Duration::from_secs(60));
    call(&world, &world.other, &world.other.secret_key).await.unwrap();
}
