//! The behaviour of identity providers in every metadata store.

use super::super::{Kit, NOW, later};
use crate::Error;
use crate::meta::{NewOidcProvider, ProviderVersion, limits};
use crate::testkit::meta::{act, act_at};
use roadstead_types::{Counted, Thing};

pub(super) async fn behave(kit: &Kit) {
    providers_are_found_by_their_owner_only(kit).await;
    a_change_ends_sessions_unless_it_keeps_them(kit).await;
    providers_are_limited(kit).await;
}

fn new(name: &str) -> NewOidcProvider<'_> {
    NewOidcProvider { name, url: "https://issuer", keys: "{}", client_ids: "[]", description: "what it is for" }
}

async fn providers_are_found_by_their_owner_only(kit: &Kit) {
    let (owner, other) = (kit.account().await, kit.account().await);
    let before = kit.two.change_counters().await.unwrap().changes;
    kit.one.create_oidc_provider(&act(), owner, &new("k8s")).await.unwrap();
    assert!(kit.two.change_counters().await.unwrap().changes > before);
    let found = kit.two.oidc_provider(owner, "k8s").await.unwrap().unwrap();
    assert_eq!((found.owner, found.name.as_str(), found.url.as_str()), (owner, "k8s", "https://issuer"));
    assert_eq!((found.version, found.created_at, found.updated_at), (1, NOW, NOW));
    assert_eq!(kit.two.oidc_provider(other, "k8s").await.unwrap(), None);
    assert_eq!(kit.two.oidc_provider(owner, "nul\0").await.unwrap(), None);
    let taken = kit.two.create_oidc_provider(&act(), owner, &new("k8s")).await;
    assert!(matches!(taken, Err(Error::Conflict(Thing::Provider))), "{taken:?}");
    kit.two.create_oidc_provider(&act(), other, &new("k8s")).await.unwrap();
    for outcome in [
        kit.one.update_oidc_provider(&act(), owner, &new("none"), &|_| true).await,
        kit.one.delete_oidc_provider(&act(), owner, "none").await,
    ] {
        assert!(matches!(outcome, Err(Error::Stale(Thing::Provider))), "{outcome:?}");
    }
}

async fn a_change_ends_sessions_unless_it_keeps_them(kit: &Kit) {
    let owner = kit.account().await;
    kit.one.create_oidc_provider(&act(), owner, &new("k8s")).await.unwrap();
    let id = kit.one.oidc_provider(owner, "k8s").await.unwrap().unwrap().id;
    let version = async || kit.two.provider_version(id).await.unwrap();
    let more = NewOidcProvider { keys: r#"{"keys":[]}"#, ..new("k8s") };
    kit.one.update_oidc_provider(&act_at(later(1)), owner, &more, &|old| old.keys == "{}").await.unwrap();
    assert_eq!(version().await, Some(ProviderVersion { owner, version: 1 }));
    let before = kit.two.change_counters().await.unwrap().changes;
    kit.one.update_oidc_provider(&act_at(later(2)), owner, &new("k8s"), &|old| old.keys == "{}").await.unwrap();
    assert_eq!(version().await, Some(ProviderVersion { owner, version: 2 }));
    assert_eq!(kit.two.oidc_provider(owner, "k8s").await.unwrap().unwrap().updated_at, later(2));
    kit.one.delete_oidc_provider(&act(), owner, "k8s").await.unwrap();
    assert_eq!(version().await, None);
    assert!(kit.two.change_counters().await.unwrap().changes >= before + 2);
    kit.one.create_oidc_provider(&act(), owner, &new("k8s")).await.unwrap();
    assert_ne!(kit.two.oidc_provider(owner, "k8s").await.unwrap().unwrap().id, id, "it is another one");
}

async fn providers_are_limited(kit: &Kit) {
    let owner = kit.account().await;
    for number in 0..limits::PROVIDERS {
        kit.one.create_oidc_provider(&act(), owner, &new(&format!("p{number}"))).await.unwrap();
    }
    let full = kit.one.create_oidc_provider(&act(), owner, &new("more")).await;
    assert!(matches!(full, Err(Error::LimitReached { what: Counted::Providers, limit: limits::PROVIDERS })));
}
