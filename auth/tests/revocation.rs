//! Issued tokens and cached rows are void once the right has gone.

#![expect(clippy::unwrap_used, reason = "a test: to panic is how it tells")]

mod common;

use roadstead_storage::testkit::act;
use std::time::Duration;

use common::{ADDRESS, PASSWORD, REGISTRY, SERVICE, World, basic, bearer, client, name, params};
use roadstead_auth::{Auth, AuthenticationError, Caller, Denied, LEASE, NewSession, Pull, Push, TemporaryKey};
use roadstead_storage::blob::BlobKey;
use roadstead_storage::meta::{AccountStatus, CommitBlob, Made, MetaStore, Scope};
use roadstead_types::{Algorithm, Clock as _, Digest, RepositoryId};

const SCOPES: [&str; 2] = ["repository:team/app:pull,push", "repository:others/app:pull,push"];

async fn may_pull(auth: &Auth, caller: &Caller, repository: &str) -> Result<(), Denied> {
    auth.authorize::<Pull>(caller, REGISTRY, &name(repository)).await.map(|_| ())
}

async fn may_push(auth: &Auth, caller: &Caller, repository: &str) -> Result<(), Denied> {
    auth.authorize::<Push>(caller, REGISTRY, &name(repository)).await.map(|_| ())
}

fn is_bad<T>(answer: &Result<T, AuthenticationError>) -> bool {
    matches!(answer, Err(AuthenticationError::BadCredentials))
}

#[tokio::test]
async fn a_new_password_voids_tokens_and_the_old_password() {
    let world = World::new().await;
    let owner = world.owner().await;
    let token = world.issue(Some(&owner), &SCOPES).await.token;
    assert!(world.bearer(&token).await.is_ok());
    world.accounts.set_password(&act(world.clock.clone()), owner.account, "another horse").await.unwrap();
    world.auth.changed(&Scope::Account(owner.account));
    assert!(is_bad(&world.bearer(&token).await));
    let old = world.auth.basic(REGISTRY, owner.uin.as_str(), PASSWORD, ADDRESS).await;
    assert!(is_bad(&old), "although it was remembered");
    let owner = world.login(&world.owner, "another horse").await;
    assert_eq!(owner.credential_version, 2);
    let token = world.issue(Some(&owner), &SCOPES).await.token;
    assert!(world.bearer(&token).await.is_ok());
}

#[tokio::test]
async fn a_disabled_account_is_out_and_its_tokens_stay_void() {
    let world = World::new().await;
    let owner = world.owner().await;
    let token = world.issue(Some(&owner), &SCOPES).await.token;
    assert!(world.bearer(&token).await.is_ok());
    let set = async |status| {
        assert!(world.meta.set_account_status(&act(world.clock.clone()), owner.account, status).await.unwrap());
        assert!(world.auth.poll_changes().await.unwrap().changed);
    };
    set(AccountStatus::Disabled).await;
    assert!(is_bad(&world.bearer(&token).await));
    assert!(is_bad(&world.auth.basic(REGISTRY, owner.uin.as_str(), PASSWORD, ADDRESS).await));
    set(AccountStatus::Active).await;
    assert!(is_bad(&world.bearer(&token).await), "what was revoked stays so");
    assert!(world.auth.basic(REGISTRY, owner.uin.as_str(), PASSWORD, ADDRESS).await.is_ok());
}

#[tokio::test]
async fn changes_of_another_process_are_noticed() {
    let world = World::new().await;
    let id = world.repository("team/app", true).await;
    let (owner, other) = (world.owner().await, world.other().await);
    let token = world.issue(Some(&other), &SCOPES).await.token;
    let caller = world.bearer(&token).await.unwrap();
    assert!(may_pull(&world.auth, &caller, "team/app").await.is_ok());
    world.auth.poll_changes().await.unwrap();
    assert!(!world.auth.poll_changes().await.unwrap().changed, "nothing new");

    // The other process has a store of its own.
    let elsewhere = world.database.open("two").await;
    assert!(elsewhere.set_visibility(&act(world.clock.clone()), id, false).await.unwrap());
    assert!(world.auth.poll_changes().await.unwrap().changed);
    assert!(matches!(may_pull(&world.auth, &caller, "team/app").await, Err(Denied::Forbidden)));
    assert!(may_pull(&world.auth, &basic(&owner), "team/app").await.is_ok());

    elsewhere.set_account_status(&act(world.clock.clone()), other.account, AccountStatus::Disabled).await.unwrap();
    assert!(world.auth.poll_changes().await.unwrap().changed);
    assert!(is_bad(&world.bearer(&token).await));
}

/// Makes a repository by pushing to it, without telling any process.
async fn push(world: &World, meta: &MetaStore, repository: &str) -> Made {
    let (repository, digest) = (name(repository), Digest::of(Algorithm::Sha256, repository.as_bytes()));
    let (key, now) = (BlobKey::fresh(&digest), world.clock.now());
    let commit = CommitBlob {
        registry: REGISTRY,
        namespace: world.namespace,
        repository: &repository,
        digest: &digest,
        key: &key,
        size: 1,
        upload: None,
        lease_until: now,
    };
    meta.commit_blob(&act(world.clock.clone()), &commit).await.unwrap().repository_created.unwrap()
}

/// Returns the repository that the owner finds, and how many rows had to be read for that.
async fn look(world: &World, owner: &Caller, repository: &str) -> (Option<RepositoryId>, u64) {
    let before = world.auth.cache_stats().repository_misses;
    let access = world.auth.authorize::<Pull>(owner, REGISTRY, &name(repository)).await.unwrap();
    (access.repository_id(), world.auth.cache_stats().repository_misses - before)
}

#[tokio::test]
async fn first_pushes_of_this_process_leave_its_memory_as_it_is() {
    let world = World::new().await;
    let known = world.repository("team/app", false).await;
    let owner = basic(&world.owner().await);
    world.auth.poll_changes().await.unwrap();
    assert_eq!(look(&world, &owner, "team/app").await, (Some(known), 1));
    for number in 0..20 {
        let made = format!("team/made-{number}");
        assert_eq!(look(&world, &owner, &made).await, (None, 1));
        let told = push(&world, &world.meta, &made).await;
        world.auth.repository_made(REGISTRY, &name(&made), &told);
        assert!(!world.auth.poll_changes().await.unwrap().changed, "the change of this process is no news");
        assert_eq!(look(&world, &owner, "team/app").await, (Some(known), 0));
        assert!(look(&world, &owner, &made).await.0.is_some());
    }
}

#[tokio::test]
async fn a_foreign_change_between_two_of_this_process_is_noticed() {
    let world = World::new().await;
    let elsewhere = world.database.open("two").await;
    let (owner, other) = (basic(&world.owner().await), world.other().await);
    let others = world.issue(Some(&other), &SCOPES).await.token;
    world.auth.poll_changes().await.unwrap();
    let make = async |repository: &str| {
        let told = push(&world, &world.meta, repository).await;
        world.auth.repository_made(REGISTRY, &name(repository), &told);
    };
    // Another process makes a repository.
    assert_eq!(look(&world, &owner, "team/foreign").await, (None, 1));
    make("team/a").await;
    push(&world, &elsewhere, "team/foreign").await;
    make("team/b").await;
    assert_eq!(look(&world, &owner, "team/foreign").await, (None, 0), "it has not been looked for");
    assert!(!world.auth.poll_changes().await.unwrap().changed, "nothing else has changed");
    assert!(look(&world, &owner, "team/foreign").await.0.is_some());
    // Another process disables an account.
    make("team/c").await;
    elsewhere.set_account_status(&act(world.clock.clone()), other.account, AccountStatus::Disabled).await.unwrap();
    make("team/d").await;
    assert!(world.auth.poll_changes().await.unwrap().changed);
    assert!(is_bad(&world.bearer(&others).await));
    // A repository that this process makes without telling its caches (its request was cut off, say) is found as if
    // another process had made it.
    assert_eq!(look(&world, &owner, "team/silent").await, (None, 1));
    make("team/e").await;
    push(&world, &world.meta, "team/silent").await;
    world.auth.poll_changes().await.unwrap();
    assert!(look(&world, &owner, "team/silent").await.0.is_some());
}

#[tokio::test]
async fn when_the_counter_cannot_be_read_rows_run_out() {
    let world = World::new().await;
    let id = world.repository("team/app", true).await;
    let anybody = Caller::anonymous(client());
    assert!(may_pull(&world.auth, &anybody, "team/app").await.is_ok());
    // Polled once a second for ten seconds: the row stays trusted all the while.
    for _ in 0..10 {
        world.clock.advance(Duration::from_secs(1));
        world.auth.poll_changes().await.unwrap();
        assert!(may_pull(&world.auth, &anybody, "team/app").await.is_ok());
    }
    let before = world.auth.cache_stats();
    assert!(may_pull(&world.auth, &anybody, "team/app").await.is_ok());
    let after = world.auth.cache_stats();
    assert_eq!(
        (after.repository_hits, after.repository_misses),
        (before.repository_hits + 1, before.repository_misses)
    );

    // Without polls, the change is seen when the lease is over.
    world.meta.set_visibility(&act(world.clock.clone()), id, false).await.unwrap();
    world.clock.advance(LEASE);
    assert!(may_pull(&world.auth, &anybody, "team/app").await.is_ok());
    world.clock.advance(Duration::from_millis(1));
    assert!(matches!(may_pull(&world.auth, &anybody, "team/app").await, Err(Denied::Unauthenticated)));
    assert!(world.auth.poll_changes().await.unwrap().changed);

    world.meta.close().await;
    assert!(world.auth.poll_changes().await.is_err());
    world.clock.advance(LEASE * 2);
    assert!(matches!(may_pull(&world.auth, &anybody, "team/app").await, Err(Denied::Unavailable(_))));
}

#[tokio::test]
async fn public_to_private_counts_at_once_in_this_process() {
    let world = World::new().await;
    let id = world.repository("team/app", true).await;
    let caller = world.caller(None, &SCOPES).await;
    assert!(may_pull(&world.auth, &caller, "team/app").await.is_ok());
    world.meta.set_visibility(&act(world.clock.clone()), id, false).await.unwrap();
    world.auth.repository_changed(REGISTRY, &name("team/app"));
    assert!(matches!(may_pull(&world.auth, &caller, "team/app").await, Err(Denied::Unauthenticated)));
}

#[tokio::test]
async fn a_repository_made_by_another_process_is_seen_at_once() {
    let world = World::new().await;
    let owner = world.owner().await;
    let access = world.auth.authorize::<Pull>(&basic(&owner), REGISTRY, &name("team/app")).await.unwrap();
    assert_eq!(access.repository_id(), None);
    let elsewhere = world.another_process(params()).await;
    let id = world.repository("team/app", false).await;
    let pull = elsewhere.authorize::<Pull>(&basic(&owner), REGISTRY, &name("team/app")).await.unwrap();
    assert_eq!(pull.repository_id(), Some(id));
}

#[tokio::test]
async fn a_deleted_repository_is_not_its_successor() {
    let world = World::new().await;
    let id = world.repository("team/app", true).await;
    let owner = world.owner().await;
    let pull = async || world.auth.authorize::<Pull>(&basic(&owner), REGISTRY, &name("team/app")).await.unwrap();
    assert_eq!(pull().await.repository_id(), Some(id));
    world.meta.delete_repository(&act(world.clock.clone()), id, true).await.unwrap();
    world.auth.repository_changed(REGISTRY, &name("team/app"));
    assert_eq!(pull().await.repository_id(), None);
    let next = world.repository("team/app", false).await;
    assert_ne!(next, id);
    assert_eq!(pull().await.repository_id(), Some(next));
}

#[tokio::test]
async fn a_namespace_that_was_made_again_is_another_one() {
    let world = World::new().await;
    let (owner, other) = (world.owner().await, world.other().await);
    let caller = world.caller(Some(&owner), &SCOPES).await;
    assert!(may_push(&world.auth, &caller, "team/app").await.is_ok());
    let anybody = world.caller(None, &["repository:team/app:pull"]).await;

    let team = "team".parse().unwrap();
    assert!(world.meta.delete_namespace(&act(world.clock.clone()), REGISTRY, &team).await.unwrap());
    world.auth.changed(&Scope::System);
    assert!(matches!(may_push(&world.auth, &caller, "team/app").await, Err(Denied::Forbidden)));

    // In the same second, by another account, with a public repository of the same name.
    world.clock.advance(Duration::from_millis(1));
    world.meta.create_namespace(&act(world.clock.clone()), REGISTRY, &team, other.account).await.unwrap();
    world.repository("team/app", true).await;
    assert!(matches!(may_push(&world.auth, &caller, "team/app").await, Err(Denied::Forbidden)));
    assert!(matches!(may_pull(&world.auth, &caller, "team/app").await, Err(Denied::InsufficientScope)));
    assert!(matches!(may_pull(&world.auth, &anybody, "team/app").await, Err(Denied::InsufficientScope)));
    let fresh = world.caller(Some(&owner), &SCOPES).await;
    assert!(may_pull(&world.auth, &fresh, "team/app").await.is_ok());
    assert!(may_push(&world.auth, &basic(&other), "team/app").await.is_ok());
}

#[tokio::test]
async fn a_namespace_taken_over_behind_our_back_gives_its_old_owner_nothing() {
    let world = World::new().await;
    let (owner, other) = (world.owner().await, world.other().await);
    // The namespace is cached, and no process announces its change.
    assert!(may_push(&world.auth, &basic(&owner), "team/first").await.is_ok());
    let team = "team".parse().unwrap();
    let elsewhere = world.another_process(params()).await;
    world.meta.delete_namespace(&act(world.clock.clone()), REGISTRY, &team).await.unwrap();
    world.meta.create_namespace(&act(world.clock.clone()), REGISTRY, &team, other.account).await.unwrap();
    let digest = Digest::of(Algorithm::Sha256, b"x");
    let namespace = world.meta.namespace(REGISTRY, "team").await.unwrap().unwrap().id;
    let commit = CommitBlob {
        registry: REGISTRY,
        namespace,
        repository: &name("team/app"),
        digest: &digest,
        key: &BlobKey::fresh(&digest),
        size: 1,
        upload: None,
        lease_until: world.clock.now(),
    };
    world.meta.commit_blob(&act(world.clock.clone()), &commit).await.unwrap();
    assert!(matches!(may_pull(&world.auth, &basic(&owner), "team/app").await, Err(Denied::Forbidden)));
    assert!(may_pull(&elsewhere, &basic(&other), "team/app").await.is_ok());
}

#[tokio::test]
async fn a_login_right_after_a_change_elsewhere_is_good_at_once() {
    let world = World::new().await;
    let owner = world.owner().await;
    assert!(world.bearer(&world.issue(Some(&owner), &[]).await.token).await.is_ok());
    // Another process sets the password, and this one has not noticed yet.
    world.accounts.set_password(&act(world.clock.clone()), owner.account, "another horse").await.unwrap();
    let owner = world.login(&world.owner, "another horse").await;
    let token = world.issue(Some(&owner), &[]).await.token;
    assert!(bearer(&world.auth, &token).await.is_ok());
    assert!(world.auth.bearer(REGISTRY, &token, SERVICE).await.is_ok());
}

#[tokio::test]
async fn what_an_access_key_made_ends_with_it() {
    let world = World::new().await;
    let elsewhere = world.another_process(params()).await;
    let owner = world.owner().await;
    let (id, uin) = (&world.owner.secret_id, owner.uin.as_str());
    let federation = |key| {
        let session = NewSession::Federation { name: "deploy" };
        world.auth.issue_temporary(&owner, session, None, Duration::from_secs(36 * 3600), key).unwrap()
    };
    let password = |key| world.auth.temporary_password(&owner, REGISTRY, key).unwrap().password;
    let bearer_for = async |password: &str| {
        let identity = world.auth.basic(REGISTRY, uin, password, ADDRESS).await.unwrap();
        world.auth.issue(REGISTRY, &basic(&identity), SERVICE, &[]).await.unwrap().token
    };
    let (bound, free) = ((federation(Some(id)), password(Some(id))), (federation(None), password(None)));
    let bearers = (bearer_for(&bound.1).await, bearer_for(&free.1).await);
    // Tells which of the temporary key, the password and the bearer token are valid.
    let good = async |auth: &Auth, (key, password): &(TemporaryKey, String), token: &str| {
        [
            auth.temporary(&key.secret_id, &key.token).await.is_ok(),
            auth.basic(REGISTRY, uin, password, ADDRESS).await.is_ok(),
            auth.bearer(REGISTRY, token, SERVICE).await.is_ok(),
        ]
    };
    let expect = async |expected: bool, what: &str| {
        for auth in [&world.auth, &elsewhere] {
            auth.poll_changes().await.unwrap();
            assert_eq!(good(auth, &bound, &bearers.0).await, [expected; 3], "{what}");
            assert_eq!(good(auth, &free, &bearers.1).await, [true; 3], "{what}: what no key made");
        }
    };
    expect(true, "made").await;
    world.meta.set_access_key_active(&act(world.clock.clone()), owner.account, id, false).await.unwrap();
    expect(false, "disabled").await;
    world.meta.set_access_key_active(&act(world.clock.clone()), owner.account, id, true).await.unwrap();
    expect(true, "enabled").await;
    // The key of another account does not count.
    let others = Some(&world.other.secret_id);
    let foreign = (federation(others), password(others));
    assert_eq!(good(&world.auth, &foreign, "").await, [false; 3]);
    world.meta.delete_access_key(&act(world.clock.clone()), owner.account, id).await.unwrap();
    expect(false, "deleted").await;
}
