//! Helpers of the suites about the personal edition.

use roadstead_storage::meta::NewAccount;
use roadstead_tests::{Cloud, Reply, TestRegistry};
use roadstead_types::Uin;
use serde_json::{Value, json};

/// A registry without a limit of requests a second, because its clock stands still.
pub async fn registry() -> TestRegistry {
    TestRegistry::builder().settings(|settings| settings.cloud_api.requests_per_second = 0).start().await
}

/// A main account with an access key and no registry password.
pub async fn unregistered(reg: &TestRegistry) -> Cloud {
    let uin = Uin::from_number(Uin::MIN + 7).unwrap();
    let new = NewAccount::new(&uin, "stranger");
    let account = reg.meta().create_account(&reg.act(), &new).await.unwrap();
    let key = reg.accounts().create_key(&reg.act(), account.id, "").await.unwrap();
    reg.cloud_with(key.secret_id.as_str(), &key.secret_key)
}

/// Calls an action of the registry.
pub async fn tcr(cloud: &Cloud, action: &str, parameters: Value) -> Reply {
    cloud.call("tcr", action, parameters).await
}

/// The `Data` of an answer.
pub async fn data(cloud: &Cloud, action: &str, parameters: Value) -> Value {
    tcr(cloud, action, parameters).await.ok()["Data"].take()
}

/// Makes a repository.
pub async fn create(cloud: &Cloud, name: &str) {
    tcr(cloud, "CreateRepositoryPersonal", json!({ "RepoName": name })).await.ok();
}

/// The names in a list of repositories.
pub fn names(data: &Value) -> Vec<&str> {
    data["RepoInfo"].as_array().unwrap().iter().map(|item| item["RepoName"].as_str().unwrap()).collect()
}

/// Checks that a missing required parameter and an unknown parameter are errors.
pub async fn parameters_are_checked(cloud: &Cloud, action: &str, good: Value) {
    for name in good.as_object().unwrap().keys() {
        let mut short = good.clone();
        short.as_object_mut().unwrap().remove(name);
        let reply = tcr(cloud, action, short).await.expect("MissingParameter");
        assert!(reply.message().contains(name), "{}", reply.message());
    }
    let mut long = good;
    long["Other"] = json!(1);
    tcr(cloud, action, long).await.expect("UnknownParameter");
}

/// Checks the bounds of `Limit` and `Offset`.
pub async fn pages_have_bounds(cloud: &Cloud, action: &str, good: Value) {
    for (name, value) in [("Limit", 0), ("Limit", 101), ("Limit", -1), ("Offset", -1)] {
        let mut parameters = good.clone();
        parameters[name] = json!(value);
        tcr(cloud, action, parameters).await.expect("InvalidParameterValue");
    }
    let mut parameters = good;
    (parameters["Limit"], parameters["Offset"]) = (json!(100), json!(i64::MAX));
    tcr(cloud, action, parameters).await.ok();
}
