//! Authorization by tag: tags of instances and of namespaces, and tags that a request sets.

use roadstead_tests::people::sub;
use roadstead_tests::{Cloud, Image, TestRegistry};
use serde_json::{Value, json};

use crate::instance::Instance;

const DENIED: &str = "AuthFailure.UnauthorizedOperation";

fn statement(effect: &str, actions: &[&str], key: &str, tag: &str) -> Value {
    json!({ "effect": effect, "action": actions, "resource": "*",
        "condition": { "for_any_value:string_equal": { key: [tag] } } })
}

fn document(statements: &[Value]) -> String {
    json!({ "version": "2.0", "statement": statements }).to_string()
}

fn tags(kind: &str, value: &str) -> Value {
    json!({ "ResourceType": kind, "Tags": [{ "Key": "team", "Value": value }] })
}

async fn registry() -> TestRegistry {
    TestRegistry::builder().settings(|settings| settings.cloud_api.requests_per_second = 0).start().await
}

async fn code(cloud: &Cloud, instance: &Instance, action: &str, mut parameters: Value) -> String {
    parameters["RegistryId"] = json!(instance.id);
    cloud.call("tcr", action, parameters).await.code()
}

/// An instance with the tag `team` and this value.
async fn tagged(cloud: &Cloud, name: &str, value: &str) -> Instance {
    let parameters =
        json!({ "RegistryName": name, "RegistryType": "basic", "TagSpecification": tags("instance", value) });
    let id = cloud.call("tcr", "CreateInstance", parameters).await.ok()["RegistryId"].as_str().unwrap().to_owned();
    let port = cloud.host().rsplit_once(':').unwrap().1.to_owned();
    Instance { id, host: format!("{name}.localhost:{port}"), cloud: cloud.clone() }
}

#[tokio::test]
async fn an_allowance_by_tag_is_good_for_what_carries_the_tag() {
    let reg = registry().await;
    let main = reg.account("main").await;
    let red = tagged(&main.cloud, "red", "red").await;
    let blue = tagged(&main.cloud, "blue", "blue").await;
    for key in ["qcs:resource_tag", "qcs:tag"] {
        let allow = document(&[statement("allow", &["tcr:*"], key, "team&red")]);
        let user = sub(&reg, &main, &key.replace(':', "-"), &[&allow]).await;
        assert_eq!(code(&user.cloud, &red, "DescribeNamespaces", json!({})).await, "");
        assert_eq!(code(&user.cloud, &blue, "DescribeNamespaces", json!({})).await, DENIED);
        let listed = user.cloud.call("tcr", "DescribeInstances", json!({})).await.ok();
        assert_eq!((&listed["TotalCount"], &listed["Registries"][0]["RegistryId"]), (&json!(1), &json!(red.id)));
    }
}

#[tokio::test]
async fn tags_of_namespaces_count_for_docker_too() {
    let reg = registry().await;
    let main = reg.account("main").await;
    let made = Instance::of(main.cloud.clone(), "demo").await;
    for value in ["red", "blue"] {
        let parameters =
            json!({ "NamespaceName": value, "IsPublic": false, "TagSpecification": tags("namespace", value) });
        made.call("CreateNamespace", parameters).await.ok();
        made.client(&main.basic).push_image(&format!("{value}/app"), "v1", &Image::small(1)).await;
    }
    let all = json!({ "effect": "allow", "action": "tcr:*", "resource": "*" });
    let deny = statement("deny", &["tcr:PullRepository", "tcr:DescribeRepositories"], "qcs:resource_tag", "team&blue");
    let denied = sub(&reg, &main, "denied", &[&document(&[all, deny])]).await;
    let allow = statement("allow", &["tcr:PullRepository"], "qcs:resource_tag", "team&red");
    let allowed = sub(&reg, &main, "allowed", &[&document(&[allow])]).await;
    for user in [&denied, &allowed] {
        let docker = made.client(&user.basic);
        assert_eq!(docker.get("/v2/red/app/manifests/v1").await.status, 200);
        assert_eq!(docker.get("/v2/blue/app/manifests/v1").await.status, 403);
    }
    let list = json!({ "RegistryId": made.id });
    let listed = denied.cloud.call("tcr", "DescribeRepositories", list).await.ok();
    assert_eq!((&listed["TotalCount"], &listed["RepositoryList"][0]["Name"]), (&json!(1), &json!("red/app")));
    // The right follows the tag to another namespace.
    let swap = |name: &str, value: &str| json!({ "NamespaceName": name, "TagSpecification": tags("namespace", value) });
    made.call("ModifyNamespace", swap("red", "blue")).await.ok();
    made.call("ModifyNamespace", swap("blue", "red")).await.ok();
    for user in [&denied, &allowed] {
        let docker = made.client(&user.basic);
        assert_eq!(docker.get("/v2/red/app/manifests/v1").await.status, 403);
        assert_eq!(docker.get("/v2/blue/app/manifests/v1").await.status, 200);
    }
}

#[tokio::test]
async fn images_are_not_listed_where_a_tag_denies_the_pull() {
    let reg = registry().await;
    let main = reg.account("main").await;
    let made = Instance::of(main.cloud.clone(), "demo").await;
    for value in ["red", "blue"] {
        let parameters =
            json!({ "NamespaceName": value, "IsPublic": false, "TagSpecification": tags("namespace", value) });
        made.call("CreateNamespace", parameters).await.ok();
        made.client(&main.basic).push_image(&format!("{value}/app"), "v1", &Image::small(1)).await;
    }
    let all = json!({ "effect": "allow", "action": "tcr:*", "resource": "*" });
    let deny = statement("deny", &["tcr:PullRepository"], "qcs:resource_tag", "team&blue");
    let user = sub(&reg, &main, "denied", &[&document(&[all, deny])]).await;
    let app = |namespace: &str| json!({ "NamespaceName": namespace, "RepositoryName": "app" });
    assert_eq!(code(&user.cloud, &made, "DescribeImages", app("red")).await, "");
    assert_eq!(code(&user.cloud, &made, "DescribeImages", app("blue")).await, DENIED);
    assert_eq!(made.client(&user.basic).get("/v2/blue/app/manifests/v1").await.status, 403, "docker is told the same");
    let listed = user.cloud.call("tcr", "DescribeRepositories", json!({ "RegistryId": made.id })).await.ok();
    assert_eq!((&listed["TotalCount"], &listed["RepositoryList"][0]["Name"]), (&json!(1), &json!("red/app")));
}

#[tokio::test]
async fn a_request_sets_the_tags_that_its_caller_may_set() {
    let reg = registry().await;
    let main = reg.account("main").await;
    let actions = ["tcr:CreateInstance", "tcr:CreateNamespace", "tcr:ModifyNamespace"];
    let allow = document(&[statement("allow", &actions, "qcs:request_tag", "team&red")]);
    let user = sub(&reg, &main, "tagger", &[&allow]).await;
    let create = async |name: &str, wanted: Option<Value>| {
        let mut parameters = json!({ "RegistryName": name, "RegistryType": "basic" });
        if let Some(wanted) = wanted {
            parameters["TagSpecification"] = wanted;
        }
        user.cloud.call("tcr", "CreateInstance", parameters).await.code()
    };
    assert_eq!(create("none", None).await, DENIED);
    assert_eq!(create("blue", Some(tags("instance", "blue"))).await, DENIED);
    assert_eq!(create("red", Some(tags("instance", "red"))).await, "");
    let made = Instance::of(main.cloud.clone(), "demo").await;
    let namespace =
        |value: &str| json!({ "NamespaceName": "ns", "IsPublic": false, "TagSpecification": tags("namespace", value) });
    assert_eq!(code(&user.cloud, &made, "CreateNamespace", namespace("blue")).await, DENIED);
    assert_eq!(code(&user.cloud, &made, "CreateNamespace", namespace("red")).await, "");
    assert_eq!(code(&user.cloud, &made, "ModifyNamespace", namespace("blue")).await, DENIED);
    assert_eq!(code(&user.cloud, &made, "ModifyNamespace", namespace("red")).await, "");
}
