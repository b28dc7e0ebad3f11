//! `/v2/NAME/tags/list`.

use bytes::Bytes;
use roadstead_tests::{Image, TestRegistry};

#[tokio::test]
async fn tags_come_in_the_order_of_their_bytes_page_by_page() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    let tags = ["latest", "v1", "v10", "v2", "V1", "_x", "1", "a.b", "a-b", "a_b", "Z", "0.0.1-rc.1"];
    for tag in tags {
        owner.push_image("library/app", tag, &image).await;
    }
    let mut sorted = tags;
    sorted.sort_unstable();
    let answer = owner.get("/v2/library/app/tags/list").await.expect(200);
    assert_eq!(
        (answer.json()["name"].as_str(), answer.list("tags")),
        (Some("library/app"), sorted.map(str::to_owned).to_vec())
    );
    for n in [1, 3, 5, 11, 12, 13, 1000] {
        let (all, sizes) = owner.all_pages(&format!("/v2/library/app/tags/list?n={n}"), "tags").await;
        assert_eq!(all, sorted, "n={n}");
        assert_eq!(sizes.len(), sorted.len().div_ceil(n), "n={n}: only the last page may be short");
    }
    let after = owner.get("/v2/library/app/tags/list?last=a_b&n=2").await.expect(200);
    assert_eq!(after.list("tags"), ["latest", "v1"]);
    let none = owner.get("/v2/library/app/tags/list?n=0").await.expect(200);
    assert_eq!((none.list("tags").len(), none.has("link")), (0, false));
    let beyond = owner.get("/v2/library/app/tags/list?last=zzz").await.expect(200);
    assert_eq!((beyond.list("tags").len(), beyond.has("link")), (0, false));
    assert_eq!(owner.get("/v2/library/app/tags/list?n=9223372036854775808").await.expect(200).list("tags").len(), 12);
    owner.get("/v2/library/app/tags/list?n=-1").await.expect_error(400, "PAGINATION_NUMBER_INVALID");
}

#[tokio::test]
async fn a_deleted_tag_is_gone_and_its_siblings_are_not() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(2));
    let digest = owner.push_image("library/app", "a", &image).await;
    owner.push_image("library/app", "b", &image).await;
    owner.delete("/v2/library/app/manifests/a").await.expect(202);
    owner.get("/v2/library/app/manifests/a").await.expect_error(404, "MANIFEST_UNKNOWN");
    owner.delete("/v2/library/app/manifests/a").await.expect_error(404, "MANIFEST_UNKNOWN");
    owner.get("/v2/library/app/manifests/b").await.expect(200);
    owner.get(&format!("/v2/library/app/manifests/{digest}")).await.expect(200);
    assert_eq!(owner.get("/v2/library/app/tags/list").await.list("tags"), ["b"]);
    owner.delete(&format!("/v2/library/app/manifests/{digest}")).await.expect(202);
    assert!(owner.get("/v2/library/app/tags/list").await.expect(200).list("tags").is_empty());
    owner.get("/v2/library/app/manifests/b").await.expect(404);
}

#[tokio::test]
async fn an_unknown_repository_is_unknown_and_an_empty_one_is_empty() {
    let reg = TestRegistry::new().await;
    reg.owner().get("/v2/library/nothing/tags/list").await.expect_error(404, "NAME_UNKNOWN");
    reg.owner().get("/v2/library/nothing/tags/list?n=0").await.expect_error(404, "NAME_UNKNOWN");
    reg.owner().push_blob("library/empty", &Bytes::from_static(b"x")).await;
    assert!(reg.owner().get("/v2/library/empty/tags/list").await.expect(200).list("tags").is_empty());
}

#[tokio::test]
async fn a_tag_can_be_moved_and_the_old_manifest_stays() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    let old = owner.push_image("library/app", "latest", &Image::small(1)).await;
    assert_eq!(owner.get("/v2/library/app/manifests/latest").await.header("docker-content-digest"), old);
    let new = owner.push_image("library/app", "latest", &Image::small(2)).await;
    assert_eq!(owner.get("/v2/library/app/manifests/latest").await.header("docker-content-digest"), new);
    owner.get(&format!("/v2/library/app/manifests/{old}")).await.expect(200);
}

#[tokio::test]
async fn what_is_no_tag_is_refused() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    owner.push_image("library/app", &"t".repeat(128), &image).await;
    for tag in [&"t".repeat(129), ".hidden", "-x", "a%20b", "a%2Fb", "%C3%BC", "a%00", "a+b", "a@b"] {
        let put = owner.put_manifest("library/app", tag, image.media_type(), image.manifest()).await;
        put.expect_error(400, "TAG_INVALID");
        owner.get(&format!("/v2/library/app/manifests/{tag}")).await.expect_error(400, "TAG_INVALID");
    }
}
