//! `/v2/NAME/blobs/DIGEST`: reading and deleting.

use bytes::Bytes;
use roadstead_tests::{Answer, Client, Image, TestRegistry, digest, digest512, random_bytes};

const REPOSITORY: &str = "library/app";

async fn with_blob(content: &Bytes) -> (TestRegistry, Client, String) {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    let digest = owner.push_blob(REPOSITORY, content).await;
    (reg, owner, format!("/v2/{REPOSITORY}/blobs/{digest}"))
}

#[tokio::test]
async fn a_blob_comes_back_as_it_was_pushed() {
    let content = random_bytes(1, 3_000_001);
    let (_reg, owner, target) = with_blob(&content).await;
    let got = owner.get(&target).await.expect(200);
    assert_eq!(got.body, content);
    let head = owner.head(&target).await.expect(200);
    for answer in [&got, &head] {
        assert_eq!(answer.header("content-length"), "3000001");
        assert_eq!(answer.header("docker-content-digest"), digest(&content));
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        assert_eq!(answer.header("etag"), format!("\"{}\"", digest(&content)));
        assert_eq!(answer.header("accept-ranges"), "bytes");
        assert!(answer.header("cache-control").starts_with("private"));
    }
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn the_empty_blob_is_a_blob() {
    let (_reg, owner, target) = with_blob(&Bytes::new()).await;
    let got = owner.get(&target).await.expect(200);
    assert_eq!((got.header("content-length"), got.body.len()), ("0", 0));
    owner.head(&target).await.expect(200);
    let range = owner.request("GET", &target).header("range", "bytes=0-").send().await;
    range.expect_error(416, "RANGE_INVALID");
}

#[tokio::test]
async fn digests_with_an_escaped_colon_are_the_same_digests() {
    let (_reg, owner, target) = with_blob(&Bytes::from_static(b"abc")).await;
    owner.get(&target.replace("sha256:", "sha256%3A")).await.expect(200);
}

#[tokio::test]
async fn parts_of_a_blob_are_exact() {
    let content = random_bytes(2, 10_000);
    let (_reg, owner, target) = with_blob(&content).await;
    for (range, start, end) in [
        ("bytes=0-0", 0, 1),
        ("bytes=0-9999", 0, 10_000),
        ("bytes=9999-", 9999, 10_000),
        ("bytes=100-199", 100, 200),
        ("bytes=5000-99999999999999999999", 5000, 10_000),
        ("bytes=-1", 9999, 10_000),
        ("bytes=-99999", 0, 10_000),
    ] {
        let part = owner.request("GET", &target).header("range", range).send().await.expect(206);
        assert_eq!(part.body, content.slice(start..end), "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {start}-{}/10000", end - 1));
        assert_eq!(part.header("content-length"), (end - start).to_string());
    }
    for range in ["bytes=10000-", "bytes=-0", "bytes=5-2", "bytes=10000-10001", "bytes=99999999999999999999-"] {
        let answer = owner.request("GET", &target).header("range", range).send().await;
        assert_eq!(answer.expect_error(416, "RANGE_INVALID").header("content-range"), "bytes */10000", "{range}");
    }
    for ignored in ["lines=0-1", "bytes=", "nonsense", "bytes=a-b", "bytes=0-1,x"] {
        let answer = owner.request("GET", &target).header("range", ignored).send().await.expect(200);
        assert_eq!(answer.body.len(), 10_000, "{ignored}");
    }
}

/// The parts of a multipart answer: the range from the headers of each part, and its content.
fn parts(answer: &Answer) -> Vec<(String, Vec<u8>)> {
    let boundary = answer.header("content-type").strip_prefix("multipart/byteranges; boundary=").unwrap().to_owned();
    let find = |haystack: &[u8], needle: &[u8]| haystack.windows(needle.len()).position(|window| window == needle);
    let (mut rest, mut found) = (answer.body.to_vec(), Vec::new());
    rest.splice(0..0, *b"\r\n");
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    while let Some(start) = find(&rest, &delimiter) {
        assert!(start == 0 || !found.is_empty(), "there is text before the first part");
        rest.drain(..start + delimiter.len());
        if rest == b"--\r\n" {
            return found;
        }
        let head = find(&rest, b"\r\n\r\n").unwrap();
        let lines = String::from_utf8(rest[..head].to_vec()).unwrap();
        assert!(lines.contains("\r\nContent-Type: application/octet-stream"), "{lines}");
        let range = lines.lines().find_map(|line| line.strip_prefix("Content-Range: bytes ")).unwrap().to_owned();
        rest.drain(..head + 4);
        found.push((range, rest[..find(&rest, &delimiter).unwrap()].to_vec()));
    }
    panic!("the last boundary is missing: {answer}");
}

#[tokio::test]
async fn several_parts_of_a_blob_come_in_one_answer() {
    let content = random_bytes(4, 300_000);
    let (_reg, owner, target) = with_blob(&content).await;
    let ask = |range: &str| owner.request("GET", &target).header("range", range).send();
    // Parts come in the order of the request. Ranges outside the blob are left out. Parts larger than a piece of a
    // stream are complete.
    let answer = ask("bytes=100000-199999, 0-0,1000-1019 , 999999-, -5").await.expect(206);
    assert_eq!(answer.header("content-length"), answer.body.len().to_string());
    assert_eq!(answer.header("docker-content-digest"), digest(&content));
    assert!(!answer.has("content-range"));
    let expected = [(100_000, 200_000), (0, 1), (1000, 1020), (299_995, 300_000)];
    let expected = expected.map(|(start, end)| (format!("{start}-{}/300000", end - 1), content[start..end].to_vec()));
    assert_eq!(parts(&answer), expected);
    // A single part is answered without multipart.
    let one = ask("bytes=5-9,300000-").await.expect(206);
    assert_eq!((one.header("content-range"), &one.body), ("bytes 5-9/300000", &content.slice(5..10)));
    ask("bytes=300000-,400000-").await.expect_error(416, "RANGE_INVALID");
    // Ranges that overlap or lie close together are merged, so no byte is sent twice.
    let near = ask("bytes=100-199,0-49,150-299").await.expect(206);
    assert_eq!((near.header("content-range"), &near.body), ("bytes 0-299/300000", &content.slice(..300)));
    let twice = ask("bytes=1000-1999,1500-2499,5000-5009,1000-1999").await.expect(206);
    let ranges: Vec<String> = parts(&twice).into_iter().map(|(range, _)| range).collect();
    assert_eq!(ranges, ["1000-2499/300000", "5000-5009/300000"]);
    let many = |count: usize| {
        let ranges: Vec<String> = (0..count).map(|number| format!("{0}-{0}", number * 1000)).collect();
        format!("bytes={}", ranges.join(","))
    };
    assert_eq!(parts(&ask(&many(100)).await.expect(206)).len(), 100);
    // If the ranges are too many, the answer is the whole blob.
    assert_eq!(ask(&many(101)).await.expect(200).body, content);
}

#[tokio::test]
async fn conditions_are_by_the_digest() {
    let content = random_bytes(3, 1000);
    let (_reg, owner, target) = with_blob(&content).await;
    let etag = format!("\"{}\"", digest(&content));
    let whole = owner.get(&target).await.expect(200);
    let bare = digest(&content);
    for matching in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned(), bare] {
        let answer = owner.request("GET", &target).header("if-none-match", &matching).send().await.expect(304);
        assert!(answer.body.is_empty());
        for header in ["etag", "cache-control", "docker-content-digest"] {
            assert!(!answer.header(header).is_empty());
            assert_eq!(answer.header(header), whole.header(header));
        }
    }
    owner.request("GET", &target).header("if-none-match", "\"x\"").send().await.expect(200);
    let range = |condition: String| {
        owner.request("GET", &target).header("range", "bytes=0-9").header("if-range", &condition).send()
    };
    assert_eq!(range(etag.clone()).await.expect(206).body.len(), 10);
    for other in ["\"x\"".to_owned(), format!("W/{etag}"), "Sat, 01 Jan 2028 00:00:00 GMT".to_owned()] {
        assert_eq!(range(other).await.expect(200).body.len(), 1000);
    }
}

#[tokio::test]
async fn what_is_not_there_is_unknown() {
    let (_reg, owner, _) = with_blob(&Bytes::from_static(b"abc")).await;
    let unknown = digest("unknown");
    owner.get(&format!("/v2/{REPOSITORY}/blobs/{unknown}")).await.expect_error(404, "BLOB_UNKNOWN");
    owner.head(&format!("/v2/{REPOSITORY}/blobs/{unknown}")).await.expect(404);
    owner.delete(&format!("/v2/{REPOSITORY}/blobs/{unknown}")).await.expect_error(404, "BLOB_UNKNOWN");
    owner.get(&format!("/v2/library/nothing/blobs/{unknown}")).await.expect_error(404, "BLOB_UNKNOWN");
    for bad in ["sha256:xyz", "sha256:", "md5:d41d8cd98f00b204e9800998ecf8427e", "latest", "sha256:ABCDEF", ":"] {
        owner.get(&format!("/v2/{REPOSITORY}/blobs/{bad}")).await.expect_error(400, "DIGEST_INVALID");
    }
    let upper = digest("abc").to_uppercase().replace("SHA256", "sha256");
    owner.get(&format!("/v2/{REPOSITORY}/blobs/{upper}")).await.expect_error(400, "DIGEST_INVALID");
}

#[tokio::test]
async fn a_digest_opens_nothing_in_another_repository() {
    let content = Bytes::from_static(b"shared");
    let (reg, owner, _) = with_blob(&content).await;
    owner.push_blob("library/other", &Bytes::from_static(b"else")).await;
    let elsewhere = format!("/v2/library/other/blobs/{}", digest(&content));
    owner.get(&elsewhere).await.expect_error(404, "BLOB_UNKNOWN");
    owner.head(&elsewhere).await.expect(404);
    // The same holds for another account with its own repository, after the owner has read the blob into every cache.
    let alice = reg.account("alice").await;
    alice.basic.push_blob("alice/app", &Bytes::from_static(b"mine")).await;
    owner.get(&format!("/v2/{REPOSITORY}/blobs/{}", digest(&content))).await.expect(200);
    let stranger = format!("/v2/alice/app/blobs/{}", digest(&content));
    let random = format!("/v2/alice/app/blobs/{}", digest("random"));
    let (known, unknown) = (alice.basic.get(&stranger).await, alice.basic.get(&random).await);
    assert_eq!((known.status, known.essence()), (404, unknown.essence()));
}

#[tokio::test]
async fn a_deleted_blob_is_gone_at_once_and_only_there() {
    let content = Bytes::from_static(b"to be deleted");
    let (_reg, owner, target) = with_blob(&content).await;
    let other = format!("/v2/library/other/blobs/{}", owner.push_blob("library/other", &content).await);
    owner.get(&target).await.expect(200);
    owner.delete(&target).await.expect(202);
    owner.get(&target).await.expect_error(404, "BLOB_UNKNOWN");
    owner.head(&target).await.expect(404);
    owner.delete(&target).await.expect_error(404, "BLOB_UNKNOWN");
    // Reading it in the other repository does not put it back into a cache here.
    assert_eq!(owner.get(&other).await.expect(200).body, content);
    owner.get(&target).await.expect(404);
    // It can be pushed again.
    owner.push_blob(REPOSITORY, &content).await;
    assert_eq!(owner.get(&target).await.expect(200).body, content);
}

#[tokio::test]
async fn a_blob_that_a_manifest_needs_is_not_deleted() {
    let reg = TestRegistry::new().await;
    let (owner, image) = (reg.owner(), Image::small(1));
    let manifest = owner.push_image(REPOSITORY, "v1", &image).await;
    for blob in image.blobs() {
        let target = format!("/v2/{REPOSITORY}/blobs/{}", digest(blob));
        let refused = owner.delete(&target).await.expect_error(405, "DENIED");
        assert!(refused.text().contains("the blob is in use"), "{refused}");
        assert_eq!(refused.header("allow"), "GET, HEAD");
        owner.get(&target).await.expect(200);
    }
    owner.delete(&format!("/v2/{REPOSITORY}/manifests/{manifest}")).await.expect(202);
    for blob in image.blobs() {
        owner.delete(&format!("/v2/{REPOSITORY}/blobs/{}", digest(blob))).await.expect(202);
    }
}

#[tokio::test]
async fn sha512_blobs_are_blobs() {
    let reg = TestRegistry::new().await;
    let (owner, content) = (reg.owner(), random_bytes(5, 100_000));
    let digest = digest512(&content);
    let start = owner.post(&format!("/v2/{REPOSITORY}/blobs/uploads/?digest-algorithm=sha512")).await.expect(202);
    let put = owner.put(&format!("{}?digest={digest}", start.header("location")), content.clone()).await.expect(201);
    assert_eq!(put.header("docker-content-digest"), digest);
    let got = owner.get(put.header("location")).await.expect(200);
    assert_eq!((got.body, got.headers["docker-content-digest"].to_str().unwrap()), (content.clone(), &*digest));
    // The same bytes under a digest of another algorithm are another blob.
    owner.head(&format!("/v2/{REPOSITORY}/blobs/{}", roadstead_tests::digest(&content))).await.expect(404);
}
