//! Requests that are too large, too slow, or not valid HTTP.

use std::time::Duration;

use roadstead_tests::{Image, TestRegistry, digest, random_bytes, raw};

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let reg = TestRegistry::new().await;
    let long = "x".repeat(300_000);
    let many: String = (0..2000).map(|n| format!("X-Header-{n}: x\r\n")).collect();
    for (target, headers) in [
        (format!("/v2/{long}/tags/list"), String::new()),
        ("/v2/".to_owned(), format!("X-Long: {long}\r\n")),
        ("/v2/".to_owned(), many),
    ] {
        let answer = raw::request(reg.address(), "GET", &target, &headers).await;
        // The server refuses the request or closes the connection. It never serves it, and never answers 5xx.
        assert!(matches!(answer.status, 0 | 400 | 401 | 404 | 413 | 414 | 431), "{answer}");
    }
    reg.owner().get("/v2/").await.expect(200);
}

#[tokio::test]
async fn a_query_of_thousands_of_pairs_is_read_in_part() {
    let reg = TestRegistry::new().await;
    let many: String = (0..5000).map(|n| format!("&x={n}")).collect();
    let answer = reg.owner().get(&format!("/v2/_catalog?n=1{many}")).await;
    assert!(answer.status < 500, "{answer}");
}

#[tokio::test]
async fn smuggled_lengths_are_refused() {
    let reg = TestRegistry::new().await;
    let authorization = reg.owner().credentials().header().unwrap();
    for lengths in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 5x\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
    ] {
        let mut connection = raw::Connection::open(reg.address()).await;
        let head = format!(
            "POST /v2/library/app/blobs/uploads/ HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\n\
             Connection: close\r\n{lengths}\r\n",
            reg.address()
        );
        connection.send(head).await;
        connection.send("0\r\n\r\n").await;
        let answers = String::from_utf8_lossy(&connection.receive().await).into_owned();
        // The server reads it as one request at most.
        assert!(answers.matches("HTTP/1.1 ").count() <= 1, "{lengths:?}: {answers}");
        assert!(!answers.starts_with("HTTP/1.1 5"), "{lengths:?}: {answers}");
    }
    reg.owner().get("/v2/").await.expect(200);
}

#[tokio::test]
async fn several_requests_on_one_connection_are_answered_in_order() {
    let reg = TestRegistry::new().await;
    let mut connection = raw::Connection::open(reg.address()).await;
    let host = reg.address();
    connection
        .send(format!(
            "GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\nGET /v2/ HTTP/1.1\r\nHost: {host}\r\n\r\n\
             GET /nothing HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        ))
        .await;
    let answers = String::from_utf8_lossy(&connection.receive().await).into_owned();
    let statuses: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["200", "401", "404"]);
}

#[tokio::test]
async fn a_client_that_says_nothing_is_hung_up_on() {
    let reg = TestRegistry::builder().settings(|s| s.server.header_timeout = Duration::from_millis(200)).start().await;
    let mut connection = raw::Connection::open(reg.address()).await;
    connection.send("GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
    let answer = raw::parse("a slow head".into(), &connection.receive().await);
    assert!(matches!(answer.status, 0 | 408), "{answer}");
}

#[tokio::test]
async fn a_body_that_stops_coming_is_given_up_and_what_came_is_kept() {
    let reg = TestRegistry::builder().settings(|s| s.server.body_timeout = Duration::from_millis(300)).start().await;
    let owner = reg.owner();
    let location = owner.start_upload("library/app").await;
    let authorization = owner.credentials().header().unwrap();
    let content = random_bytes(1, 100_000);
    let mut connection = raw::Connection::open(reg.address()).await;
    let head = format!(
        "PATCH {location} HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\nContent-Length: 100000\r\n\
         Connection: close\r\n\r\n",
        reg.address()
    );
    connection.send(head).await;
    connection.send(&content[..70_000]).await;
    let answer = raw::parse("a slow body".into(), &connection.receive().await);
    assert_eq!(answer.status, 408, "{answer}");
    assert_eq!(owner.get(&location).await.expect(204).header("range"), "0-69999");
    owner.chunk(&location, 70_000, content.slice(70_000..)).await.expect(202);
    owner.put(&format!("{location}?digest={}", digest(&content)), "").await.expect(201);
    // The same for a manifest.
    let mut connection = raw::Connection::open(reg.address()).await;
    let head = format!(
        "PUT /v2/library/app/manifests/v1 HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\nContent-Length: 100\r\n\
         Connection: close\r\n\r\n{{",
        reg.address()
    );
    connection.send(head).await;
    let answer = raw::parse("a slow manifest".into(), &connection.receive().await);
    assert_eq!(answer.status, 408, "{answer}");
}

#[tokio::test]
async fn a_client_that_takes_its_answer_slowly_does_not_hold_others_up() {
    let reg = TestRegistry::builder().settings(|s| s.server.workers = 1).start().await;
    let (owner, content) = (reg.owner(), random_bytes(1, 20_000_000));
    let digest = owner.push_blob("library/app", &content).await;
    let authorization = owner.credentials().header().unwrap();
    let mut slow = Vec::new();
    for _ in 0..8 {
        let mut connection = raw::Connection::open(reg.address()).await;
        let head = format!(
            "GET /v2/library/app/blobs/{digest} HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\n\
             Connection: close\r\n\r\n",
            reg.address()
        );
        connection.send(head).await;
        assert!(connection.head().await.starts_with("HTTP/1.1 200"));
        slow.push(connection);
    }
    owner.push_image("library/app", "v1", &Image::small(1)).await;
    assert_eq!(owner.get(&format!("/v2/library/app/blobs/{digest}")).await.expect(200).body, content);
    // The slow clients still get the whole blob.
    assert_eq!(slow.pop().unwrap().receive().await, content);
}

#[tokio::test]
async fn many_uploads_at_once_wait_for_their_share_and_all_arrive() {
    let reg = TestRegistry::builder()
        .settings(|s| s.storage.buffer_budget = roadstead_config::ByteSize::mib(1))
        .start()
        .await;
    let owner = reg.owner();
    let pushes = (0..40).map(|n| {
        let owner = owner.clone();
        async move { owner.push_blob("library/app", &random_bytes(n, 300_000)).await }
    });
    let digests = futures::future::join_all(pushes).await;
    for (n, digest) in digests.iter().enumerate() {
        let got = owner.get(&format!("/v2/library/app/blobs/{digest}")).await.expect(200);
        assert_eq!(got.body, random_bytes(n as u64, 300_000));
    }
}
