//! Connections that are reset in the middle of a change: the server serves exactly the committed state.

use std::net::SocketAddr;
use std::time::Duration;

use roadstead_tests::{Image, TestRegistry, eventually};
use roadstead_types::{RegistryId, Tag};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

const REPOSITORY: &str = "library/app";

/// Sends a request, and resets the connection after `delay`.
async fn send_and_reset(address: SocketAddr, request: &[u8], delay: Duration) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    tokio::time::sleep(delay).await;
    stream.set_zero_linger().unwrap();
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
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    let images: Vec<Image> = (1..=2).map(Image::small).collect();
    for image in &images {
        owner.push_image(REPOSITORY, "moving", image).await;
    }
    let target = format!("/v2/{REPOSITORY}/manifests/moving");
    let authorization = owner.credentials().header().unwrap();
    for round in 0..40u32 {
        let image = &images[round as usize % 2];
        // Fill the cache.
        owner.get(&target).await;
        let head = format!("Host: {}\r\nAuthorization: {authorization}\r\n", reg.address());
        let request = if round % 3 == 2 {
            format!("DELETE {target} HTTP/1.1\r\n{head}\r\n").into_bytes()
        } else {
            let manifest = image.manifest();
            let (kind, length) = (image.media_type(), manifest.len());
            let head =
                format!("PUT {target} HTTP/1.1\r\n{head}Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
            [head.as_bytes(), &manifest].concat()
        };
        let delay = Duration::from_micros(u64::from(round * 97 % 4000));
        send_and_reset(reg.address(), &request, delay).await;
        // The change may still be running. After it, the answer and the database agree.
        eventually("the answer matches the database", async || {
            let answer = owner.get(&target).await;
            let served = (answer.status == 200).then(|| answer.header("docker-content-digest").to_owned());
            (served == truth(&reg).await).then_some(())
        })
        .await;
    }
    reg.finish();
}
