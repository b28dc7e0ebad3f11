//! The rights of an account in every metadata store.

use crate::Error;
use crate::meta::{AccountStatus, RoleVersion};
use crate::testkit::meta::act;
use crate::testkit::meta::{Kit, REGISTRY, tag};
use roadstead_types::{RegistryId, Thing};

pub(super) async fn behave(kit: &Kit) {
    a_manifest_goes_with_no_other_tags(kit).await;
    namespaces_are_told_apart_by_owner(kit).await;
    sessions_know_their_role(kit).await;
    a_main_account_takes_the_credentials_of_its_users_with_it(kit).await;
    assert_eq!(kit.one.registry_name(REGISTRY).await.unwrap().as_deref(), Some("personal"));
    assert_eq!(kit.one.registry_name(RegistryId::new(999_999)).await.unwrap(), None);
}

async fn a_manifest_goes_with_no_other_tags(kit: &Kit) {
    let place = kit.place().await;
    let (one, two) = (tag("one"), tag("two"));
    let (image, put) = kit.push_image(&place, "app", &["rights"], &[one.clone(), two.clone()]).await;
    let delete = async |tags| kit.one.delete_manifest(&act(), put.repository, &image.digest, Some(tags)).await;
    for too_few in [&[][..], std::slice::from_ref(&one)] {
        assert!(matches!(delete(too_few).await, Err(Error::Stale(Thing::Tag))));
    }
    assert_eq!(kit.two.tags_of(put.repository, &image.digest).await.unwrap(), [one.clone(), two.clone()]);
    let all = [tag("none"), two.clone(), one.clone()];
    assert_eq!(delete(&all).await.unwrap(), Some(vec![one.clone(), two.clone()]));
    assert_eq!(delete(&all).await.unwrap(), None);
}

async fn namespaces_are_told_apart_by_owner(kit: &Kit) {
    let (mine, others) = (kit.place().await, kit.place().await);
    let both = [mine.namespace, others.namespace];
    let owned = kit.one.owned_namespaces(mine.owner, &both).await.unwrap();
    assert_eq!(Vec::from_iter(owned), [mine.namespace]);
    assert!(kit.one.owned_namespaces(mine.owner, &[]).await.unwrap().is_empty());
}

async fn sessions_know_their_role(kit: &Kit) {
    let owner = kit.account().await;
    let role = kit.role(owner).await;
    let version = async || kit.two.role_version(role).await.unwrap();
    assert_eq!(version().await, Some(RoleVersion { owner, version: 1 }));
    kit.one.update_trust(&act(), owner, role, "{}", "{}").await.unwrap();
    assert_eq!(version().await, Some(RoleVersion { owner, version: 2 }));
    kit.one.delete_role(&act(), owner, role).await.unwrap();
    assert_eq!(version().await, None);
}

async fn a_main_account_takes_the_credentials_of_its_users_with_it(kit: &Kit) {
    let (owner, other) = (kit.account().await, kit.account().await);
    let (user, stranger) = (kit.user(owner).await, kit.user(other).await);
    let version = async |id| kit.two.account(id).await.unwrap().unwrap().credential_version;
    let (before, strangers) = (version(user.account.id).await, version(stranger.account.id).await);
    assert!(kit.one.set_account_status(&act(), owner, AccountStatus::Disabled).await.unwrap());
    assert_eq!(version(user.account.id).await, before + 1);
    assert_eq!(version(stranger.account.id).await, strangers);
    assert_eq!(kit.two.account(user.account.id).await.unwrap().unwrap().status, AccountStatus::Active);
}
