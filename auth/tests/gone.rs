//! What is deleted between two steps of one request is refused like what was never there.

#![expect(clippy::unwrap_used, reason = "a test: to panic is how it tells")]

mod common;

use common::people::{allow, world};
use common::{REGISTRY, SERVICE, basic};
use roadstead_auth::{AuthenticationError, Denied, Pull};
use roadstead_storage::meta::{Edition, NamespaceSettings, NewInstance, Payment};
use roadstead_storage::testkit::act;
use roadstead_types::InstanceId;

#[tokio::test]
async fn a_sub_account_may_not_pull_from_an_instance_that_is_being_deleted() {
    let world = world().await;
    let act = act(world.clock.clone());
    let owner = world.owner().await;
    let new = NewInstance {
        id: &InstanceId::random(),
        name: &"demo".parse().unwrap(),
        owner: owner.owner,
        edition: Edition::Basic,
        payment: Payment { prepaid: false, renew_flag: 0, expires_at: None },
        deletion_protection: false,
        versioning: false,
        multi_zone: false,
        tags: &[],
    };
    let registry = world.meta.create_instance(&act, &new, 10).await.unwrap().registry;
    let settings = NamespaceSettings::default();
    let team = "team".parse().unwrap();
    world.meta.create_instance_namespace(&act, registry, owner.owner, &team, &settings, 10).await.unwrap();
    let sub = world.sub("puller", &[allow("*", "*")]).await;
    let app = "team/app".parse().unwrap();
    // The namespace is remembered now, the name of the instance is not.
    let _ = world.auth.authorize::<Pull>(&basic(&owner), registry, &app).await;
    world.meta.delete_namespace(&act, registry, &team).await.unwrap();
    world.meta.condemn_instance(&act, registry, true).await.unwrap();
    let outcome = world.auth.authorize::<Pull>(&sub.caller(), registry, &app).await;
    assert!(matches!(outcome, Err(Denied::Forbidden)), "{:?}", outcome.err());
}

#[tokio::test]
async fn an_account_that_goes_after_it_signed_in_gets_no_refresh_token() {
    let world = world().await;
    let sub = world.sub("member", &[]).await;
    let act = act(world.clock.clone());
    world.meta.delete_user(&act, sub.identity.owner, sub.identity.account, true).await.unwrap();
    let issued = world.auth.issue_refresh_token(REGISTRY, &sub.identity, SERVICE, "containerd").await;
    let error = AuthenticationError::from(issued.unwrap_err());
    assert!(matches!(error, AuthenticationError::BadCredentials), "{error:?}");
}
