//! Several clients at once: the result is always that of some order of their requests.

use bytes::Bytes;
use futures::future::join_all;
use roadstead_tests::{Answer, Client, Image, TestRegistry, digest, random_bytes};

const REPOSITORY: &str = "library/app";

fn blob(content: &Bytes) -> String {
    format!("/v2/{REPOSITORY}/blobs/{}", digest(content))
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses
}

#[tokio::test]
async fn who_reads_a_tag_while_it_moves_gets_one_image_or_the_other() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    let images = [Image::small(1), Image::small(2)];
    for image in &images {
        owner.push_image(REPOSITORY, "latest", image).await;
    }
    let target = format!("/v2/{REPOSITORY}/manifests/latest");
    let write = async {
        for turn in 0..40 {
            let image = &images[turn % 2];
            owner.put_manifest(REPOSITORY, "latest", image.media_type(), image.manifest()).await.expect(201);
            // A client that moved the tag sees the new target at once.
            assert_eq!(owner.get(&target).await.expect(200).body, image.manifest());
        }
    };
    let read = async {
        for _ in 0..150 {
            let got = owner.get(&target).await.expect(200);
            assert_eq!(got.header("docker-content-digest"), digest(&got.body));
            assert!(images.iter().any(|image| image.manifest() == got.body));
        }
    };
    futures::join!(write, read, async {
        for _ in 0..150 {
            let head = owner.head(&target).await.expect(200);
            assert!(images.iter().any(|image| image.digest() == head.header("docker-content-digest")));
        }
    });
}

#[tokio::test]
async fn a_manifest_and_the_deletion_of_its_blob_come_one_after_the_other() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    for seed in 0..25 {
        let image = Image::small(seed);
        for blob in image.blobs() {
            owner.push_blob(REPOSITORY, blob).await;
        }
        let layer = blob(&image.layers[0]);
        let (put, delete) = futures::join!(
            owner.put_manifest(REPOSITORY, "v1", image.media_type(), image.manifest()),
            owner.delete(&layer)
        );
        match (put.status, delete.status) {
            (201, 405) => assert_eq!(owner.get(&layer).await.expect(200).body, image.layers[0]),
            (404, 202) => drop(owner.get(&layer).await.expect(404)),
            _ => panic!("exactly one must succeed: {put} {delete}"),
        }
    }
}

#[tokio::test]
async fn an_index_and_the_deletion_of_its_child_leave_no_hole() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    for seed in 0..25 {
        let image = Image::small(seed);
        owner.push_image(REPOSITORY, &image.digest(), &image).await;
        let media_type = "application/vnd.oci.image.index.v1+json";
        let index =
            serde_json::json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": [image.descriptor()] });
        let child = format!("/v2/{REPOSITORY}/manifests/{}", image.digest());
        let (put, delete) = futures::join!(
            owner.put_manifest(REPOSITORY, "list", media_type, index.to_string().into()),
            owner.delete(&child)
        );
        assert!(matches!(put.status, 201 | 404), "{put}");
        // The first request decides: the index has its child, or neither exists.
        assert_eq!(delete.status, if put.status == 201 { 405 } else { 202 }, "{delete}");
        owner.get(&child).await.expect(if put.status == 201 { 200 } else { 404 });
    }
}

#[tokio::test]
async fn of_two_who_finish_an_upload_one_does() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    for seed in 0..15 {
        let content = random_bytes(seed, 50_000);
        let location = owner.start_upload(REPOSITORY).await;
        owner.chunk(&location, 0, content.clone()).await.expect(202);
        let put = format!("{location}?digest={}", digest(&content));
        let answers = join_all((0..3).map(|_| owner.put(&put, Bytes::new()))).await;
        let found = statuses(&answers);
        assert_eq!(found[0], 201, "{found:?}");
        assert!(found[1..].iter().all(|status| matches!(status, 201 | 404 | 409)), "{found:?}");
        assert_eq!(owner.get(&blob(&content)).await.expect(200).body, content);
    }
}

#[tokio::test]
async fn of_two_who_send_a_chunk_one_does() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    for seed in 0..15 {
        let content = random_bytes(seed, 60_000);
        let location = owner.start_upload(REPOSITORY).await;
        let answers = join_all((0..4).map(|_| owner.chunk(&location, 0, content.clone()))).await;
        let found = statuses(&answers);
        assert_eq!(found[0], 202, "{found:?}");
        assert!(found[1..].iter().all(|status| matches!(status, 409 | 416)), "{found:?}");
        owner.put(&format!("{location}?digest={}", digest(&content)), Bytes::new()).await.expect(201);
        assert_eq!(owner.get(&blob(&content)).await.expect(200).body, content);
    }
}

#[tokio::test]
async fn who_cancels_and_who_finishes_do_not_both_succeed() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    for seed in 0..15 {
        let content = random_bytes(seed, 20_000);
        let location = owner.start_upload(REPOSITORY).await;
        owner.chunk(&location, 0, content.clone()).await.expect(202);
        let put = format!("{location}?digest={}", digest(&content));
        let (put, cancel) = futures::join!(owner.put(&put, Bytes::new()), owner.delete(&location));
        match (put.status, cancel.status) {
            (201, 404 | 409) => assert_eq!(owner.get(&blob(&content)).await.expect(200).body, content),
            (404 | 409, 204) => drop(owner.get(&blob(&content)).await.expect(404)),
            _ => panic!("{put} {cancel}"),
        }
    }
}

#[tokio::test]
async fn what_is_deleted_by_many_is_deleted_once() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    for seed in 0..10 {
        let image = Image::small(seed);
        let manifest = owner.push_image(REPOSITORY, "v1", &image).await;
        let target = format!("/v2/{REPOSITORY}/manifests/{manifest}");
        let answers = join_all((0..4).map(|_| owner.delete(&target))).await;
        assert_eq!(statuses(&answers), [202, 404, 404, 404]);
        owner.get(&target).await.expect(404);
        owner.get(&format!("/v2/{REPOSITORY}/manifests/v1")).await.expect(404);
    }
}

#[tokio::test]
async fn many_first_pushes_make_one_repository() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    let image = Image::small(1);
    for round in 0..5 {
        let repository = format!("library/new{round}");
        let pushes = (0..8).map(|n| {
            let (owner, image, repository) = (owner.clone(), image.clone(), repository.clone());
            async move { owner.push_image(&repository, &format!("v{n}"), &image).await }
        });
        join_all(pushes).await;
        assert_eq!(owner.get(&format!("/v2/{repository}/tags/list")).await.expect(200).list("tags").len(), 8);
    }
    assert_eq!(owner.get("/v2/_catalog").await.list("repositories").len(), 5);
}

async fn refresh(client: &Client, token: &str) -> u16 {
    client.tokens().refresh(token, "").await.status
}

#[tokio::test]
async fn a_refresh_token_that_two_use_at_once_takes_nobodys_sign_in_away() {
    let reg = TestRegistry::new().await;
    let anonymous = reg.anonymous();
    for _ in 0..5 {
        let tokens = anonymous.tokens();
        let body = tokens.offline(reg.owner_name(), roadstead_tests::OWNER_PASSWORD, "").await.expect(200).json();
        let token = body["refresh_token"].as_str().unwrap();
        let found = join_all((0..4).map(|_| refresh(&anonymous, token))).await;
        assert_eq!(found, [200; 4]);
    }
}
