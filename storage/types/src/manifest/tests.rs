//! Tests of the manifest parser.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn descriptor(media_type: &str, fill: char) -> Value {
    json!({ "mediaType": media_type, "digest": format!("sha256:{}", fill.to_string().repeat(64)), "size": 3 })
}

fn image() -> Value {
    json!({
        "schemaVersion": 2, "mediaType": media_types::OCI_IMAGE,
        "config": descriptor("application/vnd.oci.image.config.v1+json", 'c'),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", 'b'),
            descriptor("application/vnd.oci.image.layer.v1.tar", 'a'),
            descriptor("application/vnd.oci.image.layer.v1.tar", 'b')],
    })
}

fn index() -> Value {
    json!({
        "schemaVersion": 2, "mediaType": media_types::OCI_INDEX,
        "manifests": [descriptor(media_types::OCI_IMAGE, 'a'), descriptor(media_types::OCI_IMAGE, 'a')],
    })
}

fn with(mut document: Value, key: &str, value: Value) -> Value {
    document[key] = value;
    document
}

fn without(mut document: Value, key: &str) -> Value {
    document.as_object_mut().unwrap().remove(key);
    document
}

fn parse(content_type: Option<&str>, document: &Value) -> Result<Manifest, ManifestError> {
    Manifest::parse(content_type, document.to_string().as_bytes())
}

fn digests(descriptors: &[&Descriptor]) -> String {
    descriptors.iter().map(|d| &d.digest.hex()[..1]).collect()
}

#[test]
fn what_is_shown_of_a_referrer_has_a_limit() {
    let subject = descriptor(media_types::OCI_IMAGE, 'd');
    for (key, long) in [
        ("annotations", json!({ "note": "x".repeat(MAX_REFERRER_BYTES) })),
        ("annotations", json!({ "note": "\u{0}".repeat(MAX_REFERRER_BYTES / 6) })),
        ("artifactType", json!(format!("application/{}", "x".repeat(MAX_REFERRER_BYTES)))),
    ] {
        let document = with(image(), key, long);
        assert!(Manifest::parse(None, document.to_string().as_bytes()).is_ok(), "without a subject");
        let referrer = with(document, "subject", subject.clone()).to_string();
        let refused = Manifest::parse(None, referrer.as_bytes());
        assert_eq!(refused, Err(ManifestError::ReferrerTooLarge(MAX_REFERRER_BYTES)));
    }
    let note = json!({ "note": "x".repeat(MAX_REFERRER_BYTES - 100) });
    let referrer = with(with(image(), "annotations", note), "subject", subject);
    assert!(Manifest::parse(None, referrer.to_string().as_bytes()).is_ok());
}

#[test]
fn references_are_listed_once() {
    let parsed = parse(None, &image()).unwrap();
    assert_eq!((digests(&parsed.required_blobs()).as_str(), parsed.children().len()), ("abc", 0));
    assert_eq!(parsed.artifact_type.as_deref(), Some("application/vnd.oci.image.config.v1+json"));
    let parsed = parse(Some(media_types::OCI_INDEX), &index()).unwrap();
    assert_eq!((digests(&parsed.children()).as_str(), parsed.required_blobs().len()), ("a", 0));
    assert_eq!(parsed.artifact_type, None);
}

#[test]
fn the_media_type_is_agreed_on() {
    let bare = |document| without(document, "mediaType");
    let type_of = |header, document: &Value| parse(header, document).map(|m| m.media_type.to_string());
    assert_eq!(type_of(None, &bare(image())).unwrap(), media_types::OCI_IMAGE);
    assert_eq!(type_of(None, &bare(index())).unwrap(), media_types::OCI_INDEX);
    assert_eq!(type_of(Some(media_types::DOCKER_IMAGE), &bare(image())).unwrap(), media_types::DOCKER_IMAGE);
    assert_eq!(type_of(Some("application/json; charset=utf-8"), &image()).unwrap(), media_types::OCI_IMAGE);
    assert!(matches!(type_of(Some(media_types::DOCKER_IMAGE), &image()), Err(ManifestError::MediaTypeMismatch { .. })));
    assert!(matches!(type_of(Some("nonsense"), &image()), Err(ManifestError::MediaType(_))));
}

#[test]
fn one_document_has_one_meaning() {
    let children = index()["manifests"].clone();
    for both in [
        with(image(), "manifests", children.clone()),
        with(without(image(), "mediaType"), "manifests", json!([])),
        with(index(), "layers", json!([])),
        with(index(), "config", image()["config"].clone()),
        with(image(), "blobs", json!([])),
    ] {
        assert!(matches!(parse(None, &both), Err(ManifestError::Ambiguous(..))), "{both}");
    }
    // The header does not fit the content.
    for (header, document) in [
        (media_types::OCI_INDEX, without(image(), "mediaType")),
        (media_types::DOCKER_LIST, without(image(), "mediaType")),
        (media_types::OCI_IMAGE, without(index(), "mediaType")),
        (media_types::DOCKER_IMAGE, without(index(), "mediaType")),
        (media_types::OCI_IMAGE, json!({ "schemaVersion": 2 })),
        (media_types::OCI_IMAGE, without(without(image(), "mediaType"), "config")),
    ] {
        assert!(matches!(parse(Some(header), &document), Err(ManifestError::Json(_))), "{header} {document}");
    }
    // Parsers differ in which of two equal members they take.
    let twice = image().to_string().replacen('{', r#"{"layers":[],"#, 1);
    assert!(matches!(Manifest::parse(None, twice.as_bytes()), Err(ManifestError::Json(_))));
}

/// Clients in Go take a member for another one that differs by case.
#[test]
fn members_that_differ_from_known_ones_by_case_are_refused() {
    let other = json!([descriptor("application/vnd.oci.image.layer.v1.tar", 'd')]);
    let in_layer = |name: &str| {
        let mut document = image();
        document["layers"][0][name] = json!("x");
        document
    };
    let mut platform = index();
    platform["manifests"][1]["platform"] = json!({ "architecture": "arm64", "os": "linux", "OS": "windows" });
    for (name, document) in [
        ("Layers", with(image(), "Layers", other.clone())),
        ("LAYERS", with(without(image(), "layers"), "LAYERS", other.clone())),
        ("layer\u{17f}", with(image(), "layer\u{17f}", other.clone())),
        ("Manifests", with(image(), "Manifests", other.clone())),
        ("MediaType", with(index(), "MediaType", json!(media_types::OCI_IMAGE))),
        ("Digest", in_layer("Digest")),
        ("SIZE", in_layer("SIZE")),
        ("OS", platform),
    ] {
        let Err(ManifestError::Json(told)) = parse(None, &document) else { panic!("{name}") };
        assert!(told.contains("must be written") || name == "LAYERS", "{name}: {told}");
    }
    let mut document = with(image(), "annotations", json!({ "Layers": "x", "layers": "y" }));
    document["layers"][0]["annotations"] = json!({ "Digest": "x", "config": "y" });
    document["Extension"] = json!({ "Layers": [{ "Digest": 1.5, "size": -1, "os": null, "x": true }] });
    parse(None, &document).unwrap();
}

#[test]
fn old_schemas_are_refused() {
    for document in [
        json!({ "schemaVersion": 1, "name": "a", "fsLayers": [] }),
        with(image(), "fsLayers", json!([])),
        with(image(), "mediaType", json!(media_types::DOCKER_SCHEMA1)),
    ] {
        assert_eq!(parse(None, &document), Err(ManifestError::Schema1));
    }
    assert_eq!(parse(Some(media_types::DOCKER_SCHEMA1_SIGNED), &image()), Err(ManifestError::Schema1));
    assert_eq!(parse(None, &without(image(), "schemaVersion")), Err(ManifestError::SchemaVersion));
    assert_eq!(parse(None, &with(image(), "schemaVersion", json!(3))), Err(ManifestError::SchemaVersion));
}

#[test]
fn bad_descriptors_are_refused() {
    let bad_digest = with(image(), "config", with(descriptor("a/b", 'c'), "digest", json!("sha256:../../etc")));
    assert!(matches!(parse(None, &bad_digest), Err(ManifestError::Digest { place: "config", .. })));
    let negative = with(image(), "layers", json!([with(descriptor("a/b", 'c'), "size", json!(-1))]));
    assert_eq!(parse(None, &negative), Err(ManifestError::Descriptor("layers")));
    let subject = with(image(), "subject", json!({ "digest": "sha1:aa", "size": 1 }));
    assert!(matches!(parse(None, &subject), Err(ManifestError::Digest { place: "subject", .. })));
    let many = with(image(), "layers", json!(vec![descriptor("a/b", 'c'); MAX_DESCRIPTORS + 1]));
    assert_eq!(parse(None, &many), Err(ManifestError::TooManyDescriptors(MAX_DESCRIPTORS)));
    let odd = with(image(), "artifactType", json!("a\0b"));
    assert!(matches!(parse(None, &odd), Err(ManifestError::Json(_))));
}

#[test]
fn artifacts_are_images_of_another_kind() {
    let artifact = json!({
        "mediaType": media_types::OCI_ARTIFACT, "artifactType": "application/vnd.sbom",
        "blobs": [descriptor("a/b", 'd')], "subject": descriptor(media_types::OCI_IMAGE, 'e'),
        "annotations": { "k": "v" },
    });
    let parsed = parse(None, &artifact).unwrap();
    assert_eq!(
        (digests(&parsed.required_blobs()).as_str(), parsed.artifact_type.as_deref()),
        ("d", Some("application/vnd.sbom"))
    );
    assert_eq!(parsed.subject.unwrap().digest.hex(), "e".repeat(64));
    assert_eq!(parsed.annotations["k"], "v");
    let foreign = descriptor("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", 'f');
    let parsed = parse(None, &with(image(), "layers", json!([foreign]))).unwrap();
    assert_eq!(digests(&parsed.required_blobs()), "c");
}

#[test]
fn a_list_that_is_null_is_empty() {
    let parsed = parse(None, &with(image(), "layers", Value::Null)).unwrap();
    assert_eq!(digests(&parsed.required_blobs()), "c");
    for header in [None, Some(media_types::OCI_INDEX)] {
        let parsed = parse(header, &json!({ "schemaVersion": 2, "manifests": null })).unwrap();
        assert_eq!((parsed.media_type.as_str(), parsed.children().len()), (media_types::OCI_INDEX, 0));
        assert!(matches!(parsed.kind, ManifestKind::Index { .. }));
    }
    // If another list has entries, `null` means nothing.
    let parsed = parse(None, &with(image(), "manifests", Value::Null)).unwrap();
    assert!(matches!(parsed.kind, ManifestKind::Image { .. }));
    let parsed = parse(None, &json!({ "schemaVersion": 2, "manifests": [], "layers": null })).unwrap();
    assert!(matches!(parsed.kind, ManifestKind::Index { .. }));
    assert!(parse(Some(media_types::OCI_INDEX), &with(image(), "manifests", Value::Null)).is_err());
    assert!(parse(Some(media_types::OCI_IMAGE), &json!({ "schemaVersion": 2, "manifests": null })).is_err());
}

#[test]
fn deep_documents_are_refused() {
    let deep = format!(r#"{{"schemaVersion":2,"x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(Manifest::parse(None, deep.as_bytes()).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), header in ".{0,40}") {
        let _ = Manifest::parse(Some(&header), &bytes);
    }

    #[test]
    fn no_cut_document_is_taken(cut in 1_usize..400) {
        let text = image().to_string();
        let end = text.len().saturating_sub(cut);
        prop_assert!(Manifest::parse(None, &text.as_bytes()[..end]).is_err());
    }
}
