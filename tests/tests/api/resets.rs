//! Connections that are reset in the middle of a change: the server serves exactly the committed state.

use roadstead_storage::testkit::{Point, hold_at};
use roadstead_tests::{Image, TestRegistry, eventually};
use roadstead_types::{RegistryId, Tag};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

const REPOSITORY: &str = "library/app";

/// Sends a request, resets the connection while its change waits at `point`, and then lets the change go on.
async fn reset_at(reg: &TestRegistry, point: Point, request_id: &str, request: &[u8]) {
    let hold = hold_at(point, request_id);
    let mut stream = TcpStream::connect(reg.address()).await.unwrap();
    stream.write_all(request).await.unwrap();
    eventually("the change arrives", async || hold.is_reached().then_some(())).await;
    stream.set_zero_linger().unwrap();
    drop(stream);
    // The server has one worker, so it has seen the reset when it answers this.
    reg.anonymous().get("/healthz").await.expect(200);
    drop(hold);
}

/// The target of the tag in the database.
async fn truth(reg: &TestRegistry) -> Option<String> {
    let name = REPOSITORY.parse().unwrap();
    let repository = reg.meta().repository(RegistryId::PERSONAL, &name).await.unwrap().unwrap();
    let tag: Tag = "moving".parse().unwrap();
    reg.meta().tag(repository.id, &tag).await.unwrap().map(|digest| digest.to_string())
}

#[tokio::test]
async fn a_tag_that_was_moved_or_deleted_by_a_connection_that_was_reset_is_not_served_as_it_was() {
    let reg = TestRegistry::builder().settings(|s| s.server.workers = 1).start().await;
    let owner = reg.owner();
    let (first, second) = (Image::small(1), Image::small(2));
    for image in [&first, &second] {
        owner.push_image(REPOSITORY, "moving", image).await;
    }
    let target = format!("/v2/{REPOSITORY}/manifests/moving");
    let authorization = owner.credentials().header().unwrap();
    // Each change is held at both points. `None` deletes the tag.
    let changes = [
        (Point::BeforeCommit, Some(&first)),
        (Point::AfterCommit, Some(&second)),
        (Point::BeforeCommit, None),
        (Point::BeforeCommit, Some(&first)),
        (Point::AfterCommit, None),
    ];
    for (round, (point, image)) in changes.into_iter().enumerate() {
        // Fill the cache.
        owner.get(&target).await;
        let id = format!("reset-{round}");
        let head = format!("Host: {}\r\nAuthorization: {authorization}\r\nX-Request-Id: {id}\r\n", reg.address());
        let request = match image {
            None => format!("DELETE {target} HTTP/1.1\r\n{head}\r\n").into_bytes(),
            Some(image) => {
                let manifest = image.manifest();
                let (kind, length) = (image.media_type(), manifest.len());
                let head =
                    format!("PUT {target} HTTP/1.1\r\n{head}Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
                [head.as_bytes(), &manifest].concat()
            }
        };
        reset_at(&reg, point, &id, &request).await;
        // The change arrives after the reset. Then the answer and the database agree.
        let wanted = image.map(Image::digest);
        eventually("the change is made and served", async || {
            let answer = owner.get(&target).await;
            let served = (answer.status == 200).then(|| answer.header("docker-content-digest").to_owned());
            (served == wanted && truth(&reg).await == wanted).then_some(())
        })
        .await;
    }
    reg.finish();
}
