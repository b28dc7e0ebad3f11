//! Passwords that the registry makes: their rights and their end.

#![expect(clippy::unwrap_used, reason = "a test: to panic is how it tells")]

mod common;

use roadstead_storage::testkit::act;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{ADDRESS, PASSWORD, REGISTRY, SERVICE, World, params};
use roadstead_auth::{Auth, AuthenticationError, Identity};
use roadstead_storage::meta::{AccountStatus, Edition, Instance, NewInstance, Payment, Scope};
use roadstead_types::{Clock as _, InstanceId, RegistryId};

const HOUR: Duration = Duration::from_secs(3600);

async fn instance(world: &World, name: &str) -> Instance {
    let new = NewInstance {
        id: &InstanceId::random(),
        name: &name.parse().unwrap(),
        owner: world.owner.account.id,
        edition: Edition::Basic,
        payment: Payment { prepaid: false, renew_flag: 0, expires_at: None },
        deletion_protection: false,
        versioning: false,
        multi_zone: false,
        tags: &[],
    };
    world.meta.create_instance(&act(world.clock.clone()), &new, 10).await.unwrap()
}

async fn login(
    auth: &Auth,
    registry: RegistryId,
    username: &str,
    password: &str,
) -> Result<Arc<Identity>, AuthenticationError> {
    auth.basic(registry, username, password, ADDRESS).await
}

fn refused(outcome: &Result<Arc<Identity>, AuthenticationError>) -> bool {
    matches!(outcome, Err(AuthenticationError::BadCredentials))
}

#[tokio::test]
async fn a_temporary_password_is_good_for_an_hour_in_one_registry() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (one, two) = (instance(&world, "one").await.registry, instance(&world, "two").await.registry);
    let made = world.auth.temporary_password(&owner, one, None).unwrap();
    let uin = made.username.as_str();
    assert_eq!(made.username, owner.uin);
    assert!(!format!("{made:?}").contains(&made.password));
    let counted = world.auth.cache_stats().password_misses;
    let who = login(&world.auth, one, uin, &made.password).await.unwrap();
    assert_eq!((who.account, who.owner), (owner.account, owner.owner));
    assert_eq!(world.auth.cache_stats().password_misses, counted, "no password was hashed");
    for registry in [two, REGISTRY] {
        assert!(refused(&login(&world.auth, registry, uin, &made.password).await));
    }
    let other = world.other().await;
    for name in [other.uin.as_str(), "", "owner", "tcr$robot"] {
        assert!(refused(&login(&world.auth, one, name, &made.password).await), "{name}");
    }
    for at in [5, 20, made.password.len() - 1] {
        let mut forged = made.password.clone().into_bytes();
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        assert!(refused(&login(&world.auth, one, uin, &forged).await), "{at}");
    }
    world.clock.advance(HOUR - Duration::from_millis(1));
    login(&world.auth, one, uin, &made.password).await.unwrap();
    world.clock.advance(Duration::from_millis(1));
    assert!(refused(&login(&world.auth, one, uin, &made.password).await));
}

#[tokio::test]
async fn a_password_ends_with_the_credentials_that_it_was_made_under() {
    let world = World::new().await;
    let owner = world.owner().await;
    let registry = instance(&world, "one").await.registry;
    let temporary = world.auth.temporary_password(&owner, registry, None).unwrap();
    let (_, long) = world.auth.create_instance_token(&act(world.clock.clone()), &owner, registry, "").await.unwrap();
    let personal = world.auth.temporary_password(&owner, REGISTRY, None).unwrap();
    login(&world.auth, REGISTRY, personal.username.as_str(), &personal.password).await.unwrap();
    world.accounts.set_password(&act(world.clock.clone()), owner.account, "another horse").await.unwrap();
    world.auth.changed(&Scope::Account(owner.account));
    let all = [(registry, &temporary), (registry, &long), (REGISTRY, &personal)];
    for (registry, made) in all {
        assert!(refused(&login(&world.auth, registry, made.username.as_str(), &made.password).await));
    }
    let owner = world.login(&world.owner, "another horse").await;
    let made = world.auth.temporary_password(&owner, registry, None).unwrap();
    login(&world.auth, registry, made.username.as_str(), &made.password).await.unwrap();
    world.meta.set_account_status(&act(world.clock.clone()), owner.account, AccountStatus::Disabled).await.unwrap();
    world.auth.changed(&Scope::Account(owner.account));
    assert!(refused(&login(&world.auth, registry, made.username.as_str(), &made.password).await));
}

#[tokio::test]
async fn a_long_term_token_can_be_taken_back() {
    let world = World::new().await;
    let elsewhere = world.another_process(params()).await;
    let owner = world.owner().await;
    let (one, two) = (instance(&world, "one").await.registry, instance(&world, "two").await.registry);
    let (id, made) =
        world.auth.create_instance_token(&act(world.clock.clone()), &owner, one, "for tests").await.unwrap();
    let uin = made.username.as_str();
    let row = world.meta.instance_token(&id).await.unwrap().unwrap();
    assert_eq!((row.registry, row.account, row.description.as_str()), (one, owner.account, "for tests"));
    assert_eq!(row.expires_at, made.expires_at);
    let good = async |auth: &Auth| login(auth, one, uin, &made.password).await.is_ok();
    assert!(good(&world.auth).await && good(&elsewhere).await);
    assert!(refused(&login(&world.auth, two, uin, &made.password).await));
    // The change takes effect as soon as the other process polls.
    world.meta.modify_instance_token(&act(world.clock.clone()), one, &id, Some(false), None).await.unwrap();
    assert!(elsewhere.poll_changes().await.unwrap().changed);
    assert!(!good(&elsewhere).await);
    world.meta.modify_instance_token(&act(world.clock.clone()), one, &id, Some(true), None).await.unwrap();
    assert!(elsewhere.poll_changes().await.unwrap().changed);
    assert!(good(&elsewhere).await);
    world.meta.delete_instance_token(&act(world.clock.clone()), one, &id).await.unwrap();
    for auth in [&world.auth, &elsewhere] {
        auth.poll_changes().await.unwrap();
        assert!(!good(auth).await);
    }
    let (_, made) = world.auth.create_instance_token(&act(world.clock.clone()), &owner, one, "").await.unwrap();
    world.clock.advance(made.expires_at.since(world.clock.now()) - Duration::from_millis(1));
    login(&world.auth, one, uin, &made.password).await.unwrap();
    world.clock.advance(Duration::from_millis(1));
    assert!(refused(&login(&world.auth, one, uin, &made.password).await));
}

#[tokio::test]
async fn a_long_term_token_is_its_row_and_its_secret() {
    let world = World::new().await;
    let owner = world.owner().await;
    let one = instance(&world, "one").await.registry;
    let uin = owner.uin.as_str();
    let decode = |made: &roadstead_auth::RegistryPassword| URL_SAFE_NO_PAD.decode(&made.password[4..]).unwrap();
    let encode = |bytes: &[u8]| format!("rsd_{}", URL_SAFE_NO_PAD.encode(bytes));
    let (_, first) = world.auth.create_instance_token(&act(world.clock.clone()), &owner, one, "").await.unwrap();
    let first = decode(&first);
    // A client asks for a row before it exists. That it was missing is not cached.
    let mut next = first.clone();
    next[8] += 1;
    assert!(refused(&login(&world.auth, one, uin, &encode(&next)).await));
    let (_, second) = world.auth.create_instance_token(&act(world.clock.clone()), &owner, one, "").await.unwrap();
    assert_eq!(decode(&second)[..9], next[..9]);
    login(&world.auth, one, uin, &second.password).await.unwrap();
    // The secret of one row does not open another one, and neither does any changed byte.
    assert!(refused(&login(&world.auth, one, uin, &encode(&next)).await));
    for at in 1..first.len() {
        let mut forged = first.clone();
        forged[at] ^= 0x40;
        assert!(refused(&login(&world.auth, one, uin, &encode(&forged)).await), "{at}");
    }
    login(&world.auth, one, uin, &encode(&first)).await.unwrap();
    let other = world.other().await;
    assert!(refused(&login(&world.auth, one, other.uin.as_str(), &encode(&first)).await));
    world.accounts.set_password(&act(world.clock.clone()), owner.account, "another horse").await.unwrap();
    world.auth.changed(&Scope::Account(owner.account));
    assert!(refused(&login(&world.auth, one, uin, &encode(&first)).await));
}

#[tokio::test]
async fn a_token_of_another_master_key_is_none() {
    let world = World::new().await;
    let owner = world.owner().await;
    let other = World::new().await;
    let made = world.auth.temporary_password(&owner, REGISTRY, None).unwrap();
    // The other registry has the same master key, but another account.
    assert!(refused(&login(&other.auth, REGISTRY, made.username.as_str(), &made.password).await));
    assert!(refused(&login(&world.auth, REGISTRY, made.username.as_str(), PASSWORD.trim_end_matches('e')).await));
}

#[tokio::test]
async fn a_host_leads_to_a_registry() {
    let world = World::new().await;
    let elsewhere = world.another_process(params()).await;
    let of = async |auth: &Auth, host: &str| auth.registry_of(host).await.unwrap();
    for host in ["team.localhost:5000", "localhost", "", "registry.example.org", "[::1]:5000"] {
        assert_eq!(of(&world.auth, host).await, REGISTRY, "{host}");
    }
    assert_eq!(of(&elsewhere, "team.localhost").await, REGISTRY);
    let made = instance(&world, "team").await;
    for auth in [&world.auth, &elsewhere] {
        assert!(auth.poll_changes().await.unwrap().changed);
        for host in ["team.localhost:5000", "TEAM.LocalHost", "team.localhost."] {
            assert_eq!(of(auth, host).await, made.registry, "{host}");
        }
        assert_eq!(of(auth, "teams.localhost").await, REGISTRY);
    }
    world.meta.condemn_instance(&act(world.clock.clone()), made.registry, true).await.unwrap();
    for auth in [&world.auth, &elsewhere] {
        auth.poll_changes().await.unwrap();
        assert_eq!(of(auth, "team.localhost").await, REGISTRY);
    }
}

#[tokio::test]
async fn a_bearer_token_is_as_good_as_what_it_was_had_for() {
    let world = World::new().await;
    let owner = world.owner().await;
    let registry = instance(&world, "one").await.registry;
    let (id, long) = world.auth.create_instance_token(&act(world.clock.clone()), &owner, registry, "").await.unwrap();
    let temporary = world.auth.temporary_password(&owner, registry, None).unwrap();
    let bearer = async |made: &roadstead_auth::RegistryPassword| {
        let identity = login(&world.auth, registry, made.username.as_str(), &made.password).await.unwrap();
        assert!(identity.session.is_some() && !identity.is_root());
        assert!(world.auth.temporary_password(&identity, registry, None).is_err(), "a session makes no other one");
        assert!(world.auth.create_instance_token(&act(world.clock.clone()), &identity, registry, "").await.is_err());
        let issued = world.auth.issue(registry, &common::basic(&identity), SERVICE, &[]).await.unwrap();
        (issued.token, issued.expires_in)
    };
    let good = async |token: &str| world.auth.bearer(registry, token, SERVICE).await.is_ok();
    let (token, expires_in) = bearer(&long).await;
    assert_eq!(expires_in, params().token_lifetime);
    assert!(good(&token).await);
    let (who, _) = world.auth.bearer(registry, &token, SERVICE).await.unwrap();
    assert!(who.unwrap().session.is_some());
    world.meta.modify_instance_token(&act(world.clock.clone()), registry, &id, Some(false), None).await.unwrap();
    world.auth.poll_changes().await.unwrap();
    assert!(!good(&token).await);
    world.clock.advance(HOUR - Duration::from_secs(90));
    let (token, expires_in) = bearer(&temporary).await;
    assert_eq!(expires_in, Duration::from_secs(90));
    assert!(good(&token).await);
    // The leeway between clocks does not extend it.
    world.clock.advance(Duration::from_secs(90));
    assert!(!good(&token).await);
}
