//! HTTP itself: connections, bodies, encodings.

use roadstead_tests::{Image, TestRegistry, digest, random_bytes, raw};

async fn with_image() -> (TestRegistry, Image, String) {
    let reg = TestRegistry::new().await;
    let image = Image::small(1);
    reg.owner().push_image("library/app", "v1", &image).await;
    let authorization = reg.owner().credentials().header().unwrap();
    (reg, image, authorization)
}

#[tokio::test]
async fn answers_without_a_body_leave_the_connection_in_order() {
    let (reg, image, authorization) = with_image().await;
    let host = reg.address();
    let etag = format!("\"{}\"", image.digest());
    let blob = format!("/v2/library/app/blobs/{}", digest(&image.layers[0]));
    let one = |method: &str, target: &str, headers: &str| {
        format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {authorization}\r\n{headers}\r\n")
    };
    let manifest = "/v2/library/app/manifests/v1";
    let mut connection = raw::Connection::open(host).await;
    connection
        .send(
            [
                one("HEAD", &blob, ""),
                one("HEAD", manifest, ""),
                one("GET", manifest, &format!("If-None-Match: {etag}\r\n")),
                one("HEAD", "/v2/library/app/manifests/nothing", ""),
                one("HEAD", "/v2/_catalog", ""),
                one("HEAD", "/nothing", ""),
                one("GET", manifest, "Connection: close\r\n"),
            ]
            .concat(),
        )
        .await;
    for (status, length) in [
        ("200", Some("1000")),
        ("200", Some(&*image.manifest().len().to_string())),
        ("304", None),
        ("404", None),
        ("200", None),
        ("404", None),
    ] {
        let head = connection.head().await.to_lowercase();
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        if let Some(length) = length {
            assert!(head.contains(&format!("content-length: {length}\r\n")), "{head}");
        }
    }
    let last = raw::parse("the last one".into(), &connection.receive().await);
    assert_eq!((last.status, last.body), (200, image.manifest()));
}

#[tokio::test]
async fn the_body_of_a_refused_request_is_never_taken_for_a_request() {
    let (reg, _, _) = with_image().await;
    let host = reg.address();
    let inner = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    for (method, target, status) in [
        ("POST", "/v2/library/app/blobs/uploads/", 401),
        ("PUT", "/v2/library/app/manifests/v1", 401),
        ("GET", "/v2/", 401),
        ("POST", "/nothing", 404),
        ("PATCH", "/v2/", 405),
        ("GET", "/service/jwks", 200),
    ] {
        let mut connection = raw::Connection::open(host).await;
        let length = inner.len();
        connection
            .send(format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n{inner}"))
            .await;
        connection.send(format!("GET /nothing HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await;
        let answers = String::from_utf8_lossy(&connection.receive().await).into_owned();
        let statuses: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
        assert_eq!(statuses.first(), Some(&&*status.to_string()), "{method} {target}: {answers}");
        // The next request is answered, or the connection is closed. The text in the body is not treated as a request.
        assert!(statuses[1..].iter().all(|status| *status == "404"), "{method} {target}: {answers}");
        assert!(!answers.contains("{\"status\":\"ok\"}"), "{answers}");
    }
}

#[tokio::test]
async fn a_refusal_comes_before_the_body_is_sent() {
    let (reg, _, authorization) = with_image().await;
    let host = reg.address();
    let large = 10_u64 << 30;
    for (target, authorization, status) in [
        ("/v2/library/app/manifests/v1", String::new(), 401),
        ("/v2/library/app/manifests/v1", format!("Authorization: {authorization}\r\n"), 413),
        ("/v2/nowhere/app/manifests/v1", format!("Authorization: {authorization}\r\n"), 403),
        (
            "/v2/library/app/blobs/uploads/00000000-0000-0000-0000-000000000000?digest=x",
            authorization_line(&authorization),
            400,
        ),
    ] {
        let mut connection = raw::Connection::open(host).await;
        let head = format!(
            "PUT {target} HTTP/1.1\r\nHost: {host}\r\n{authorization}Content-Length: {large}\r\nExpect: 100-continue\r\n\r\n"
        );
        connection.send(head).await;
        let mut answer = connection.head().await;
        // A client that may not push is not asked for the body.
        let asked = answer.starts_with("HTTP/1.1 100");
        assert_eq!(asked, !matches!(status, 401 | 403), "{target}: {answer}");
        if asked {
            answer = connection.head().await;
        }
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{target}: {answer}");
    }
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_gets_it_when_it_may_push() {
    let (reg, image, authorization) = with_image().await;
    let host = reg.address();
    let content = image.manifest();
    let length = content.len();
    let ask = |authorization: &str| {
        format!(
            "PUT /v2/library/app/manifests/v2 HTTP/1.1\r\nHost: {host}\r\n{authorization}Content-Type: \
             application/vnd.oci.image.manifest.v1+json\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
        )
    };
    let mut connection = raw::Connection::open(host).await;
    connection.send(ask(&authorization_line(&authorization))).await;
    assert!(connection.head().await.starts_with("HTTP/1.1 100"));
    connection.send(&content).await;
    assert!(connection.head().await.starts_with("HTTP/1.1 201"));
    let wrong = "Authorization: Basic bm9ib2R5Ondyb25n\r\n";
    let mut connection = raw::Connection::open(host).await;
    connection.send(ask(wrong)).await;
    let refused = raw::parse("refused".into(), &connection.receive().await);
    assert_eq!((refused.status, refused.code()), (401, "UNAUTHORIZED".into()));
    assert!(refused.header("www-authenticate").starts_with("Bearer "), "{refused}");
}

fn authorization_line(authorization: &str) -> String {
    format!("Authorization: {authorization}\r\n")
}

#[tokio::test]
async fn bodies_are_taken_and_given_as_they_are_never_unpacked_or_packed() {
    let (reg, image, _) = with_image().await;
    let owner = reg.owner();
    let blob = format!("/v2/library/app/blobs/{}", digest(&image.layers[0]));
    for target in [&*blob, "/v2/library/app/manifests/v1", "/v2/library/app/tags/list"] {
        let answer = owner.request("GET", target).header("accept-encoding", "gzip, br, zstd").send().await.expect(200);
        assert!(!answer.has("content-encoding"), "{answer}");
    }
    // A gzip bomb: a few bytes that expand to a gigabyte.
    let packed = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xed, 0xc1, 1, 1, 0, 0, 0, 0x80];
    let put = owner.request("PUT", "/v2/library/app/manifests/bomb").header("content-encoding", "gzip");
    let put = put.header("content-type", image.media_type()).body(packed.to_vec()).send().await;
    put.expect_error(400, "MANIFEST_INVALID");
    // A blob with a content encoding is stored like any other.
    let location = owner.start_upload("library/app").await;
    let put = format!("{location}?digest={}", digest(packed));
    owner.request("PUT", &put).header("content-encoding", "gzip").body(packed.to_vec()).send().await.expect(201);
}

#[tokio::test]
async fn pages_of_other_sites_get_no_rights() {
    let (reg, _, _) = with_image().await;
    for method in ["GET", "OPTIONS", "POST"] {
        let request = reg.owner().request(method, "/v2/").header("origin", "https://evil.example");
        let answer = request.header("access-control-request-method", "PUT").send().await;
        assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control")), "{answer}");
        assert!(!answer.has("set-cookie"));
    }
}

#[tokio::test]
async fn a_connection_can_be_used_for_a_long_time() {
    let (reg, image, authorization) = with_image().await;
    let host = reg.address();
    let mut connection = raw::Connection::open(host).await;
    for _ in 0..300 {
        let head = format!(
            "HEAD /v2/library/app/manifests/{} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {authorization}\r\n\r\n",
            image.digest()
        );
        connection.send(head).await;
        assert!(connection.head().await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_leaves_nothing_behind() {
    let reg = TestRegistry::builder().settings(|s| s.server.workers = 1).start().await;
    let (owner, content) = (reg.owner(), random_bytes(1, 8_000_000));
    let digest = owner.push_blob("library/app", &content).await;
    let authorization = owner.credentials().header().unwrap();
    for _ in 0..60 {
        let mut connection = raw::Connection::open(reg.address()).await;
        let head = format!(
            "GET /v2/library/app/blobs/{digest} HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\n\r\n",
            reg.address()
        );
        connection.send(head).await;
        assert!(connection.head().await.starts_with("HTTP/1.1 200"));
        // Disconnect in the middle of the answer.
    }
    // Their shares of the memory budget are free again.
    let gets = (0..4).map(|_| owner.get("/v2/library/app/tags/list"));
    futures::future::join_all(gets).await;
    let target = format!("/v2/library/app/blobs/{digest}");
    assert_eq!(owner.get(&target).await.expect(200).body, content);
    owner.push_blob("library/app", &random_bytes(2, 1_000_000)).await;
}
