//! Uploads in chunks: order, gaps, retries.

use bytes::Bytes;
use futures::stream;
use roadstead_tests::{Answer, Client, TestRegistry, digest, digest512, random_bytes};

const REPOSITORY: &str = "library/app";

/// Checks the offset in the status of the upload.
async fn stands_at(client: &Client, location: &str, bytes: usize) {
    let status = client.get(location).await.expect(204);
    assert_eq!(status.header("range"), format!("0-{}", bytes.saturating_sub(1)));
    assert_eq!(status.header("location"), location);
}

fn refused_at(answer: Answer, location: &str, bytes: usize) {
    let answer = answer.expect_error(416, "RANGE_INVALID");
    assert_eq!(answer.header("range"), format!("0-{}", bytes.saturating_sub(1)));
    assert_eq!(answer.header("location"), location);
}

async fn finish(client: &Client, location: &str, content: &Bytes) {
    let put = client.put(&format!("{location}?digest={}", digest(content)), Bytes::new()).await.expect(201);
    assert_eq!(client.get(put.header("location")).await.expect(200).body, *content);
}

#[tokio::test]
async fn chunks_in_order_make_a_blob() {
    let reg = TestRegistry::new().await;
    let (owner, content) = (reg.owner(), random_bytes(1, 300_000));
    let location = owner.start_upload(REPOSITORY).await;
    stands_at(&owner, &location, 0).await;
    for start in (0..300_000).step_by(70_000) {
        let end = (start + 70_000).min(300_000);
        let chunk = owner.chunk(&location, start, content.slice(start..end)).await.expect(202);
        assert_eq!(chunk.header("range"), format!("0-{}", end - 1));
        assert_eq!(chunk.header("location"), location);
        assert!(location.ends_with(chunk.header("docker-upload-uuid")));
        stands_at(&owner, &location, end).await;
    }
    finish(&owner, &location, &content).await;
    owner.get(&location).await.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn a_gap_is_refused_with_the_place_to_go_on_from() {
    let reg = TestRegistry::new().await;
    let (owner, content) = (reg.owner(), random_bytes(2, 3000));
    let location = owner.start_upload(REPOSITORY).await;
    refused_at(owner.chunk(&location, 1000, content.slice(1000..2000)).await, &location, 0);
    stands_at(&owner, &location, 0).await;
    let refused = owner.chunk(&location, 1000, content.slice(1000..2000)).await.expect_error(416, "RANGE_INVALID");
    assert!(refused.text().contains("the chunk does not start where the upload stands"), "{refused}");
    owner.chunk(&location, 0, content.slice(..1000)).await.expect(202);
    refused_at(owner.chunk(&location, 1001, content.slice(1001..3000)).await, &location, 1000);
    stands_at(&owner, &location, 1000).await;
    owner.chunk(&location, 1000, content.slice(1000..)).await.expect(202);
    finish(&owner, &location, &content).await;
}

#[tokio::test]
async fn a_chunk_that_is_held_already_is_refused_and_changes_nothing() {
    let reg = TestRegistry::new().await;
    let (owner, content) = (reg.owner(), random_bytes(3, 2000));
    let location = owner.start_upload(REPOSITORY).await;
    owner.chunk(&location, 0, content.slice(..1000)).await.expect(202);
    refused_at(owner.chunk(&location, 0, content.slice(..1000)).await, &location, 1000);
    refused_at(owner.chunk(&location, 500, content.slice(500..900)).await, &location, 1000);
    stands_at(&owner, &location, 1000).await;
    owner.chunk(&location, 1000, content.slice(1000..)).await.expect(202);
    finish(&owner, &location, &content).await;
}

#[tokio::test]
async fn of_a_chunk_that_overlaps_only_the_new_bytes_are_taken() {
    let reg = TestRegistry::new().await;
    let (owner, content) = (reg.owner(), random_bytes(4, 200_000));
    let location = owner.start_upload(REPOSITORY).await;
    owner.chunk(&location, 0, content.slice(..100_000)).await.expect(202);
    let chunk = owner.chunk(&location, 30_000, content.slice(30_000..150_000)).await.expect(202);
    assert_eq!(chunk.header("range"), "0-149999");
    owner.chunk(&location, 0, content.clone()).await.expect(202);
    stands_at(&owner, &location, 200_000).await;
    finish(&owner, &location, &content).await;
}

#[tokio::test]
async fn the_length_of_a_chunk_must_be_that_of_its_range() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    let location = owner.start_upload(REPOSITORY).await;
    let patch = |range: &str| {
        owner.request("PATCH", &location).header("content-range", range).body(Bytes::from_static(b"0123456789")).send()
    };
    for range in ["0-8", "0-10", "0-0"] {
        patch(range).await.expect_error(400, "SIZE_INVALID");
    }
    for range in ["x", "", "9-0", "0-", "-9", "0-18446744073709551615", "0-99999999999999999999", "0--9"] {
        patch(range).await.expect_error(400, "BLOB_UPLOAD_INVALID");
    }
    stands_at(&owner, &location, 0).await;
    // Older docker clients write the range like this.
    patch("bytes 0-9/*").await.expect(202);
    finish(&owner, &location, &Bytes::from_static(b"0123456789")).await;
}

#[tokio::test]
async fn a_streamed_body_whose_range_is_wrong_is_refused() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    let location = owner.start_upload(REPOSITORY).await;
    let pieces = stream::iter([Ok(Bytes::from_static(b"01234"))]);
    let short = owner.request("PATCH", &location).header("content-range", "0-9").stream(pieces).send().await;
    short.expect_error(400, "SIZE_INVALID");
    owner.get(&location).await.expect(204);
}

#[tokio::test]
async fn streams_without_a_range_are_appended() {
    let reg = TestRegistry::new().await;
    let (owner, content) = (reg.owner(), random_bytes(5, 2_500_000));
    let location = owner.start_upload(REPOSITORY).await;
    for half in [content.slice(..1_000_003), content.slice(1_000_003..)] {
        let pieces: Vec<_> = half.chunks(33_333).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        owner.request("PATCH", &location).stream(stream::iter(pieces)).send().await.expect(202);
    }
    stands_at(&owner, &location, 2_500_000).await;
    finish(&owner, &location, &content).await;
}

#[tokio::test]
async fn the_last_bytes_may_come_with_the_digest() {
    let reg = TestRegistry::new().await;
    let (owner, content) = (reg.owner(), random_bytes(6, 5000));
    let target = format!("/v2/{REPOSITORY}/blobs/{}", digest(&content));
    let location = owner.start_upload(REPOSITORY).await;
    owner.chunk(&location, 0, content.slice(..3000)).await.expect(202);
    let put = format!("{location}?digest={}", digest(&content));
    // A last chunk with a gap is refused, and the upload can continue.
    let gap = owner.request("PUT", &put).header("content-range", "3001-4999").body(content.slice(3001..)).send().await;
    refused_at(gap, &location, 3000);
    let last = owner.request("PUT", &put).header("content-range", "3000-4999").body(content.slice(3000..)).send().await;
    assert_eq!(last.expect(201).header("location"), target);
    assert_eq!(owner.get(&target).await.body, content);

    // The same without a range, and as a stream.
    let location = owner.start_upload("library/streamed").await;
    owner.patch(&location, content.slice(..3000)).await.expect(202);
    let rest = stream::iter([Ok(content.slice(3000..4000)), Ok(content.slice(4000..))]);
    let put = format!("{location}?digest={}", digest(&content));
    owner.request("PUT", &put).stream(rest).send().await.expect(201);
    assert_eq!(owner.get(&target.replace("app", "streamed")).await.expect(200).body, content);
}

#[tokio::test]
async fn an_algorithm_that_is_named_only_at_the_end_is_honoured() {
    let reg = TestRegistry::new().await;
    let (owner, content) = (reg.owner(), random_bytes(7, 400_000));
    let location = owner.start_upload(REPOSITORY).await;
    owner.chunk(&location, 0, content.slice(..150_000)).await.expect(202);
    owner.chunk(&location, 150_000, content.slice(150_000..)).await.expect(202);
    let put = owner.put(&format!("{location}?digest={}", digest512(&content)), Bytes::new()).await.expect(201);
    assert_eq!(put.header("docker-content-digest"), digest512(&content));
    assert_eq!(owner.get(put.header("location")).await.expect(200).body, content);
}

#[tokio::test]
async fn only_known_algorithms_are_taken() {
    let reg = TestRegistry::new().await;
    for algorithm in ["md5", "sha1", "", "SHA256", "sha384"] {
        let start = format!("/v2/{REPOSITORY}/blobs/uploads/?digest-algorithm={algorithm}");
        reg.owner().post(&start).await.expect_error(400, "DIGEST_INVALID");
    }
}

#[tokio::test]
async fn the_least_size_of_a_chunk_is_told_when_there_is_one() {
    let reg = TestRegistry::new().await;
    let start = format!("/v2/{REPOSITORY}/blobs/uploads/");
    assert!(!reg.owner().post(&start).await.has("oci-chunk-min-length"));
    let size = roadstead_config::ByteSize::mib(5);
    let reg = TestRegistry::builder().settings(|s| s.limits.chunk_min_bytes = size).start().await;
    assert_eq!(reg.owner().post(&start).await.header("oci-chunk-min-length"), "5242880");
}
