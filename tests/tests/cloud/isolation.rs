//! Instances are apart from each other and from the personal edition.

use roadstead_tests::{Image, TestRegistry};
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
    // A blob of one is nothing in the other, also for who knows its digest.
    let blob = roadstead_tests::digest(&images[1].blobs().next().unwrap());
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
async fn names_are_long_in_instances_only_and_namespaces_come_first() {
    let reg = TestRegistry::new().await;
    let made = Instance::new(&reg, "demo").await;
    let owner = reg.owner();
    let client = made.client(&owner);
    made.namespace("team", false).await;
    client.push_image("team/a/b/c/d", "v1", &Image::small(7)).await;
    client.get("/v2/team/a/b/c/d/tags/list").await.expect(200);
    owner.get("/v2/library/a/b/tags/list").await.expect(400);
    // Nothing makes a namespace but CreateNamespace.
    client.post("/v2/nowhere/app/blobs/uploads/").await.expect(403);
    client.post("/v2/library/app/blobs/uploads/").await.expect(403);
    // Somebody else pushes nothing there.
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
    // Strangers cannot say that they came by another host.
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
