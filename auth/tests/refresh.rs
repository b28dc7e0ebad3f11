//! Refresh tokens.

#![expect(clippy::unwrap_used, reason = "a test: to panic is how it tells")]

mod common;

use roadstead_storage::testkit::act;
use std::sync::Arc;
use std::time::Duration;

use common::{REGISTRY, SERVICE, World};
use roadstead_auth::{AuthenticationError, Identity};
use roadstead_storage::meta::AccountStatus;
use roadstead_types::{Clock as _, RegistryId};

const CLIENT: &str = "containerd";

async fn redeem(world: &World, token: &str) -> Result<(Arc<Identity>, String), AuthenticationError> {
    let (identity, next) = world.auth.redeem_refresh_token(REGISTRY, token, SERVICE, CLIENT).await?;
    Ok((identity, next.unwrap()))
}

async fn is_bad(world: &World, token: &str) -> bool {
    matches!(redeem(world, token).await, Err(AuthenticationError::BadCredentials))
}

async fn issue(world: &World) -> String {
    let owner = world.owner().await;
    world.auth.issue_refresh_token(REGISTRY, &owner, SERVICE, CLIENT).await.unwrap().unwrap()
}

#[tokio::test]
async fn each_is_exchanged_for_its_successor() {
    let world = World::new().await;
    let first = issue(&world).await;
    assert_eq!(first.len(), 43);
    let (identity, second) = redeem(&world, &first).await.unwrap();
    assert_eq!(identity, world.owner().await);
    let (_, third) = redeem(&world, &second).await.unwrap();
    assert!(first != second && second != third && second.len() == 43);
}

#[tokio::test]
async fn it_works_until_its_successor_is_used() {
    let world = World::new().await;
    let first = issue(&world).await;
    let (_, second) = redeem(&world, &first).await.unwrap();
    // The answer was lost, or the client keeps its first token.
    for _ in 0..3 {
        assert_eq!(redeem(&world, &first).await.unwrap().1, second);
    }
    assert!(redeem(&world, &second).await.is_ok());
    assert!(is_bad(&world, &first).await);
}

#[tokio::test]
async fn one_that_is_used_after_its_successor_ends_its_sign_in_and_no_other() {
    let world = World::new().await;
    let (first, unrelated) = (issue(&world).await, issue(&world).await);
    let (_, second) = redeem(&world, &first).await.unwrap();
    let (_, third) = redeem(&world, &second).await.unwrap();
    assert!(is_bad(&world, &first).await);
    assert!(is_bad(&world, &second).await && is_bad(&world, &third).await, "whoever has it");
    assert!(redeem(&world, &unrelated).await.is_ok());
}

#[tokio::test]
async fn one_that_is_issued_after_the_password_was_changed_to_who_knew_the_old_one_is_void() {
    let world = World::new().await;
    let before = world.owner().await;
    world.accounts.set_password(&act(world.clock.clone()), world.owner.account.id, "another horse").await.unwrap();
    let token = world.auth.issue_refresh_token(REGISTRY, &before, SERVICE, CLIENT).await.unwrap().unwrap();
    assert!(is_bad(&world, &token).await);
}

#[tokio::test]
async fn it_is_bound_to_registry_service_and_client() {
    let world = World::new().await;
    let token = issue(&world).await;
    for (registry, service, client) in [
        (RegistryId::new(2), SERVICE, CLIENT),
        (REGISTRY, "another.example.org", CLIENT),
        (REGISTRY, SERVICE, "docker"),
    ] {
        let answer = world.auth.redeem_refresh_token(registry, &token, service, client).await;
        assert!(matches!(answer, Err(AuthenticationError::BadCredentials)));
    }
    assert!(redeem(&world, &token).await.is_ok(), "a mistake is no theft");
}

#[tokio::test]
async fn it_ends_and_is_swept() {
    let world = World::new().await;
    let token = issue(&world).await;
    world.clock.advance(Duration::from_secs(30 * 86_400));
    assert!(is_bad(&world, &token).await);
    world.auth.maintain().await.unwrap();
    assert_eq!(world.meta.delete_expired_refresh_tokens(world.clock.now()).await.unwrap(), 0);
    for nonsense in ["", "x", &"x".repeat(100_000), "\u{0}"] {
        assert!(is_bad(&world, nonsense).await);
    }
}

#[tokio::test]
async fn a_new_password_and_a_disabled_account_void_it() {
    let world = World::new().await;
    let token = issue(&world).await;
    world.accounts.set_password(&act(world.clock.clone()), world.owner.account.id, "another horse").await.unwrap();
    assert!(is_bad(&world, &token).await);

    let other = world.other().await;
    let token = world.auth.issue_refresh_token(REGISTRY, &other, SERVICE, CLIENT).await.unwrap().unwrap();
    world.meta.set_account_status(&act(world.clock.clone()), other.account, AccountStatus::Disabled).await.unwrap();
    assert!(is_bad(&world, &token).await);
}

#[tokio::test]
async fn the_database_does_not_hold_it() {
    let world = World::new().await;
    let token = issue(&world).await;
    assert!(world.meta.refresh_token(token.as_bytes()).await.unwrap().is_none());
}
