//! `/v2/NAME/manifests/REFERENCE`.

use bytes::Bytes;
use roadstead_tests::{Image, TestRegistry, digest, digest512, random_bytes};
use roadstead_types::media_types::{
    DOCKER_IMAGE, DOCKER_LIST, DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, OCI_IMAGE, OCI_INDEX,
};
use serde_json::{Value, json};

const REPOSITORY: &str = "library/app";

fn at(reference: &str) -> String {
    format!("/v2/{REPOSITORY}/manifests/{reference}")
}

fn index(children: &[Value]) -> Bytes {
    json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children }).to_string().into()
}

#[tokio::test]
async fn a_manifest_comes_back_byte_for_byte() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    for blob in image.blobs() {
        owner.push_blob(REPOSITORY, blob).await;
    }
    // White space, the order of members and unknown members are kept.
    let content = Bytes::from(format!(
        " {{\n\t\"odd\" : 1.0e2,{}\n",
        &image.manifest().escape_ascii().to_string().replace("\\\"", "\"")[1..]
    ));
    let put = owner.put_manifest(REPOSITORY, "v1", OCI_IMAGE, content.clone()).await.expect(201);
    assert_eq!(put.header("location"), at("v1"));
    assert_eq!(put.header("docker-content-digest"), digest(&content));
    for reference in ["v1", &digest(&content)] {
        let (got, head) = (owner.get(&at(reference)).await.expect(200), owner.head(&at(reference)).await.expect(200));
        assert_eq!(got.body, content);
        for answer in [&got, &head] {
            assert_eq!(answer.header("content-type"), OCI_IMAGE);
            assert_eq!(answer.header("docker-content-digest"), digest(&content));
            assert_eq!(answer.header("content-length"), content.len().to_string());
        }
        let etag = format!("\"{}\"", digest(&content));
        for method in ["GET", "HEAD"] {
            owner.request(method, &at(reference)).header("if-none-match", &etag).send().await.expect(304);
        }
    }
}

#[tokio::test]
async fn a_push_by_digest_must_have_that_digest() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    owner.push_image(REPOSITORY, &image.digest(), &image).await;
    assert!(owner.get(&format!("/v2/{REPOSITORY}/tags/list")).await.list("tags").is_empty());
    let wrong = owner.put_manifest(REPOSITORY, &digest("x"), OCI_IMAGE, image.manifest()).await;
    wrong.expect_error(400, "DIGEST_INVALID");
    for bad in ["sha256:zz", "md5:00", "sha256:", "a:b"] {
        let put = owner.put_manifest(REPOSITORY, bad, OCI_IMAGE, image.manifest()).await;
        put.expect_error(400, "DIGEST_INVALID");
    }
}

#[tokio::test]
async fn sha512_manifests_are_manifests() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    for blob in image.blobs() {
        owner.push_blob(REPOSITORY, blob).await;
    }
    let digest = digest512(image.manifest());
    let put =
        owner.put_manifest(REPOSITORY, &format!("{digest}?tag=v1"), OCI_IMAGE, image.manifest()).await.expect(201);
    assert_eq!(put.header("docker-content-digest"), digest);
    for reference in ["v1", &digest] {
        let got = owner.get(&at(reference)).await.expect(200);
        assert_eq!((got.header("docker-content-digest"), &got.body), (&*digest, &image.manifest()));
    }
}

#[tokio::test]
async fn one_push_may_set_many_tags() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    owner.push_image(REPOSITORY, &image.digest(), &image).await;
    let tags: Vec<String> = (0..20).map(|n| format!("v{n:02}")).collect();
    let query: Vec<String> = tags.iter().map(|tag| format!("tag={tag}")).collect();
    let target = format!("{}?{}", image.digest(), query.join("&"));
    let put = owner.put_manifest(REPOSITORY, &target, OCI_IMAGE, image.manifest()).await.expect(201);
    let told: Vec<&str> = put.header("oci-tag").split(", ").collect();
    assert_eq!(told, tags);
    assert_eq!(owner.get(&format!("/v2/{REPOSITORY}/tags/list")).await.list("tags"), tags);
    for (query, status, code) in [("?tag=-bad", 400, "TAG_INVALID"), ("?tag=good&tag=a%2Fb", 400, "TAG_INVALID")] {
        let put =
            owner.put_manifest(REPOSITORY, &format!("{}{query}", image.digest()), OCI_IMAGE, image.manifest()).await;
        put.expect_error(status, code);
    }
    owner.head(&at("good")).await.expect(404);
    let many: Vec<String> = (0..101).map(|n| format!("tag=t{n}")).collect();
    let target = format!("{}?{}", image.digest(), many.join("&"));
    owner.put_manifest(REPOSITORY, &target, OCI_IMAGE, image.manifest()).await.expect(414);
    let by_tag = owner.put_manifest(REPOSITORY, "v1?tag=v2", OCI_IMAGE, image.manifest()).await;
    by_tag.expect_error(400, "TAG_INVALID");
}

#[tokio::test]
async fn what_a_manifest_refers_to_must_be_there_and_what_is_missing_is_listed() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    let put = owner.put_manifest(REPOSITORY, "v1", OCI_IMAGE, image.manifest()).await;
    let detail = put.expect_error(404, "MANIFEST_BLOB_UNKNOWN").detail();
    let mut expected: Vec<String> = image.blobs().map(digest).collect();
    expected.sort();
    assert_eq!(detail["blobs"], json!(expected));
    owner.push_blob(REPOSITORY, &image.config).await;
    // A blob of another repository does not count.
    owner.push_blob("library/other", &image.layers[0]).await;
    let put = owner.put_manifest(REPOSITORY, "v1", OCI_IMAGE, image.manifest()).await;
    assert_eq!(put.expect_error(404, "MANIFEST_BLOB_UNKNOWN").detail()["blobs"], json!([digest(&image.layers[0])]));
    let list = index(&[image.descriptor()]);
    let put = owner.put_manifest(REPOSITORY, "list", OCI_INDEX, list.clone()).await;
    assert_eq!(put.expect_error(404, "MANIFEST_BLOB_UNKNOWN").detail()["manifests"], json!([image.digest()]));
    owner.push_image(REPOSITORY, "v1", &image).await;
    owner.put_manifest(REPOSITORY, "list", OCI_INDEX, list).await.expect(201);
}

#[tokio::test]
async fn layers_that_may_not_be_distributed_need_not_be_there() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    let config = owner.push_blob(REPOSITORY, &Bytes::from_static(b"{}")).await;
    let content = json!({
        "schemaVersion": 2, "mediaType": DOCKER_IMAGE,
        "config": { "mediaType": "application/vnd.docker.container.image.v1+json", "digest": config, "size": 2 },
        "layers": [{
            "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "size": 10,
            "digest": digest("elsewhere"), "urls": ["https://example.com/layer"],
        }],
    });
    owner.put_manifest(REPOSITORY, "windows", DOCKER_IMAGE, content.to_string().into()).await.expect(201);
}

#[tokio::test]
async fn the_children_of_an_index_survive_it_and_the_other_way_round() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    let (one, two) = (Image::small(1), Image::small(2));
    for image in [&one, &two] {
        owner.push_image(REPOSITORY, &image.digest(), image).await;
    }
    // A diamond: two indexes over the same images, and one over both.
    let (left, right) = (index(&[one.descriptor(), two.descriptor()]), index(&[two.descriptor(), one.descriptor()]));
    let child = |content: &Bytes| json!({ "mediaType": OCI_INDEX, "digest": digest(content), "size": content.len() });
    let top = index(&[child(&left), child(&right), child(&left)]);
    for (tag, content) in [("left", &left), ("right", &right), ("top", &top)] {
        owner.put_manifest(REPOSITORY, tag, OCI_INDEX, content.clone()).await.expect(201);
        assert_eq!(owner.get(&at(tag)).await.expect(200).body, *content);
    }
    owner.delete(&at("left")).await.expect(202);
    owner.get(&at(&digest(&left))).await.expect(200);
    owner.delete(&at(&digest(&top))).await.expect(202);
    for reference in [digest(&left), digest(&right), one.digest(), two.digest()] {
        owner.get(&at(&reference)).await.expect(200);
    }
}

#[tokio::test]
async fn a_manifest_that_an_index_lists_is_not_deleted() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    owner.push_image(REPOSITORY, "v1", &image).await;
    let list = index(&[image.descriptor()]);
    owner.put_manifest(REPOSITORY, "list", OCI_INDEX, list.clone()).await.expect(201);
    let refused = owner.delete(&at(&image.digest())).await.expect_error(405, "DENIED");
    let lists = format!("the index {} of this repository lists it", digest(&list));
    assert!(refused.text().contains(&lists), "{refused}");
    assert_eq!(refused.header("allow"), "GET, HEAD, PUT");
    // The tag may be deleted: the index keeps the manifest.
    owner.get(&at("v1")).await.expect(200);
    owner.delete(&at("v1")).await.expect(202);
    owner.get(&at(&image.digest())).await.expect(200);
    owner.delete(&at(&digest(&list))).await.expect(202);
    owner.delete(&at(&image.digest())).await.expect(202);
}

/// BuildKit with `image-manifest=false` exports an index whose entries are layers and a config, not manifests.
#[tokio::test]
async fn an_index_may_list_blobs() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    let (layer, config) = (&image.layers[0], &image.config);
    let entry = |media_type: &str, content: &Bytes| json!({ "mediaType": media_type, "digest": digest(content), "size": content.len() });
    let list = index(&[
        entry("application/vnd.oci.image.layer.v1.tar+gzip", layer),
        entry("application/vnd.buildkit.cacheconfig.v0", config),
    ]);
    owner.push_blob(REPOSITORY, layer).await;
    let put = owner.put_manifest(REPOSITORY, "cache", OCI_INDEX, list.clone()).await;
    let detail = put.expect_error(404, "MANIFEST_BLOB_UNKNOWN").detail();
    assert_eq!(detail["manifests"], json!([digest(config)]));
    owner.push_blob(REPOSITORY, config).await;
    owner.put_manifest(REPOSITORY, "cache", OCI_INDEX, list.clone()).await.expect(201);
    assert_eq!(owner.get(&at("cache")).await.expect(200).body, list);
    // The index keeps these blobs, as an image keeps its layers.
    for blob in [layer, config] {
        let target = format!("/v2/{REPOSITORY}/blobs/{}", digest(blob));
        owner.delete(&target).await.expect_error(405, "DENIED");
        owner.get(&target).await.expect(200);
    }
    // An index may list manifests and blobs together.
    owner.push_image(REPOSITORY, "v1", &image).await;
    let mixed = index(&[image.descriptor(), entry("application/octet-stream", layer)]);
    owner.put_manifest(REPOSITORY, "mixed", OCI_INDEX, mixed).await.expect(201);
    owner.delete(&at(&image.digest())).await.expect_error(405, "DENIED");
    // A blob of another repository does not count.
    let other = owner.put_manifest("library/other", "cache", OCI_INDEX, list).await;
    other.expect_error(404, "MANIFEST_BLOB_UNKNOWN");
}

/// BuildKit makes such a manifest from `FROM scratch` and a label, and Go programs write `null` for an empty list.
#[tokio::test]
async fn lists_that_are_null_are_empty_lists() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    let image = Image::new("{}", Vec::new()).with("layers", Value::Null);
    owner.push_blob(REPOSITORY, &image.config).await;
    let list = Bytes::from(json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": null }).to_string());
    for (tag, media_type, content) in [("image", OCI_IMAGE, image.manifest()), ("list", OCI_INDEX, list)] {
        owner.put_manifest(REPOSITORY, tag, media_type, content.clone()).await.expect(201);
        let got = owner.get(&at(tag)).await.expect(200);
        assert_eq!((got.header("content-type"), &got.body), (media_type, &content));
    }
}

#[tokio::test]
async fn media_types_are_compared_without_case() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    owner.push_image(REPOSITORY, "v0", &image).await;
    let shouted = OCI_IMAGE.to_uppercase();
    owner.put_manifest(REPOSITORY, "v1", &shouted, image.manifest()).await.expect(201);
    let other = image.with("mediaType", json!("application/vnd.OCI.image.Manifest.v1+json"));
    owner.put_manifest(REPOSITORY, "v2", OCI_IMAGE, other.manifest()).await.expect(201);
    for tag in ["v1", "v2"] {
        assert_eq!(owner.get(&at(tag)).await.expect(200).header("content-type"), OCI_IMAGE);
    }
    owner.put_manifest(REPOSITORY, "v3", "Application/JSON", other.manifest()).await.expect(201);
    let schema1 = owner.put_manifest(REPOSITORY, "v4", &DOCKER_SCHEMA1.to_uppercase(), "{}".into()).await;
    assert!(schema1.expect_error(400, "MANIFEST_INVALID").text().contains("schema 1"));
}

#[tokio::test]
async fn schema_1_is_refused_with_advice() {
    let reg = TestRegistry::new().await;
    let schema1 = json!({ "schemaVersion": 1, "name": "a/b", "tag": "x", "fsLayers": [], "history": [] }).to_string();
    for media_type in [DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, OCI_IMAGE, "application/json"] {
        let put = reg.owner().put_manifest(REPOSITORY, "v1", media_type, schema1.clone().into()).await;
        let put = put.expect_error(400, "MANIFEST_INVALID");
        assert!(put.text().contains("schema 1 is not supported"), "{put}");
    }
}

#[tokio::test]
async fn a_document_is_one_thing_and_says_so() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    owner.push_image(REPOSITORY, "v1", &image).await;
    let both = image.clone().with("manifests", json!([]));
    let bare = json!({ "schemaVersion": 2 });
    let blobs = image.clone().with("blobs", json!([]));
    for (name, media_type, content) in [
        ("an image that is also an index", OCI_IMAGE, both.manifest()),
        ("an index that is also an image", OCI_INDEX, both.with("mediaType", json!(OCI_INDEX)).manifest()),
        ("an image sent as an index", OCI_INDEX, image.manifest()),
        ("an image sent as a docker image", DOCKER_IMAGE, image.manifest()),
        ("an index sent as an image", OCI_IMAGE, index(&[])),
        ("an index sent as a docker list", DOCKER_LIST, index(&[])),
        ("neither", OCI_IMAGE, bare.to_string().into()),
        ("neither, as an index", OCI_INDEX, bare.to_string().into()),
        ("layers and blobs", OCI_IMAGE, blobs.manifest()),
        ("another schema", OCI_IMAGE, image.clone().with("schemaVersion", json!(3)).manifest()),
        ("a schema in words", OCI_IMAGE, image.clone().with("schemaVersion", json!("2")).manifest()),
        ("no schema", OCI_IMAGE, image.clone().with("schemaVersion", Value::Null).manifest()),
        ("not JSON", OCI_IMAGE, "{".into()),
        ("nothing", OCI_IMAGE, Bytes::new()),
        ("a list", OCI_IMAGE, "[]".into()),
        ("a number", OCI_IMAGE, "2".into()),
        ("not UTF-8", OCI_IMAGE, Bytes::from_static(b"{\"schemaVersion\":2,\"x\":\"\xff\"}")),
        (
            "a negative size",
            OCI_IMAGE,
            image
                .manifest()
                .escape_ascii()
                .to_string()
                .replace("\\\"", "\"")
                .replace("\"size\":1000", "\"size\":-1")
                .into(),
        ),
        (
            "a bad digest",
            OCI_IMAGE,
            image.manifest().escape_ascii().to_string().replace("\\\"", "\"").replace("sha256:", "sha257:").into(),
        ),
        ("a type with a line break", OCI_IMAGE, image.clone().with("artifactType", json!("a/b\r\nx: y")).manifest()),
        ("two of the same member", OCI_IMAGE, "{\"schemaVersion\":2,\"schemaVersion\":2}".into()),
        ("deep", OCI_IMAGE, format!("{{\"schemaVersion\":2,\"x\":{}{}}}", "[".repeat(5000), "]".repeat(5000)).into()),
    ] {
        let put = owner.put_manifest(REPOSITORY, "bad", media_type, content).await;
        assert_eq!((put.status, put.code()), (400, "MANIFEST_INVALID".into()), "{name}: {put}");
    }
    owner.head(&at("bad")).await.expect(404);
}

#[tokio::test]
async fn a_manifest_without_a_type_is_what_it_holds() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    owner.push_image(REPOSITORY, "v1", &image).await;
    let mut document = image.document.clone();
    document.as_object_mut().unwrap().remove("mediaType");
    let put = owner.request("PUT", &at("untyped")).body(document.to_string()).send().await.expect(201);
    assert_eq!(owner.get(put.header("location")).await.header("content-type"), OCI_IMAGE);
    let put = owner.put_manifest(REPOSITORY, "json", "application/json; charset=utf-8", image.manifest()).await;
    put.expect(201);
    assert_eq!(owner.get(&at("json")).await.header("content-type"), OCI_IMAGE);
    for bad in ["nonsense", "a/b/c", "text/html, x", "/"] {
        owner.put_manifest(REPOSITORY, "bad", bad, image.manifest()).await.expect_error(400, "MANIFEST_INVALID");
    }
}

#[tokio::test]
async fn manifests_have_a_limit_of_4_mib() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    owner.push_image(REPOSITORY, "v1", &image).await;
    let padded = |total: usize| {
        let empty = image.clone().with("annotations", json!({ "padding": "" })).manifest().len();
        image.clone().with("annotations", json!({ "padding": "x".repeat(total - empty) })).manifest()
    };
    let largest = padded(4 << 20);
    assert_eq!(largest.len(), 4 << 20);
    owner.put_manifest(REPOSITORY, "large", OCI_IMAGE, largest.clone()).await.expect(201);
    assert_eq!(owner.get(&at("large")).await.expect(200).body, largest);
    let larger = padded((4 << 20) + 1);
    let put = owner.put_manifest(REPOSITORY, "larger", OCI_IMAGE, larger.clone()).await;
    put.expect_error(413, "SIZE_INVALID");
    let pieces: Vec<_> = larger.chunks(100_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let put =
        owner.request("PUT", &at("larger")).header("content-type", OCI_IMAGE).stream(futures::stream::iter(pieces));
    put.send().await.expect_error(413, "SIZE_INVALID");
    owner.head(&at("larger")).await.expect(404);
}

#[tokio::test]
async fn the_number_of_descriptors_is_limited() {
    let reg = TestRegistry::new().await;
    let (owner, layer) = (reg.owner(), random_bytes(1, 10));
    owner.push_blob(REPOSITORY, &layer).await;
    let image = Image::new("{}", vec![layer.clone()]);
    owner.push_image(REPOSITORY, "v1", &image).await;
    let one = image.document["layers"][0].clone();
    let many = image.clone().with("layers", json!(vec![one.clone(); 10_000]));
    owner.put_manifest(REPOSITORY, "many", OCI_IMAGE, many.manifest()).await.expect(201);
    let more = image.with("layers", json!(vec![one; 10_001]));
    let put = owner.put_manifest(REPOSITORY, "more", OCI_IMAGE, more.manifest()).await;
    put.expect_error(400, "MANIFEST_INVALID");
}

#[tokio::test]
async fn what_is_not_there_is_unknown() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    owner.get(&at("v1")).await.expect_error(404, "NAME_UNKNOWN");
    owner.push_image(REPOSITORY, "v1", &Image::small(1)).await;
    for reference in ["v2", &digest("x"), &digest512("x")] {
        owner.get(&at(reference)).await.expect_error(404, "MANIFEST_UNKNOWN");
        owner.head(&at(reference)).await.expect(404);
        owner.delete(&at(reference)).await.expect_error(404, "MANIFEST_UNKNOWN");
    }
    // Blobs are not manifests, and manifests are not blobs.
    owner.get(&at(&digest(&Image::small(1).config))).await.expect_error(404, "MANIFEST_UNKNOWN");
    let manifest = Image::small(1).digest();
    owner.get(&format!("/v2/{REPOSITORY}/blobs/{manifest}")).await.expect_error(404, "BLOB_UNKNOWN");
}

#[tokio::test]
async fn a_manifest_is_never_converted_whatever_the_client_accepts() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    owner.push_image(REPOSITORY, "v1", &image).await;
    for accept in [DOCKER_SCHEMA1, DOCKER_LIST, "text/html", "application/json", "*/*", "", "nonsense;;q=x"] {
        let got = owner.request("GET", &at("v1")).header("accept", accept).send().await.expect(200);
        assert_eq!((got.header("content-type"), &got.body), (OCI_IMAGE, &image.manifest()), "{accept}");
    }
    // A proxy cache adds `ns`; this registry ignores it.
    owner.get(&format!("{}?ns=docker.io", at("v1"))).await.expect(200);
}
