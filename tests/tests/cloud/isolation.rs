//! Instances are separate from each other and from the personal edition.

use roadstead_tests::{Image, TestRegistry, eventually, people};
use serde_json::json;

use crate::instance::Instance;

#[tokio::test]
async fn the_same_name_is_another_thing_in_every_registry() {
    let reg = TestRegistry::new().await;
    let (one, two) = (Instance::new(&reg, "one").await, Instance::new(&reg, "two").await);
    let owner = reg.owner();
    for made in [&one, &two] {
        made.namespace("library", false).await;
    }
    let clients = [owner.clone(), one.client(&owner), two.client(&owner)];
    let images = [1, 2, 3].map(Image::small);
    let mut digests = Vec::new();
    for (client, image) in clients.iter().zip(&images) {
        digests.push(client.push_image("library/app", "v1", image).await);
    }
    for (number, client) in clients.iter().enumerate() {
        for (other, digest) in digests.iter().enumerate() {
            let status = if other == number { 200 } else { 404 };
            client.get(&format!("/v2/library/app/manifests/{digest}")).await.expect(status);
        }
        let found = client.get("/v2/library/app/manifests/v1").await.expect(200);
        assert_eq!(found.header("docker-content-digest"), digests[number]);
    }
    // A blob of one registry is not found in another one, even with its digest.
    let blob = roadstead_tests::digest(images[1].blobs().next().unwrap());
    clients[1].head(&format!("/v2/library/app/blobs/{blob}")).await.expect(200);
    for client in [&clients[0], &clients[2]] {
        client.head(&format!("/v2/library/app/blobs/{blob}")).await.expect(404);
        client.post(&format!("/v2/library/new/blobs/uploads/?mount={blob}&from=library/app")).await.expect(202);
        client.post(&format!("/v2/library/new/blobs/uploads/?mount={blob}")).await.expect(202);
    }
    // Deleting in one leaves the others alone.
    clients[1].delete(&format!("/v2/library/app/manifests/{}", digests[1])).await.expect(202);
    clients[0].get("/v2/library/app/manifests/v1").await.expect(200);
    clients[2].get("/v2/library/app/manifests/v1").await.expect(200);
}

#[tokio::test]
async fn the_list_of_an_instance_is_its_own() {
    let reg = TestRegistry::new().await;
    let (one, two) = (Instance::new(&reg, "one").await, Instance::new(&reg, "two").await);
    let owner = reg.owner();
    one.namespace("team", false).await;
    two.namespace("open", true).await;
    one.client(&owner).push_image("team/deep/er/app", "v1", &Image::small(7)).await;
    two.client(&owner).push_image("open/app", "v1", &Image::small(7)).await;
    owner.push_image("library/app", "v1", &Image::small(7)).await;
    let alice = reg.account("alice").await.basic;
    let list =
        async |client: &roadstead_tests::Client| client.get("/v2/_catalog").await.expect(200).list("repositories");
    assert_eq!(list(&owner).await, ["library/app"]);
    assert_eq!(list(&one.client(&owner)).await, ["team/deep/er/app"]);
    assert_eq!(list(&two.client(&owner)).await, ["open/app"]);
    assert!(list(&one.client(&alice)).await.is_empty());
    assert_eq!(list(&two.client(&alice)).await, ["open/app"]);
}

#[tokio::test]
async fn names_may_be_long_and_namespaces_come_first() {
    let reg = TestRegistry::new().await;
    let made = Instance::new(&reg, "demo").await;
    let owner = reg.owner();
    let client = made.client(&owner);
    made.namespace("team", false).await;
    client.push_image("team/a/b/c/d", "v1", &Image::small(7)).await;
    client.get("/v2/team/a/b/c/d/tags/list").await.expect(200);
    owner.push_image("library/a/b/c/d", "v1", &Image::small(8)).await;
    owner.get("/v2/library/a/b/c/d/tags/list").await.expect(200);
    // Only CreateNamespace makes a namespace.
    client.post("/v2/nowhere/app/blobs/uploads/").await.expect(403);
    client.post("/v2/library/app/blobs/uploads/").await.expect(403);
    // Another account cannot push there.
    let alice = reg.account("alice").await.basic;
    made.client(&alice).post("/v2/team/app/blobs/uploads/").await.expect(403);
    made.client(&alice).post("/v2/alice/app/blobs/uploads/").await.expect(403);
}

#[tokio::test]
async fn a_host_is_read_as_clients_write_it() {
    let reg = TestRegistry::new().await;
    let made = Instance::new(&reg, "demo").await;
    made.namespace("team", true).await;
    let owner = reg.owner();
    made.client(&owner).push_image("team/app", "v1", &Image::small(7)).await;
    let tags = "/v2/team/app/tags/list";
    let anonymous = reg.anonymous();
    for host in ["demo.localhost", "DEMO.LocalHost:5000", "demo.localhost.", "demo.localhost:1"] {
        anonymous.at(host).get(tags).await.expect(200);
    }
    for host in ["demos.localhost", "x.demo.localhost", "localhost", "demo.localhost.example.com", "demo"] {
        anonymous.at(host).get(tags).await.expect(401);
    }
    // A client that is no trusted proxy cannot name another host.
    let request = anonymous.request("GET", tags).header("x-forwarded-host", "demo.localhost");
    request.send().await.expect(401);
    let refused = anonymous.at("demo.localhost:7").get("/v2/").await.expect(401);
    let challenge = refused.header("www-authenticate");
    assert!(
        challenge.contains("realm=\"http://demo.localhost:7/service/token\",service=\"demo.localhost:7\""),
        "{challenge}"
    );
}

#[tokio::test]
async fn a_proxy_says_which_instance() {
    let reg = TestRegistry::builder()
        .settings(|settings| {
            settings.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
            settings.server.external_url = Some("https://registry.example.com".parse().unwrap());
            settings.instances.domain = "{name}.registry.example.com".to_owned();
        })
        .start()
        .await;
    let cloud = reg.cloud();
    let made =
        cloud.call("tcr", "CreateInstance", json!({ "RegistryName": "demo", "RegistryType": "basic" })).await.ok();
    let listed = cloud.call("tcr", "DescribeInstances", json!({})).await.ok();
    assert_eq!(listed["Registries"][0]["PublicDomain"], "demo.registry.example.com");
    let token = cloud.call("tcr", "CreateInstanceToken", json!({ "RegistryId": made["RegistryId"] })).await.ok();
    let client = reg.basic(reg.owner_name(), token["Token"].as_str().unwrap());
    client.get("/v2/").await.expect(401);
    let forwarded = |host: &str| client.request("GET", "/v2/").header("x-forwarded-host", host);
    forwarded("demo.registry.example.com").send().await.expect(200);
    forwarded("evil.example.com, DEMO.registry.example.com:443").send().await.expect(200);
    let refused = forwarded("other.registry.example.com").send().await.expect(401);
    assert!(refused.header("www-authenticate").contains("https://registry.example.com/service/token"));
    let anonymous = reg.anonymous().request("GET", "/v2/").header("x-forwarded-host", "demo.registry.example.com");
    let refused = anonymous.send().await.expect(401);
    assert!(refused.header("www-authenticate").contains("https://demo.registry.example.com/service/token"));
}

#[tokio::test]
async fn a_user_may_in_one_instance_what_the_policies_say() {
    let reg = TestRegistry::new().await;
    let main = reg.account("alice").await;
    let (one, two) = (Instance::of(main.cloud.clone(), "one").await, Instance::of(main.cloud.clone(), "two").await);
    for made in [&one, &two] {
        made.namespace("team", false).await;
        made.namespace("secret", false).await;
    }
    one.client(&main.basic).push_image("secret/app", "v1", &Image::small(1)).await;
    let resource = |path: String| format!("qcs::tcr::uin/{}:{path}", main.uin);
    let allow = |actions: &[&str], path: String| {
        json!({ "version": "2.0", "statement": [{ "effect": "allow", "action": actions, "resource": resource(path) }] })
            .to_string()
    };
    let images = ["tcr:PullRepository", "tcr:PushRepository", "tcr:CreateRepository", "tcr:DescribeImages"];
    let policies = [
        allow(&images, format!("repository/{}/team/*", one.id)),
        allow(&["tcr:CreateInstanceToken"], format!("instance/{}", one.id)),
    ];
    let user = people::sub(&reg, &main, "robot", &policies.each_ref().map(String::as_str)).await;
    let as_user =
        |made: &Instance| Instance { id: made.id.clone(), host: made.host.clone(), cloud: user.cloud.clone() };
    let (username, password, _) = as_user(&one).token("longterm").await;
    assert_eq!(username, user.uin);
    let denied = "AuthFailure.UnauthorizedOperation";
    as_user(&two).call("CreateInstanceToken", json!({})).await.expect(denied);
    as_user(&one).call("DescribeInstanceToken", json!({})).await.expect(denied);
    as_user(&one).call("DescribeNamespaces", json!({})).await.expect(denied);
    as_user(&one).call("DeleteInstance", json!({ "DeleteBucket": true })).await.expect(denied);
    as_user(&one).call("CreateNamespace", json!({ "NamespaceName": "more", "IsPublic": true })).await.expect(denied);
    let create = json!({ "RegistryName": "three", "RegistryType": "basic" });
    user.cloud.call("tcr", "CreateInstance", create).await.expect(denied);
    // The token and the account's own password have the same rights.
    for client in [reg.basic(&username, &password).at(&one.host), user.basic.at(&one.host)] {
        let digest = client.push_image("team/deep/app", "v1", &Image::small(2)).await;
        client.get("/v2/team/deep/app/manifests/v1").await.expect(200);
        client.delete(&format!("/v2/team/deep/app/manifests/{digest}")).await.expect(403);
        client.get("/v2/secret/app/manifests/v1").await.expect(403);
        client.post("/v2/secret/app/blobs/uploads/").await.expect(403);
        let bearer = client.bearer(&["repository:team/deep/app:pull", "repository:secret/app:pull"]).await;
        bearer.get("/v2/team/deep/app/manifests/v1").await.expect(200);
        bearer.get("/v2/secret/app/manifests/v1").await.expect(403);
    }
    user.basic.at(&two.host).post("/v2/team/deep/app/blobs/uploads/").await.expect(403);
    let app = json!({ "NamespaceName": "team", "RepositoryName": "deep/app", "ImageVersion": "v1" });
    as_user(&one).call("DescribeImages", app.clone()).await.ok();
    as_user(&one).call("DescribeImageManifests", app.clone()).await.expect(denied);
    as_user(&one).call("DeleteImage", app.clone()).await.expect(denied);
    as_user(&two).call("DescribeImages", app.clone()).await.expect(denied);
    user.attach(&allow(&["tcr:DeleteImage"], format!("repository/{}/team/*", one.id))).await;
    eventually("the policy takes effect", async || {
        (as_user(&one).call("DeleteImage", app.clone()).await.code() != denied).then_some(())
    })
    .await;
    one.client(&main.basic).get("/v2/team/deep/app/manifests/v1").await.expect(404);
}
