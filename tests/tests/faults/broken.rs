//! Clients that disconnect in the middle, or send something other than they announced.

use roadstead_tests::raw::Connection;
use roadstead_tests::{Client, Credentials, TestRegistry, digest, eventually, random_bytes};

const REPOSITORY: &str = "library/broken";

/// The head of a request whose body of `length` bytes follows.
fn head(client: &Client, method: &str, target: &str, length: usize) -> String {
    let authorization = Credentials::header(client.credentials()).unwrap();
    let host = client.base().strip_prefix("http://").unwrap();
    format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {authorization}\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// How many bytes an upload has; 0 while another request still writes to it.
async fn offset(client: &Client, location: &str) -> usize {
    let status = client.get(location).await.expect(204);
    let last: usize = status.header("range").strip_prefix("0-").unwrap().parse().unwrap();
    if last == 0 { 0 } else { last + 1 }
}

/// Waits until the server has ended a broken request. Returns how many bytes the upload has.
async fn settled(client: &Client, location: &str) -> usize {
    eventually("the broken request has ended", async || {
        let offset = offset(client, location).await;
        (offset > 0).then_some(offset)
    })
    .await
}

#[tokio::test]
async fn an_upload_goes_on_where_its_client_went_away() {
    let registry = TestRegistry::new().await;
    let client = registry.owner();
    let content = random_bytes(1, 3 << 20);
    for (method, sent) in [("PATCH", 1), ("PATCH", 300_000), ("PATCH", 2 << 20), ("PUT", 2 << 20)] {
        let location = client.start_upload(REPOSITORY).await;
        let first = client.chunk(&location, 0, content.slice(..1000)).await.expect(202);
        assert_eq!(first.header("range"), "0-999");
        let target = match method {
            "PUT" => format!("{location}?digest={}", digest(&content)),
            _ => location.clone(),
        };
        let mut connection = Connection::open(registry.address()).await;
        // With its range, a request that the server begins too late is refused: others have gone on meanwhile.
        let range = format!("Content-Range: 1000-{}\r\n\r\n", content.len() - 1);
        let head = head(&client, method, &target, content.len() - 1000);
        connection.send(head.replacen("\r\n\r\n", &format!("\r\n{range}"), 1)).await;
        connection.send(&content[1000..1000 + sent]).await;
        drop(connection);
        // The upload keeps exactly the bytes that arrived.
        let there = eventually("the upload is free again", async || {
            let there = settled(&client, &location).await;
            let next = content.slice(there..there + 1);
            let taken = client.chunk(&location, there, next).await;
            match taken.status {
                202 => Some(there),
                // The broken request is still running, or has just written more bytes.
                409 | 416 => None,
                _ => panic!("{taken}"),
            }
        })
        .await;
        assert!((1000..=1000 + sent).contains(&there), "{method}: {there} bytes after {sent} more were sent");
        let rest = content.slice(there + 1..);
        let target = format!("{location}?digest={}", digest(&content));
        let done = eventually("nobody else writes", async || {
            let done = client.put(&target, rest.clone()).await;
            (done.status != 409).then_some(done)
        });
        done.await.expect(201);
        let pulled = client.get(&format!("/v2/{REPOSITORY}/blobs/{}", digest(&content))).await.expect(200);
        assert!(pulled.body == content);
    }
}

#[tokio::test]
async fn a_whole_blob_that_breaks_off_leaves_nothing() {
    let registry = TestRegistry::new().await;
    let client = registry.owner();
    let content = random_bytes(2, 1 << 20);
    let target = format!("/v2/{REPOSITORY}/blobs/uploads/?digest={}", digest(&content));
    let mut connection = Connection::open(registry.address()).await;
    connection.send(head(&client, "POST", &target, content.len())).await;
    connection.send(&content[..500_000]).await;
    drop(connection);
    client.head(&format!("/v2/{REPOSITORY}/blobs/{}", digest(&content))).await.expect(404);
    assert_eq!(client.push_blob(REPOSITORY, &content).await, digest(&content));
    // The server removes the staged bytes. The harness checks this when the registry ends.
    eventually("the broken request has ended", async || {
        use futures::TryStreamExt as _;
        let staged: Vec<_> = registry.store().await.list_staged().try_collect().await.unwrap();
        staged.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn another_digest_than_announced_ends_the_upload() {
    let registry = TestRegistry::new().await;
    let client = registry.owner();
    let content = random_bytes(3, 10_000);
    let wrong = digest("something else");
    for chunked in [false, true] {
        let location = client.start_upload(REPOSITORY).await;
        let rest = match chunked {
            true => {
                client.chunk(&location, 0, content.slice(..5000)).await.expect(202);
                content.slice(5000..)
            }
            false => content.clone(),
        };
        client.put(&format!("{location}?digest={wrong}"), rest).await.expect_error(400, "DIGEST_INVALID");
        client.get(&location).await.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
        for digest in [&wrong, &digest(&content)] {
            client.head(&format!("/v2/{REPOSITORY}/blobs/{digest}")).await.expect(404);
        }
    }
    let target = format!("/v2/{REPOSITORY}/blobs/uploads/?digest={wrong}");
    client.request("POST", &target).body(content.clone()).send().await.expect_error(400, "DIGEST_INVALID");
    assert_eq!(client.push_blob(REPOSITORY, &content).await, digest(&content));
}
