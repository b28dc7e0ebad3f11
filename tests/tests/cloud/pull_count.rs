//! `PullCount`: which requests count as pulls, and when the count shows them.

use roadstead_tests::{Client, Cloud, TestRegistry, eventually};
use serde_json::json;

use crate::images::{image_for, push_index, unlimited};

async fn count(cloud: &Cloud, repository: &str) -> i64 {
    let parameters = json!({ "RepoName": repository });
    cloud.call("tcr", "DescribeRepositoryPersonal", parameters).await.ok()["Data"]["PullCount"].as_i64().unwrap()
}

async fn get(client: &Client, repository: &str, reference: &str) {
    client.get(&format!("/v2/{repository}/manifests/{reference}")).await.expect(200);
}

async fn reaches(reg: &TestRegistry, repository: &str, expected: i64) {
    let cloud = reg.cloud();
    eventually("the pulls are counted", async || (count(&cloud, repository).await >= expected).then_some(())).await;
    assert_eq!(count(&cloud, repository).await, expected);
}

#[tokio::test]
async fn a_pull_is_a_manifest_that_was_read() {
    let reg = unlimited().await;
    let owner = reg.owner();
    let (arm, amd, single) =
        (image_for("linux", "arm64", 1), image_for("linux", "amd64", 2), image_for("linux", "amd64", 3));
    let index = push_index(&owner, "library/app", "all", &[&arm, &amd]).await;
    owner.push_image("library/app", "one", &single).await;
    // These are no pulls: HEAD, 304, reading a blob or a list, a missing manifest.
    owner.head("/v2/library/app/manifests/one").await.expect(200);
    let etag = format!("\"{}\"", single.digest());
    let known = owner.request("GET", "/v2/library/app/manifests/one").header("if-none-match", &etag);
    known.send().await.expect(304);
    owner.get(&format!("/v2/library/app/blobs/{}", roadstead_tests::digest(&single.config))).await.expect(200);
    owner.get("/v2/library/app/tags/list").await.expect(200);
    owner.get("/v2/library/app/manifests/missing").await.expect(404);
    // Three pulls: by tag, by digest as containerd does, and of an index together with one of its images.
    get(&owner, "library/app", "one").await;
    get(&owner, "library/app", &single.digest()).await;
    get(&owner, "library/app", &index).await;
    get(&owner, "library/app", &amd.digest()).await;
    reaches(&reg, "library/app", 3).await;
    // A pull by tag counts, also if an index lists the manifest.
    owner.put_manifest("library/app", "amd", amd.media_type(), amd.manifest()).await.expect(201);
    get(&owner, "library/app", "amd").await;
    reaches(&reg, "library/app", 4).await;
}

#[tokio::test]
async fn an_image_that_an_index_takes_up_is_not_counted_any_more() {
    let reg = unlimited().await;
    let owner = reg.owner();
    let image = image_for("linux", "arm64", 1);
    owner.push_image("library/app", &image.digest(), &image).await;
    get(&owner, "library/app", &image.digest()).await;
    push_index(&owner, "library/app", "all", &[&image]).await;
    get(&owner, "library/app", &image.digest()).await;
    get(&owner, "library/app", "all").await;
    reaches(&reg, "library/app", 2).await;
}

#[tokio::test]
async fn pulls_of_many_at_once_all_count_and_a_stop_writes_them_down() {
    let mut reg = unlimited().await;
    let owner = reg.owner();
    for name in ["library/a", "library/b"] {
        owner.push_image(name, "v1", &image_for("linux", "amd64", 1)).await;
    }
    let pulls = (0..60).map(|number| {
        let owner = owner.clone();
        async move { get(&owner, if number % 3 == 0 { "library/a" } else { "library/b" }, "v1").await }
    });
    futures::future::join_all(pulls).await;
    reg.restart().await;
    let cloud = reg.cloud();
    assert_eq!((count(&cloud, "library/a").await, count(&cloud, "library/b").await), (20, 40));
    // Deleting a repository drops its pulls, and does not affect the counts of others.
    let owner = reg.owner();
    get(&owner, "library/a", "v1").await;
    get(&owner, "library/b", "v1").await;
    cloud.call("tcr", "DeleteRepositoryPersonal", json!({ "RepoName": "library/a" })).await.ok();
    reaches(&reg, "library/b", 41).await;
}
