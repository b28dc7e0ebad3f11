//! The behaviour of images in every metadata store: tags with their details.

use super::{Image, Kit, NOW, Place, act, act_at, later, put, sha256, tag};
use crate::meta::{MetaStore, PutManifest, ReviewTarget, TagFilter};
use roadstead_types::{ImageConfig, ImageDetails, Listing, RepositoryId, Tag, Timestamp, Window};

pub(super) async fn behave(kit: &Kit) {
    the_last_pushed_comes_first(kit).await;
    a_search_is_no_pattern(kit).await;
    details_are_kept_with_their_manifest(kit).await;
    equal_images_are_found(kit).await;
    tags_are_deleted_together(kit).await;
    pulls_add_up(kit).await;
}

/// Deletes the details of all images, as in an older database.
///
/// # Panics
/// When the database does not allow it.
pub async fn forget_image_details(store: &MetaStore) {
    sqlx::query("DELETE FROM image_details").execute(store.writer()).await.unwrap();
}

fn details(seed: &str) -> ImageDetails {
    ImageDetails {
        content_id: sha256(seed.as_bytes()),
        image_id: Some(sha256(seed.as_bytes())),
        config: ImageConfig {
            architecture: "arm64".to_owned(),
            os: "linux".to_owned(),
            author: format!("author of {seed}"),
            docker_version: String::new(),
            created: Some(Timestamp::from_millis(-5)),
        },
        total_size: 12_345,
    }
}

/// Pushes an image at a given time, with or without details.
async fn push_at(kit: &Kit, place: &Place, content: &str, tags: &[Tag], at: Timestamp, known: Option<&ImageDetails>) {
    kit.push_blob(place, "app", content).await;
    let (image, name) = (Image::with_blobs(&[content], None), place.repository("app"));
    kit.one
        .put_manifest(&act_at(at), &PutManifest { details: known, ..put(place, &name, &image, tags) })
        .await
        .unwrap();
}

async fn page(kit: &Kit, repository: RepositoryId, search: &str, offset: u64, limit: u32) -> (u64, Vec<String>) {
    let Listing { total, items: list } = kit
        .two
        .list_images(repository, &TagFilter { contains: search, ..TagFilter::default() }, Window { offset, limit })
        .await
        .unwrap();
    (total, list.into_iter().map(|image| image.tag.to_string()).collect())
}

async fn the_last_pushed_comes_first(kit: &Kit) {
    let place = kit.place().await;
    push_at(kit, &place, "first", &[tag("b"), tag("a")], later(1), None).await;
    push_at(kit, &place, "second", &[tag("old")], NOW, None).await;
    push_at(kit, &place, "third", &[tag("new"), tag("moved")], later(2), None).await;
    let repository = kit.repository(&place, "app").await.id;
    let all = ["moved", "new", "a", "b", "old"];
    assert_eq!(page(kit, repository, "", 0, 100).await, (5, all.map(str::to_owned).to_vec()));
    for limit in 1..=6_u32 {
        let mut shown = Vec::new();
        for offset in (0..5).step_by(limit as usize) {
            let (total, names) = page(kit, repository, "", offset, limit).await;
            assert_eq!(total, 5);
            shown.extend(names);
        }
        assert_eq!(shown, all);
    }
    assert_eq!(page(kit, repository, "", 5, 10).await, (5, vec![]));
    assert_eq!(page(kit, repository, "", u64::MAX >> 1, 10).await, (5, vec![]));
    // A tag that is pushed again comes first, and is the same row.
    let before = kit
        .one
        .list_images(repository, &TagFilter { contains: "old", ..TagFilter::default() }, Window::first(1))
        .await
        .unwrap()
        .items
        .remove(0);
    push_at(kit, &place, "third", &[tag("old")], later(3), None).await;
    let after = kit.one.list_images(repository, &TagFilter::default(), Window::first(1)).await.unwrap().items.remove(0);
    assert_eq!((after.tag.as_str(), after.id, after.pushed_at), ("old", before.id, later(3)));
    assert_ne!(after.digest, before.digest);
    let other = kit.push_blob(&place, "other", "x").await.repository;
    assert_eq!(page(kit, other, "", 0, 10).await, (0, vec![]));
}

async fn a_search_is_no_pattern(kit: &Kit) {
    let place = kit.place().await;
    push_at(kit, &place, "image", &[tag("v1.0-RC"), tag("v1_0"), tag("latest")], NOW, None).await;
    let repository = kit.repository(&place, "app").await.id;
    for (search, found) in [
        ("v1", &["v1.0-RC", "v1_0"][..]),
        ("rc", &["v1.0-RC"]),
        ("V1_", &["v1_0"]),
        ("_", &["v1_0"]),
        ("%", &[]),
        ("!", &[]),
        ("\\", &[]),
        ("v1.0-RC", &["v1.0-RC"]),
        ("est", &["latest"]),
        ("é", &[]),
        ("a\0b", &[]),
    ] {
        let names = found.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(page(kit, repository, search, 0, 10).await, (found.len() as u64, names), "{search}");
    }
}

async fn details_are_kept_with_their_manifest(kit: &Kit) {
    let place = kit.place().await;
    let (known, other) = (details("known"), details("another"));
    push_at(kit, &place, "known", &[tag("known")], later(1), Some(&known)).await;
    push_at(kit, &place, "unknown", &[tag("unknown"), tag("too")], NOW, None).await;
    let repository = kit.repository(&place, "app").await.id;
    let list = kit.two.list_images(repository, &TagFilter::default(), Window::first(10)).await.unwrap().items;
    assert_eq!((list[0].details.as_ref(), list[0].stored_at), (Some(&known), later(1)));
    assert_eq!((&list[1].details, &list[2].details), (&None, &None));
    let undescribed = [list[1].digest.clone()];
    assert_eq!(kit.two.undescribed_images(repository, 10).await.unwrap(), undescribed);
    let all: Vec<_> = list.iter().map(|image| image.digest.clone()).collect();
    let found = kit.two.image_details(repository, &all).await.unwrap();
    assert_eq!(found, [(list[0].digest.clone(), known.clone())]);
    let without = ImageDetails { image_id: None, ..other.clone() };
    kit.one.remember_image(list[1].manifest, &without).await.unwrap();
    kit.one.remember_image(list[1].manifest, &other).await.unwrap();
    push_at(kit, &place, "known", &[tag("known")], later(1), Some(&other)).await;
    let list = kit.two.list_images(repository, &TagFilter::default(), Window::first(10)).await.unwrap().items;
    let shown: Vec<_> = list.iter().map(|image| image.details.as_ref()).collect();
    assert_eq!(shown, [Some(&known), Some(&without), Some(&without)], "the first look is kept");
    assert!(kit.two.undescribed_images(repository, 10).await.unwrap().is_empty());
    kit.one.delete_manifest(&act(), repository, &list[1].digest, None).await.unwrap();
    assert_eq!(kit.one.image_details(repository, &all).await.unwrap(), [(list[0].digest.clone(), known.clone())]);
    // The details of a deleted manifest are not saved.
    kit.one.remember_image(list[1].manifest, &other).await.unwrap();
    assert!(kit.one.delete_repository(&act(), repository, true).await.unwrap());
}

async fn equal_images_are_found(kit: &Kit) {
    let place = kit.place().await;
    let (same, other) = (details("same"), details("other"));
    push_at(kit, &place, "one way to write it", &[tag("a"), tag("b")], NOW, Some(&same)).await;
    push_at(kit, &place, "another way", &[tag("c")], NOW, Some(&same)).await;
    push_at(kit, &place, "something else", &[tag("d")], NOW, Some(&other)).await;
    push_at(kit, &place, "not looked at", &[tag("e"), tag("f")], NOW, None).await;
    let repository = kit.repository(&place, "app").await.id;
    for (of, expected) in [("a", &["b", "c"][..]), ("c", &["a", "b"]), ("d", &[]), ("e", &["f"]), ("no", &[])] {
        let found = kit.two.same_images(repository, &tag(of)).await.unwrap();
        assert_eq!(found.iter().map(Tag::as_str).collect::<Vec<_>>(), expected, "{of}");
    }
}

async fn tags_are_deleted_together(kit: &Kit) {
    let place = kit.place().await;
    push_at(kit, &place, "x", &[tag("a"), tag("b"), tag("keep")], NOW, None).await;
    push_at(kit, &place, "y", &[tag("c")], NOW, None).await;
    let repository = kit.repository(&place, "app").await.id;
    let list = kit.one.list_images(repository, &TagFilter::default(), Window::first(10)).await.unwrap().items;
    let many: Vec<Tag> = (0..300).map(|n| tag(&format!("nobody-{n}"))).chain([tag("c"), tag("b"), tag("a")]).collect();
    let deleted = kit.one.delete_tags(&act(), repository, &many).await.unwrap();
    assert_eq!(deleted, Some(vec![tag("a"), tag("b"), tag("c")]));
    assert_eq!(page(kit, repository, "", 0, 10).await, (1, vec!["keep".to_owned()]));
    let reviews = kit.reviews().await;
    for image in list {
        let target = ReviewTarget::Manifest(image.manifest);
        assert!(reviews.iter().any(|review| review.target == target && review.reason == "tag deleted"));
    }
    assert_eq!(kit.one.delete_tags(&act(), repository, &many).await.unwrap(), Some(vec![]));
    assert_eq!(kit.one.delete_tags(&act(), repository, &[]).await.unwrap(), Some(vec![]));
    assert_eq!(kit.one.delete_tags(&act(), RepositoryId::new(i64::MAX), &many).await.unwrap(), None);
}

async fn pulls_add_up(kit: &Kit) {
    let place = kit.place().await;
    let mut pulls = Vec::new();
    for number in 0..7 {
        let name = format!("pulled-{number}");
        pulls.push((kit.push_blob(&place, &name, "pulled").await.repository, number));
    }
    pulls.push((RepositoryId::new(i64::MAX), 3));
    pulls.reverse();
    kit.one.add_pulls(&pulls, NOW).await.unwrap();
    kit.two.add_pulls(&pulls[1..2], NOW).await.unwrap();
    kit.one.add_pulls(&[], NOW).await.unwrap();
    for number in 0..7_i64 {
        let count = sqlx::query_scalar("SELECT pull_count FROM repositories WHERE id = $1");
        let id = kit.repository(&place, &format!("pulled-{number}")).await.id;
        let count: i64 = count.bind(id.get()).fetch_one(kit.one.reader()).await.unwrap();
        assert_eq!(count, if number == 6 { 12 } else { number });
        assert_eq!(kit.repository(&place, &format!("pulled-{number}")).await.updated_at, NOW);
    }
}
