//! PostgreSQL, whichever database the other tests use.

use roadstead_tests::{Database, Image, Store, TestRegistry, digest};

#[tokio::test]
async fn a_push_and_a_pull_work_on_postgresql() {
    let Some(mut reg) = TestRegistry::builder().database(Database::Postgres).store(Store::Memory).try_start().await
    else {
        // If PostgreSQL is required, the harness has failed already.
        return;
    };
    let (alice, image) = (reg.account("alice").await, Image::small(1));
    alice.basic.push_image("alice/app", "v1", &image).await;
    let bearer = alice.basic.bearer(&["repository:alice/app:pull"]).await;
    assert_eq!(bearer.get("/v2/alice/app/manifests/v1").await.expect(200).body, image.manifest());
    let location = alice.basic.start_upload("alice/app").await;
    alice.basic.chunk(&location, 0, "hello").await.expect(202);
    reg.restart().await;
    let alice = reg.basic(&alice.uin, &alice.password);
    alice.put(&format!("{location}?digest={}", digest("hello")), "").await.expect(201);
    assert_eq!(alice.get("/v2/_catalog").await.expect(200).list("repositories"), ["alice/app"]);
    alice.delete(&format!("/v2/alice/app/manifests/{}", image.digest())).await.expect(202);
    alice.get("/v2/alice/app/manifests/v1").await.expect_error(404, "MANIFEST_UNKNOWN");
}

#[tokio::test]
async fn blobs_can_be_kept_in_memory() {
    let reg = TestRegistry::builder().store(Store::Memory).start().await;
    let image = Image::small(1);
    reg.owner().push_image("library/app", "v1", &image).await;
    for blob in image.blobs() {
        let target = format!("/v2/library/app/blobs/{}", digest(blob));
        assert_eq!(reg.owner().get(&target).await.expect(200).body, *blob);
    }
}
