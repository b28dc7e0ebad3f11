//! Instances: making, listing, changing and deleting them.

use roadstead_storage::meta::{EMPTY_REGISTRY, JobQuery, JobState, Readable};
use roadstead_tests::{Image, TestRegistry, eventually};
use roadstead_types::RegistryId;
use serde_json::json;

use crate::instance::Instance;

#[tokio::test]
async fn an_instance_is_made_and_shown() {
    let reg = TestRegistry::new().await;
    let cloud = reg.cloud();
    let parameters = json!({
        "RegistryName": "demo", "RegistryType": "premium", "DeletionProtection": true, "SyncTag": false,
        "EnableCosMAZ": true, "EnableCosVersioning": true, "RegistryChargeType": 1,
        "RegistryChargePrepaid": { "Period": 1, "RenewFlag": 2 },
        "TagSpecification": { "ResourceType": "instance", "Tags": [{ "Key": "k", "Value": "值" }] },
    });
    let made = cloud.call("tcr", "CreateInstance", parameters).await.ok();
    let id = made["RegistryId"].as_str().unwrap();
    assert!(id.len() == 12 && id.starts_with("tcr-"), "{id}");
    let listed = cloud.call("tcr", "DescribeInstances", json!({ "AllRegion": true })).await.ok();
    assert_eq!(listed["Registries"][0]["CreatedAt"].as_str().unwrap().len(), "2026-11-21T00:00:00Z".len());
    let port = reg.address().port().to_string();
    let text = serde_json::to_string_pretty(&listed).unwrap().replace(id, "tcr-xxxxxxxx").replace(&port, "PORT");
    let text: Vec<_> =
        text.lines().filter(|line| !line.contains("\"CreatedAt\"") && !line.contains("\"ExpiredAt\"")).collect();
    insta::assert_snapshot!(text.join("\n"));
    let status = cloud.call("tcr", "DescribeInstanceStatus", json!({ "RegistryIds": [id] })).await.ok();
    assert_eq!(status["RegistryStatusSet"][0]["Status"], "Running");
    assert_eq!(status["RegistryStatusSet"][0]["RegistryId"], *id);
    let checked = cloud.call("tcr", "CheckInstance", json!({ "RegistryId": id })).await.ok();
    assert_eq!((&checked["IsValidated"], &checked["RegionId"]), (&json!(true), &json!(0)));
}

#[tokio::test]
async fn what_is_no_instance_is_not_made() {
    let limits = |settings: &mut roadstead_config::Settings| {
        settings.instances.per_account = 2;
        settings.cloud_api.requests_per_second = 0;
    };
    let reg = TestRegistry::builder().settings(limits).start().await;
    let cloud = reg.cloud();
    let create = async |parameters| cloud.call("tcr", "CreateInstance", parameters).await.code();
    let named = |name: &str| json!({ "RegistryName": name, "RegistryType": "basic" });
    for name in ["", "ab", "-abc", "abc-", "ABC", "a.b.c", "a_bc", "xn--abc", "registry", "personal", &"a".repeat(51)] {
        assert_eq!(create(named(name)).await, "InvalidParameter", "{name:?}");
    }
    assert_eq!(create(json!({ "RegistryType": "basic" })).await, "MissingParameter");
    assert_eq!(create(json!({ "RegistryName": "demo" })).await, "MissingParameter");
    assert_eq!(create(json!({ "RegistryName": "demo", "RegistryType": "huge" })).await, "InvalidParameter");
    assert_eq!(create(json!({ "RegistryName": "demo", "RegistryType": "basic", "X": 1 })).await, "UnknownParameter");
    for (key, value) in [
        ("RegistryChargeType", json!(2)),
        ("RegistryChargeType", json!(1)),
        ("TagSpecification", json!({ "Tags": [{ "Key": "", "Value": "v" }] })),
        ("TagSpecification", json!({ "Tags": [{ "Key": "k" }, { "Key": "k", "Value": "v" }] })),
    ] {
        let mut parameters = named("demo");
        parameters[key] = value;
        assert_eq!(create(parameters).await, "InvalidParameter", "{key}");
    }
    assert_eq!(create(named("one")).await, "");
    assert_eq!(create(named("one")).await, "InternalError.ErrorConflict");
    assert_eq!(create(named("two")).await, "");
    assert_eq!(create(named("three")).await, "InternalError.ErrorOverLimit");
    // Names are unique over all accounts, because each is a host.
    let other = reg.account("alice").await.cloud;
    assert_eq!(other.call("tcr", "CreateInstance", named("one")).await.code(), "InternalError.ErrorConflict");
    let check = async |name: &str| {
        let checked = cloud.call("tcr", "CheckInstanceName", json!({ "RegistryName": name })).await.ok();
        (checked["IsValidated"].as_bool().unwrap(), checked["DetailCode"].as_i64().unwrap())
    };
    for (name, answer) in [("free", (true, 0)), ("-", (false, 1)), ("registry", (false, 2)), ("two", (false, 3))] {
        assert_eq!(check(name).await, answer, "{name}");
    }
}

#[tokio::test]
async fn instances_are_listed_as_asked() {
    let reg = TestRegistry::new().await;
    let mut ids = Vec::new();
    for name in ["alpha", "beta", "alphabet"] {
        ids.push(Instance::new(&reg, name).await.id);
    }
    let alice = reg.account("alice").await.cloud;
    let foreign = Instance::of(alice, "foreign").await;
    let cloud = reg.cloud();
    let names = async |parameters| {
        let listed = cloud.call("tcr", "DescribeInstances", parameters).await.ok();
        let names: Vec<_> =
            listed["Registries"].as_array().unwrap().iter().map(|r| r["RegistryName"].clone()).collect();
        format!("{} {}", listed["TotalCount"], json!(names))
    };
    assert_eq!(names(json!({})).await, r#"3 ["alpha","beta","alphabet"]"#);
    assert_eq!(names(json!({ "Offset": 1, "Limit": 1 })).await, r#"3 ["beta"]"#);
    assert_eq!(names(json!({ "Registryids": [ids[1], foreign.id] })).await, r#"1 ["beta"]"#);
    let filter = |name: &str, values: &[&str]| json!({ "Filters": [{ "Name": name, "Values": values }] });
    assert_eq!(names(filter("RegistryName", &["alpha"])).await, r#"2 ["alpha","alphabet"]"#);
    assert_eq!(names(filter("RegistryName", &["bet", "nothing"])).await, r#"2 ["beta","alphabet"]"#);
    assert_eq!(names(filter("RegistryType", &["premium"])).await, "0 []");
    assert_eq!(names(filter("RegistryId", &[&foreign.id])).await, "0 []");
    assert_eq!(names(json!({ "Offset": 2, "Limit": 200 })).await, r#"3 ["alphabet"]"#);
    for wrong in [json!({ "Limit": 201 }), json!({ "Limit": 0 }), json!({ "Offset": -1 })] {
        cloud.call("tcr", "DescribeInstances", wrong).await.expect("InvalidParameterValue");
    }
    cloud.call("tcr", "DescribeInstances", filter("Colour", &["red"])).await.expect("InvalidParameter");
    cloud.call("tcr", "DescribeInstances", json!({ "RegistryIds": [] })).await.expect("UnknownParameter");
    for nothing in [json!({ "Name": "RegistryName" }), json!({ "Name": "RegistryName", "Values": [] })] {
        let filters = json!({ "Filters": [nothing] });
        cloud.call("tcr", "DescribeInstances", filters).await.expect("MissingParameter");
    }
    cloud.call("tcr", "DescribeInstanceStatus", json!({ "RegistryIds": [] })).await.expect("MissingParameter");
    cloud.call("tcr", "DescribeInstanceStatus", json!({ "Registryids": [] })).await.expect("UnknownParameter");
    cloud.call("tcr", "DescribeInstanceStatus", json!({})).await.expect("MissingParameter");
    cloud.call("tcr", "DescribeInstanceStatus", json!({ "RegistryIds": ["x"] })).await.expect("InvalidParameter");
}

#[tokio::test]
async fn what_is_somebody_elses_is_answered_like_what_is_not_there() {
    let reg = TestRegistry::new().await;
    let foreign = Instance::of(reg.account("alice").await.cloud, "foreign").await.id;
    let cloud = reg.cloud();
    let actions = [
        ("CreateInstanceToken", json!({}), "UnauthorizedOperation"),
        ("ModifyInstance", json!({ "DeletionProtection": true }), "ResourceNotFound"),
        ("DeleteInstance", json!({}), "ResourceNotFound"),
        ("DescribeInstanceToken", json!({}), "ResourceNotFound"),
        ("ModifyInstanceToken", json!({ "TokenId": "t", "Enable": false }), "ResourceNotFound"),
        ("DeleteInstanceToken", json!({ "TokenId": "t" }), "ResourceNotFound"),
        ("CreateNamespace", json!({ "NamespaceName": "team", "IsPublic": true }), "ResourceNotFound"),
        ("DescribeNamespaces", json!({}), "ResourceNotFound"),
        ("ModifyNamespace", json!({ "NamespaceName": "team" }), "ResourceNotFound"),
        ("DeleteNamespace", json!({ "NamespaceName": "team" }), "ResourceNotFound"),
        ("CreateRepository", json!({ "NamespaceName": "team", "RepositoryName": "app" }), "ResourceNotFound"),
        ("DescribeRepositories", json!({}), "ResourceNotFound"),
        ("ModifyRepository", json!({ "NamespaceName": "team", "RepositoryName": "app" }), "ResourceNotFound"),
        ("DeleteRepository", json!({ "NamespaceName": "team", "RepositoryName": "app" }), "ResourceNotFound"),
    ];
    for (action, parameters, code) in actions {
        for id in [&*foreign, "tcr-00000000"] {
            let mut parameters = parameters.clone();
            parameters["RegistryId"] = json!(id);
            let reply = cloud.call("tcr", action, parameters).await;
            assert_eq!(reply.code(), code, "{action}");
            assert_eq!(reply.message(), cloud_message(id, &reply.message()), "{action}");
        }
    }
    for id in [&*foreign, "tcr-00000000"] {
        let status = json!({ "RegistryIds": [id] });
        cloud.call("tcr", "DescribeInstanceStatus", status).await.expect("UnauthorizedOperation");
        let checked = cloud.call("tcr", "CheckInstance", json!({ "RegistryId": id })).await.ok();
        assert_eq!(checked["IsValidated"], false);
    }
}

/// The message names only the requested id.
fn cloud_message(id: &str, _: &str) -> String {
    format!("there is no instance {id}")
}

#[tokio::test]
async fn an_instance_goes_with_what_is_in_it() {
    let reg = TestRegistry::new().await;
    let made = Instance::new(&reg, "doomed").await;
    made.namespace("team", true).await;
    let image = Image::small(8);
    let client = made.client(&reg.owner());
    client.push_image("team/app", "v1", &image).await;
    made.call("ModifyInstance", json!({ "DeletionProtection": true, "RegistryType": "standard" })).await.ok();
    made.call("ModifyInstance", json!({ "RegistryType": "huge" })).await.expect("InvalidParameter");
    let listed = made.cloud.call("tcr", "DescribeInstances", json!({})).await.ok();
    assert_eq!(listed["Registries"][0]["RegistryType"], "standard");
    made.call("DeleteInstance", json!({ "DeleteBucket": true })).await.expect("OperationDenied");
    made.call("ModifyInstance", json!({ "DeletionProtection": false })).await.ok();
    made.call("DeleteInstance", json!({ "DeleteBucket": true, "DryRun": true })).await.expect("DryRunOperation");
    made.call("DeleteInstance", json!({})).await.expect("ResourceInUse");
    let (username, password, _) = made.token("longterm").await;
    let token = reg.basic(&username, &password).at(&made.host);
    token.get("/v2/team/app/tags/list").await.expect(200);
    made.call("DeleteInstance", json!({ "DeleteBucket": true })).await.ok();
    made.call("DeleteInstance", json!({ "DeleteBucket": true })).await.expect("ResourceNotFound");
    assert_eq!(made.cloud.call("tcr", "DescribeInstances", json!({})).await.ok()["TotalCount"], 0);
    // Its host belongs to the personal edition again.
    token.get("/v2/").await.expect(401);
    client.get("/v2/team/app/tags/list").await.expect(403);
    let again = Instance::new(&reg, "doomed").await;
    assert_ne!(again.id, made.id);
    token.get("/v2/").await.expect(401);
    again.namespace("team", false).await;
    client.get("/v2/team/app/tags/list").await.expect(404);
    // The job deletes the content of the old instance, and nothing of the new one.
    let query = JobQuery { kind: Some(EMPTY_REGISTRY), limit: 10, ..JobQuery::default() };
    let jobs =
        async || Some(reg.meta().list_jobs(&query).await.unwrap()).filter(|jobs| jobs[0].state == JobState::Done);
    let jobs = eventually("the old registry is empty", jobs).await;
    assert_eq!((jobs.len(), jobs[0].scope.as_str()), (1, format!("instance {}", made.id).as_str()));
    let registry: serde_json::Value = serde_json::from_str(&jobs[0].payload).unwrap();
    let registry = RegistryId::new(registry["registry"].as_i64().unwrap());
    assert!(reg.meta().list_repositories(registry, Readable::All, None, 10).await.unwrap().is_empty());
    assert!(reg.meta().list_namespaces(registry, None, None, 10).await.unwrap().is_empty());
    let listed = again.call("DescribeNamespaces", json!({})).await.ok();
    assert_eq!(listed["TotalCount"], 1);
}

#[tokio::test]
async fn the_region_is_called_what_the_table_of_the_product_calls_it() {
    for (setting, alias, name, number) in
        [("ap-chengdu", "cd", "ap-chengdu", 16), ("gz", "gz", "ap-guangzhou", 1), ("cellar", "cellar", "cellar", 0)]
    {
        let region = move |settings: &mut roadstead_config::Settings| settings.auth.region = setting.to_owned();
        let reg = TestRegistry::builder().settings(region).start().await;
        let cloud = reg.cloud();
        let regions = cloud.call("tcr", "DescribeRegions", json!({})).await.ok();
        let region = &regions["Regions"][0];
        assert_eq!((&region["Alias"], &region["RegionName"]), (&json!(alias), &json!(name)));
        assert_eq!((&region["RegionId"], &region["Id"]), (&json!(number), &json!(number)));
        let instance = Instance::new(&reg, "demo").await;
        let listed = cloud.call("tcr", "DescribeInstances", json!({})).await.ok();
        let shown = &listed["Registries"][0];
        assert_eq!((&shown["RegionName"], &shown["RegionId"]), (&json!(name), &json!(number)));
        let checked = cloud.call("tcr", "CheckInstance", json!({ "RegistryId": instance.id })).await.ok();
        assert_eq!(checked["RegionId"], json!(number));
    }
}
