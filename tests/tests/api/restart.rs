//! State that survives a restart.

use bytes::Bytes;
use roadstead_config::Settings;
use roadstead_tests::{Binary, Client, Credentials, Image, OWNER_PASSWORD, TestRegistry, digest, random_bytes};
use serde_json::Value;

fn fixed_name(settings: &mut Settings) {
    settings.server.external_url = Some("http://registry.example:5000".parse().unwrap());
}

#[tokio::test]
async fn an_upload_goes_on_where_it_stood() {
    let mut reg = TestRegistry::new().await;
    let content = random_bytes(1, 500_000);
    let location = reg.owner().start_upload("library/app").await;
    reg.owner().chunk(&location, 0, content.slice(..100_001)).await.expect(202);
    reg.restart().await;
    let owner = reg.owner();
    assert_eq!(owner.get(&location).await.expect(204).header("range"), "0-100000");
    owner.chunk(&location, 100_001, content.slice(100_001..300_000)).await.expect(202);
    reg.restart().await;
    let put = format!("{location}?digest={}", digest(&content));
    let put = reg.owner().put(&put, content.slice(300_000..)).await.expect(201);
    assert_eq!(reg.owner().get(put.header("location")).await.expect(200).body, content);
}

#[tokio::test]
async fn what_was_acknowledged_is_there() {
    let mut reg = TestRegistry::new().await;
    let image = Image::small(1);
    let digest = reg.owner().push_image("library/app", "v1", &image).await;
    let signature = Image::small(2).about(&image);
    reg.owner().push_image("library/app", "sig", &signature).await;
    reg.set_public("library/app", true).await;
    reg.restart().await;
    let anonymous = reg.anonymous();
    let got = anonymous.get("/v2/library/app/manifests/v1").await.expect(200);
    assert_eq!((&got.body, got.header("docker-content-digest")), (&image.manifest(), &*digest));
    for blob in image.blobs() {
        let target = format!("/v2/library/app/blobs/{}", roadstead_tests::digest(blob));
        assert_eq!(anonymous.get(&target).await.expect(200).body, *blob);
    }
    assert_eq!(anonymous.get("/v2/library/app/tags/list").await.list("tags"), ["sig", "v1"]);
    let referrers = anonymous.get(&format!("/v2/library/app/referrers/{digest}")).await.json();
    assert_eq!(referrers["manifests"][0]["digest"], signature.digest());
}

#[tokio::test]
async fn tokens_keep_working() {
    let mut reg = TestRegistry::builder().settings(fixed_name).start().await;
    reg.owner().push_blob("library/app", &Bytes::from_static(b"x")).await;
    let tokens = reg.owner().tokens();
    let answer =
        tokens.offline(reg.owner_name(), OWNER_PASSWORD, "repository:library/app:pull").await.expect(200).json();
    let (token, refresh) = (answer["token"].as_str().unwrap(), answer["refresh_token"].as_str().unwrap());
    let keys = reg.anonymous().get("/service/jwks").await.json();
    reg.bearer(token).get("/v2/library/app/tags/list").await.expect(200);
    reg.restart().await;
    reg.bearer(token).get("/v2/library/app/tags/list").await.expect(200);
    assert_eq!(reg.anonymous().get("/service/jwks").await.json(), keys);
    let next = reg.anonymous().tokens().refresh(refresh, "").await.expect(200).json();
    let next = next["refresh_token"].as_str().unwrap();
    reg.restart().await;
    reg.anonymous().tokens().refresh(next, "").await.expect(200);
    reg.anonymous().tokens().refresh(refresh, "").await.expect(401);
}

#[tokio::test]
async fn only_the_first_start_makes_an_account() {
    let mut reg = TestRegistry::new().await;
    assert!(reg.first_start().unwrap().contains(reg.owner_name()));
    reg.restart().await;
    assert_eq!(reg.first_start(), None);
    assert_eq!(reg.meta().list_accounts(None, 10).await.unwrap().len(), 1);
    reg.owner().get("/v2/").await.expect(200);
}

#[tokio::test]
async fn after_a_clean_stop_the_database_is_one_file() {
    let data = tempfile::tempdir().unwrap();
    let server = Binary::find().serve(data.path(), &[]);
    let record: Value = serde_json::from_slice(&std::fs::read(data.path().join("bootstrap.json")).unwrap()).unwrap();
    let text = |name: &str| record[name].as_str().unwrap().to_owned();
    let owner = |url: &str| Client::new(url, Credentials::Basic(text("username"), text("password")));
    let image = Image::small(1);
    owner(server.url()).push_image("library/app", "v1", &image).await;
    server.signal("TERM");
    let (status, log) = server.wait();
    assert!(status.success(), "{log}");
    for file in ["roadstead.db-wal", "roadstead.db-shm"] {
        let _ = std::fs::remove_file(data.path().join(file));
    }
    let server = Binary::find().serve(data.path(), &[]);
    let got = owner(server.url()).get("/v2/library/app/manifests/v1").await.expect(200);
    assert_eq!(got.body, image.manifest());
}

#[tokio::test]
async fn a_registry_in_memory_starts_again_without_its_blobs() {
    let data = tempfile::tempdir().unwrap();
    let memory = [("ROADSTEAD__STORAGE__DRIVER", "memory")];
    let server = Binary::find().serve(data.path(), &memory);
    let record: Value = serde_json::from_slice(&std::fs::read(data.path().join("bootstrap.json")).unwrap()).unwrap();
    let text = |name: &str| record[name].as_str().unwrap().to_owned();
    let owner = |url: &str| Client::new(url, Credentials::Basic(text("username"), text("password")));
    owner(server.url()).push_image("library/app", "v1", &Image::small(1)).await;
    server.signal("TERM");
    assert!(server.wait().0.success());
    let server = Binary::find().serve(data.path(), &memory);
    owner(server.url()).push_image("library/app", "v2", &Image::small(2)).await;
}
