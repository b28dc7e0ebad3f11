//! Every right of every kind of caller in every kind of place.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test: to panic is how it tells")]

mod common;

use common::{ADDRESS, ANYBODY, REGISTRY, World, basic, client, name, params};
use roadstead_auth::{Caller, ContentRight, Delete, Denied, NewMainAccount, Probe, Pull, Push};
use roadstead_storage::meta::Readable;
use roadstead_storage::testkit::act;
use roadstead_types::RegistryId;

async fn outcome<R: ContentRight>(world: &World, caller: &Caller, repository: &str) -> char {
    match world.auth.authorize::<R>(caller, REGISTRY, &name(repository)).await {
        Ok(access) => {
            assert_eq!((access.registry(), access.repository().as_str()), (REGISTRY, repository));
            'Y'
        }
        Err(Denied::Unauthenticated) => 'u',
        Err(Denied::InsufficientScope) => 's',
        Err(Denied::Forbidden) => 'f',
        Err(Denied::ReadOnly) => 'r',
        Err(Denied::Unavailable(error)) => panic!("{error}"),
    }
}

/// Pull, push, delete and probe, one letter each.
async fn outcomes(world: &World, caller: &Caller, repository: &str) -> String {
    let pull = outcome::<Pull>(world, caller, repository).await;
    let push = outcome::<Push>(world, caller, repository).await;
    let delete = outcome::<Delete>(world, caller, repository).await;
    let probe = outcome::<Probe>(world, caller, repository).await;
    [pull, push, delete, probe].iter().collect()
}

const PLACES: [&str; 6] =
    ["team/public", "team/private", "team/missing", "others/private", "others/missing", "nowhere/missing"];

async fn table(world: &World, callers: &[(&str, Caller)]) -> String {
    let mut table = String::new();
    for (who, caller) in callers {
        let mut row = format!("{who:<14}");
        for place in PLACES {
            row.push(' ');
            row.push_str(&outcomes(world, caller, place).await);
        }
        table.push_str(&row);
        table.push('\n');
    }
    table
}

async fn world(anonymous_pull: bool) -> World {
    let world = World::with(roadstead_auth::AuthParams { anonymous_pull, ..params() }).await;
    world.repository("team/public", true).await;
    world.repository("team/private", false).await;
    world.repository("others/private", false).await;
    world
}

fn scopes(actions: &str) -> Vec<String> {
    PLACES.iter().map(|place| format!("repository:{place}:{actions}")).collect()
}

#[tokio::test]
async fn who_may_do_what() {
    let world = world(true).await;
    let (owner, other) = (world.owner().await, world.other().await);
    let mut callers = vec![
        ("owner", basic(&owner)),
        ("other", basic(&other)),
        ("anonymous", Caller::anonymous(client())),
        ("owner, no scope", world.caller(Some(&owner), &[]).await),
        ("anybody, none", world.caller(None, &[]).await),
    ];
    for (who, identity, actions) in [
        ("owner, pull", Some(&owner), "pull"),
        ("owner, push", Some(&owner), "push"),
        ("owner, delete", Some(&owner), "delete"),
        ("owner, *", Some(&owner), "*"),
        ("owner, other", Some(&owner), "admin"),
        ("other, *", Some(&other), "*"),
        ("anybody, *", None, "*"),
    ] {
        let scopes = scopes(actions);
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        callers.push((who, world.caller(identity, &scopes).await));
    }
    // Columns: the owner's public, private and missing repository; another's private and missing one; no namespace.
    // Letters: pull, push, delete, probe. Y yes, u unauthenticated, s insufficient scope, f forbidden.
    let expected = "\
owner          YYYY YYYY YYYY ffff ffff ffff
other          YffY ffff ffff YYYY YYYY ffff
anonymous      YuuY uuuu uuuu uuuu uuuu uuuu
owner, no scope ssss ssss ssss ffff ffff ffff
anybody, none  suus uuuu uuuu uuuu uuuu uuuu
owner, pull    YssY YssY YssY ffff ffff ffff
owner, push    sYsY sYsY sYsY ffff ffff ffff
owner, delete  ssYs ssYs ssYs ffff ffff ffff
owner, *       YYYY YYYY YYYY ffff ffff ffff
owner, other   ssss ssss ssss ffff ffff ffff
other, *       YffY ffff ffff YYYY YYYY ffff
anybody, *     YuuY uuuu uuuu uuuu uuuu uuuu
";
    assert_eq!(table(&world, &callers).await, expected);
    assert_eq!(table(&world, &callers).await, expected, "and again from memory");
}

#[tokio::test]
async fn without_anonymous_pull_nothing_is_public() {
    let world = world(false).await;
    let other = world.other().await;
    let scopes = scopes("pull");
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let callers = [
        ("anonymous", Caller::anonymous(client())),
        ("anybody, pull", world.caller(None, &scopes).await),
        ("other", basic(&other)),
    ];
    let expected = "\
anonymous      uuuu uuuu uuuu uuuu uuuu uuuu
anybody, pull  uuuu uuuu uuuu uuuu uuuu uuuu
other          YffY ffff ffff YYYY YYYY ffff
";
    assert_eq!(table(&world, &callers).await, expected);
}

#[tokio::test]
async fn the_proof_tells_what_was_proved() {
    let world = world(true).await;
    let owner = world.owner().await;
    let id = world.meta.repository(REGISTRY, &name("team/private")).await.unwrap().unwrap().id;
    let push = world.auth.authorize::<Push>(&basic(&owner), REGISTRY, &name("team/private")).await.unwrap();
    assert_eq!((push.repository_id(), push.namespace_id()), (Some(id), world.namespace));
    assert_eq!((push.account(), push.clone().identity()), (owner.account, Some(&owner)));

    let missing = world.auth.authorize::<Pull>(&basic(&owner), REGISTRY, &name("team/missing")).await.unwrap();
    assert_eq!((missing.repository_id(), missing.namespace_id()), (None, world.namespace));

    let anybody = Caller::anonymous(client());
    let public = world.auth.authorize::<Probe>(&anybody, REGISTRY, &name("team/public")).await.unwrap();
    assert!(public.identity().is_none());
}

#[tokio::test]
async fn by_identity_alone_the_token_does_not_limit() {
    let world = world(true).await;
    let (owner, other) = (world.owner().await, world.other().await);
    let caller = world.caller(Some(&owner), &["repository:team/public:push"]).await;
    let pull = world.auth.authorize::<Pull>(&caller, REGISTRY, &name("team/private")).await;
    assert!(matches!(pull, Err(Denied::InsufficientScope)));
    assert!(world.auth.authorize_identity::<Pull>(&caller, REGISTRY, &name("team/private")).await.is_ok());
    let caller = world.caller(Some(&other), &["repository:others/private:push"]).await;
    let pull = world.auth.authorize_identity::<Pull>(&caller, REGISTRY, &name("team/private")).await;
    assert!(matches!(pull, Err(Denied::Forbidden)));
}

#[tokio::test]
async fn listing_needs_an_account_and_a_scope() {
    let world = world(true).await;
    let owner = world.owner().await;
    let catalog = async |caller: &Caller| world.auth.catalog(caller, REGISTRY).await;
    let readable = Readable::By { owner: Some(owner.owner) };
    assert_eq!(catalog(&basic(&owner)).await.unwrap().readable(), readable);
    let with_scope = world.caller(Some(&owner), &["registry:catalog:*"]).await;
    assert_eq!(catalog(&with_scope).await.unwrap().readable(), readable);
    assert_eq!(catalog(&with_scope).await.unwrap().registry(), REGISTRY);
    let without = world.caller(Some(&owner), &["registry:catalog:read", "repository:team/public:*"]).await;
    assert!(matches!(catalog(&without).await, Err(Denied::InsufficientScope)));
    assert!(matches!(catalog(&Caller::anonymous(client())).await, Err(Denied::Unauthenticated)));
    let anybody = world.caller(None, &["registry:catalog:*"]).await;
    assert!(matches!(catalog(&anybody).await, Err(Denied::Unauthenticated)));
}

#[tokio::test]
async fn another_registry_is_another_world() {
    let world = world(true).await;
    let owner = world.owner().await;
    let elsewhere = RegistryId::new(2);
    let caller = world.caller(Some(&owner), &["repository:team/private:*"]).await;
    for caller in [caller, basic(&owner)] {
        let pull = world.auth.authorize::<Pull>(&caller, elsewhere, &name("team/private")).await;
        assert!(matches!(pull, Err(Denied::Forbidden)));
    }
    let with_scope = world.caller(Some(&owner), &["registry:catalog:*"]).await;
    assert!(matches!(world.auth.catalog(&with_scope, elsewhere).await, Err(Denied::InsufficientScope)));
}

#[tokio::test]
async fn doubt_is_a_denial() {
    let world = world(true).await;
    let owner = world.owner().await;
    world.meta.close().await;
    let pull = world.auth.authorize::<Pull>(&basic(&owner), REGISTRY, &name("team/public")).await;
    assert!(matches!(pull, Err(Denied::Unavailable(_))));
}

#[test]
fn futures_can_be_spawned() {
    fn spawnable<T: Send>(_: fn(&'static World) -> T) {}
    spawnable(|world| world.auth.basic(REGISTRY, "", "", ADDRESS));
    spawnable(|world| world.auth.bearer(REGISTRY, "", ""));
    spawnable(|world| world.auth.issue(REGISTRY, &ANYBODY, "", &[]));
    spawnable(|world| world.auth.redeem_refresh_token(REGISTRY, "", "", ""));
    spawnable(|world| world.auth.maintain());
    spawnable(|world| world.auth.poll_changes());
    spawnable(|world| async move {
        let act = act(world.clock.clone());
        world.accounts.create(&act, &NewMainAccount::named("")).await
    });
}
