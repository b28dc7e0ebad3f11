//! `/v2/NAME/blobs/uploads/`: sessions, whole uploads, cancelling, and the rights to them.

use std::time::Duration;

use bytes::Bytes;
use roadstead_tests::{Client, TestRegistry, digest, digest512, eventually, random_bytes, raw};

const REPOSITORY: &str = "library/app";
const START: &str = "/v2/library/app/blobs/uploads/";

async fn unknown(client: &Client, location: &str) {
    let put = format!("{location}?digest={}", digest("x"));
    client.get(location).await.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
    client.patch(location, "x").await.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
    client.put(&put, "x").await.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
    client.delete(location).await.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn a_blob_can_be_pushed_in_one_request() {
    let reg = TestRegistry::new().await;
    let (owner, content) = (reg.owner(), random_bytes(1, 200_000));
    for digest in [digest(&content), digest512(&content)] {
        let post = owner.request("POST", &format!("{START}?digest={digest}")).body(content.clone()).send().await;
        let post = post.expect(201);
        assert_eq!(post.header("location"), format!("/v2/{REPOSITORY}/blobs/{digest}"));
        assert_eq!(post.header("docker-content-digest"), digest);
        assert_eq!(owner.get(post.header("location")).await.expect(200).body, content);
    }
    let wrong = owner.request("POST", &format!("{START}?digest={}", digest("other"))).body(content).send().await;
    let detail = wrong.expect_error(400, "DIGEST_INVALID").detail();
    assert_eq!(detail["expected"], digest("other"));
    owner.head(&format!("/v2/{REPOSITORY}/blobs/{}", digest("other"))).await.expect(404);
    owner.post(&format!("{START}?digest=sha256:short")).await.expect_error(400, "DIGEST_INVALID");
}

#[tokio::test]
async fn uploads_start_with_and_without_the_slash_at_the_end() {
    let reg = TestRegistry::new().await;
    for target in [START, START.trim_end_matches('/')] {
        let start = reg.owner().post(target).await.expect(202);
        assert!(start.header("location").starts_with(START), "{start}");
        assert_eq!(start.header("range"), "0-0");
    }
}

#[tokio::test]
async fn a_wrong_digest_ends_the_upload() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    let location = owner.start_upload(REPOSITORY).await;
    owner.patch(&location, "hello").await.expect(202);
    let put = owner.put(&format!("{location}?digest={}", digest("hallo")), Bytes::new()).await;
    assert_eq!(put.expect_error(400, "DIGEST_INVALID").detail()["found"], digest("hello"));
    unknown(&owner, &location).await;
}

#[tokio::test]
async fn a_malformed_or_missing_digest_changes_nothing() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    let location = owner.start_upload(REPOSITORY).await;
    owner.patch(&location, "hello").await.expect(202);
    for query in ["", "?digest=", "?digest=sha256:zz", "?digest=md5:00", "?DIGEST=x"] {
        owner.put(&format!("{location}{query}"), Bytes::new()).await.expect_error(400, "DIGEST_INVALID");
    }
    owner.put(&format!("{location}?digest={}", digest("hello")), Bytes::new()).await.expect(201);
}

#[tokio::test]
async fn a_cancelled_upload_is_gone() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    let location = owner.start_upload(REPOSITORY).await;
    owner.patch(&location, "hello").await.expect(202);
    owner.delete(&location).await.expect(204);
    unknown(&owner, &location).await;
    let fresh = owner.start_upload(REPOSITORY).await;
    owner.delete(&fresh).await.expect(204);
}

#[tokio::test]
async fn ids_that_are_none_are_unknown() {
    let reg = TestRegistry::new().await;
    for id in ["x", "00000000-0000-0000-0000-000000000000", "%00", "..%2f..", "a%20b", "%ff", "'"] {
        unknown(&reg.owner(), &format!("{START}{id}")).await;
    }
}

#[tokio::test]
async fn an_upload_belongs_to_its_repository_and_its_account() {
    let reg = TestRegistry::new().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    let location = alice.basic.start_upload("alice/app").await;
    alice.basic.patch(&location, "hello").await.expect(202);
    // The upload cannot be reached through another repository, neither of the same account nor of another one.
    unknown(&alice.basic, &location.replace("alice/app", "alice/other")).await;
    unknown(&bob.basic, &location.replace("alice/app", "bob/app")).await;
    // Through its own repository it has the same protection as the repository.
    for method in ["GET", "PATCH", "PUT", "DELETE"] {
        let put = format!("{location}?digest={}", digest("hello"));
        bob.basic.request(method, &put).send().await.expect_error(403, "DENIED");
        reg.anonymous().request(method, &put).send().await.expect_error(401, "UNAUTHORIZED");
    }
    // The upload is unchanged.
    assert_eq!(alice.basic.get(&location).await.expect(204).header("range"), "0-4");
    alice.basic.put(&format!("{location}?digest={}", digest("hello")), Bytes::new()).await.expect(201);
}

#[tokio::test]
async fn an_upload_that_is_finished_cannot_be_finished_again() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    let location = owner.start_upload(REPOSITORY).await;
    owner.put(&format!("{location}?digest={}", digest("x")), "x").await.expect(201);
    unknown(&owner, &location).await;
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_what_has_arrived() {
    let reg = TestRegistry::new().await;
    let (owner, content) = (reg.owner(), random_bytes(7, 100_000));
    let location = owner.start_upload(REPOSITORY).await;
    let authorization = owner.credentials().header().unwrap();
    let mut connection = raw::Connection::open(reg.address()).await;
    let head = format!(
        "PATCH {location} HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\nContent-Length: 100000\r\n\r\n",
        reg.address()
    );
    connection.send(head).await;
    connection.send(&content[..60_000]).await;
    drop(connection);
    let arrived = eventually("the broken request ends", async || {
        let status = owner.get(&location).await.expect(204);
        let last: usize = status.header("range").strip_prefix("0-").unwrap().parse().unwrap();
        (last > 0).then_some(last + 1)
    })
    .await;
    assert!(arrived <= 60_000, "{arrived}");
    owner.chunk(&location, arrived, content.slice(arrived..)).await.expect(202);
    let put = owner.put(&format!("{location}?digest={}", digest(&content)), Bytes::new()).await.expect(201);
    assert_eq!(owner.get(put.header("location")).await.body, content);
}

#[tokio::test]
async fn two_writers_of_one_upload_do_not_mix() {
    let reg = TestRegistry::new().await;
    let (owner, content) = (reg.owner(), random_bytes(8, 10_000));
    let location = owner.start_upload(REPOSITORY).await;
    let authorization = owner.credentials().header().unwrap();
    let mut slow = raw::Connection::open(reg.address()).await;
    let head = format!(
        "PATCH {location} HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\nContent-Length: 10000\r\n\
         Expect: 100-continue\r\nConnection: close\r\n\r\n",
        reg.address()
    );
    slow.send(head).await;
    assert!(slow.head().await.starts_with("HTTP/1.1 100"));
    slow.send(&content[..5000]).await;
    let id = location.rsplit('/').next().unwrap().parse().unwrap();
    eventually("the first writer has the lease", async || {
        reg.meta().upload(id, reg.now()).await.unwrap().unwrap().leased.then_some(())
    })
    .await;
    let busy = owner.chunk(&location, 0, content.slice(..10)).await;
    assert!(busy.expect_error(409, "BLOB_UPLOAD_INVALID").has("retry-after"));
    owner.delete(&location).await.expect(409);
    owner.put(&format!("{location}?digest={}", digest("x")), "x").await.expect(409);
    slow.send(&content[5000..]).await;
    let first = raw::parse("the first writer".into(), &slow.receive().await);
    assert_eq!((first.status, first.header("range")), (202, "0-9999"), "{first}");
    let put = owner.put(&format!("{location}?digest={}", digest(&content)), Bytes::new()).await.expect(201);
    assert_eq!(owner.get(put.header("location")).await.body, content);
}

#[tokio::test]
async fn an_upload_expires() {
    let reg = TestRegistry::builder().settings(|s| s.storage.upload_ttl = Duration::from_secs(600)).start().await;
    let owner = reg.owner();
    let location = owner.start_upload(REPOSITORY).await;
    reg.clock().advance(Duration::from_secs(500));
    owner.patch(&location, "hello").await.expect(202);
    reg.clock().advance(Duration::from_secs(500));
    owner.get(&location).await.expect(204);
    reg.clock().advance(Duration::from_secs(101));
    unknown(&owner, &location).await;
}

#[tokio::test]
async fn nobody_pushes_into_a_namespace_that_does_not_exist_or_is_not_theirs() {
    let reg = TestRegistry::new().await;
    let alice = reg.account("alice").await;
    let mut texts = Vec::new();
    for repository in ["nowhere/app", "library/app"] {
        let answer = alice.basic.post(&format!("/v2/{repository}/blobs/uploads/")).await.expect_error(403, "DENIED");
        texts.push(answer.text());
    }
    // The answer does not tell which of the two it is, and says what to do in both cases.
    assert_eq!(texts[0], texts[1]);
    for part in ["the namespace does not exist", "may not push", "create the namespace", "ask its owner"] {
        assert!(texts[0].contains(part), "{}", texts[0]);
    }
}

#[tokio::test]
async fn many_pushes_of_the_same_blob_at_once_all_succeed() {
    let reg = TestRegistry::new().await;
    let (owner, content) = (reg.owner(), random_bytes(9, 50_000));
    let pushes = (0..12).map(|n| {
        let (owner, content) = (owner.clone(), content.clone());
        async move { owner.push_blob(&format!("library/app{}", n % 3), &content).await }
    });
    for digest in futures::future::join_all(pushes).await {
        for n in 0..3 {
            let got = owner.get(&format!("/v2/library/app{n}/blobs/{digest}")).await.expect(200);
            assert_eq!(got.body, content);
        }
    }
    assert_eq!(reg.meta().blobs_page(None, 10).await.unwrap().len(), 1, "the blob is stored once");
}
