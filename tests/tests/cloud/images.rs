//! DescribeImagePersonal, DescribeImageFilterPersonal, DeleteImagePersonal, BatchDeleteImagePersonal.

use std::time::Duration;

use bytes::Bytes;
use roadstead_storage::testkit::forget_image_details;
use roadstead_tests::{Client, Cloud, Image, Signing, TestRegistry, digest, random_bytes};
use roadstead_types::media_types;
use serde_json::{Value, json};

use crate::people::sub;

/// An image whose config has this system and architecture.
pub fn image_for(os: &str, architecture: &str, seed: u64) -> Image {
    let config = json!({
        "architecture": architecture, "os": os, "author": "A. Uthor", "docker_version": "27.1",
        "created": "2024-02-29T12:00:00.5Z", "seed": seed, "rootfs": { "type": "layers", "diff_ids": [] },
    });
    Image::new(config.to_string().into_bytes(), vec![random_bytes(seed, 3000)])
}

/// An index of these children: its media type and its bytes.
pub fn index_of(children: &[&Image]) -> (&'static str, Bytes) {
    let manifests: Vec<Value> = children.iter().map(|child| child.descriptor()).collect();
    let index = json!({ "schemaVersion": 2, "mediaType": media_types::OCI_INDEX, "manifests": manifests });
    (media_types::OCI_INDEX, index.to_string().into())
}

/// Pushes an index with its children, which get no tags. Returns the digest of the index.
pub async fn push_index(client: &Client, repository: &str, tag: &str, children: &[&Image]) -> String {
    for child in children {
        client.push_image(repository, &child.digest(), child).await;
    }
    let (media_type, index) = index_of(children);
    client.put_manifest(repository, tag, media_type, index.clone()).await.expect(201);
    digest(&index)
}

pub async fn unlimited() -> TestRegistry {
    TestRegistry::builder().settings(|settings| settings.cloud_api.requests_per_second = 0).start().await
}

/// The same value with the values of these members replaced, at any depth.
pub fn redacted(value: &Value, members: &[&str]) -> Value {
    match value {
        Value::Object(map) => {
            let pair = |(key, value): (&String, &Value)| match members.contains(&key.as_str()) {
                true => (key.clone(), json!(format!("[{key}]"))),
                false => (key.clone(), redacted(value, members)),
            };
            Value::Object(map.iter().map(pair).collect())
        }
        Value::Array(list) => list.iter().map(|value| redacted(value, members)).collect(),
        other => other.clone(),
    }
}

async fn list(cloud: &Cloud, repository: &str, more: Value) -> Value {
    let mut parameters = json!({ "RepoName": repository });
    parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    cloud.call("tcr", "DescribeImagePersonal", parameters).await.ok()["Data"].clone()
}

fn names(data: &Value) -> Vec<&str> {
    data["TagInfo"].as_array().unwrap().iter().map(|tag| tag["TagName"].as_str().unwrap()).collect()
}

fn one<'a>(data: &'a Value, tag: &str) -> &'a Value {
    data["TagInfo"].as_array().unwrap().iter().find(|info| info["TagName"] == tag).unwrap()
}

#[tokio::test]
async fn a_tag_shows_what_its_config_says() {
    let reg = unlimited().await;
    let (owner, cloud) = (reg.owner(), reg.cloud());
    let image = image_for("linux", "arm64", 1);
    let manifest = owner.push_image("library/app", "v1", &image).await;
    reg.clock().advance(Duration::from_hours(24 * 3 + 23));
    let data = list(&cloud, "library/app", json!({})).await;
    assert_eq!((&data["TagCount"], &data["RepoName"]), (&json!(1), &json!("library/app")));
    assert_eq!(data["Server"], reg.address().to_string());
    let info = &data["TagInfo"][0];
    assert_eq!(info["TagId"], manifest);
    assert_eq!(info["ImageId"], digest(&image.config));
    let size = image.config.len() + 3000;
    assert_eq!(info["SizeByte"], size);
    // Counts from the creation of the image in its config, not from the push.
    let created = 1_709_208_000;
    assert_eq!(info["DurationDays"], ((reg.now().as_secs() - created) / 86_400).to_string());
    for time in ["PushTime", "UpdateTime"] {
        assert_eq!(info[time].as_str().unwrap().len(), "2026-11-21 18:01:36".len());
    }
    insta::assert_json_snapshot!(redacted(&data, &["Server", "Id", "DurationDays", "PushTime", "UpdateTime"]));
    for signing in Signing::ALL {
        let same = list(&cloud.with_signing(signing), "library/app", json!({ "Offset": 0, "Limit": 1 })).await;
        assert_eq!(same["TagInfo"], data["TagInfo"], "{signing:?}");
    }
}

#[tokio::test]
async fn an_index_is_shown_as_its_image_for_linux_on_amd64() {
    let reg = unlimited().await;
    let (owner, cloud) = (reg.owner(), reg.cloud());
    let (arm, amd) = (image_for("linux", "arm64", 1), image_for("linux", "amd64", 2));
    let windows = image_for("windows", "amd64", 3);
    let all = push_index(&owner, "library/app", "all", &[&windows, &arm, &amd]).await;
    push_index(&owner, "library/app", "some", &[&windows, &arm]).await;
    let data = list(&cloud, "library/app", json!({})).await;
    assert_eq!(data["TagCount"], 2, "children have no tags");
    let (all_info, some) = (one(&data, "all"), one(&data, "some"));
    assert_eq!((&all_info["TagId"], &all_info["ImageId"]), (&json!(all), &json!(digest(&amd.config))));
    assert_eq!((&all_info["OS"], &all_info["Architecture"]), (&json!("linux"), &json!("amd64")));
    assert_eq!((&some["OS"], &some["Architecture"]), (&json!("windows"), &json!("amd64")));
    let size: usize = [&windows, &arm, &amd].iter().map(|image| image.config.len() + 3000).sum();
    assert_eq!(all_info["SizeByte"], size);
    assert_eq!(all_info["Kind"], format!("Artifact::{}", media_types::OCI_INDEX));
}

#[tokio::test]
async fn what_is_no_image_says_nothing() {
    let reg = unlimited().await;
    let (owner, cloud) = (reg.owner(), reg.cloud());
    let mut artifact = Image::new("{}", vec![random_bytes(1, 100)]);
    artifact.document["config"]["mediaType"] = json!("application/vnd.cncf.helm.config.v1+json");
    owner.push_image("library/app", "chart", &artifact).await;
    let odd =
        json!({ "architecture": ["amd64"], "os": 7, "author": { "a": 1 }, "created": true, "docker_version": null });
    owner.push_image("library/app", "odd", &Image::new(odd.to_string().into_bytes(), vec![])).await;
    owner.push_image("library/app", "broken", &Image::new("{\"os\": \"linux\"", vec![])).await;
    let padding = " ".repeat(1 << 20);
    let large = format!("{{\"os\":\"linux\",\"architecture\":\"amd64\"{padding}}}");
    owner.push_image("library/app", "large", &Image::new(large.clone(), vec![])).await;
    let nul = json!({ "os": "li\u{0}nux\n", "author": "é".repeat(1000), "created": "0001-01-01T00:00:00Z" });
    owner.push_image("library/app", "nul", &Image::new(nul.to_string().into_bytes(), vec![])).await;
    let data = list(&cloud, "library/app", json!({})).await;
    assert_eq!(data["TagCount"], 5);
    for tag in ["chart", "odd", "broken", "large"] {
        let info = one(&data, tag);
        for empty in ["Author", "Architecture", "DockerVersion", "OS"] {
            assert_eq!(info[empty], "", "{tag} {empty}");
        }
        assert_eq!(info["CreationTime"], info["PushTime"], "{tag}");
    }
    assert_eq!((&one(&data, "chart")["ImageId"], &one(&data, "chart")["SizeByte"]), (&json!(""), &json!(102)));
    assert_eq!(one(&data, "odd")["ImageId"], digest(odd.to_string()));
    assert_eq!(one(&data, "large")["SizeByte"], large.len());
    assert_eq!(
        (&one(&data, "nul")["OS"], &one(&data, "nul")["CreationTime"]),
        (&json!("linux"), &json!("1970-01-01 00:00:00"))
    );
    assert_eq!(one(&data, "nul")["Author"].as_str().unwrap().chars().count(), 127);
}

#[tokio::test]
async fn pages_and_searches_show_everything_once() {
    let reg = unlimited().await;
    let (owner, cloud) = (reg.owner(), reg.cloud());
    let image = image_for("linux", "amd64", 1);
    for tag in ["v1", "v2", "v10", "latest", "V2-rc_1"] {
        owner.push_image("library/app", tag, &image).await;
        reg.clock().advance(Duration::from_secs(1));
    }
    let data = list(&cloud, "library/app", json!({})).await;
    let newest_first = ["V2-rc_1", "latest", "v10", "v2", "v1"];
    assert_eq!(names(&data), newest_first);
    let ids: std::collections::BTreeSet<i64> =
        data["TagInfo"].as_array().unwrap().iter().map(|tag| tag["Id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), 5, "every tag has an id of its own");
    let mut shown = Vec::new();
    for offset in [0, 2, 4] {
        let page = list(&cloud, "library/app", json!({ "Offset": offset, "Limit": 2 })).await;
        assert_eq!(page["TagCount"], 5);
        shown.extend(names(&page).into_iter().map(str::to_owned));
    }
    assert_eq!(shown, newest_first);
    let search = async |text: &str| {
        let data = list(&cloud, "library/app", json!({ "Tag": text })).await;
        assert_eq!(data["TagCount"], data["TagInfo"].as_array().unwrap().len());
        names(&data).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(search("v2").await, ["V2-rc_1", "v2"]);
    assert_eq!(search("_").await, ["V2-rc_1"]);
    assert_eq!(search("").await.len(), 5);
    for nothing in ["%", "nothing", "v\0", "' OR 1=1 --"] {
        assert!(search(nothing).await.is_empty(), "{nothing}");
    }
    let call = async |parameters| cloud.call("tcr", "DescribeImagePersonal", parameters).await;
    for (offset, limit) in [(-1, 1), (0, 0), (0, 101)] {
        let wrong = json!({ "RepoName": "library/app", "Offset": offset, "Limit": limit });
        call(wrong).await.expect("InvalidParameterValue");
    }
    call(json!({})).await.expect("MissingParameter");
    call(json!({ "RepoName": "library/app", "Page": 1 })).await.expect("UnknownParameter");
    call(json!({ "RepoName": "library" })).await.expect("InvalidParameter");
    call(json!({ "RepoName": "library//b" })).await.expect("InvalidParameter");
    call(json!({ "RepoName": ["library/app"] })).await.expect("InvalidParameter");
    // An empty repository exists and has no tags.
    owner.push_blob("library/empty", &Bytes::from_static(b"x")).await;
    assert_eq!(list(&cloud, "library/empty", json!({})).await["TagCount"], 0);
}

#[tokio::test]
async fn foreign_repositories_answer_like_missing_ones() {
    let reg = unlimited().await;
    let alice = reg.account("alice").await;
    let image = image_for("linux", "amd64", 1);
    alice.basic.push_image("alice/app", "v1", &image).await;
    let cloud = reg.cloud();
    let ask = async |cloud: &Cloud, repository: &str| {
        let mut codes = Vec::new();
        for (action, more) in [
            ("DescribeImagePersonal", json!({})),
            ("DescribeImageFilterPersonal", json!({ "Tag": "v1" })),
            ("DeleteImagePersonal", json!({ "Tag": "v1" })),
            ("BatchDeleteImagePersonal", json!({ "Tags": ["v1"] })),
        ] {
            let mut parameters = more;
            parameters["RepoName"] = json!(repository);
            codes.push(cloud.call("tcr", action, parameters).await.code());
        }
        codes
    };
    for repository in ["alice/app", "alice/missing", "nobody/app", "library/missing"] {
        assert_eq!(ask(&cloud, repository).await, ["ResourceNotFound.ErrNoRepo"; 4], "{repository}");
    }
    // Of other accounts, only public repositories are visible.
    reg.set_public("alice/app", true).await;
    assert_eq!(ask(&cloud, "alice/app").await[..2], ["", ""]);
    assert_eq!(ask(&cloud, "alice/app").await[2..], ["ResourceNotFound.ErrNoRepo"; 2]);
    alice.basic.get("/v2/alice/app/manifests/v1").await.expect(200);
}

#[tokio::test]
async fn equal_images_are_found_under_every_tag() {
    let reg = unlimited().await;
    let (owner, cloud) = (reg.owner(), reg.cloud());
    let (image, other) = (image_for("linux", "amd64", 1), image_for("linux", "amd64", 2));
    for tag in ["v1", "latest"] {
        owner.push_image("library/app", tag, &image).await;
    }
    // Another manifest with the same config is the same image.
    let again = image.clone().with("annotations", json!({ "note": "again" }));
    owner.push_image("library/app", "again", &again).await;
    owner.push_image("library/app", "other", &other).await;
    push_index(&owner, "library/app", "all", &[&image]).await;
    push_index(&owner, "library/app", "all-too", &[&image]).await;
    owner.push_image("library/elsewhere", "v1", &image).await;
    let same = async |tag: &str| {
        let parameters = json!({ "RepoName": "library/app", "Tag": tag });
        cloud.call("tcr", "DescribeImageFilterPersonal", parameters).await.ok()
    };
    assert_eq!(same("v1").await, json!({ "Data": { "SameImages": ["again", "latest"] } }));
    assert_eq!(same("again").await["Data"]["SameImages"], json!(["latest", "v1"]));
    assert_eq!(same("all").await["Data"]["SameImages"], json!(["all-too"]));
    for alone in ["other", "no-such-tag"] {
        assert_eq!(same(alone).await, json!({ "Data": { "SameImages": [] } }), "{alone}");
    }
    let call = async |parameters| cloud.call("tcr", "DescribeImageFilterPersonal", parameters).await;
    call(json!({ "RepoName": "library/app" })).await.expect("MissingParameter");
    call(json!({ "Tag": "v1" })).await.expect("MissingParameter");
    call(json!({ "RepoName": "library/app", "Tag": "a b" })).await.expect("InvalidParameter");
}

#[tokio::test]
async fn a_deleted_tag_leaves_its_siblings() {
    let reg = unlimited().await;
    let (owner, cloud) = (reg.owner(), reg.cloud());
    let image = image_for("linux", "amd64", 1);
    for tag in ["v1", "latest"] {
        owner.push_image("library/app", tag, &image).await;
        owner.get(&format!("/v2/library/app/manifests/{tag}")).await.expect(200);
    }
    let delete = async |tag: &str| {
        cloud.call("tcr", "DeleteImagePersonal", json!({ "RepoName": "library/app", "Tag": tag })).await
    };
    assert_eq!(delete("v1").await.ok(), json!({}));
    owner.get("/v2/library/app/manifests/v1").await.expect_error(404, "MANIFEST_UNKNOWN");
    owner.get("/v2/library/app/manifests/latest").await.expect(200);
    owner.get(&format!("/v2/library/app/manifests/{}", image.digest())).await.expect(200);
    assert_eq!(delete("v1").await.ok(), json!({}), "a missing tag is no error");
    delete("latest").await.ok();
    owner.get("/v2/library/app/manifests/latest").await.expect_error(404, "MANIFEST_UNKNOWN");
    assert_eq!(list(&cloud, "library/app", json!({})).await["TagCount"], 0);
    let call = async |parameters| cloud.call("tcr", "DeleteImagePersonal", parameters).await;
    call(json!({ "RepoName": "library/app" })).await.expect("MissingParameter");
    call(json!({ "RepoName": "library/app", "Tag": "../x" })).await.expect("InvalidParameter");
}

#[tokio::test]
async fn a_batch_is_deleted_whole_or_not_at_all() {
    let reg = unlimited().await;
    let root = reg.account("root").await;
    let image = image_for("linux", "amd64", 1);
    for tag in ["a", "b", "c", "latest"] {
        root.basic.push_image("root/app", tag, &image).await;
    }
    let all = r#"{"version":"2.0","statement":[{"effect":"allow","action":"ccr:*","resource":"*"}]}"#;
    let keep = r#"{"version":"2.0","statement":[{"effect":"deny","action":"ccr:DeleteTag",
        "resource":"qcs::ccr:::repo/*/*:latest"}]}"#;
    let keeper = sub(&reg, &root, "keeper", &[all, keep]).await;
    let nobody = sub(&reg, &root, "nobody", &[]).await;
    let delete = async |cloud: &Cloud, tags: Value| {
        cloud.call("tcr", "BatchDeleteImagePersonal", json!({ "RepoName": "root/app", "Tags": tags })).await.code()
    };
    let denied = "AuthFailure.UnauthorizedOperation";
    assert_eq!(delete(&nobody.cloud, json!(["a"])).await, denied);
    assert_eq!(delete(&keeper.cloud, json!(["a", "latest", "b"])).await, denied);
    let one = json!({ "RepoName": "root/app", "Tag": "latest" });
    keeper.cloud.call("tcr", "DeleteImagePersonal", one.clone()).await.expect(denied);
    nobody.cloud.call("tcr", "DeleteImagePersonal", one).await.expect(denied);
    assert_eq!(names(&list(&root.cloud, "root/app", json!({})).await), ["a", "b", "c", "latest"]);
    assert_eq!(delete(&keeper.cloud, json!(["a", "b", "a", "missing"])).await, "");
    assert_eq!(names(&list(&root.cloud, "root/app", json!({})).await), ["c", "latest"]);
    assert_eq!(delete(&root.cloud, json!(["c", "not a tag"])).await, "InvalidParameter");
    assert_eq!(delete(&root.cloud, json!([])).await, "MissingParameter");
    assert_eq!(delete(&root.cloud, json!(vec!["x"; 1001])).await, "InvalidParameterValue");
    root.cloud
        .call("tcr", "BatchDeleteImagePersonal", json!({ "RepoName": "root/app" }))
        .await
        .expect("MissingParameter");
    root.cloud.call("tcr", "BatchDeleteImagePersonal", json!({ "Tags": ["c"] })).await.expect("MissingParameter");
    for signing in Signing::ALL {
        let tags: Vec<String> = (0..12).map(|number| format!("t{number}")).collect();
        assert_eq!(delete(&root.cloud.with_signing(signing), json!(tags)).await, "", "{signing:?}");
    }
    assert_eq!(names(&list(&root.cloud, "root/app", json!({})).await), ["c", "latest"]);
}

#[tokio::test]
async fn a_denial_hides_a_repository_from_a_sub_account() {
    let reg = unlimited().await;
    let root = reg.account("root").await;
    root.basic.push_image("root/app", "v1", &image_for("linux", "amd64", 1)).await;
    let see =
        r#"{"version":"2.0","statement":[{"effect":"allow","action":"ccr:GetUserRepositoryList","resource":"*"}]}"#;
    let reader = sub(&reg, &root, "reader", &[see]).await;
    assert_eq!(list(&reader.cloud, "root/app", json!({})).await["TagCount"], 1);
    let deny = r#"{"version":"2.0","statement":[{"effect":"deny","action":"ccr:pull",
        "resource":"qcs::ccr:::repo/root/app"}]}"#;
    let denied = sub(&reg, &root, "denied", &[see, deny]).await;
    for (action, more) in
        [("DescribeImagePersonal", json!({})), ("DescribeImageFilterPersonal", json!({ "Tag": "v1" }))]
    {
        let mut parameters = more;
        parameters["RepoName"] = json!("root/app");
        denied.cloud.call("tcr", action, parameters).await.expect("ResourceNotFound.ErrNoRepo");
    }
}

#[tokio::test]
async fn details_that_nobody_looked_for_are_found_by_the_first_list() {
    let reg = unlimited().await;
    let (owner, cloud) = (reg.owner(), reg.cloud());
    let (arm, amd) = (image_for("linux", "arm64", 1), image_for("linux", "amd64", 2));
    push_index(&owner, "library/app", "all", &[&arm, &amd]).await;
    owner.push_image("library/app", "arm", &arm).await;
    owner.push_image("library/app", "again", &arm.clone().with("annotations", json!({ "a": "b" }))).await;
    let before = list(&cloud, "library/app", json!({})).await;
    forget_image_details(reg.meta()).await;
    assert_eq!(list(&cloud, "library/app", json!({})).await, before);
    forget_image_details(reg.meta()).await;
    let same = json!({ "RepoName": "library/app", "Tag": "arm" });
    let same = cloud.call("tcr", "DescribeImageFilterPersonal", same).await.ok();
    assert_eq!(same["Data"]["SameImages"], json!(["again"]));
}
