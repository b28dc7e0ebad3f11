//! The behaviour of manifests and tags in every metadata store.

use super::{Image, Kit, REGISTRY, act, later, pages_show_all, put, sha256, tag};
use crate::Error;
use crate::meta::{PutManifest, Referrer, Referrers, ReviewTarget};
use roadstead_types::{Digest, Manifest, ManifestId, RepositoryId, Tag, Thing};

pub(super) async fn behave(kit: &Kit) {
    a_manifest_is_served_as_it_came(kit).await;
    everything_that_is_missing_is_told(kit).await;
    what_nothing_refers_to_yet_is_queued(kit).await;
    many_layers_are_one_manifest(kit).await;
    the_same_manifest_keeps_its_row(kit).await;
    a_moved_tag_queues_its_old_manifest(kit).await;
    a_deleted_tag_queues_its_manifest(kit).await;
    a_deleted_manifest_takes_its_tags(kit).await;
    a_child_stays_while_its_index_does(kit).await;
    an_index_keeps_the_blobs_that_it_lists(kit).await;
    foreign_layers_need_not_be_there(kit).await;
    tag_pages_show_all(kit).await;
    referrers_are_found(kit).await;
}

async fn a_manifest_is_served_as_it_came(kit: &Kit) {
    let place = kit.place().await;
    let (image, outcome) = kit.push_image(&place, "app", &["config 1", "layer 1"], &[tag("latest"), tag("v1")]).await;
    assert!(outcome.manifest_created && outcome.repository_created.is_none());
    let stored = kit.two.manifest(outcome.repository, &image.digest).await.unwrap().unwrap();
    assert_eq!((&stored.content[..], &stored.digest), (&image.content[..], &image.digest));
    assert_eq!(stored.media_type, image.manifest.media_type.as_str());
    assert_eq!(kit.two.tag(outcome.repository, &tag("v1")).await.unwrap(), Some(image.digest.clone()));
    assert_eq!(kit.two.tag(outcome.repository, &tag("V1")).await.unwrap(), None);
    assert_eq!(kit.two.tags_of(outcome.repository, &image.digest).await.unwrap(), [tag("latest"), tag("v1")]);
    assert!(kit.one.renew_manifest_lease(stored.id, later(70)).await.unwrap());
    assert!(kit.one.renew_manifest_lease(stored.id, later(65)).await.unwrap());
    let stored = kit.two.manifest(outcome.repository, &image.digest).await.unwrap().unwrap();
    assert_eq!(stored.lease_until, later(70));
    assert!(!kit.one.renew_manifest_lease(ManifestId::new(i64::MAX), later(70)).await.unwrap());
    let other = kit.push_blob(&place, "other", "x").await.repository;
    assert_eq!(kit.two.manifest(other, &image.digest).await.unwrap(), None, "manifests belong to repositories");
}

async fn everything_that_is_missing_is_told(kit: &Kit) {
    let place = kit.place().await;
    kit.push_blob(&place, "app", "there").await;
    // A blob in another repository does not count.
    kit.push_blob(&place, "other", "elsewhere").await;
    let image = Image::with_blobs(&["there", "elsewhere", "nowhere"], None);
    let Err(Error::MissingReferences { mut blobs, manifests }) = kit.put(&place, "app", &image, &[tag("t")]).await
    else {
        panic!("the manifest was taken")
    };
    blobs.sort();
    let mut expected = [sha256(b"elsewhere"), sha256(b"nowhere")];
    expected.sort();
    assert_eq!((blobs.as_slice(), manifests.as_slice()), (&expected[..], &[][..]));
    let repository = kit.repository(&place, "app").await.id;
    assert_eq!(kit.two.manifest(repository, &image.digest).await.unwrap(), None);
    assert_eq!(kit.two.tag(repository, &tag("t")).await.unwrap(), None);
    let index = Image::index(&[&sha256(b"no manifest")]);
    let outcome = kit.put(&place, "new", &index, &[]).await;
    assert!(
        matches!(outcome, Err(Error::MissingReferences { manifests, .. }) if manifests == [sha256(b"no manifest")])
    );
    let new = kit.two.repository(super::REGISTRY, &place.repository("new")).await.unwrap();
    assert_eq!(new, None, "a refused manifest makes no repository");
}

async fn many_layers_are_one_manifest(kit: &Kit) {
    let place = kit.place().await;
    let contents: Vec<String> = (0..200).map(|number| format!("layer number {number}")).collect();
    let mut blobs: Vec<&str> = contents.iter().map(String::as_str).collect();
    blobs.push(blobs[7]);
    let (image, outcome) = kit.push_image(&place, "app", &blobs, &[]).await;
    let query = sqlx::query_scalar(
        "SELECT COUNT(*) FROM manifest_blobs e JOIN manifests m ON m.id = e.manifest_id \
         WHERE m.repository_id = $1 AND m.digest = $2",
    );
    let edges: i64 =
        query.bind(outcome.repository.get()).bind(image.digest.as_str()).fetch_one(kit.one.writer()).await.unwrap();
    assert_eq!(edges, 200);
}

async fn the_same_manifest_keeps_its_row(kit: &Kit) {
    let place = kit.place().await;
    let (image, first) = kit.push_image(&place, "app", &["config 2"], &[tag("a")]).await;
    let row = kit.two.manifest(first.repository, &image.digest).await.unwrap().unwrap();
    // The same bytes under another media type keep the first media type.
    let mut manifest: Manifest = image.manifest.clone();
    manifest.media_type = "application/vnd.other+json".parse().unwrap();
    let name = place.repository("app");
    let tags = [tag("b")];
    let again = PutManifest { manifest: &manifest, lease_until: later(130), ..put(&place, &name, &image, &tags) };
    let second = kit.two.put_manifest(&act(), &again).await.unwrap();
    assert!(!second.manifest_created && second.repository == first.repository);
    let after = kit.one.manifest(first.repository, &image.digest).await.unwrap().unwrap();
    assert_eq!((after.id, &after.media_type, after.lease_until), (row.id, &row.media_type, later(130)));
    assert_eq!(kit.one.tags_of(first.repository, &image.digest).await.unwrap(), [tag("a"), tag("b")]);
    let blob = kit.one.blob(first.repository, &sha256(b"config 2")).await.unwrap().unwrap();
    assert_eq!(blob.lease_until, later(130), "leases are renewed");
    let once_more = PutManifest { lease_until: later(200), ..again };
    kit.two.put_manifest(&act(), &once_more).await.unwrap();
    let blob = kit.one.blob(first.repository, &sha256(b"config 2")).await.unwrap().unwrap();
    assert_eq!(blob.lease_until, later(130), "not while more than half of it is left");
}

async fn queued(kit: &Kit, target: ReviewTarget) -> Option<String> {
    kit.reviews().await.into_iter().find(|review| review.target == target).map(|review| review.reason)
}

/// A push may be interrupted after its blobs, or before the index that refers to its manifests.
async fn what_nothing_refers_to_yet_is_queued(kit: &Kit) {
    let place = kit.place().await;
    let pushed = kit.push_blob(&place, "broken-off", "the only layer").await;
    let reason = async |target| queued(kit, target).await;
    assert_eq!(reason(ReviewTarget::Blob(pushed.blob.id)).await.as_deref(), Some("not referenced yet"));
    let (untagged, outcome) = kit.push_image(&place, "broken-off", &["config of the untagged"], &[]).await;
    let untagged = id_of(kit, outcome.repository, &untagged.digest).await;
    assert_eq!(reason(untagged).await.as_deref(), Some("not referenced yet"));
    let (tagged, outcome) = kit.push_image(&place, "whole", &["config of the tagged"], &[tag("v1")]).await;
    assert_eq!(reason(id_of(kit, outcome.repository, &tagged.digest).await).await, None);
    // A mount makes another link.
    let digest = sha256(b"the only layer");
    let forget = sqlx::query("DELETE FROM review_queue WHERE kind = 0 AND target_id = $1").bind(pushed.blob.id.get());
    forget.execute(kit.one.writer()).await.unwrap();
    let to = place.repository("mounted");
    let mounted =
        kit.two.mount_blob(&act(), pushed.repository, REGISTRY, place.namespace, &to, &digest, later(60)).await;
    assert!(mounted.unwrap().is_some());
    assert_eq!(reason(ReviewTarget::Blob(pushed.blob.id)).await.as_deref(), Some("not referenced yet"));
}

async fn id_of(kit: &Kit, repository: RepositoryId, digest: &Digest) -> ReviewTarget {
    ReviewTarget::Manifest(kit.one.manifest(repository, digest).await.unwrap().unwrap().id)
}

async fn a_moved_tag_queues_its_old_manifest(kit: &Kit) {
    let place = kit.place().await;
    let (old, outcome) = kit.push_image(&place, "app", &["old config"], &[tag("t")]).await;
    let old = id_of(kit, outcome.repository, &old.digest).await;
    let (new, _) = kit.push_image(&place, "app", &["new config"], &[tag("other")]).await;
    assert_eq!(queued(kit, old).await, None);
    kit.put(&place, "app", &new, &[tag("t")]).await.unwrap();
    assert_eq!(queued(kit, old).await.as_deref(), Some("tag moved"));
    assert_eq!(kit.two.tag(outcome.repository, &tag("t")).await.unwrap(), Some(new.digest.clone()));
    kit.put(&place, "app", &new, &[tag("t")]).await.unwrap();
    let new = id_of(kit, outcome.repository, &new.digest).await;
    assert_eq!(queued(kit, new).await, None, "it lost nothing");
}

async fn a_deleted_tag_queues_its_manifest(kit: &Kit) {
    let place = kit.place().await;
    let (image, outcome) = kit.push_image(&place, "app", &["config 3"], &[tag("t"), tag("u")]).await;
    let delete = async || kit.two.delete_tag(&act(), outcome.repository, &tag("t")).await.unwrap();
    assert_eq!(delete().await, Some(image.digest.clone()));
    assert_eq!(delete().await, None);
    assert_eq!(kit.one.tags_of(outcome.repository, &image.digest).await.unwrap(), [tag("u")]);
    let id = id_of(kit, outcome.repository, &image.digest).await;
    assert_eq!(queued(kit, id).await.as_deref(), Some("tag deleted"));
    assert_eq!(kit.two.delete_tag(&act(), RepositoryId::new(i64::MAX), &tag("u")).await.unwrap(), None);
}

async fn a_deleted_manifest_takes_its_tags(kit: &Kit) {
    let place = kit.place().await;
    let (image, outcome) = kit.push_image(&place, "app", &["config 4", "layer 4"], &[tag("b"), tag("a")]).await;
    let repository = outcome.repository;
    let note = Image::with_blobs(&["config 4"], Some(&image.digest));
    kit.put(&place, "app", &note, &[]).await.unwrap();
    let index = Image::index(&[&image.digest]);
    kit.put(&place, "app", &index, &[tag("i")]).await.unwrap();
    let delete = async |digest: &Digest| kit.two.delete_manifest(&act(), repository, digest, None).await.unwrap();
    assert_eq!(delete(&index.digest).await, Some(vec![tag("i")]));
    let child = id_of(kit, repository, &image.digest).await;
    assert_eq!(queued(kit, child).await.as_deref(), Some("manifest deleted"));
    assert_eq!(delete(&image.digest).await, Some(vec![tag("a"), tag("b")]));
    assert_eq!(delete(&image.digest).await, None);
    assert_eq!(queued(kit, child).await, None, "it has gone");
    let note = id_of(kit, repository, &note.digest).await;
    assert_eq!(queued(kit, note).await.as_deref(), Some("manifest deleted"), "its subject has gone");
    for content in ["config 4", "layer 4"] {
        let blob = kit.one.blob(repository, &sha256(content.as_bytes())).await.unwrap().unwrap();
        assert_eq!(queued(kit, ReviewTarget::Blob(blob.id)).await.as_deref(), Some("manifest deleted"));
    }
    assert_eq!(kit.two.list_tags(repository, None, 10).await.unwrap(), []);
    let nowhere = RepositoryId::new(i64::MAX);
    assert_eq!(kit.two.delete_manifest(&act(), nowhere, &index.digest, None).await.unwrap(), None);
}

async fn a_child_stays_while_its_index_does(kit: &Kit) {
    let place = kit.place().await;
    let (image, outcome) = kit.push_image(&place, "app", &["config 5"], &[tag("c")]).await;
    let index = Image::index(&[&image.digest]);
    kit.put(&place, "app", &index, &[tag("i")]).await.unwrap();
    let repository = outcome.repository;
    let delete = async |digest: &Digest| kit.one.delete_manifest(&act(), repository, digest, None).await;
    assert!(matches!(delete(&image.digest).await, Err(Error::Listed { .. })));
    assert_eq!(kit.two.tags_of(repository, &image.digest).await.unwrap(), [tag("c")], "nothing is deleted");
    delete(&index.digest).await.unwrap().unwrap();
    let child = id_of(kit, repository, &image.digest).await;
    assert_eq!(queued(kit, child).await.as_deref(), Some("manifest deleted"), "its parent knew it");
    assert_eq!(delete(&image.digest).await.unwrap(), Some(vec![tag("c")]));
}

async fn an_index_keeps_the_blobs_that_it_lists(kit: &Kit) {
    let place = kit.place().await;
    let (image, outcome) = kit.push_image(&place, "app", &["config 15"], &[]).await;
    let blob = kit.push_blob(&place, "app", "an entry").await.blob;
    let index = Image::index(&[&image.digest, &blob.digest]);
    let name = place.repository("app");
    let put = PutManifest { lease_until: later(500), ..put(&place, &name, &index, &[]) };
    kit.one.put_manifest(&act(), &put).await.unwrap();
    let repository = outcome.repository;
    let after = kit.two.blob(repository, &blob.digest).await.unwrap().unwrap();
    assert_eq!(after.lease_until, later(500), "its lease is renewed");
    let unlinked = kit.two.unlink_blob(&act(), repository, &blob.digest).await;
    assert!(matches!(unlinked, Err(Error::InUse(Thing::Blob))));
    kit.one.delete_manifest(&act(), repository, &index.digest, None).await.unwrap().unwrap();
    assert_eq!(queued(kit, ReviewTarget::Blob(blob.id)).await.as_deref(), Some("manifest deleted"));
}

async fn foreign_layers_need_not_be_there(kit: &Kit) {
    let place = kit.place().await;
    let foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let layer = |content: &str, media_type: &str| {
        serde_json::json!({
            "mediaType": media_type, "digest": sha256(content.as_bytes()).as_str(), "size": content.len()
        })
    };
    kit.push_blob(&place, "app", "config 6").await;
    let present = kit.push_blob(&place, "app", "present foreign layer").await;
    let image = Image::of(&serde_json::json!({
        "schemaVersion": 2, "config": layer("config 6", "application/vnd.test"),
        "layers": [layer("absent foreign layer", foreign), layer("present foreign layer", foreign)],
    }));
    kit.put(&place, "app", &image, &[]).await.unwrap();
    // A present foreign layer cannot be unlinked while a manifest refers to it.
    let unlinked = kit.one.unlink_blob(&act(), present.repository, &present.blob.digest).await;
    assert!(matches!(unlinked, Err(Error::InUse(_))));
    // A layer that is pushed later belongs to the manifest when that is pushed again.
    let late = kit.push_blob(&place, "app", "absent foreign layer").await;
    assert!(!kit.put(&place, "app", &image, &[]).await.unwrap().manifest_created);
    let unlinked = kit.one.unlink_blob(&act(), late.repository, &late.blob.digest).await;
    assert!(matches!(unlinked, Err(Error::InUse(_))));
}

async fn tag_pages_show_all(kit: &Kit) {
    let place = kit.place().await;
    let mut tags: Vec<Tag> = ["_", "A", "Z", "a", "a-1", "a.1", "a_1", "v1", "v1.10", "v1.9"].map(tag).into();
    let (_, outcome) = kit.push_image(&place, "app", &["config 7"], &tags).await;
    tags.sort();
    let all: Vec<String> = tags.iter().map(Tag::to_string).collect();
    pages_show_all(&all, Tag::to_string, async |after, limit| {
        kit.two.list_tags(outcome.repository, after.as_deref(), limit).await.unwrap()
    })
    .await;
    let from = kit.two.list_tags(outcome.repository, Some("a.0 does not exist"), 2).await.unwrap();
    assert_eq!(from, [tag("a.1"), tag("a_1")]);
    assert_eq!(kit.two.list_tags(outcome.repository, Some("v1\0"), 1).await.unwrap(), [tag("v1.10")]);
}

async fn referrers_are_found(kit: &Kit) {
    let place = kit.place().await;
    let (subject, outcome) = kit.push_image(&place, "app", &["config 8"], &[]).await;
    let mut all = Vec::new();
    for number in 0..5 {
        let content = format!("note {number}");
        kit.push_blob(&place, "app", &content).await;
        let note = Image::with_blobs(&[&content], Some(&subject.digest));
        kit.put(&place, "app", &note, &[]).await.unwrap();
        all.push(note.digest.to_string());
    }
    all.sort();
    for artifact_type in [None, Some("application/vnd.test")] {
        pages_show_all(
            &all,
            |referrer: &Referrer| referrer.digest.to_string(),
            async |after, limit| {
                let after: Option<Digest> = after.map(|text| text.parse().unwrap());
                referrers(kit, outcome.repository, &subject.digest, artifact_type, after.as_ref(), limit).await.list
            },
        )
        .await;
    }
    for artifact_type in ["application/vnd.other", "", "a\0b"] {
        let page = referrers(kit, outcome.repository, &subject.digest, Some(artifact_type), None, 10).await;
        assert_eq!((page.list.len(), page.next), (0, None));
    }
    let page = referrers(kit, outcome.repository, &subject.digest, None, None, 1).await;
    let descriptor: serde_json::Value = serde_json::from_str(&page.list[0].descriptor).unwrap();
    let stored = kit.one.manifest(outcome.repository, &page.list[0].digest).await.unwrap().unwrap();
    let expected = serde_json::json!({
        "mediaType": stored.media_type, "digest": all[0], "size": stored.content.len(),
        "artifactType": "application/vnd.test", "annotations": { "note": "a\0b" },
    });
    assert_eq!(descriptor, expected);
    a_page_of_referrers_is_not_too_long(kit, outcome.repository, &subject.digest, &all).await;
    // The subject of a manifest need not exist.
    let absent = sha256(b"no such subject");
    kit.put(&place, "app", &Image::with_blobs(&["config 8"], Some(&absent)), &[]).await.unwrap();
    assert_eq!(referrers(kit, outcome.repository, &absent, None, None, 10).await.list.len(), 1);
}

async fn referrers(
    kit: &Kit,
    repository: RepositoryId,
    subject: &Digest,
    artifact_type: Option<&str>,
    after: Option<&Digest>,
    limit: u32,
) -> Referrers {
    kit.two.referrers(repository, subject, artifact_type, after, limit, u64::MAX).await.unwrap()
}

async fn a_page_of_referrers_is_not_too_long(kit: &Kit, repository: RepositoryId, subject: &Digest, all: &[String]) {
    let whole = referrers(kit, repository, subject, None, None, 100).await;
    assert_eq!(whole.next, None);
    let longest = whole.list.iter().map(|r| r.descriptor.len() as u64).max().unwrap();
    for (max_bytes, most) in [(0, 1), (1, 1), (2 * longest, 2), (3 * longest, 3), (u64::MAX, 5)] {
        let (mut shown, mut after) = (Vec::new(), None);
        loop {
            let page = kit.two.referrers(repository, subject, None, after.as_ref(), 100, max_bytes).await.unwrap();
            assert!((1..=most).contains(&page.list.len()), "{max_bytes}: {}", page.list.len());
            shown.extend(page.list.into_iter().map(|referrer| referrer.digest.to_string()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(shown, all);
    }
}
