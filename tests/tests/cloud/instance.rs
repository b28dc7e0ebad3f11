//! Helpers of the suites about instances.

use roadstead_tests::{Client, Cloud, TestRegistry};
use serde_json::{Value, json};

/// An instance, and a caller of it.
pub struct Instance {
    pub id: String,
    pub host: String,
    pub cloud: Cloud,
}

impl Instance {
    /// Makes an instance of the owner account.
    pub async fn new(reg: &TestRegistry, name: &str) -> Self {
        Self::of(reg.cloud(), name).await
    }

    /// Makes an instance of this caller.
    pub async fn of(cloud: Cloud, name: &str) -> Self {
        let made = cloud.call("tcr", "CreateInstance", json!({ "RegistryName": name, "RegistryType": "basic" })).await;
        let id = made.ok()["RegistryId"].as_str().unwrap().to_owned();
        let port = cloud.host().rsplit_once(':').unwrap().1.to_owned();
        Self { id, host: format!("{name}.localhost:{port}"), cloud }
    }

    /// Calls an action with the id of the instance.
    pub async fn call(&self, action: &str, mut parameters: Value) -> roadstead_tests::Reply {
        parameters["RegistryId"] = json!(self.id);
        self.cloud.call("tcr", action, parameters).await
    }

    /// Makes a namespace.
    pub async fn namespace(&self, name: &str, public: bool) {
        self.call("CreateNamespace", json!({ "NamespaceName": name, "IsPublic": public })).await.ok();
    }

    /// A caller of the instance with the account's own credentials.
    pub fn client(&self, client: &Client) -> Client {
        client.at(&self.host)
    }

    /// Makes a token. Returns its user name, its password and its id.
    pub async fn token(&self, kind: &str) -> (String, String, String) {
        let made = self.call("CreateInstanceToken", json!({ "TokenType": kind, "Desc": "for tests" })).await.ok();
        let text = |member: &str| made[member].as_str().unwrap().to_owned();
        (text("Username"), text("Token"), text("TokenId"))
    }
}
