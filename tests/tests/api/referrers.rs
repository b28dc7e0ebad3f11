//! `/v2/NAME/referrers/DIGEST`.

use roadstead_tests::{Answer, Image, TestRegistry, digest};
use roadstead_types::media_types::OCI_INDEX;
use serde_json::{Value, json};

const REPOSITORY: &str = "library/app";

fn of(digest: &str) -> String {
    format!("/v2/{REPOSITORY}/referrers/{digest}")
}

fn signature(seed: u64, subject: &Image, artifact_type: &str) -> Image {
    let annotations = json!({ "seed": seed.to_string() });
    Image::small(seed).about(subject).with("artifactType", json!(artifact_type)).with("annotations", annotations)
}

fn digests(answer: &Answer) -> Vec<String> {
    let value = answer.json();
    let list = value["manifests"].as_array().unwrap();
    list.iter().map(|descriptor| descriptor["digest"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn referrers_are_listed_with_all_that_the_specification_wants() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    owner.push_image(REPOSITORY, "v1", &image).await;
    let signature = signature(2, &image, "application/x-signature");
    for blob in signature.blobs() {
        owner.push_blob(REPOSITORY, blob).await;
    }
    let put = owner.put_manifest(REPOSITORY, &signature.digest(), signature.media_type(), signature.manifest()).await;
    assert_eq!(put.expect(201).header("oci-subject"), image.digest());
    let list = owner.get(&of(&image.digest())).await.expect(200);
    assert_eq!(list.header("content-type"), OCI_INDEX);
    let mut descriptor = signature.descriptor();
    descriptor["artifactType"] = json!("application/x-signature");
    descriptor["annotations"] = json!({ "seed": "2" });
    let expected = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor] });
    assert_eq!(list.json(), expected);
}

#[tokio::test]
async fn an_unknown_subject_has_no_referrers_and_that_is_no_error() {
    let reg = TestRegistry::new().await;
    for target in [of(&digest("x")), format!("/v2/library/nothing/referrers/{}", digest("x"))] {
        let list = reg.owner().get(&target).await.expect(200);
        assert_eq!((list.header("content-type"), list.json()["manifests"].clone()), (OCI_INDEX, json!([])));
    }
    for bad in ["sha256:zz", "latest", "md5:00", "sha256"] {
        reg.owner().get(&of(bad)).await.expect_error(400, "DIGEST_INVALID");
    }
}

#[tokio::test]
async fn a_referrer_may_come_before_its_subject_and_outlive_it() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    let signature = signature(2, &image, "application/x-signature");
    owner.push_image(REPOSITORY, "signature", &signature).await;
    assert_eq!(digests(&owner.get(&of(&image.digest())).await), [signature.digest()]);
    owner.push_image(REPOSITORY, "v1", &image).await;
    owner.delete(&format!("/v2/{REPOSITORY}/manifests/{}", image.digest())).await.expect(202);
    assert_eq!(digests(&owner.get(&of(&image.digest())).await), [signature.digest()]);
    owner.delete(&format!("/v2/{REPOSITORY}/manifests/{}", signature.digest())).await.expect(202);
    assert!(digests(&owner.get(&of(&image.digest())).await).is_empty());
}

#[tokio::test]
async fn a_filter_by_type_is_applied_and_told() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    owner.push_image(REPOSITORY, "v1", &image).await;
    let one = signature(2, &image, "application/x-signature");
    let two = signature(3, &image, "application/x-sbom+json");
    // Without an artifactType, the media type of the config is used.
    let three = Image::small(4).about(&image);
    for referrer in [&one, &two, &three] {
        owner.push_image(REPOSITORY, &referrer.digest(), referrer).await;
    }
    let all = owner.get(&of(&image.digest())).await.expect(200);
    assert_eq!(digests(&all).len(), 3);
    assert!(!all.has("oci-filters-applied"));
    for (filter, expected) in [
        ("application/x-signature", Some(&one)),
        ("application/x-sbom%2Bjson", Some(&two)),
        ("application/vnd.oci.image.config.v1%2Bjson", Some(&three)),
        ("Application/X-Signature", Some(&one)),
        ("application/x-nothing", None),
    ] {
        let list = owner.get(&format!("{}?artifactType={filter}", of(&image.digest()))).await.expect(200);
        assert_eq!(list.header("oci-filters-applied"), "artifactType");
        assert_eq!(digests(&list), expected.map(Image::digest).into_iter().collect::<Vec<_>>(), "{filter}");
    }
}

#[tokio::test]
async fn the_pages_of_referrers_are_all_of_them_and_keep_the_filter() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    owner.push_image(REPOSITORY, "v1", &image).await;
    let mut expected = Vec::new();
    for seed in 2..13 {
        let kind = if seed % 3 == 0 { "application/x-b" } else { "application/x-a" };
        let referrer = signature(seed, &image, kind);
        expected.push((owner.push_image(REPOSITORY, &referrer.digest(), &referrer).await, kind));
    }
    expected.sort();
    for (query, kind) in
        [("n=1", None), ("n=4", None), ("n=11", None), ("n=2&artifactType=application/x-a", Some("application/x-a"))]
    {
        let mut next = Some(format!("{}?{query}", of(&image.digest())));
        let mut found = Vec::new();
        while let Some(target) = next {
            let page = owner.get(&target).await.expect(200);
            assert_eq!(page.has("oci-filters-applied"), kind.is_some());
            found.extend(digests(&page));
            next = page.next();
            assert!(found.len() <= expected.len(), "the pages do not end");
        }
        let wanted: Vec<&String> =
            expected.iter().filter(|(_, k)| kind.is_none_or(|kind| kind == *k)).map(|(digest, _)| digest).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{query}");
    }
    owner.get(&format!("{}?last=nonsense", of(&image.digest()))).await.expect_error(400, "PAGINATION_NUMBER_INVALID");
}

#[tokio::test]
async fn an_index_can_refer_too_and_referrers_stay_in_their_repository() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    owner.push_image(REPOSITORY, "v1", &image).await;
    let index = json!({
        "schemaVersion": 2, "mediaType": OCI_INDEX, "artifactType": "application/x-bundle",
        "manifests": [image.descriptor()], "subject": image.descriptor(),
    });
    let put = owner.put_manifest(REPOSITORY, "bundle", OCI_INDEX, index.to_string().into()).await.expect(201);
    assert_eq!(put.header("oci-subject"), image.digest());
    let list = owner.get(&of(&image.digest())).await.json();
    assert_eq!(list["manifests"][0]["artifactType"], "application/x-bundle");
    owner.push_image("library/other", "v1", &image).await;
    let other = owner.get(&format!("/v2/library/other/referrers/{}", image.digest())).await.expect(200);
    assert_eq!(other.json()["manifests"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn a_manifest_that_is_its_own_subject_by_a_trick_is_only_a_manifest() {
    // A cycle is impossible, because a subject is a digest. Two manifests can only name old forms of each other.
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    let one = Image::small(1);
    let two = Image::small(2).about(&one);
    let three = Image::small(1).about(&two);
    for image in [&one, &two, &three] {
        owner.push_image(REPOSITORY, &image.digest(), image).await;
    }
    assert_eq!(digests(&owner.get(&of(&one.digest())).await), [two.digest()]);
    assert_eq!(digests(&owner.get(&of(&two.digest())).await), [three.digest()]);
    assert!(digests(&owner.get(&of(&three.digest())).await).is_empty());
}

#[tokio::test]
async fn a_page_of_long_referrers_is_not_longer_than_clients_take() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    owner.push_image(REPOSITORY, "v1", &image).await;
    let with_note = |seed, length: usize| {
        signature(seed, &image, "application/x-note").with("annotations", json!({ "note": "x".repeat(length) }))
    };
    let mut expected = Vec::new();
    for seed in 2..9 {
        let referrer = with_note(seed, 1_000_000);
        expected.push(owner.push_image(REPOSITORY, &referrer.digest(), &referrer).await);
    }
    expected.sort();
    let (mut found, mut next) = (Vec::new(), Some(of(&image.digest())));
    while let Some(target) = next {
        let page = owner.get(&target).await.expect(200);
        assert!(page.body.len() < 4 << 20, "{} bytes", page.body.len());
        found.extend(digests(&page));
        next = page.next();
        assert!(found.len() <= expected.len(), "the pages do not end");
    }
    assert_eq!(found, expected);
    let long = with_note(9, 1 << 20);
    for blob in long.blobs() {
        owner.push_blob(REPOSITORY, blob).await;
    }
    let put = owner.put_manifest(REPOSITORY, "long", long.media_type(), long.manifest()).await;
    put.expect_error(400, "MANIFEST_INVALID");
}
