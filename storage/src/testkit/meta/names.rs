//! The behaviour of namespaces and repositories in every metadata store.

use super::{Kit, NOW, Place, REGISTRY, act, act_at, later, pages_show_all, tag};
use crate::Error;
use crate::meta::{EMPTY_REPOSITORY, JobQuery, Namespace, NewUpload, Readable, Repository, ReviewTarget};
use roadstead_types::{AccountId, Algorithm, Hasher, NamespaceName, RepositoryId, Tag, Thing, UploadId};

pub(super) async fn behave(kit: &Kit) {
    a_namespace_is_somebodys(kit).await;
    a_namespace_goes_when_it_is_empty(kit).await;
    namespace_pages_show_all(kit).await;
    the_first_push_makes_the_repository(kit).await;
    listings_show_what_one_may_read(kit).await;
    a_deleted_repository_leaves_nothing_but_reviews(kit).await;
    a_large_repository_goes_in_small_parts(kit).await;
}

async fn a_namespace_is_somebodys(kit: &Kit) {
    let (one, two) = (kit.account().await, kit.account().await);
    let name: NamespaceName = format!("team{}", kit.number()).parse().unwrap();
    let before = kit.two.change_counters().await.unwrap().changes;
    let made = kit.one.create_namespace(&act(), REGISTRY, &name, one).await.unwrap();
    assert_eq!((&made.name, made.owner, made.registry), (&name, one, REGISTRY));
    assert_eq!(kit.two.namespace(REGISTRY, name.as_str()).await.unwrap(), Some(made));
    assert_eq!(kit.two.change_counters().await.unwrap().changes, before + 1);
    let again = kit.two.create_namespace(&act(), REGISTRY, &name, two).await;
    assert!(matches!(again, Err(Error::Conflict(Thing::Namespace))));
    assert_eq!(kit.two.namespace(REGISTRY, "nobody-has-this").await.unwrap(), None);
    assert_eq!(kit.two.namespace(REGISTRY, "a\0b").await.unwrap(), None);
    let other: NamespaceName = format!("other{}", kit.number()).parse().unwrap();
    let orphan = kit.one.create_namespace(&act(), REGISTRY, &other, AccountId::new(i64::MAX)).await;
    assert!(matches!(orphan, Err(Error::Stale(_))));
}

async fn upload_to(kit: &Kit, place: &Place, repository: &str) -> UploadId {
    let id = UploadId::random();
    let new = NewUpload {
        id,
        registry: REGISTRY,
        repository: &place.repository(repository),
        account: place.owner,
        hash: Hasher::new(Algorithm::Sha256).save(),
        expires_at: later(100),
        now: NOW,
    };
    kit.one.create_upload(&new).await.unwrap();
    id
}

async fn a_namespace_goes_when_it_is_empty(kit: &Kit) {
    let (place, neighbour) = (kit.place().await, kit.place().await);
    let name: NamespaceName = place.name.parse().unwrap();
    let blob = kit.push_blob(&place, "app", "some content").await;
    let (inside, outside) = (upload_to(kit, &place, "x/y").await, upload_to(kit, &neighbour, "x").await);
    let outcome = kit.two.delete_namespace(&act(), REGISTRY, &name).await;
    assert!(matches!(outcome, Err(Error::InUse(Thing::Namespace))), "{outcome:?}");
    assert!(kit.one.upload(inside, NOW).await.unwrap().is_some(), "nothing has happened");
    assert!(kit.two.delete_repository(&act(), blob.repository, true).await.unwrap());
    assert!(kit.two.delete_namespace(&act(), REGISTRY, &name).await.unwrap());
    assert!(!kit.two.delete_namespace(&act(), REGISTRY, &name).await.unwrap());
    assert!(kit.one.upload(inside, NOW).await.unwrap().is_none());
    assert!(kit.one.upload(outside, NOW).await.unwrap().is_some());
    // A request with outdated ids is told so, even if another account has the name now.
    let stale = |outcome: crate::Result<_>| matches!(outcome, Err(Error::Stale(Thing::Namespace)));
    let image = super::Image::with_blobs(&["some content"], None);
    assert!(stale(kit.put(&place, "app", &image, &[]).await.map(drop)));
    let heir = kit.one.create_namespace(&act(), REGISTRY, &name, neighbour.owner).await.unwrap();
    assert_ne!(heir.id, place.namespace);
    let heirs = Place { namespace: heir.id, name: place.name.clone(), owner: heir.owner };
    kit.push_blob(&heirs, "app", "some content").await;
    assert!(stale(kit.put(&place, "app", &image, &[]).await.map(drop)));
}

async fn namespace_pages_show_all(kit: &Kit) {
    let owner = kit.account().await;
    for number in 0..9 {
        let name: NamespaceName = format!("p{number}-{}", kit.number()).parse().unwrap();
        kit.one.create_namespace(&act(), REGISTRY, &name, owner).await.unwrap();
    }
    for owner in [None, Some(owner)] {
        let listed = kit.one.list_namespaces(REGISTRY, owner, None, 10_000).await.unwrap();
        let all: Vec<String> = listed.iter().map(|namespace| namespace.name.to_string()).collect();
        assert!(all.is_sorted() && all.len() >= 9 && owner.is_none_or(|_| all.len() == 9));
        pages_show_all(
            &all,
            |namespace: &Namespace| namespace.name.to_string(),
            async |after, limit| kit.two.list_namespaces(REGISTRY, owner, after.as_deref(), limit).await.unwrap(),
        )
        .await;
    }
}

async fn the_first_push_makes_the_repository(kit: &Kit) {
    let place = kit.place().await;
    assert_eq!(kit.two.repository(REGISTRY, &place.repository("app")).await.unwrap(), None);
    let before = kit.two.change_counters().await.unwrap();
    let first = kit.push_blob(&place, "app", "first").await;
    let second = kit.push_blob(&place, "app", "second").await;
    assert!(second.repository_created.is_none());
    let counters = kit.two.change_counters().await.unwrap();
    assert_eq!((counters.changes, counters.repositories_made), (before.changes, before.repositories_made + 1));
    assert_eq!(first.repository_created.unwrap().number(), Some(counters.repositories_made));
    assert_eq!(first.repository, second.repository);
    let repository = kit.repository(&place, "app").await;
    assert_eq!((repository.id, repository.namespace, repository.public), (first.repository, place.namespace, false));
    let before = kit.two.change_counters().await.unwrap().changes;
    assert!(kit.one.set_visibility(&act_at(later(1)), repository.id, true).await.unwrap());
    let repository = kit.repository(&place, "app").await;
    assert_eq!((repository.public, repository.updated_at), (true, later(1)));
    assert_eq!(kit.two.change_counters().await.unwrap().changes, before + 1);
    assert!(!kit.one.set_visibility(&act(), RepositoryId::new(i64::MAX), true).await.unwrap());
}

async fn listings_show_what_one_may_read(kit: &Kit) {
    let (mine, other) = (kit.place().await, kit.place().await);
    // Byte order is not the order of a dictionary: '-' < '.' < '/' < digits < '_' < letters.
    for name in ["a", "a-b", "a.b", "a/b", "a0", "a_b", "ab", "b"] {
        let pushed = kit.push_blob(&mine, name, "x").await;
        if name.len() == 3 {
            kit.one.set_visibility(&act(), pushed.repository, true).await.unwrap();
        }
    }
    let secret = kit.push_blob(&other, "secret", "x").await.repository;
    let listed = async |readable| kit.two.list_repositories(REGISTRY, readable, None, 10_000).await.unwrap();
    let ids = |all: &[Repository]| all.iter().map(|repository| repository.id).collect::<Vec<_>>();
    assert!(ids(&listed(Readable::All).await).contains(&secret));
    for (readable, count) in [
        (Readable::All, 8),
        (Readable::By { owner: None }, 4),
        (Readable::By { owner: Some(mine.owner) }, 8),
        (Readable::By { owner: Some(other.owner) }, 4),
    ] {
        let all = listed(readable).await;
        assert_eq!(all.iter().filter(|repository| repository.namespace == mine.namespace).count(), count);
        let sees_secret = readable == Readable::All || readable == Readable::By { owner: Some(other.owner) };
        assert_eq!(ids(&all).contains(&secret), sees_secret);
        let names: Vec<String> = all.iter().map(|repository| repository.name.to_string()).collect();
        assert!(names.is_sorted());
        pages_show_all(
            &names,
            |repository: &Repository| repository.name.to_string(),
            async |after, limit| kit.two.list_repositories(REGISTRY, readable, after.as_deref(), limit).await.unwrap(),
        )
        .await;
    }
    let after = Some("a\0b");
    assert!(!kit.two.list_repositories(REGISTRY, Readable::All, after, 1).await.unwrap().is_empty());
}

async fn a_deleted_repository_leaves_nothing_but_reviews(kit: &Kit) {
    let place = kit.place().await;
    let blobs = ["deleted config", "deleted layer"];
    let (image, outcome) = kit.push_image(&place, "app", &blobs, &[tag("one"), tag("two")]).await;
    let child = super::Image::index(&[&image.digest]);
    kit.put(&place, "app", &child, &[tag("all")]).await.unwrap();
    kit.one.delete_tag(&act(), outcome.repository, &tag("one")).await.unwrap().unwrap();
    let blob = kit.two.blob(outcome.repository, &super::sha256(b"deleted layer")).await.unwrap().unwrap();
    let before = kit.two.change_counters().await.unwrap().changes;
    assert!(kit.one.delete_repository(&act(), outcome.repository, true).await.unwrap());
    assert!(!kit.one.delete_repository(&act(), outcome.repository, true).await.unwrap());
    assert_eq!(kit.two.change_counters().await.unwrap().changes, before + 1);
    assert_eq!(kit.two.repository(REGISTRY, &place.repository("app")).await.unwrap(), None);
    let query = JobQuery { kind: Some(EMPTY_REPOSITORY), limit: 1, ..JobQuery::default() };
    let job = kit.two.list_jobs(&query).await.unwrap().pop().unwrap();
    assert_eq!(job.payload, format!("{{\"repository\":{}}}", outcome.repository), "the job is made with it");
    empty(kit, outcome.repository).await;
    assert_eq!(kit.two.blob(outcome.repository, &blob.digest).await.unwrap(), None);
    assert_eq!(kit.two.manifest(outcome.repository, &image.digest).await.unwrap(), None);
    assert_eq!(kit.two.tag(outcome.repository, &tag("two")).await.unwrap(), None);
    let reviews = kit.reviews().await;
    let review = reviews.iter().find(|review| review.target == ReviewTarget::Blob(blob.id)).unwrap();
    assert_eq!((review.review_after, review.reason.as_str(), review.attempts), (later(60), "repository deleted", 0));
    // A new repository of the same name is another repository.
    let again = kit.push_blob(&place, "app", "deleted layer").await;
    let outcome_of_living = kit.one.empty_repository(&act(), again.repository, 10).await;
    assert!(matches!(outcome_of_living, Err(Error::InUse(Thing::Repository))), "{outcome_of_living:?}");
    assert!(again.repository_created.is_some() && again.repository != outcome.repository && again.adopted);
}

/// Empties a deleted repository, and returns the number of rows of each step.
async fn empty(kit: &Kit, repository: RepositoryId) -> Vec<u64> {
    let mut steps = Vec::new();
    while let Some(rows) = kit.two.empty_repository(&act(), repository, CHUNK).await.unwrap() {
        steps.push(rows);
    }
    steps
}

const CHUNK: u32 = 7;

async fn a_large_repository_goes_in_small_parts(kit: &Kit) {
    let place = kit.place().await;
    let tags: Vec<Tag> = (0..30).map(|number| tag(&format!("v{number}"))).collect();
    let mut repository = None;
    for number in 0..20 {
        let blobs = [format!("large config {number}"), format!("large layer {number}"), "large base".to_owned()];
        let blobs: Vec<&str> = blobs.iter().map(String::as_str).collect();
        let (_, outcome) = kit.push_image(&place, "large", &blobs, &tags[number..number + 10]).await;
        repository = Some(outcome.repository);
    }
    let old = repository.unwrap();
    for _ in 0..10 {
        kit.one.add_favorite(&act(), kit.account().await, old).await.unwrap();
    }
    assert!(kit.one.delete_repository(&act(), old, true).await.unwrap());
    // The rest of the deleted repository neither delays a push to its name nor takes its content.
    let (image, pushed) = kit.push_image(&place, "large", &["large base", "new"], &tags[..1]).await;
    assert_ne!(pushed.repository, old);
    let (name, owner) = (place.name.parse().unwrap(), Readable::By { owner: Some(place.owner) });
    assert!(matches!(kit.one.delete_namespace(&act(), REGISTRY, &name).await, Err(Error::InUse(Thing::Namespace))));
    let listed = kit.two.list_repositories(REGISTRY, owner, None, 100).await.unwrap();
    let here = listed.iter().filter(|repository| repository.namespace == place.namespace);
    assert_eq!(here.map(|repository| repository.id).collect::<Vec<_>>(), [pushed.repository]);
    let steps = empty(kit, old).await;
    assert!(steps.iter().all(|rows| (1..=u64::from(CHUNK)).contains(rows)), "{steps:?}");
    // 29 tags, 60 edges, 20 manifests, 41 blobs, 10 favourites.
    assert_eq!(steps.iter().sum::<u64>(), 29 + 60 + 20 + 41 + 10);
    assert_eq!(kit.two.empty_repository(&act(), old, CHUNK).await.unwrap(), None);
    let reviewed = kit.reviews().await;
    let base = kit.two.blob(pushed.repository, &super::sha256(b"large base")).await.unwrap().unwrap();
    assert!(reviewed.iter().any(|review| review.target == ReviewTarget::Blob(base.id)), "it may be kept by others");
    assert!(kit.two.manifest(pushed.repository, &image.digest).await.unwrap().is_some());
    assert_eq!(kit.two.tag(pushed.repository, &tags[0]).await.unwrap(), Some(image.digest));
    // The rest of the deleted repository does not block its namespace.
    assert!(kit.one.delete_repository(&act(), pushed.repository, true).await.unwrap());
    assert!(kit.one.delete_namespace(&act(), REGISTRY, &name).await.unwrap());
    assert!(!empty(kit, pushed.repository).await.is_empty());
}
