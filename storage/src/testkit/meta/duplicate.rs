//! The behaviour of copied images in every metadata store.

use std::sync::Arc;

use super::{Image, Kit, NOW, Place, REGISTRY, act, later, put, sha256, tag};
use crate::Error;
use crate::meta::{DuplicateImage, PutManifest, ReviewTarget, TagFilter};
use roadstead_types::{ImageConfig, ImageDetails, NamespaceId, RepositoryId, RepositoryName, Tag, Thing, Window};

pub(super) async fn behave(kit: &Kit) {
    an_index_comes_with_everything(kit).await;
    a_tag_of_the_same_repository_is_a_tag(kit).await;
    a_tag_that_exists_stays_without_overwrite(kit).await;
    what_is_not_there_makes_nothing(kit).await;
    duplicates_cross_without_waiting_for_each_other(kit).await;
}

pub(super) fn duplicate<'a>(
    source: RepositoryId,
    source_tag: &'a Tag,
    place: &Place,
    repository: &'a RepositoryName,
    tag: &'a Tag,
) -> DuplicateImage<'a> {
    DuplicateImage {
        source,
        source_tag,
        registry: REGISTRY,
        namespace: place.namespace,
        repository,
        tag,
        overwrite: true,
        lease_until: later(600),
    }
}

async fn an_index_comes_with_everything(kit: &Kit) {
    let place = kit.place().await;
    let (arm, pushed) = kit.push_image(&place, "src", &["dup arm", "dup base"], &[]).await;
    let (amd, _) = kit.push_image(&place, "src", &["dup amd", "dup base"], &[]).await;
    let inner = Image::index(&[&amd.digest]);
    kit.put(&place, "src", &inner, &[]).await.unwrap();
    let index = Image::index(&[&arm.digest, &inner.digest]);
    let details = ImageDetails {
        content_id: index.digest.clone(),
        image_id: None,
        config: ImageConfig::default(),
        total_size: 3,
    };
    let (source, tags) = (place.repository("src"), [tag("v1")]);
    let put = PutManifest { details: Some(&details), ..put(&place, &source, &index, &tags) };
    kit.one.put_manifest(&act(), &put).await.unwrap();
    let (to, from_tag, to_tag) = (place.repository("dst"), tag("v1"), tag("copy"));
    let what = duplicate(pushed.repository, &from_tag, &place, &to, &to_tag);
    let done = kit.one.duplicate_image(&act(), &what).await.unwrap().unwrap();
    let target = kit.repository(&place, "dst").await;
    assert!(done.repository_created.is_some());
    assert_eq!((done.repository, &done.digest), (target.id, &index.digest));
    assert_eq!(kit.repository(&place, "src").await.updated_at, NOW, "nothing was pushed there");
    assert!(kit.one.delete_repository(&act(), pushed.repository, true).await.unwrap());
    for image in [&index, &inner, &arm, &amd] {
        let stored = kit.two.manifest(target.id, &image.digest).await.unwrap().unwrap();
        assert_eq!((&stored.content[..], stored.lease_until), (&image.content[..], later(600)));
        assert_eq!(stored.is_child, image.digest != index.digest);
    }
    for content in ["dup arm", "dup amd", "dup base"] {
        let blob = kit.two.blob(target.id, &sha256(content.as_bytes())).await.unwrap().unwrap();
        assert_eq!(blob.lease_until, later(600));
        let refused = kit.one.unlink_blob(&act(), target.id, &blob.digest).await;
        assert!(matches!(refused, Err(Error::InUse(_))), "a manifest refers to it");
    }
    let images = kit.two.list_images(target.id, &TagFilter::default(), Window::first(10)).await.unwrap().items;
    assert_eq!((images.len(), images[0].details.as_ref()), (1, Some(&details)));
    // A second copy finds that the source has gone.
    let gone = kit.one.duplicate_image(&act(), &what).await.unwrap();
    assert_eq!(gone, None, "the source has gone");
}

async fn a_tag_of_the_same_repository_is_a_tag(kit: &Kit) {
    let place = kit.place().await;
    let (old, _) = kit.push_image(&place, "app", &["dup old"], &[tag("latest")]).await;
    let (new, outcome) = kit.push_image(&place, "app", &["dup new"], &[tag("v2")]).await;
    let (name, from, to) = (place.repository("app"), tag("v2"), tag("latest"));
    let what = duplicate(outcome.repository, &from, &place, &name, &to);
    let done = kit.one.duplicate_image(&act(), &what).await.unwrap().unwrap();
    assert!(done.repository_created.is_none() && done.repository == outcome.repository);
    assert_eq!(kit.two.tag(outcome.repository, &to).await.unwrap(), Some(new.digest));
    let old = kit.one.manifest(outcome.repository, &old.digest).await.unwrap().unwrap().id;
    assert!(kit.reviews().await.iter().any(|review| review.target == ReviewTarget::Manifest(old)));
    let onto_itself = duplicate(outcome.repository, &from, &place, &name, &from);
    assert_eq!(kit.one.duplicate_image(&act(), &onto_itself).await.unwrap().unwrap().repository, outcome.repository);
}

async fn a_tag_that_exists_stays_without_overwrite(kit: &Kit) {
    let place = kit.place().await;
    let (_, outcome) = kit.push_image(&place, "app", &["dup kept"], &[tag("v1")]).await;
    let (other, _) = kit.push_image(&place, "app", &["dup other"], &[tag("v2")]).await;
    let (name, from, to, fresh) = (place.repository("app"), tag("v1"), tag("v2"), tag("v3"));
    let what = DuplicateImage { overwrite: false, ..duplicate(outcome.repository, &from, &place, &name, &to) };
    let refused = kit.one.duplicate_image(&act(), &what).await;
    assert!(matches!(refused, Err(Error::Conflict(Thing::Tag))), "{refused:?}");
    assert_eq!(kit.two.tag(outcome.repository, &to).await.unwrap(), Some(other.digest));
    let what = DuplicateImage { tag: &fresh, ..what };
    kit.one.duplicate_image(&act(), &what).await.unwrap().unwrap();
    // Of several at once only one makes the tag.
    let new = tag("v4");
    let what = DuplicateImage { tag: &new, ..what };
    let made = futures::future::join_all((0..4).map(async |number| {
        let outcome = kit.store(number).duplicate_image(&act(), &what).await;
        outcome.is_ok()
    }));
    assert_eq!(made.await.into_iter().filter(|made| *made).count(), 1);
}

async fn what_is_not_there_makes_nothing(kit: &Kit) {
    let place = kit.place().await;
    let (_, outcome) = kit.push_image(&place, "app", &["dup config"], &[tag("v1")]).await;
    let (to, from, missing) = (place.repository("new"), tag("v1"), tag("missing"));
    let what = duplicate(outcome.repository, &missing, &place, &to, &from);
    assert_eq!(kit.one.duplicate_image(&act(), &what).await.unwrap(), None);
    let what = duplicate(RepositoryId::new(i64::MAX), &from, &place, &to, &from);
    assert_eq!(kit.one.duplicate_image(&act(), &what).await.unwrap(), None);
    let what = duplicate(outcome.repository, &from, &place, &to, &from);
    let nowhere = DuplicateImage { namespace: NamespaceId::new(i64::MAX), ..what };
    assert!(matches!(kit.one.duplicate_image(&act(), &nowhere).await, Err(Error::Stale(Thing::Namespace))));
    assert_eq!(kit.two.repository(REGISTRY, &to).await.unwrap(), None);
}

/// Two repositories are copied to each other, again and again, while tags move.
async fn duplicates_cross_without_waiting_for_each_other(kit: &Kit) {
    let place = Arc::new(kit.place().await);
    let mut ids = Vec::new();
    for name in ["left", "right"] {
        let (_, outcome) = kit.push_image(&place, name, &[name, "dup common"], &[tag(name)]).await;
        ids.push(outcome.repository);
    }
    let work = |store: crate::meta::MetaStore, from: usize| {
        let (place, source) = (Arc::clone(&place), ids[from]);
        async move {
            let (name, other) = if from == 0 { ("left", "right") } else { ("right", "left") };
            let (to, tag) = (place.repository(other), tag(name));
            for _ in 0..10 {
                let what = duplicate(source, &tag, &place, &to, &tag);
                store.duplicate_image(&act(), &what).await.unwrap().unwrap();
            }
        }
    };
    let (one, two) = (work(kit.one.clone(), 0), work(kit.two.clone(), 1));
    let (one, two) = (tokio::spawn(one), tokio::spawn(two));
    one.await.unwrap();
    two.await.unwrap();
    for id in ids {
        assert_eq!(kit.one.list_tags(id, None, 10).await.unwrap(), [tag("left"), tag("right")]);
    }
}
