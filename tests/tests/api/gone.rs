//! Things that are deleted while somebody uses them, and new things with their names.

use futures::future::join_all;
use roadstead_storage::meta::{EMPTY_REPOSITORY, JobQuery, JobState, PutManifest};
use roadstead_tests::{Image, TestRegistry, digest, eventually, random_bytes};
use roadstead_types::{Algorithm, Digest, Manifest, RegistryId, RepositoryName, Tag};
use serde_json::json;

const REGISTRY: RegistryId = RegistryId::PERSONAL;

/// Deletes a repository, as the command line would.
async fn delete_repository(reg: &TestRegistry, name: &str) {
    let name: RepositoryName = name.parse().unwrap();
    let row = reg.meta().repository(REGISTRY, &name).await.unwrap().unwrap();
    assert!(reg.meta().delete_repository(&reg.act(), row.id, true).await.unwrap());
}

#[tokio::test]
async fn nothing_of_a_deleted_repository_is_in_the_one_that_has_its_name_now() {
    let reg = TestRegistry::new().await;
    let (owner, old, new) = (reg.owner(), Image::small(1), Image::small(2));
    let signature = Image::small(3).about(&old);
    owner.push_image("library/app", "old", &old).await;
    owner.push_image("library/app", "sig", &signature).await;
    let bearer = owner.bearer(&["repository:library/app:pull,push,delete"]).await;
    let manifest = format!("/v2/library/app/manifests/{}", old.digest());
    let blob = format!("/v2/library/app/blobs/{}", digest(&old.layers[0]));
    let referrers = format!("/v2/library/app/referrers/{}", old.digest());
    for client in [&owner, &bearer] {
        // Fill all caches.
        client.get("/v2/library/app/manifests/old").await.expect(200);
        client.get(&blob).await.expect(200);
    }
    delete_repository(&reg, "library/app").await;
    eventually("the repository is gone", async || {
        (owner.get("/v2/library/app/tags/list").await.status == 404).then_some(())
    })
    .await;
    owner.push_image("library/app", "new", &new).await;
    for client in [&owner, &bearer] {
        client.get("/v2/library/app/manifests/old").await.expect_error(404, "MANIFEST_UNKNOWN");
        client.get(&manifest).await.expect_error(404, "MANIFEST_UNKNOWN");
        client.get(&blob).await.expect_error(404, "BLOB_UNKNOWN");
        client.head(&blob).await.expect(404);
        assert_eq!(client.get(&referrers).await.expect(200).json()["manifests"].as_array().unwrap().len(), 0);
        assert_eq!(client.get("/v2/library/app/tags/list").await.list("tags"), ["new"]);
    }
    // The deleted content can be pushed again.
    owner.push_image("library/app", "old", &old).await;
    assert_eq!(owner.get(&blob).await.expect(200).body, old.layers[0]);
}

#[tokio::test]
async fn a_public_repository_that_is_made_anew_is_private() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    owner.push_image("library/app", "v1", &Image::small(1)).await;
    reg.set_public("library/app", true).await;
    let anonymous = reg.anonymous().bearer(&["repository:library/app:pull"]).await;
    anonymous.get("/v2/library/app/manifests/v1").await.expect(200);
    delete_repository(&reg, "library/app").await;
    eventually("the repository is gone", async || {
        (owner.get("/v2/library/app/tags/list").await.status == 404).then_some(())
    })
    .await;
    owner.push_image("library/app", "v1", &Image::small(2)).await;
    for client in [&anonymous, &reg.anonymous()] {
        client.get("/v2/library/app/manifests/v1").await.expect_error(401, "UNAUTHORIZED");
    }
}

#[tokio::test]
async fn a_namespace_that_is_deleted_under_an_upload_takes_the_upload_with_it() {
    let reg = TestRegistry::new().await;
    let alice = reg.account("alice").await;
    reg.namespace("short-lived", alice.id).await;
    let location = alice.basic.start_upload("short-lived/app").await;
    alice.basic.chunk(&location, 0, "hello").await.expect(202);
    assert!(reg.meta().delete_namespace(&reg.act(), REGISTRY, &"short-lived".parse().unwrap()).await.unwrap());
    let put = format!("{location}?digest={}", digest("hello"));
    let answer = alice.basic.put(&put, "").await;
    assert!(matches!(answer.status, 403 | 404), "{answer}");
    eventually("the namespace is gone", async || {
        (alice.basic.post("/v2/short-lived/app/blobs/uploads/").await.status == 403).then_some(())
    })
    .await;
    alice.basic.get(&location).await.expect_error(403, "DENIED");
    // The sweep would delete these staged bytes later; the harness accepts none.
    let store = reg.store().await;
    let id = location.rsplit('/').next().unwrap().parse().unwrap();
    store.discard(&roadstead_storage::blob::StagingKey::of(id)).await.unwrap();
}

#[tokio::test]
async fn content_that_the_store_has_lost_is_no_secret_fault_and_can_be_pushed_again() {
    let reg = TestRegistry::new().await;
    let (owner, content) = (reg.owner(), random_bytes(1, 200_000));
    let target = format!("/v2/library/app/blobs/{}", owner.push_blob("library/app", &content).await);
    let row = reg.meta().blobs_page(None, 10).await.unwrap().remove(0);
    reg.store().await.delete(&row.key).await.unwrap();
    let answer = owner.get(&target).await.expect_error(500, "UNKNOWN");
    assert!(!answer.text().contains(row.key.path()), "{answer}");
    // A new push brings the content back.
    owner.push_blob("library/app", &content).await;
    assert_eq!(owner.get(&target).await.expect(200).body, content);
}

#[tokio::test]
async fn content_that_was_stored_short_is_never_served_as_the_whole() {
    let reg = TestRegistry::new().await;
    let (owner, content) = (reg.owner(), random_bytes(1, 300_000));
    let target = format!("/v2/library/app/blobs/{}", owner.push_blob("library/app", &content).await);
    let row = reg.meta().blobs_page(None, 10).await.unwrap().remove(0);
    let path = reg.settings().storage_root().join("blobs").join(row.key.path());
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(100_000).unwrap();
    // The answer is an error, or ends before its announced length. It is never a short body that looks complete.
    if let Ok(answer) = owner.request("GET", &target).try_send().await {
        answer.expect_error(500, "UNKNOWN");
    }
    owner.push_blob("library/app", &content).await;
    if let Ok(answer) = owner.request("GET", &target).try_send().await {
        assert!(answer.status == 500 || answer.body == content, "{answer}");
    }
    std::fs::write(&path, &content).unwrap();
    assert_eq!(owner.get(&target).await.expect(200).body, content);
}

/// Points many tags of a repository at an image in it.
async fn tag_often(reg: &TestRegistry, repository: &str, image: &Image, count: usize) {
    let name: RepositoryName = repository.parse().unwrap();
    let namespace = reg.meta().namespace(REGISTRY, name.namespace()).await.unwrap().unwrap().id;
    let tags: Vec<Tag> = (0..count).map(|number| format!("v{number}").parse().unwrap()).collect();
    let content = image.manifest();
    let put = PutManifest {
        registry: REGISTRY,
        namespace,
        repository: &name,
        digest: &Digest::of(Algorithm::Sha256, &content),
        manifest: &Manifest::parse(None, &content).unwrap(),
        content: &content,
        details: None,
        tags: &tags,
        lease_until: reg.now(),
    };
    reg.meta().put_manifest(&reg.act(), &put).await.unwrap();
}

#[tokio::test]
async fn no_push_fails_while_a_large_repository_goes() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    owner.push_image("library/large", "latest", &image).await;
    tag_often(&reg, "library/large", &image, 3000).await;
    reg.cloud().call("tcr", "DeleteRepositoryPersonal", json!({ "RepoName": "library/large" })).await.ok();
    owner.get("/v2/library/large/tags/list").await.expect_error(404, "NAME_UNKNOWN");
    let pushes = (0..8_u64).map(|pusher| {
        let (owner, repository) = (&owner, if pusher == 0 { "library/large" } else { "library/other" });
        async move {
            for turn in 0..4 {
                owner.push_image(repository, &format!("p{pusher}"), &Image::small(10 * pusher + turn)).await;
            }
        }
    });
    join_all(pushes).await;
    let query = JobQuery { kind: Some(EMPTY_REPOSITORY), limit: 10, ..JobQuery::default() };
    let done = async || {
        let jobs = reg.meta().list_jobs(&query).await.unwrap();
        (jobs.iter().all(|job| job.state == JobState::Done)).then_some(jobs)
    };
    let jobs = eventually("the old repository is empty", done).await;
    assert_eq!((jobs.len(), jobs[0].scope.as_str(), jobs[0].attempts), (1, "repository library/large", 1));
    assert_eq!(owner.get("/v2/library/large/tags/list").await.expect(200).list("tags"), ["p0"]);
    assert_eq!(owner.get("/v2/library/other/tags/list").await.expect(200).list("tags").len(), 7);
}
