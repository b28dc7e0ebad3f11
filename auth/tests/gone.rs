//! Something that is deleted between two steps of a request is refused as if it had never existed.

#![expect(clippy::unwrap_used, reason = "a test: to panic is how it tells")]

mod common;

use common::people::world;
use common::{REGISTRY, SERVICE};
use roadstead_auth::{AuthenticationError, Denied};
use roadstead_storage::Error;
use roadstead_storage::testkit::act;
use roadstead_types::Thing;

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

#[test]
fn a_place_that_goes_during_a_decision_is_refused() {
    for thing in [Thing::Instance, Thing::Namespace] {
        assert!(matches!(Denied::from(Error::Stale(thing)), Denied::Forbidden), "{thing}");
    }
    assert!(matches!(Denied::from(Error::SchemaOlder), Denied::Unavailable(_)));
}
