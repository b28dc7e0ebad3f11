//! The content of an instance: namespaces, repositories, images.

use roadstead_tests::{Image, TestRegistry};
use serde_json::{Value, json};

use crate::instance::Instance;

fn named(repository: &str, more: Value) -> Value {
    let mut parameters = json!({ "NamespaceName": "team", "RepositoryName": repository });
    parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    parameters
}

#[tokio::test]
async fn namespaces_are_made_listed_changed_and_deleted() {
    let reg = TestRegistry::builder().settings(|settings| settings.cloud_api.requests_per_second = 0).start().await;
    let made = Instance::new(&reg, "demo").await;
    let parameters = json!({
        "NamespaceName": "team", "IsPublic": true, "IsAutoScan": true, "IsPreventVUL": true, "Severity": "high",
        "CVEWhitelistItems": [{ "CVEID": "CVE-2026-1" }],
        "TagSpecification": { "ResourceType": "namespace", "Tags": [{ "Key": "k", "Value": "v" }] },
    });
    made.call("CreateNamespace", parameters.clone()).await.ok();
    made.call("CreateNamespace", parameters).await.expect("InvalidParameter.ErrNamespaceExist");
    made.namespace("another", false).await;
    for name in ["", "a", "A", "-a", "a-", "a..b", "a__b", "a--b", "a/b", &"a".repeat(31)] {
        let parameters = json!({ "NamespaceName": name, "IsPublic": false });
        made.call("CreateNamespace", parameters).await.expect("InvalidParameter");
    }
    made.call("CreateNamespace", json!({ "NamespaceName": "more" })).await.expect("MissingParameter");
    let wrong = json!({ "NamespaceName": "more", "IsPublic": false, "Severity": "huge" });
    made.call("CreateNamespace", wrong).await.expect("InvalidParameter");
    let list = async |parameters: Value| made.call("DescribeNamespaces", parameters).await.ok();
    let mut all = list(json!({ "All": true })).await;
    for namespace in all["NamespaceList"].as_array_mut().unwrap() {
        let namespace = namespace.as_object_mut().unwrap();
        assert!(namespace["NamespaceId"].is_i64() && namespace["CreationTime"].as_str().unwrap().ends_with('Z'));
        namespace.remove("NamespaceId");
        namespace.remove("CreationTime");
    }
    insta::assert_json_snapshot!(all);
    let names = async |parameters: Value| {
        let listed = list(parameters).await;
        let names: Vec<_> = listed["NamespaceList"].as_array().unwrap().iter().map(|n| n["Name"].clone()).collect();
        format!("{} {}", listed["TotalCount"], json!(names))
    };
    assert_eq!(names(json!({ "NamespaceName": "tea" })).await, r#"1 ["team"]"#);
    // Offset is the number of a page, from 1.
    assert_eq!(names(json!({ "Limit": 1, "Offset": 2 })).await, r#"2 ["team"]"#);
    assert_eq!(names(json!({ "Limit": 1, "Offset": 0 })).await, r#"2 ["another"]"#);
    assert_eq!(names(json!({ "Filters": [{ "Name": "Tags", "Values": ["k:v", "x:y"] }] })).await, r#"1 ["team"]"#);
    assert_eq!(names(json!({ "Filters": [{ "Name": "Tags", "Values": ["k:w"] }] })).await, "0 []");
    assert_eq!(names(json!({ "KmsSignPolicy": true })).await, "0 []");
    made.call("DescribeNamespaces", json!({ "Filters": [{ "Name": "X", "Values": ["y"] }] }))
        .await
        .expect("InvalidParameter");
    made.call("DescribeNamespaces", json!({ "Limit": 0 })).await.expect("InvalidParameterValue");
    made.call("ModifyNamespace", json!({ "NamespaceName": "none" }))
        .await
        .expect("ResourceNotFound.TcrResourceNotFound");
    let client = made.client(&reg.owner());
    client.push_image("team/app", "v1", &Image::small(1)).await;
    let anonymous = made.client(&reg.anonymous());
    anonymous.get("/v2/team/app/tags/list").await.expect(200);
    made.call("ModifyNamespace", json!({ "NamespaceName": "team", "IsPublic": false })).await.ok();
    anonymous.get("/v2/team/app/tags/list").await.expect(401);
    client.push_image("team/late", "v1", &Image::small(1)).await;
    made.call("ModifyNamespace", json!({ "NamespaceName": "team", "IsPublic": true, "Severity": "low" })).await.ok();
    anonymous.get("/v2/team/late/tags/list").await.expect(200);
    client.push_image("team/later", "v1", &Image::small(1)).await;
    anonymous.get("/v2/team/later/tags/list").await.expect(200);
    let shown = list(json!({ "NamespaceName": "team" })).await["NamespaceList"][0].clone();
    assert_eq!((&shown["Severity"], &shown["AutoScan"], &shown["Public"]), (&json!("low"), &json!(true), &json!(true)));
    made.call("DeleteNamespace", json!({ "NamespaceName": "team" })).await.expect("ResourceInUse");
    for name in ["app", "late", "later"] {
        made.call("DeleteRepository", named(name, json!({}))).await.ok();
    }
    made.call("DeleteNamespace", json!({ "NamespaceName": "team" })).await.ok();
    let gone = made.call("DeleteNamespace", json!({ "NamespaceName": "team" })).await;
    gone.expect("ResourceNotFound.TcrResourceNotFound");
    client.post("/v2/team/app/blobs/uploads/").await.expect(403);
}

#[tokio::test]
async fn repositories_are_made_listed_described_and_deleted() {
    let reg = TestRegistry::builder().settings(|settings| settings.cloud_api.requests_per_second = 0).start().await;
    let made = Instance::new(&reg, "demo").await;
    made.namespace("team", false).await;
    made.call("CreateRepository", named("made/by/hand", json!({ "BriefDescription": "b", "Description": "d" })))
        .await
        .ok();
    let again = made.call("CreateRepository", named("made/by/hand", json!({}))).await;
    again.expect("InvalidParameter.ErrRepoExist");
    for name in ["", "ab", "UPPER", "a//b", "../x", &"a".repeat(245)] {
        made.call("CreateRepository", named(name, json!({}))).await.expect("InvalidParameter");
    }
    let nowhere = json!({ "NamespaceName": "nowhere", "RepositoryName": "app" });
    made.call("CreateRepository", nowhere.clone()).await.expect("ResourceNotFound.TcrResourceNotFound");
    let client = made.client(&reg.owner());
    client.push_image("team/pushed", "v1", &Image::small(1)).await;
    client.get("/v2/team/made/by/hand/tags/list").await.expect(200);
    let mut all = made.call("DescribeRepositories", json!({})).await.ok();
    for repository in all["RepositoryList"].as_array_mut().unwrap() {
        for time in ["CreationTime", "UpdateTime"] {
            let text = repository[time].as_str().unwrap();
            assert!(text.ends_with('Z') && text.contains('T'), "{repository}");
            repository[time] = json!("[time]");
        }
    }
    insta::assert_json_snapshot!(all);
    let names = async |parameters: Value| {
        let listed = made.call("DescribeRepositories", parameters).await.ok();
        let list = listed["RepositoryList"].as_array().unwrap();
        let names: Vec<_> = list.iter().map(|n| n["Name"].as_str().unwrap()).collect();
        format!("{} {}", listed["TotalCount"], names.join(" "))
    };
    assert_eq!(names(json!({ "SortBy": "-name", "Limit": 1, "Offset": 1 })).await, "2 team/pushed");
    assert_eq!(names(json!({ "SortBy": "-update_time", "Limit": 1, "Offset": 2 })).await, "2 team/made/by/hand");
    assert_eq!(names(json!({ "NamespaceName": "team", "RepositoryName": "push" })).await, "1 team/pushed");
    assert_eq!(names(json!({ "NamespaceName": "nowhere" })).await, "0 ");
    made.call("DescribeRepositories", json!({ "SortBy": "colour" })).await.expect("InvalidParameter");
    made.call("ModifyRepository", named("pushed", json!({ "BriefDescription": "short" }))).await.ok();
    made.call("ModifyRepository", named("none", json!({}))).await.expect("ResourceNotFound.TcrResourceNotFound");
    let long = named("pushed", json!({ "BriefDescription": "x".repeat(101) }));
    made.call("ModifyRepository", long).await.expect("InvalidParameter");
    let shown = made.call("DescribeRepositories", json!({ "RepositoryName": "pushed" })).await.ok();
    assert_eq!(shown["RepositoryList"][0]["BriefDescription"], "short");
    made.call("DeleteRepository", named("pushed", json!({ "ForceDelete": false }))).await.expect("ResourceInUse");
    let untagged = client.delete("/v2/team/pushed/manifests/v1").await;
    untagged.expect(202);
    // Its manifest is there, and can be pulled.
    made.call("DeleteRepository", named("pushed", json!({ "ForceDelete": false }))).await.expect("ResourceInUse");
    made.call("DeleteRepository", named("made/by/hand", json!({ "ForceDelete": false }))).await.ok();
    made.call("DeleteRepository", named("pushed", json!({}))).await.ok();
    let gone = made.call("DeleteRepository", named("pushed", json!({}))).await;
    gone.expect("ResourceNotFound.TcrResourceNotFound");
    client.get("/v2/team/pushed/manifests/v1").await.expect(404);
}

#[tokio::test]
async fn images_are_listed_read_copied_and_deleted() {
    let reg = TestRegistry::builder().settings(|settings| settings.cloud_api.requests_per_second = 0).start().await;
    let made = Instance::new(&reg, "demo").await;
    made.namespace("team", false).await;
    made.namespace("other", false).await;
    let client = made.client(&reg.owner());
    let config = json!({ "architecture": "amd64", "os": "linux", "config": { "Labels": { "who": "me" } } }).to_string();
    let image = Image::new(config.clone(), vec![vec![7; 1000].into()]);
    let digest = client.push_image("team/a/app", "v1", &image).await;
    client.push_image("team/a/app", "v1.1", &Image::small(2)).await;
    let list = async |more: Value| {
        let listed = made.call("DescribeImages", named("a/app", more)).await.ok();
        let list = listed["ImageInfoList"].as_array().unwrap();
        let tags: Vec<_> = list.iter().map(|n| n["ImageVersion"].as_str().unwrap()).collect();
        let mut tags: Vec<_> = tags;
        tags.sort_unstable();
        format!("{} {}", listed["TotalCount"], tags.join(" "))
    };
    assert_eq!(list(json!({})).await, "2 v1 v1.1");
    assert_eq!(list(json!({ "ImageVersion": "v1" })).await, "2 v1 v1.1");
    assert_eq!(list(json!({ "ImageVersion": "v1", "ExactMatch": true })).await, "1 v1");
    assert_eq!(list(json!({ "Digest": digest })).await, "1 v1");
    assert_eq!(list(json!({ "Limit": 2, "Offset": 2 })).await, "2 ");
    made.call("DescribeImages", named("a/app", json!({ "Digest": "x" }))).await.expect("InvalidParameter");
    let missing = made.call("DescribeImages", named("none", json!({}))).await;
    missing.expect("ResourceNotFound.TcrResourceNotFound");
    let shown = made.call("DescribeImages", named("a/app", json!({ "Digest": digest }))).await.ok();
    let shown = &shown["ImageInfoList"][0];
    assert_eq!((&shown["Digest"], &shown["Size"]), (&json!(digest), &json!(config.len() + 1000)));
    let whole = made.call("DescribeImageManifests", named("a/app", json!({ "ImageVersion": "v1" }))).await.ok();
    assert_eq!(whole["Manifest"].as_str().unwrap().as_bytes(), &image.manifest()[..]);
    assert_eq!((&whole["Config"], &whole["Size"]), (&json!(config), &json!(config.len() + 1000)));
    assert_eq!(whole["Labels"], json!([{ "Key": "who", "Value": "me" }]));
    let missing = made.call("DescribeImageManifests", named("a/app", json!({ "ImageVersion": "v9" }))).await;
    missing.expect("ResourceNotFound.TcrResourceNotFound");
    let copy = async |more: Value| {
        let mut parameters = json!({
            "SourceNamespace": "team", "SourceRepo": "a/app", "SourceReference": "v1", "DestinationTag": "copied",
        });
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        made.call("DuplicateImage", parameters).await
    };
    copy(json!({})).await.ok();
    copy(json!({ "DestinationNamespace": "other", "DestinationRepo": "b" })).await.ok();
    let found = client.get("/v2/other/b/manifests/copied").await.expect(200);
    assert_eq!(found.header("docker-content-digest"), digest);
    client.get(&format!("/v2/other/b/blobs/{}", roadstead_tests::digest(&config))).await.expect(200);
    copy(json!({ "SourceReference": "v1.1" })).await.expect("InternalError.ErrorTcrResourceConflict");
    copy(json!({ "SourceReference": "v1.1", "Override": true })).await.ok();
    assert_ne!(client.get("/v2/team/a/app/manifests/copied").await.header("docker-content-digest"), digest);
    copy(json!({ "SourceReference": "v9", "Override": true })).await.expect("ResourceNotFound.TcrResourceNotFound");
    copy(json!({ "DestinationNamespace": "none" })).await.expect("ResourceNotFound.TcrResourceNotFound");
    made.call("DeleteImage", named("a/app", json!({ "ImageVersion": "copied" }))).await.ok();
    let again = made.call("DeleteImage", named("a/app", json!({ "ImageVersion": "copied" }))).await;
    again.expect("ResourceNotFound.TcrResourceNotFound");
    made.call("DeleteRepositoryTags", named("a/app", json!({ "Tags": ["v1", "v1.1", "v9"] }))).await.ok();
    assert_eq!(list(json!({})).await, "0 ");
    client.get("/v2/team/a/app/manifests/v1").await.expect(404);
    let many: Vec<_> = (0..21).map(|n| format!("t{n}")).collect();
    made.call("DeleteRepositoryTags", named("a/app", json!({ "Tags": [] }))).await.expect("MissingParameter");
    for tags in [json!(many), json!(["not a tag"])] {
        made.call("DeleteRepositoryTags", named("a/app", json!({ "Tags": tags }))).await.expect("InvalidParameter");
    }
}
