//! The behaviour of quotas in every metadata store.

use futures::future::join_all;

use super::{Image, Kit, Place, REGISTRY, act, commit, later, sha256};
use crate::blob::BlobKey;
use crate::meta::{NewNamespace, NewRepository, QuotaKind, Quotas};
use crate::{Error, Result};
use roadstead_types::{AccountId, Counted, NamespaceId, NamespaceName, RepositoryName, Thing, Uin};

pub(super) async fn behave(kit: &Kit) {
    quotas_are_the_defaults_until_they_are_set(kit).await;
    nobody_has_more_namespaces_than_they_may(kit).await;
    nobody_has_more_repositories_than_they_may(kit).await;
    a_push_makes_no_repository_too_many(kit).await;
    two_pushes_to_the_last_repository_both_succeed(kit).await;
}

pub(super) fn creator() -> Uin {
    Uin::from_number(Uin::MIN).unwrap()
}

pub(super) async fn add_namespace(kit: &Kit, owner: AccountId) -> Result<NamespaceName> {
    let name: NamespaceName = format!("quota{}", kit.number()).parse().unwrap();
    let new = NewNamespace { registry: REGISTRY, name: &name, owner, creator: &creator() };
    kit.two.add_namespace(&act(), &new).await.map(|namespace| namespace.name)
}

fn limit_of(outcome: Result<impl std::fmt::Debug>) -> (Counted, u64) {
    match outcome {
        Err(Error::LimitReached { what, limit }) => (what, limit),
        other => panic!("{other:?}"),
    }
}

async fn quotas_are_the_defaults_until_they_are_set(kit: &Kit) {
    let owner = kit.account().await;
    assert_eq!(kit.two.quotas(owner).await.unwrap(), Quotas { namespaces: 10, repositories: 100, triggers: 10 });
    kit.one.set_quota(&act(), owner, QuotaKind::Repositories, 7).await.unwrap();
    kit.one.set_quota(&act(), owner, QuotaKind::Triggers, 0).await.unwrap();
    kit.one.set_quota(&act(), owner, QuotaKind::Repositories, 8).await.unwrap();
    let quotas = kit.two.quotas(owner).await.unwrap();
    assert_eq!(quotas, Quotas { namespaces: 10, repositories: 8, triggers: 0 });
    assert_eq!(QuotaKind::ALL.map(|kind| quotas.of(kind)), [10, 8, 0]);
    let nobody = kit.one.set_quota(&act(), AccountId::new(i64::MAX), QuotaKind::Triggers, 1).await;
    assert!(matches!(nobody, Err(Error::Stale(Thing::Account))));
}

async fn nobody_has_more_namespaces_than_they_may(kit: &Kit) {
    let (owner, other) = (kit.account().await, kit.account().await);
    let outcomes = join_all((0..20).map(|_| add_namespace(kit, owner))).await;
    let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (10, 10));
    refused.into_iter().for_each(|outcome| assert_eq!(limit_of(outcome), (Counted::Namespaces, 10)));
    add_namespace(kit, other).await.unwrap();
    // A taken name is reported as taken, even if the quota is reached.
    let name = made[0].as_ref().unwrap();
    let new = NewNamespace { registry: REGISTRY, name, owner, creator: &creator() };
    assert!(matches!(kit.one.add_namespace(&act(), &new).await, Err(Error::Conflict(Thing::Namespace))));
    let theirs = kit.one.delete_own_namespace(&act(), REGISTRY, name, other).await.unwrap();
    assert!(!theirs && kit.two.namespace(REGISTRY, name.as_str()).await.unwrap().is_some());
    assert!(kit.one.delete_own_namespace(&act(), REGISTRY, name, owner).await.unwrap());
    add_namespace(kit, owner).await.unwrap();
    assert_eq!(limit_of(add_namespace(kit, owner).await), (Counted::Namespaces, 10));
    // The operator has no quota.
    let name: NamespaceName = format!("operator{}", kit.number()).parse().unwrap();
    kit.one.create_namespace(&act(), REGISTRY, &name, owner).await.unwrap();
}

pub(super) async fn add_repository(kit: &Kit, owner: AccountId, name: &RepositoryName) -> Result<()> {
    let new = NewRepository { registry: REGISTRY, name, owner, creator: &creator(), public: false, description: "" };
    kit.two.add_repository(&act(), &new).await.map(drop)
}

async fn nobody_has_more_repositories_than_they_may(kit: &Kit) {
    let (place, second) = (kit.place().await, kit.place().await);
    kit.one.set_quota(&act(), place.owner, QuotaKind::Repositories, 5).await.unwrap();
    let names: Vec<RepositoryName> = (0..20).map(|number| place.repository(&format!("app{number}"))).collect();
    let outcomes = join_all(names.iter().map(|name| add_repository(kit, place.owner, name))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 5);
    outcomes.into_iter().filter(Result::is_err).for_each(|o| assert_eq!(limit_of(o), (Counted::Repositories, 5)));
    // A quota belongs to an account, not to a namespace.
    let other: NamespaceName = format!("wide{}", kit.number()).parse().unwrap();
    kit.one.create_namespace(&act(), REGISTRY, &other, place.owner).await.unwrap();
    let name = format!("{other}/app").parse().unwrap();
    assert_eq!(limit_of(add_repository(kit, place.owner, &name).await), (Counted::Repositories, 5));
    let foreign = add_repository(kit, second.owner, &name).await;
    assert!(matches!(foreign, Err(Error::Stale(Thing::Namespace))));
    let missing = add_repository(kit, second.owner, &"nobodys-namespace/app".parse().unwrap()).await;
    assert!(matches!(missing, Err(Error::Stale(Thing::Namespace))));
    add_repository(kit, second.owner, &second.repository("app")).await.unwrap();
    let again = add_repository(kit, second.owner, &second.repository("app")).await;
    assert!(matches!(again, Err(Error::Conflict(Thing::Repository))));
}

async fn push(kit: &Kit, place: &Place, repository: &str) -> Result<()> {
    let (digest, name) = (sha256(repository.as_bytes()), place.repository(repository));
    let key = BlobKey::fresh(&digest);
    kit.one.commit_blob(&act(), &commit(place, &name, &digest, &key, repository.len())).await.map(drop)
}

async fn a_push_makes_no_repository_too_many(kit: &Kit) {
    let place = kit.place().await;
    kit.one.set_quota(&act(), place.owner, QuotaKind::Repositories, 2).await.unwrap();
    push(kit, &place, "one").await.unwrap();
    kit.two.check_room(place.namespace).await.unwrap();
    push(kit, &place, "two").await.unwrap();
    assert_eq!(limit_of(kit.two.check_room(place.namespace).await), (Counted::Repositories, 2));
    kit.two.check_room(NamespaceId::new(i64::MAX)).await.unwrap();
    assert_eq!(limit_of(push(kit, &place, "three").await), (Counted::Repositories, 2));
    push(kit, &place, "two").await.unwrap();
    let image = Image::with_blobs(&["one"], None);
    kit.put(&place, "one", &image, &[]).await.unwrap();
    assert_eq!(limit_of(kit.put(&place, "three", &image, &[]).await), (Counted::Repositories, 2));
    let (from, to) = (kit.repository(&place, "one").await.id, place.repository("three"));
    let mount = kit.one.mount_blob(&act(), from, REGISTRY, place.namespace, &to, &sha256(b"one"), later(9)).await;
    assert_eq!(limit_of(mount), (Counted::Repositories, 2));
    assert_eq!(kit.two.repository(REGISTRY, &to).await.unwrap(), None);
    assert!(kit.one.delete_repository(&act(), from, true).await.unwrap());
    push(kit, &place, "three").await.unwrap();
}

/// Both pushes find the repository missing. The second one must look again after it has waited for the first.
async fn two_pushes_to_the_last_repository_both_succeed(kit: &Kit) {
    for _ in 0..5 {
        let place = kit.place().await;
        kit.one.set_quota(&act(), place.owner, QuotaKind::Repositories, 1).await.unwrap();
        let name = place.repository("app");
        let digests: Vec<_> = (0..6).map(|n| sha256(format!("last {n}").as_bytes())).collect();
        let keys: Vec<BlobKey> = digests.iter().map(BlobKey::fresh).collect();
        let commits: Vec<_> = digests.iter().zip(&keys).map(|(d, key)| commit(&place, &name, d, key, 6)).collect();
        let stores = [&kit.one, &kit.two];
        let outcomes =
            join_all(commits.iter().zip(stores.iter().cycle()).map(async |(c, s)| s.commit_blob(&act(), c).await))
                .await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    }
}
