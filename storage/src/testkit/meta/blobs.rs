//! The behaviour of blobs in every metadata store.

use super::{Kit, NOW, Place, REGISTRY, act, commit, later, pages_show_all, sha256};
use crate::Error;
use crate::blob::BlobKey;
use crate::meta::{Blob, ReviewTarget};
use roadstead_types::{BlobId, RepositoryId, Thing};

pub(super) async fn behave(kit: &Kit) {
    a_digest_alone_opens_nothing(kit).await;
    the_same_content_is_adopted(kit).await;
    a_mount_needs_the_blob_in_its_source(kit).await;
    a_lost_object_is_replaced(kit).await;
    an_unlinked_blob_is_reviewed(kit).await;
    a_condemned_blob_is_revived(kit).await;
    a_blob_that_is_being_deleted_is_invisible(kit).await;
    a_holder_is_found_among_what_may_be_read(kit).await;
    objects_and_rows_are_told(kit).await;
}

/// Sets the state of a row as garbage collection will.
async fn set_state(kit: &Kit, id: BlobId, state: i64) {
    let update = sqlx::query("UPDATE blobs SET state = $1 WHERE id = $2").bind(state).bind(id.get());
    assert_eq!(update.execute(kit.one.writer()).await.unwrap().rows_affected(), 1);
}

async fn state(kit: &Kit, id: BlobId) -> i64 {
    let query = sqlx::query_scalar("SELECT state FROM blobs WHERE id = $1").bind(id.get());
    query.fetch_one(kit.one.writer()).await.unwrap()
}

async fn a_digest_alone_opens_nothing(kit: &Kit) {
    let place = kit.place().await;
    let here = kit.push_blob(&place, "here", "secret content").await;
    let there = kit.push_blob(&place, "there", "other content").await;
    let digest = sha256(b"secret content");
    let blob = kit.two.blob(here.repository, &digest).await.unwrap().unwrap();
    assert_eq!((&blob, blob.size, blob.lease_until), (&here.blob, 14, later(60)));
    assert_eq!(kit.two.blob(there.repository, &digest).await.unwrap(), None);
    assert!(kit.one.renew_blob_lease(blob.id, later(50)).await.unwrap());
    let lease = async || kit.two.blob(here.repository, &digest).await.unwrap().unwrap().lease_until;
    assert_eq!(lease().await, later(60), "a lease never shrinks");
    assert!(kit.one.renew_blob_lease(blob.id, later(70)).await.unwrap());
    assert_eq!(lease().await, later(70));
    assert!(!kit.one.renew_blob_lease(BlobId::new(i64::MAX), later(70)).await.unwrap());
}

async fn the_same_content_is_adopted(kit: &Kit) {
    let (one, two) = (kit.place().await, kit.place().await);
    let first = kit.push_blob(&one, "app", "shared content").await;
    let second = kit.push_blob(&two, "app", "shared content").await;
    let again = kit.push_blob(&one, "app", "shared content").await;
    assert_eq!((first.adopted, second.adopted, again.adopted), (false, true, true));
    assert_eq!((first.blob.id, &first.blob.key), (second.blob.id, &second.blob.key));
    let (digest, name) = (sha256(b"shared content"), one.repository("app"));
    let key = BlobKey::fresh(&digest);
    let wrong = commit(&one, &name, &digest, &key, 1);
    assert!(kit.one.commit_blob(&act(), &wrong).await.is_err(), "the same digest has the same size");
}

async fn a_mount_needs_the_blob_in_its_source(kit: &Kit) {
    let (one, two) = (kit.place().await, kit.place().await);
    let source = kit.push_blob(&one, "source", "mounted content").await;
    let (digest, target) = (sha256(b"mounted content"), two.repository("target"));
    let mount = async |from: RepositoryId, place: &Place| {
        kit.two.mount_blob(&act(), from, REGISTRY, place.namespace, &target, &digest, later(99)).await
    };
    assert_eq!(mount(RepositoryId::new(i64::MAX), &two).await.unwrap(), None);
    assert_eq!(kit.one.repository(REGISTRY, &target).await.unwrap(), None, "nothing has happened");
    let mounted = mount(source.repository, &two).await.unwrap().unwrap();
    assert!(mounted.repository_created.is_some() && mounted.adopted);
    assert_eq!((mounted.blob.id, mounted.blob.lease_until), (source.blob.id, later(99)));
    assert!(mount(source.repository, &two).await.unwrap().unwrap().repository_created.is_none());
    assert!(kit.one.blob(mounted.repository, &digest).await.unwrap().is_some());
    let stale = Place { namespace: roadstead_types::NamespaceId::new(i64::MAX), ..two };
    assert!(matches!(mount(source.repository, &stale).await, Err(Error::Stale(Thing::Namespace))));
}

async fn a_lost_object_is_replaced(kit: &Kit) {
    let place = kit.place().await;
    let pushed = kit.push_blob(&place, "app", "lost content").await;
    let digest = sha256(b"lost content");
    let (old, new, late) = (pushed.blob.key.clone(), BlobKey::fresh(&digest), BlobKey::fresh(&digest));
    assert!(kit.one.replace_object(pushed.blob.id, &old, &new, NOW).await.unwrap());
    assert!(!kit.two.replace_object(pushed.blob.id, &old, &late, NOW).await.unwrap(), "somebody else was faster");
    let blob = kit.two.blob(pushed.repository, &digest).await.unwrap().unwrap();
    assert_eq!((blob.id, blob.key), (pushed.blob.id, new.clone()));
    set_state(kit, pushed.blob.id, 2).await;
    assert!(!kit.one.replace_object(pushed.blob.id, &new, &late, NOW).await.unwrap(), "it is being deleted");
}

async fn an_unlinked_blob_is_reviewed(kit: &Kit) {
    let place = kit.place().await;
    let (image, outcome) = kit.push_image(&place, "app", &["unlinked config"], &[]).await;
    let digest = sha256(b"unlinked config");
    let unlink = async || kit.two.unlink_blob(&act(), outcome.repository, &digest).await;
    assert!(matches!(unlink().await, Err(Error::InUse(Thing::Blob))));
    // A manifest of another repository does not matter.
    kit.push_image(&place, "other", &["unlinked config"], &[]).await;
    kit.one.delete_manifest(&act(), outcome.repository, &image.digest, None).await.unwrap().unwrap();
    let blob = kit.one.blob(outcome.repository, &digest).await.unwrap().unwrap();
    assert!(unlink().await.unwrap());
    assert!(!unlink().await.unwrap());
    assert_eq!(kit.one.blob(outcome.repository, &digest).await.unwrap(), None);
    let reviews = kit.reviews().await;
    assert!(reviews.iter().any(|r| r.target == ReviewTarget::Blob(blob.id) && r.reason == "link dropped"));
    assert!(!kit.one.unlink_blob(&act(), RepositoryId::new(i64::MAX), &digest).await.unwrap());
}

async fn a_condemned_blob_is_revived(kit: &Kit) {
    let place = kit.place().await;
    let pushed = kit.push_blob(&place, "app", "condemned content").await;
    let (id, digest) = (pushed.blob.id, sha256(b"condemned content"));
    set_state(kit, id, 1).await;
    assert!(kit.one.blob(pushed.repository, &digest).await.unwrap().is_some(), "still there");
    assert!(kit.one.renew_blob_lease(id, later(70)).await.unwrap());
    assert_eq!(state(kit, id).await, 0);
    set_state(kit, id, 1).await;
    assert_eq!(kit.push_blob(&place, "app", "condemned content").await.blob.id, id);
    assert_eq!(state(kit, id).await, 0);
    set_state(kit, id, 1).await;
    let target = place.repository("target");
    let from = pushed.repository;
    kit.two.mount_blob(&act(), from, REGISTRY, place.namespace, &target, &digest, later(1)).await.unwrap().unwrap();
    assert_eq!(state(kit, id).await, 0);
    set_state(kit, id, 1).await;
    kit.put(&place, "app", &super::Image::with_blobs(&["condemned content"], None), &[]).await.unwrap();
    assert_eq!(state(kit, id).await, 0);
}

async fn a_blob_that_is_being_deleted_is_invisible(kit: &Kit) {
    let place = kit.place().await;
    let pushed = kit.push_blob(&place, "app", "deleted content").await;
    let (id, digest) = (pushed.blob.id, sha256(b"deleted content"));
    set_state(kit, id, 2).await;
    assert_eq!(kit.one.blob(pushed.repository, &digest).await.unwrap(), None);
    assert!(!kit.one.renew_blob_lease(id, later(70)).await.unwrap());
    assert!(kit.one.readable_holder(REGISTRY, &digest, Some(place.owner)).await.unwrap().is_none());
    assert!(!kit.one.unlink_blob(&act(), pushed.repository, &digest).await.unwrap());
    let target = place.repository("target");
    let from = pushed.repository;
    let mounted =
        kit.one.mount_blob(&act(), from, REGISTRY, place.namespace, &target, &digest, later(1)).await.unwrap();
    assert_eq!(mounted, None);
    let image = super::Image::with_blobs(&["deleted content"], None);
    let outcome = kit.put(&place, "app", &image, &[]).await;
    assert!(matches!(outcome, Err(Error::MissingReferences { blobs, .. }) if blobs == [digest.clone()]));
    // The same content comes back as a new row with a new object.
    let back = kit.push_blob(&place, "app", "deleted content").await;
    assert!(!back.adopted && back.blob.id != id && back.blob.key != pushed.blob.key);
    kit.put(&place, "app", &image, &[]).await.unwrap();
    assert_eq!(kit.one.blob(pushed.repository, &digest).await.unwrap().map(|blob| blob.id), Some(back.blob.id));
}

async fn a_holder_is_found_among_what_may_be_read(kit: &Kit) {
    let (mine, theirs) = (kit.place().await, kit.place().await);
    let digest = sha256(b"held content");
    let holder = async |owner| kit.two.readable_holder(REGISTRY, &digest, owner).await.unwrap().map(|found| found.name);
    for number in 0..5 {
        kit.push_blob(&theirs, &format!("holder{number}"), "held content").await;
    }
    assert_eq!((holder(None).await, holder(Some(mine.owner)).await), (None, None), "private ones of others");
    kit.push_blob(&mine, "app", "held content").await;
    assert_eq!(holder(Some(mine.owner)).await, Some(mine.repository("app")));
    assert_eq!(holder(None).await, None);
    let public = kit.one.repository(REGISTRY, &theirs.repository("holder3")).await.unwrap().unwrap();
    kit.one.set_visibility(&act(), public.id, true).await.unwrap();
    assert_eq!(holder(None).await, Some(theirs.repository("holder3")));
}

async fn objects_and_rows_are_told(kit: &Kit) {
    let place = kit.place().await;
    let pushed = kit.push_blob(&place, "app", "known content").await;
    let mut asked: Vec<BlobKey> = (0..200).map(|_| BlobKey::fresh(&pushed.blob.digest)).collect();
    asked.push(pushed.blob.key.clone());
    for state in [0, 1, 2] {
        set_state(kit, pushed.blob.id, state).await;
        let known = kit.two.known_objects(&asked).await.unwrap();
        assert_eq!(known.into_iter().collect::<Vec<_>>(), std::slice::from_ref(&pushed.blob.key));
    }
    let listed = kit.one.blobs_page(None, 100_000).await.unwrap();
    assert!(listed.iter().any(|blob| blob.id == pushed.blob.id), "in any state");
    let all: Vec<String> = listed.iter().map(|blob| blob.id.to_string()).collect();
    pages_show_all(
        &all,
        |blob: &Blob| blob.id.to_string(),
        async |after, limit| {
            let after = after.map(|id| BlobId::new(id.parse().unwrap()));
            kit.two.blobs_page(after, limit).await.unwrap()
        },
    )
    .await;
}
