//! DuplicateImagePersonal links an image and copies no bytes.

use futures::future::join_all;
use futures::stream::TryStreamExt;
use roadstead_storage::meta::QuotaKind;
use roadstead_tests::{Client, Cloud, Image, Signing, TestRegistry, digest};
use roadstead_types::RegistryId;
use serde_json::{Value, json};

use crate::images::{image_for, push_index, unlimited};
use crate::people::sub;

const DENIED: &str = "AuthFailure.UnauthorizedOperation";
const NO_TAG: &str = "ResourceNotFound.ErrNoTag";
const MISMATCH: &str = "InvalidParameter.ErrNSMisMatch";

async fn duplicate(cloud: &Cloud, from: &str, to: &str) -> String {
    cloud.call("tcr", "DuplicateImagePersonal", json!({ "SrcImage": from, "DestImage": to })).await.code()
}

/// Checks that a client gets the whole image.
async fn pulls(client: &Client, repository: &str, reference: &str, image: &Image) {
    let manifest = client.get(&format!("/v2/{repository}/manifests/{reference}")).await.expect(200);
    assert_eq!(manifest.body, image.manifest());
    for blob in image.blobs() {
        let answer = client.get(&format!("/v2/{repository}/blobs/{}", digest(blob))).await.expect(200);
        assert_eq!(answer.body, *blob);
    }
}

async fn delete_repository(reg: &TestRegistry, name: &str) {
    let row = reg.meta().repository(RegistryId::PERSONAL, &name.parse().unwrap()).await.unwrap().unwrap();
    assert!(reg.meta().delete_repository(&reg.act(), row.id, true).await.unwrap());
}

async fn objects(reg: &TestRegistry) -> usize {
    reg.store().await.list().try_collect::<Vec<_>>().await.unwrap().len()
}

#[tokio::test]
async fn a_duplicate_outlives_its_source() {
    let mut reg = unlimited().await;
    let (owner, cloud) = (reg.owner(), reg.cloud());
    let (arm, amd, single) =
        (image_for("linux", "arm64", 1), image_for("linux", "amd64", 2), image_for("linux", "amd64", 3));
    let index = push_index(&owner, "library/src", "all", &[&arm, &amd]).await;
    owner.push_image("library/src", "one", &single).await;
    let before = objects(&reg).await;
    let answer = cloud
        .call("tcr", "DuplicateImagePersonal", json!({ "SrcImage": "library/src:all", "DestImage": "library/dst:v1" }))
        .await;
    assert_eq!(answer.ok(), json!({ "Data": { "Digest": index } }));
    assert_eq!(duplicate(&cloud, "library/src:one", "library/dst:one").await, "");
    // Repeating it does no harm.
    assert_eq!(duplicate(&cloud, "library/src:one", "library/dst:one").await, "");
    assert_eq!(objects(&reg).await, before, "no byte was copied");
    let listed = json!({ "RepoName": "library/dst", "Tag": "v1" });
    let listed = cloud.call("tcr", "DescribeImagePersonal", listed).await.ok();
    assert_eq!(listed["Data"]["TagInfo"][0]["Architecture"], "amd64");
    delete_repository(&reg, "library/src").await;
    reg.stop(true);
    let out = reg.command(&["garbage-collect", "--orphan-age", "0s"], "");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    reg.restart().await;
    let owner = reg.owner();
    pulls(&owner, "library/dst", "one", &single).await;
    owner.get("/v2/library/dst/manifests/v1").await.expect(200);
    for child in [&arm, &amd] {
        pulls(&owner, "library/dst", &child.digest(), child).await;
    }
}

#[tokio::test]
async fn a_duplicate_moves_the_tag_that_is_there() {
    let reg = unlimited().await;
    let (owner, cloud) = (reg.owner(), reg.cloud());
    let (old, new) = (image_for("linux", "amd64", 1), image_for("linux", "amd64", 2));
    owner.push_image("library/app", "latest", &old).await;
    owner.push_image("library/app", "v2", &new).await;
    owner.push_image("library/other", "latest", &old).await;
    // Fill the caches.
    for repository in ["library/app", "library/other"] {
        pulls(&owner, repository, "latest", &old).await;
    }
    for (signing, to) in Signing::ALL.into_iter().zip(["library/app:latest", "library/other:latest"].iter().cycle()) {
        assert_eq!(duplicate(&cloud.with_signing(signing), "library/app:v2", to).await, "", "{signing:?}");
    }
    for repository in ["library/app", "library/other"] {
        pulls(&owner, repository, "latest", &new).await;
    }
    // The previous image can still be pulled by its digest, until its review.
    pulls(&owner, "library/app", &old.digest(), &old).await;
    pulls(&owner, "library/app", "v2", &new).await;
}

#[tokio::test]
async fn what_cannot_be_duplicated_is_told_apart() {
    let reg = unlimited().await;
    let (owner, cloud) = (reg.owner(), reg.cloud());
    let alice = reg.account("alice").await;
    let image = image_for("linux", "amd64", 1);
    owner.push_image("library/app", "v1", &image).await;
    alice.basic.push_image("alice/private", "v1", &image).await;
    alice.basic.push_image("alice/public", "v1", &image_for("linux", "amd64", 9)).await;
    reg.set_public("alice/public", true).await;
    for missing in ["library/app:v2", "library/nothing:v1", "nobody/app:v1", "alice/private:v1", "alice/nothing:v1"] {
        assert_eq!(duplicate(&cloud, missing, "library/app:copy").await, NO_TAG, "{missing}");
        assert_eq!(duplicate(&cloud, missing, "library/made:copy").await, NO_TAG, "{missing}");
    }
    assert_eq!(duplicate(&cloud, "alice/public:v2", "library/app:copy").await, NO_TAG);
    for foreign in ["alice/app:v1", "alice/public:v1", "nobody/app:v1"] {
        assert_eq!(duplicate(&cloud, "library/app:v1", foreign).await, MISMATCH, "{foreign}");
    }
    for odd in ["", "library/app", "app:v1", "library//b:v1", "library/app:-", "host:5000/library/app:v1"] {
        assert_eq!(duplicate(&cloud, odd, "library/app:copy").await, "InvalidParameter", "{odd}");
        assert_eq!(duplicate(&cloud, "library/app:v1", odd).await, "InvalidParameter", "{odd}");
    }
    let call = async |parameters: Value| cloud.call("tcr", "DuplicateImagePersonal", parameters).await;
    call(json!({ "SrcImage": "library/app:v1" })).await.expect("MissingParameter");
    call(json!({ "DestImage": "library/app:v1" })).await.expect("MissingParameter");
    // The refused calls made nothing.
    for nothing in ["/v2/library/made/tags/list", "/v2/library/app/manifests/copy"] {
        owner.get(nothing).await.expect(404);
    }
    // A public image may be duplicated.
    assert_eq!(duplicate(&cloud, "alice/public:v1", "library/taken:v1").await, "");
    pulls(&owner, "library/taken", "v1", &image_for("linux", "amd64", 9)).await;
}

#[tokio::test]
async fn a_duplicate_needs_both_rights() {
    let reg = unlimited().await;
    let root = reg.account("root").await;
    let image = image_for("linux", "amd64", 1);
    root.basic.push_image("root/src", "v1", &image).await;
    root.basic.push_image("root/dst", "v0", &image_for("linux", "amd64", 2)).await;
    let allow = |action: &str, resource: &str| json!({ "effect": "allow", "action": action, "resource": format!("qcs::ccr:::repo/{resource}") });
    let policy = |statements: &[Value]| json!({ "version": "2.0", "statement": statements }).to_string();
    let (pull, push) = (allow("ccr:pull", "root/src"), allow("ccr:push", "root/dst"));
    for (name, statements, expected) in [
        ("nobody", vec![], DENIED),
        ("puller", vec![pull.clone()], DENIED),
        ("pusher", vec![push.clone()], DENIED),
        ("both", vec![pull.clone(), push.clone()], ""),
    ] {
        let text = policy(&statements);
        let policies: &[&str] = if statements.is_empty() { &[] } else { &[&text] };
        let caller = sub(&reg, &root, name, policies).await;
        assert_eq!(duplicate(&caller.cloud, "root/src:v1", "root/dst:copy").await, expected, "{name}");
    }
    // Making the repository needs another right.
    let anywhere = policy(&[pull, allow("ccr:push", "root/*")]);
    let pusher = sub(&reg, &root, "no-maker", &[&anywhere]).await;
    assert_eq!(duplicate(&pusher.cloud, "root/src:v1", "root/new:v1").await, DENIED);
    let make = policy(&[allow("ccr:CreateRepository", "root/*")]);
    let maker = sub(&reg, &root, "maker", &[&anywhere, &make]).await;
    assert_eq!(duplicate(&maker.cloud, "root/src:v1", "root/new:v1").await, "");
    pulls(&root.basic, "root/new", "v1", &image).await;
}

#[tokio::test]
async fn a_duplicate_counts_against_the_quota() {
    let reg = unlimited().await;
    let alice = reg.account("alice").await;
    alice.basic.push_image("alice/app", "v1", &image_for("linux", "amd64", 1)).await;
    reg.meta().set_quota(&reg.act(), alice.id, QuotaKind::Repositories, 1).await.unwrap();
    assert_eq!(duplicate(&alice.cloud, "alice/app:v1", "alice/app:v2").await, "");
    assert_eq!(duplicate(&alice.cloud, "alice/app:v1", "alice/more:v1").await, "LimitExceeded.ErrRepoMaxLimit");
}

/// Duplicates, pushes and deletes the same images at once: each successful caller has the whole image.
#[tokio::test]
async fn duplicates_race_with_deletions() {
    let reg = unlimited().await;
    let (owner, cloud) = (reg.owner(), reg.cloud());
    let (arm, amd) = (image_for("linux", "arm64", 1), image_for("linux", "amd64", 2));
    for round in 0..5 {
        let index = push_index(&owner, "library/src", "all", &[&arm, &amd]).await;
        let copies = (0..4).map(|number| {
            let (cloud, to) = (cloud.clone(), format!("library/r{round}-{}:v1", number % 2));
            async move { (to.clone(), duplicate(&cloud, "library/src:all", &to).await) }
        });
        let deletion = async {
            for reference in [index.as_str(), &arm.digest(), &amd.digest()] {
                owner.delete(&format!("/v2/library/src/manifests/{reference}")).await;
            }
        };
        let (copies, ()) = futures::join!(join_all(copies), deletion);
        for (to, code) in copies {
            assert!(code.is_empty() || code == NO_TAG, "{to}: {code}");
            if code.is_empty() {
                let repository = to.strip_suffix(":v1").unwrap();
                owner.get(&format!("/v2/{repository}/manifests/v1")).await.expect(200);
                for child in [&arm, &amd] {
                    pulls(&owner, repository, &child.digest(), child).await;
                }
            }
        }
    }
}
