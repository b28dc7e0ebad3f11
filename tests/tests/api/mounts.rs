//! Mounting a blob from another repository.

use bytes::Bytes;
use roadstead_tests::{Answer, Client, TestRegistry, digest, random_bytes};

fn content() -> Bytes {
    random_bytes(1, 10_000)
}

async fn mount(client: &Client, into: &str, digest: &str, from: Option<&str>) -> Answer {
    let from = from.map(|from| format!("&from={from}")).unwrap_or_default();
    client.post(&format!("/v2/{into}/blobs/uploads/?mount={digest}{from}")).await
}

async fn mounted(client: &Client, into: &str, from: Option<&str>) {
    let digest = digest(content());
    let answer = mount(client, into, &digest, from).await.expect(201);
    assert_eq!(answer.header("location"), format!("/v2/{into}/blobs/{digest}"));
    assert_eq!(answer.header("docker-content-digest"), digest);
    assert_eq!(client.get(answer.header("location")).await.expect(200).body, content());
}

/// Checks that the mount fails, and that the client may upload instead.
async fn refused(client: &Client, into: &str, digest: &str, from: Option<&str>) -> Answer {
    let answer = mount(client, into, digest, from).await.expect(202);
    client.get(answer.header("location")).await.expect(204);
    client.head(&format!("/v2/{into}/blobs/{digest}")).await.expect(404);
    client.delete(answer.header("location")).await.expect(204);
    answer
}

#[tokio::test]
async fn a_blob_of_an_own_repository_is_mounted_with_and_without_from() {
    let reg = TestRegistry::new().await;
    let alice = reg.account("alice").await.basic;
    alice.push_blob("alice/source", &content()).await;
    mounted(&alice, "alice/one", Some("alice/source")).await;
    mounted(&alice, "alice/two", Some("alice%2Fsource")).await;
    mounted(&alice, "alice/three", None).await;
    mounted(&alice, "alice/source", Some("alice/source")).await;
}

#[tokio::test]
async fn a_blob_of_a_public_repository_is_mounted() {
    let reg = TestRegistry::new().await;
    let (alice, bob) = (reg.account("alice").await.basic, reg.account("bob").await.basic);
    alice.push_blob("alice/open", &content()).await;
    reg.set_public("alice/open", true).await;
    mounted(&bob, "bob/one", Some("alice/open")).await;
    mounted(&bob, "bob/two", None).await;
}

#[tokio::test]
async fn nothing_of_a_private_repository_of_others_is_mounted_or_told() {
    let reg = TestRegistry::new().await;
    let (alice, bob) = (reg.account("alice").await.basic, reg.account("bob").await.basic);
    alice.push_blob("alice/secret", &content()).await;
    let known = digest(content());
    for from in [Some("alice/secret"), Some("alice/nothing"), Some("nowhere/nothing"), None] {
        let there = refused(&bob, "bob/app", &known, from).await;
        let not_there = refused(&bob, "bob/app", &digest("not there"), from).await;
        let without_id = |answer: &Answer| {
            let mut names: Vec<&str> = answer.headers.keys().map(|name| name.as_str()).collect();
            names.sort_unstable();
            (answer.status, answer.body.clone(), answer.header("range").to_owned(), names.join(","))
        };
        assert_eq!(without_id(&there), without_id(&not_there), "{from:?}");
    }
}

#[tokio::test]
async fn a_source_that_is_no_name_is_not_there() {
    let reg = TestRegistry::new().await;
    let owner = reg.owner();
    owner.push_blob("library/source", &content()).await;
    for from in ["library", "..%2Flibrary%2Fsource", "LIBRARY%2Fsource", "library%2F%2Fsource", "%00", ""] {
        refused(&owner, "library/app", &digest(content()), Some(from)).await;
    }
    mount(&owner, "library/app", "sha256:zz", None).await.expect_error(400, "DIGEST_INVALID");
    mount(&owner, "library/app", "", Some("library/source")).await.expect_error(400, "DIGEST_INVALID");
}

#[tokio::test]
async fn a_token_must_cover_the_source_that_it_names() {
    let reg = TestRegistry::new().await;
    let alice = reg.account("alice").await.basic;
    alice.push_blob("alice/source", &content()).await;
    let narrow = alice.bearer(&["repository:alice/app:pull,push"]).await;
    // The account may read the source, so the challenge names the token that the client needs, as for the target.
    let answer = mount(&narrow, "alice/app", &digest(content()), Some("alice/source")).await.expect(401);
    let challenge = answer.header("www-authenticate");
    assert!(challenge.contains("scope=\"repository:alice/app:pull,push repository:alice/source:pull\""), "{challenge}");
    assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    let wide = alice.bearer(&["repository:alice/app:pull,push", "repository:alice/source:pull"]).await;
    mounted(&wide, "alice/app", Some("alice/source")).await;
    // Without a source the rights of the account decide, because a client cannot know which scope to request.
    let narrow = alice.bearer(&["repository:alice/other:pull,push"]).await;
    mounted(&narrow, "alice/other", None).await;
    // The right to push is always needed.
    let reader = alice.bearer(&["repository:alice/third:pull", "repository:alice/source:pull"]).await;
    mount(&reader, "alice/third", &digest(content()), Some("alice/source")).await.expect(401);
}

#[tokio::test]
async fn a_token_from_before_a_namespace_was_made_anew_opens_nothing_in_it() {
    let reg = TestRegistry::new().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    reg.namespace("shared", alice.id).await;
    alice.basic.push_blob("shared/app", &content()).await;
    let scopes = ["repository:shared/app:pull,push,delete", "repository:alice/app:pull,push"];
    let old = alice.basic.bearer(&scopes).await;
    old.get("/v2/shared/app/tags/list").await.expect(200);
    let registry = roadstead_types::RegistryId::PERSONAL;
    let id = reg.meta().repository(registry, &"shared/app".parse().unwrap()).await.unwrap().unwrap().id;
    assert!(reg.meta().delete_repository(&reg.act(), id, true).await.unwrap());
    assert!(reg.meta().delete_namespace(&reg.act(), registry, &"shared".parse().unwrap()).await.unwrap());
    reg.clock().advance(std::time::Duration::from_millis(1));
    reg.namespace("shared", bob.id).await;
    roadstead_tests::eventually("the new owner is seen", async || {
        (bob.basic.get("/v2/shared/app/tags/list").await.status == 404).then_some(())
    })
    .await;
    bob.basic.push_blob("shared/app", &random_bytes(2, 100)).await;
    alice.basic.get("/v2/shared/app/tags/list").await.expect_error(403, "DENIED");
    old.get("/v2/shared/app/tags/list").await.expect_error(403, "DENIED");
    refused(&old, "alice/app", &digest(random_bytes(2, 100)), Some("shared/app")).await;
    // The content of the old repository is not in the new one.
    bob.basic.head(&format!("/v2/shared/app/blobs/{}", digest(content()))).await.expect(404);
}

#[tokio::test]
async fn the_challenge_to_a_mount_asks_for_its_source_too() {
    let reg = TestRegistry::new().await;
    let alice = reg.account("alice").await.basic;
    alice.push_blob("alice/source", &content()).await;
    let target = format!("/v2/alice/app/blobs/uploads/?mount={}&from=alice/source", digest(content()));
    let challenge = reg.anonymous().post(&target).await.expect(401);
    let scope = "repository:alice/app:pull,push repository:alice/source:pull";
    assert!(challenge.header("www-authenticate").contains(&format!("scope=\"{scope}\"")), "{challenge}");
    // A client that follows the challenge gets the blob.
    mounted(&alice.bearer(&[scope]).await, "alice/app", Some("alice/source")).await;
    // A missing source gets the same challenge, and an invalid name is left out.
    let nothing = reg.anonymous().post(&target.replace("source", "nothing")).await;
    assert_eq!(nothing.essence().replace("nothing", "source"), challenge.essence());
    for odd in ["from=%22,x=%22", "from=library", "from="] {
        let answer = reg.anonymous().post(&target.replace("from=alice/source", odd)).await.expect(401);
        assert!(answer.header("www-authenticate").ends_with("scope=\"repository:alice/app:pull,push\""), "{answer}");
    }
}
