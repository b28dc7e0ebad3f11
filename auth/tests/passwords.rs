//! Signing in with a password.

#![expect(clippy::unwrap_used, reason = "a test: to panic is how it tells")]

mod common;

use roadstead_storage::testkit::act;
use std::sync::Arc;
use std::time::Duration;

use common::{ADDRESS, CHEAP, MASTER_KEY, PASSWORD, REGISTRY, World, params};
use roadstead_auth::{
    Accounts, Argon2Params, Auth, AuthenticationError, Error, NewMainAccount, Sealer, generate_secret_id,
};
use roadstead_storage::meta::{AccountStatus, AuditQuery, Quotas};
use roadstead_types::Clock as _;

async fn is_bad(auth: &Auth, username: &str, password: &str) -> bool {
    let answer = auth.basic(REGISTRY, username, password, ADDRESS).await;
    matches!(answer, Err(AuthenticationError::BadCredentials))
}

#[tokio::test]
async fn only_the_uin_and_the_password_are_good() {
    let world = World::new().await;
    let uin = world.owner.account.uin.as_str();
    let owner = world.auth.basic(REGISTRY, uin, PASSWORD, ADDRESS).await.unwrap();
    assert_eq!((owner.account, owner.owner), (world.owner.account.id, world.owner.account.id));
    world
        .meta
        .set_account_status(&act(world.clock.clone()), world.other.account.id, AccountStatus::Disabled)
        .await
        .unwrap();
    let disabled = world.other.account.uin.as_str();
    let spaced = format!(" {uin}");
    for (username, password) in [
        (uin, "wrong"),
        (uin, ""),
        (uin, "correct horse "),
        ("100000000000", PASSWORD),
        ("owner", PASSWORD),
        ("", PASSWORD),
        (&spaced, PASSWORD),
        ("' OR 1=1 --", PASSWORD),
        (disabled, PASSWORD),
        (disabled, "wrong"),
    ] {
        assert!(is_bad(&world.auth, username, password).await, "{username:?} {password:?}");
    }
    assert!(is_bad(&world.auth, "owner", &"x".repeat(100_000)).await);
}

#[tokio::test]
async fn a_right_password_is_recognised_for_a_while() {
    let world = World::new().await;
    let stats = || {
        let stats = world.auth.cache_stats();
        (stats.password_hits, stats.password_misses)
    };
    world.owner().await;
    assert_eq!(stats(), (0, 1));
    world.owner().await;
    world.owner().await;
    assert_eq!(stats(), (2, 1));
    world.clock.advance(Duration::from_secs(600));
    world.owner().await;
    assert_eq!(stats(), (2, 2), "the price is due again");
    assert!(is_bad(&world.auth, world.owner.account.uin.as_str(), "wrong").await);
    assert!(is_bad(&world.auth, world.owner.account.uin.as_str(), "wrong").await);
    assert_eq!(stats(), (2, 4), "wrong ones are not remembered");
}

/// A client behind the same address keeps trying an old password.
#[tokio::test]
async fn a_right_password_in_use_does_not_compete_with_wrong_ones() {
    let world = World::new().await;
    let uin = world.owner.account.uin.as_str();
    world.owner().await;
    let started = world.clock.now();
    let minute = Duration::from_secs(60);
    while world.clock.now().since(started) < 60 * 24 * minute {
        for _ in 0..10 {
            assert!(world.auth.basic(REGISTRY, uin, "wrong", ADDRESS).await.is_err());
        }
        assert!(world.auth.basic(REGISTRY, uin, PASSWORD, ADDRESS).await.is_ok(), "{:?}", world.clock.now());
        world.clock.advance(4 * minute);
    }
    assert_eq!(world.auth.cache_stats().password_hits, 360, "its price was due again after a day");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_pay_once() {
    let world = Arc::new(World::with(roadstead_auth::AuthParams { argon2: CHEAP, ..params() }).await);
    let logins: Vec<_> = (0..50)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.owner().await })
        })
        .collect();
    for login in logins {
        login.await.unwrap();
    }
    // At ten attempts a minute, fifty logins can only succeed if most of them were not counted.
    assert!(world.auth.basic(REGISTRY, world.owner.account.uin.as_str(), PASSWORD, ADDRESS).await.is_ok());
}

#[tokio::test]
async fn attempts_are_limited_but_who_is_known_gets_in() {
    let world = World::new().await;
    world.owner().await;
    let uin = world.owner.account.uin.as_str();
    for attempt in 0..9 {
        assert!(is_bad(&world.auth, uin, &format!("wrong {attempt}")).await);
    }
    let answer = world.auth.basic(REGISTRY, uin, "wrong again", ADDRESS).await;
    let Err(AuthenticationError::Throttled { retry_after }) = answer else { panic!("{answer:?}") };
    assert!(retry_after > Duration::ZERO && retry_after <= Duration::from_secs(60));
    world.owner().await;
    let other = world.auth.basic(REGISTRY, world.other.account.uin.as_str(), PASSWORD, ADDRESS).await;
    assert!(other.is_ok(), "another account");
    let elsewhere = "198.51.100.1".parse().unwrap();
    assert!(
        world
            .auth
            .basic(REGISTRY, uin, "wrong", elsewhere)
            .await
            .is_err_and(|e| !matches!(e, AuthenticationError::Throttled { .. }))
    );
    world.clock.advance(retry_after);
    assert!(is_bad(&world.auth, uin, "wrong again").await, "looked at again");
}

#[tokio::test]
async fn a_dearer_hash_replaces_a_cheaper_one() {
    let world = World::new().await;
    let dear = Argon2Params { iterations: 2, ..CHEAP };
    let auth = world.another_process(roadstead_auth::AuthParams { argon2: dear, ..params() }).await;
    let id = world.owner.account.id;
    let before = world.meta.password_hash(id).await.unwrap().unwrap();
    auth.basic(REGISTRY, world.owner.account.uin.as_str(), PASSWORD, ADDRESS).await.unwrap();
    let after = world.meta.password_hash(id).await.unwrap().unwrap();
    assert!(before.contains("t=1") && after.contains("t=2"));
    let account = world.meta.account(id).await.unwrap().unwrap();
    assert_eq!(account.credential_version, 1, "what was issued stays good");
    assert!(world.auth.basic(REGISTRY, account.uin.as_str(), PASSWORD, ADDRESS).await.is_ok());
}

#[tokio::test]
async fn when_the_store_is_gone_nobody_gets_in() {
    let world = World::new().await;
    world.owner().await;
    world.meta.close().await;
    world.clock.advance(Duration::from_secs(10));
    for password in [PASSWORD, "wrong"] {
        let answer = world.auth.basic(REGISTRY, world.owner.account.uin.as_str(), password, ADDRESS).await;
        assert!(matches!(answer, Err(AuthenticationError::Unavailable(_))), "{password}");
    }
}

#[tokio::test]
async fn accounts_are_made_with_what_is_given_or_at_random() {
    let world = World::new().await;
    let made = world.accounts.create(&act(world.clock.clone()), &NewMainAccount::named("third")).await.unwrap();
    world.login(&made, &made.password).await;
    let shown = format!("{made:?}");
    assert!(!shown.contains(&made.password) && !shown.contains(&made.secret_key));
    let key = world.meta.access_key(&made.secret_id).await.unwrap().unwrap();
    assert_eq!(key.account, made.account.id);
    let opened = Sealer::new(MASTER_KEY).open(&format!("access-key/{}", made.secret_id), &key.sealed_secret).unwrap();
    assert_eq!(opened.as_slice(), made.secret_key.as_bytes());

    let (id, secret) = (generate_secret_id(), "0123456789abcdefghijklmnopqrstuv".to_owned());
    let namespace = "fourth-space".parse().unwrap();
    let chosen = world
        .accounts
        .create(
            &act(world.clock.clone()),
            &NewMainAccount {
                password: Some("chosen password"),
                key: Some((&id, &secret)),
                quotas: Some(Quotas::unlimited()),
                namespace: Some(&namespace),
                ..NewMainAccount::named("fourth")
            },
        )
        .await;
    let chosen = chosen.unwrap();
    assert_eq!((&*chosen.password, &chosen.secret_id, &chosen.secret_key), ("chosen password", &id, &secret));
    assert_eq!(world.meta.quotas(chosen.account.id).await.unwrap(), Quotas::unlimited());
    let space = world.meta.namespace(REGISTRY, "fourth-space").await.unwrap().unwrap();
    assert_eq!(space.owner, chosen.account.id);
    let query = AuditQuery { limit: 1, ..AuditQuery::default() };
    let row = world.meta.audit_events(&query).await.unwrap().remove(0).1;
    assert_eq!(row.resource, format!("{} {id} fourth-space", chosen.account.uin), "one row names all of it");

    let accounts: &Accounts = &world.accounts;
    let conflict = |error| matches!(error, Error::Storage(roadstead_storage::Error::Conflict(_)));
    assert!(conflict(accounts.create(&act(world.clock.clone()), &NewMainAccount::named("owner")).await.unwrap_err()));
    let fifth = NewMainAccount::named("fifth");
    for taken in
        [NewMainAccount { key: Some((&id, &secret)), ..fifth }, NewMainAccount { namespace: Some(&namespace), ..fifth }]
    {
        assert!(conflict(accounts.create(&act(world.clock.clone()), &taken).await.unwrap_err()));
        assert!(world.meta.account_by_name("fifth").await.unwrap().is_none(), "nothing is left behind");
    }
    assert!(matches!(
        accounts.create(&act(world.clock.clone()), &NewMainAccount::named("a b")).await,
        Err(Error::NameRules)
    ));
    assert!(matches!(
        accounts
            .create(
                &act(world.clock.clone()),
                &NewMainAccount { password: Some("short"), ..NewMainAccount::named("fifth") }
            )
            .await,
        Err(Error::PasswordRules)
    ));
    assert!(matches!(
        accounts.set_password(&act(world.clock.clone()), made.account.id, "short").await,
        Err(Error::PasswordRules)
    ));
}
