//! The rights of sub-accounts with docker: the literal sample policies of the product manual, and their effects.

use roadstead_tests::{Client, Credentials, Image, TestRegistry, digest, random_bytes};
use roadstead_types::PolicyId;

use roadstead_tests::people::sub;

/// "Allow to make repositories in any namespace."
const CREATE_ANYWHERE: &str = r#"{
  "version": "2.0",
  "statement": [{
    "action": "ccr:CreateRepository",
    "resource": "qcs::ccr:::repo/*",
    "effect": "allow"
  }]
}"#;
/// "Allow to make, delete and push to the repositories of the namespace foo."
const PUSH_FOO: &str = r#"{
  "version": "2.0",
  "statement": [{
    "action": [
      "ccr>CreateRepository",
      "ccr:BatchDeleteRepository",
      "ccr>DeleteRepository",
      "ccr:push"
    ],
    "resource": "qcs::ccr::repo/foo/*",
    "effect": "allow"
  }]
}"#;
/// "Allow to delete the repositories of the namespaces foo and bar."
const DELETE_FOO_BAR: &str = r#"{
  "version": "2.0",
  "statement": [{
    "action": [
      "ccr:BatchDeleteRepository",
      "ccr>DeleteRepository"
    ],
    "resource": [
      "qcs::ccr::repo/foo/*",
      "qcs::ccr::repo/bar/*"
    ],
    "effect": "allow"
  }]
}"#;
/// "Nobody deletes any repository."
const DELETE_NOTHING: &str = r#"{ "version": "2.0", "statement": [{ "action": [ "ccr:BatchDeleteRepository", "ccr:DeleteRepository" ], "resource": "qcs::ccr::repo/*", "effect": "deny" }] }"#;
const FULL_ACCESS: PolicyId = PolicyId::new(419_082);
const READ_ONLY: PolicyId = PolicyId::new(419_084);

fn policy(effect: &str, action: &str, resource: &str) -> String {
    format!(r#"{{"version":"2.0","statement":{{"effect":"{effect}","action":"{action}","resource":"{resource}"}}}}"#)
}

/// The namespaces foo and bar of one account, with an image in each: `app:v1` and `base:v1`.
async fn world() -> (TestRegistry, roadstead_tests::Account) {
    let reg = TestRegistry::new().await;
    let main = reg.account("foo").await;
    reg.namespace("bar", main.id).await;
    for repository in ["foo/app", "foo/base", "bar/app"] {
        main.basic.push_image(repository, "v1", &Image::small(1)).await;
    }
    (reg, main)
}

/// The names of the actions that a caller may do on the repository `app` of a namespace.
async fn may(client: &Client, namespace: &str) -> Vec<&'static str> {
    let repository = format!("/v2/{namespace}/app");
    let blob = digest(&Image::small(1).layers[0]);
    let mut allowed = Vec::new();
    let mut note = |what, status: u16| match status {
        401 | 403 => {}
        _ => allowed.push(what),
    };
    note("pull", client.get(&format!("{repository}/manifests/v1")).await.status);
    note("blob", client.get(&format!("{repository}/blobs/{blob}")).await.status);
    note("tags", client.get(&format!("{repository}/tags/list")).await.status);
    note("referrers", client.get(&format!("{repository}/referrers/{blob}")).await.status);
    note("probe", client.head(&format!("{repository}/manifests/v1")).await.status);
    note("push", client.post(&format!("{repository}/blobs/uploads/")).await.status);
    note("create", client.post(&format!("/v2/{namespace}/new/blobs/uploads/")).await.status);
    note("untag", client.delete(&format!("{repository}/manifests/none")).await.status);
    note("delete", client.delete(&format!("{repository}/manifests/{}", digest("none"))).await.status);
    note("delete blob", client.delete(&format!("{repository}/blobs/{}", digest("none"))).await.status);
    allowed
}

const READ: [&str; 5] = ["pull", "blob", "tags", "referrers", "probe"];

#[tokio::test]
async fn the_samples_of_the_manual_do_what_they_say_and_nothing_else() {
    let (reg, main) = world().await;
    let nothing: [&str; 0] = [];
    for (name, documents, in_foo, in_bar) in [
        ("none", &[][..], &nothing[..], &nothing[..]),
        ("create", &[CREATE_ANYWHERE], &nothing, &nothing),
        ("delete", &[DELETE_FOO_BAR], &nothing, &nothing),
        ("push", &[PUSH_FOO], &["probe", "push", "create"], &nothing),
        ("push-keep", &[PUSH_FOO, DELETE_NOTHING], &["probe", "push", "create"], &nothing),
    ] {
        let sub = sub(&reg, &main, name, documents).await;
        let bearer = sub.basic.bearer(&["repository:foo/app:*", "repository:foo/new:*", "repository:bar/app:*"]).await;
        for client in [&sub.basic, &bearer] {
            assert_eq!(may(client, "foo").await, in_foo, "{name} in foo");
            assert_eq!(may(client, "bar").await, in_bar, "{name} in bar");
            assert_eq!(may(client, "nowhere").await, nothing, "{name}");
        }
        sub.basic.get("/v2/").await.expect(200);
    }
}

#[tokio::test]
async fn docker_push_goes_through_with_the_right_to_push_alone() {
    let (reg, main) = world().await;
    let sub = sub(&reg, &main, "pusher", &[PUSH_FOO]).await;
    let answer = sub.basic.tokens().get(&["repository:foo/fresh:pull,push"]).await.expect(200);
    let docker = reg.bearer(answer.json()["token"].as_str().unwrap());
    let image = Image::new("{}", vec![random_bytes(1, 10_000), random_bytes(2, 10_000)]);
    for blob in image.blobs() {
        docker.head(&format!("/v2/foo/fresh/blobs/{}", digest(blob))).await.expect(404);
        docker.push_blob("foo/fresh", blob).await;
        docker.head(&format!("/v2/foo/fresh/blobs/{}", digest(blob))).await.expect(200);
    }
    docker.head("/v2/foo/fresh/manifests/v1").await.expect(404);
    docker.put_manifest("foo/fresh", "v1", image.media_type(), image.manifest()).await.expect(201);
    docker.head("/v2/foo/fresh/manifests/v1").await.expect(200);
    docker.get("/v2/foo/fresh/manifests/v1").await.expect_error(403, "DENIED");
    sub.basic.get("/v2/foo/fresh/manifests/v1").await.expect_error(403, "DENIED");
    main.basic.get("/v2/foo/fresh/manifests/v1").await.expect(200);
}

#[tokio::test]
async fn policies_cover_names_of_many_parts() {
    let (reg, main) = world().await;
    for name in ["foo/app/v1", "foo/charts/web"] {
        main.basic.push_image(name, "v1", &Image::small(1)).await;
    }
    let all = sub(&reg, &main, "all", &[&policy("allow", "ccr:*", "qcs::ccr:::repo/foo/*")]).await.basic;
    all.get("/v2/foo/charts/web/manifests/v1").await.expect(200);
    all.push_image("foo/charts/deep/er", "v1", &Image::small(2)).await;
    let one = sub(&reg, &main, "one", &[&policy("allow", "ccr:*", "qcs::ccr:::repo/foo/app/v1")]).await.basic;
    one.get("/v2/foo/app/v1/manifests/v1").await.expect(200);
    // A repository below another repository is not a tag of it.
    one.delete("/v2/foo/app/manifests/v1").await.expect_error(403, "DENIED");
    one.get("/v2/foo/app/manifests/v1").await.expect_error(403, "DENIED");
    let text = policy("deny", "ccr:DeleteTag", "qcs::ccr:::repo/foo/app/v1");
    let guarded = sub(&reg, &main, "guarded", &[&policy("allow", "ccr:*", "*"), &text]).await.basic;
    guarded.delete("/v2/foo/app/manifests/v1").await.expect_error(403, "DENIED");
}

#[tokio::test]
async fn preset_policies_are_what_the_manual_calls_them() {
    let (reg, main) = world().await;
    let reader = sub(&reg, &main, "reader", &[]).await;
    reader.attach_id(READ_ONLY).await;
    assert_eq!(may(&reader.basic, "foo").await, READ);
    assert_eq!(
        reader.basic.get("/v2/_catalog").await.expect(200).list("repositories"),
        ["bar/app", "foo/app", "foo/base"]
    );
    let writer = sub(&reg, &main, "writer", &[]).await;
    writer.attach_id(FULL_ACCESS).await;
    let all = [&READ[..], &["push", "create", "untag", "delete"]].concat();
    assert_eq!(may(&writer.basic, "bar").await, all, "only the main account may delete blobs");
    assert_eq!(may(&main.basic, "bar").await, [&all[..], &["delete blob"]].concat());
}

#[tokio::test]
async fn one_repository_is_one_repository() {
    let (reg, main) = world().await;
    let sub = sub(&reg, &main, "puller", &[&policy("allow", "ccr:pull", "qcs::ccr::repo/foo/app")]).await;
    assert_eq!(may(&sub.basic, "foo").await, READ);
    assert!(may(&sub.basic, "bar").await.is_empty());
    sub.basic.get("/v2/foo/base/manifests/v1").await.expect_error(403, "DENIED");
    sub.basic.get("/v2/foo/ap/manifests/v1").await.expect_error(403, "DENIED");
    sub.basic.get("/v2/foo/app2/manifests/v1").await.expect_error(403, "DENIED");
}

#[tokio::test]
async fn a_tag_is_deleted_by_whoever_may_delete_that_tag() {
    let (reg, main) = world().await;
    let (one, two) = (Image::small(2), Image::small(3));
    for (tag, image) in [("rc-1", &one), ("rc-2", &one), ("rc-3", &two), ("latest", &two)] {
        main.basic.push_image("foo/app", tag, image).await;
    }
    let sub = sub(&reg, &main, "cleaner", &[&policy("allow", "ccr:DeleteTag", "qcs::ccr::repo/foo/app:rc-*")]).await;
    let at = |reference: &str| format!("/v2/foo/app/manifests/{reference}");
    let bearer = sub.basic.bearer(&["repository:foo/app:delete"]).await;
    bearer.delete(&at("latest")).await.expect_error(403, "DENIED");
    bearer.delete(&at("v1")).await.expect_error(403, "DENIED");
    bearer.delete(&at(&two.digest())).await.expect_error(403, "DENIED");
    bearer.delete(&at(&Image::small(1).digest())).await.expect_error(403, "DENIED");
    bearer.delete(&at("rc-3")).await.expect(202);
    bearer.delete(&at("rc-3")).await.expect_error(404, "MANIFEST_UNKNOWN");
    bearer.delete(&at(&one.digest())).await.expect(202);
    let tags = main.basic.get("/v2/foo/app/tags/list").await.expect(200).list("tags");
    assert_eq!(tags, ["latest", "v1"]);
    sub.basic.delete("/v2/foo/app/manifests/a:b").await.expect_error(403, "DENIED");
    main.basic.delete("/v2/foo/app/manifests/a:b").await.expect_error(400, "DIGEST_INVALID");
}

#[tokio::test]
async fn a_token_for_deleting_is_for_whoever_may_delete_something_there() {
    let (reg, main) = world().await;
    let allow = |action: &str, resource: &str| policy("allow", action, &format!("qcs::ccr:::repo/{resource}"));
    let granted = async |client: &Client| {
        let mut granted = Vec::new();
        for name in ["foo/app", "foo/missing", "bar/app", "nowhere/app"] {
            let answer = client.tokens().get(&[&format!("repository:{name}:delete")]).await.expect(200);
            let claims = roadstead_tests::claims(answer.json()["token"].as_str().unwrap());
            if claims["access"][0]["actions"] == serde_json::json!(["delete"]) {
                granted.push(name);
            }
        }
        granted.join(" ")
    };
    let keep = policy("deny", "ccr:DeleteTag", "*");
    for (name, documents, expected) in [
        ("none", vec![], ""),
        ("puller", vec![allow("ccr:pull", "*")], ""),
        ("tags", vec![allow("ccr:DeleteTag", "foo/app:rc-*")], "foo/app"),
        ("manifests", vec![allow("tcr:DeleteImagePersonal", "bar/app@sha256:*")], "bar/app"),
        ("repository", vec![allow("ccr:DeleteTag", "foo/missing")], "foo/missing"),
        ("everywhere", vec![policy("allow", "ccr:*", "*")], "foo/app foo/missing bar/app"),
        ("keeper", vec![policy("allow", "ccr:*", "*"), keep], ""),
    ] {
        let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
        let sub = sub(&reg, &main, name, &documents).await;
        assert_eq!(granted(&sub.basic).await, expected, "{name}");
    }
    let capped = sub(&reg, &main, "capped", &[&policy("allow", "ccr:*", "*")]).await;
    capped.bound(&allow("ccr:pull", "foo/*")).await;
    assert_eq!(granted(&capped.basic).await, "");
    assert_eq!(granted(&main.basic).await, "foo/app foo/missing bar/app");
}

#[tokio::test]
async fn the_catalog_leaves_out_what_a_policy_keeps_from_being_pulled() {
    let (reg, main) = world().await;
    reg.set_public("foo/base", true).await;
    let deny = |action: &str| policy("deny", action, "qcs::ccr:::repo/foo/*");
    let catalog = async |name: &str, documents: &[&str]| {
        let sub = sub(&reg, &main, name, documents).await;
        sub.basic.get("/v2/_catalog").await.expect(200).list("repositories").join(" ")
    };
    let all = policy("allow", "ccr:*", "*");
    assert_eq!(catalog("all", &[&all]).await, "bar/app foo/app foo/base");
    assert_eq!(catalog("no-pull", &[&all, &deny("ccr:pull")]).await, "bar/app");
    assert_eq!(catalog("no-list", &[&all, &deny("ccr:GetUserRepositoryList")]).await, "bar/app");
    // A repository that may be pulled is shown, even without the right to list it.
    let puller = policy("allow", "ccr:pull", "qcs::ccr:::repo/foo/app");
    assert_eq!(catalog("puller", &[&puller]).await, "foo/app foo/base");
    assert_eq!(catalog("none", &[]).await, "foo/base");
}

#[tokio::test]
async fn a_mount_needs_the_source_too() {
    let (reg, main) = world().await;
    let sub = sub(&reg, &main, "mounter", &[PUSH_FOO]).await;
    let blob = digest(&Image::small(1).layers[0]);
    let mount = async |client: &Client, from: &str| {
        client.post(&format!("/v2/foo/copy/blobs/uploads/?mount={blob}{from}")).await.status
    };
    assert_eq!(mount(&sub.basic, "&from=bar/app").await, 202, "the server starts an ordinary upload");
    assert_eq!(mount(&sub.basic, "").await, 202);
    sub.attach(&policy("allow", "ccr:pull", "qcs::ccr:::repo/bar/*")).await;
    roadstead_tests::eventually("the source may be pulled", async || {
        (mount(&sub.basic, "&from=bar/app").await == 201).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_denial_is_stronger_than_public() {
    let (reg, main) = world().await;
    reg.set_public("foo/app", true).await;
    let (plain, denied) = (
        sub(&reg, &main, "plain", &[]).await,
        sub(&reg, &main, "denied", &[&policy("deny", "tcr:PullRepositoryPersonal", "*")]).await,
    );
    let other = reg.account("other").await;
    let stranger = sub(&reg, &other, "stranger", &[&policy("deny", "*", "*")]).await;
    assert_eq!(may(&plain.basic, "foo").await, READ);
    assert!(may(&denied.basic, "foo").await.is_empty());
    let bearer = denied.basic.bearer(&["repository:foo/app:pull"]).await;
    assert!(may(&bearer, "foo").await.is_empty());
    // Policies apply to things of the user's own main account. Anybody may pull from public repositories.
    assert_eq!(may(&stranger.basic, "foo").await, READ);
    assert_eq!(may(&reg.anonymous(), "foo").await, READ);
    assert_eq!(plain.basic.get("/v2/_catalog").await.expect(200).list("repositories"), ["foo/app"]);
    assert_eq!(stranger.basic.get("/v2/_catalog").await.expect(200).list("repositories"), ["foo/app"]);
}

#[tokio::test]
async fn a_boundary_limits_what_policies_allow() {
    let (reg, main) = world().await;
    let sub = sub(&reg, &main, "bounded", &[&policy("allow", "*", "*")]).await;
    sub.bound(&policy("allow", "ccr:pull", "qcs::ccr:::repo/foo/*")).await;
    assert_eq!(may(&sub.basic, "foo").await, READ);
    assert!(may(&sub.basic, "bar").await.is_empty());
}

#[tokio::test]
async fn pages_of_the_catalog_are_full() {
    let (reg, main) = world().await;
    for number in 0..40 {
        let blob = random_bytes(number, 10);
        main.basic.push_blob(&format!("foo/r{number:02}"), &blob).await;
    }
    let every_fourth: Vec<String> = (0..40).step_by(4).map(|n| format!(r#""qcs::ccr:::repo/foo/r{n:02}""#)).collect();
    let document = format!(
        r#"{{"version":"2.0","statement":{{"effect":"allow","action":"ccr:GetUserRepositoryList","resource":[{}]}}}}"#,
        every_fourth.join(",")
    );
    let sub = sub(&reg, &main, "lister", &[&document]).await;
    let (names, sizes) = sub.basic.all_pages("/v2/_catalog?n=3", "repositories").await;
    assert_eq!(names, (0..40).step_by(4).map(|n| format!("foo/r{n:02}")).collect::<Vec<_>>());
    assert_eq!(sizes, [3, 3, 3, 1]);
    sub.basic.get("/v2/_catalog?last=~x").await.expect_error(400, "PAGINATION_NUMBER_INVALID");
}

#[tokio::test]
async fn a_sub_account_signs_in_with_its_own_name_and_password() {
    let (reg, main) = world().await;
    let sub = sub(&reg, &main, "member", &[]).await;
    let Credentials::Basic(uin, password) = sub.basic.credentials() else { panic!("the client has no password") };
    assert_eq!(uin, &sub.uin);
    reg.basic(&main.uin, password).get("/v2/").await.expect_error(401, "UNAUTHORIZED");
    reg.basic(uin, &main.password).get("/v2/").await.expect_error(401, "UNAUTHORIZED");
    let offline = sub.basic.tokens().offline(uin, password, "repository:foo/app:pull").await.expect(200).json();
    assert_eq!(offline["scope"], "");
    let next = reg.anonymous().tokens().refresh(offline["refresh_token"].as_str().unwrap(), "").await.expect(200);
    reg.bearer(next.json()["access_token"].as_str().unwrap()).get("/v2/").await.expect(200);
}
