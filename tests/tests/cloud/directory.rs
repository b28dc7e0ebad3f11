//! Helpers of the suites about access management.

use roadstead_tests::{Cloud, Reply, TestRegistry};
use serde_json::{Value, json};

/// A registry without a limit of requests.
pub async fn registry() -> TestRegistry {
    TestRegistry::builder().settings(|settings| settings.cloud_api.requests_per_second = 0).start().await
}

/// Calls an action of access management.
pub async fn cam(cloud: &Cloud, action: &str, parameters: Value) -> Reply {
    cloud.call("cam", action, parameters).await
}

/// A sub-account with a key.
pub struct Sub {
    pub uin: u64,
    pub uid: u64,
    pub name: String,
    pub cloud: Cloud,
}

/// Makes a sub-account with a key and a password.
pub async fn sub(owner: &Cloud, name: &str) -> Sub {
    let parameters = json!({ "Name": name, "UseApi": 1, "Password": format!("password of {name}") });
    let made = cam(owner, "AddUser", parameters).await.ok();
    let key = |name: &str| made[name].as_str().unwrap().to_owned();
    Sub {
        uin: made["Uin"].as_u64().unwrap(),
        uid: made["Uid"].as_u64().unwrap(),
        name: name.to_owned(),
        cloud: owner.with_key(&key("SecretId"), &key("SecretKey")),
    }
}

/// A document with one statement.
pub fn document(effect: &str, action: &str, resource: &str) -> String {
    json!({ "version": "2.0", "statement": [{ "effect": effect, "action": action, "resource": resource }] }).to_string()
}

/// Stores a policy.
pub async fn policy(owner: &Cloud, name: &str, document: &str) -> u64 {
    let parameters = json!({ "PolicyName": name, "PolicyDocument": document });
    cam(owner, "CreatePolicy", parameters).await.ok()["PolicyId"].as_u64().unwrap()
}

/// Stores a policy and attaches it to a user.
pub async fn grant(owner: &Cloud, user: &Sub, action: &str, resource: &str) -> u64 {
    let name: String = format!("{}-{action}-{resource}", user.name).chars().map(plain).collect();
    let id = policy(owner, &name, &document("allow", action, resource)).await;
    cam(owner, "AttachUserPolicy", json!({ "PolicyId": id, "AttachUin": user.uin })).await.ok();
    id
}

fn plain(c: char) -> char {
    if c.is_ascii_alphanumeric() { c } else { '_' }
}

pub async fn group(owner: &Cloud, name: &str) -> u64 {
    cam(owner, "CreateGroup", json!({ "GroupName": name })).await.ok()["GroupId"].as_u64().unwrap()
}

/// A trust document that lets every user of a main account take a role.
pub fn trust(owner_uin: &str) -> String {
    let principal = json!({ "qcs": [format!("qcs::cam::uin/{owner_uin}:root")] });
    let statement = json!({ "effect": "allow", "action": "name/sts:AssumeRole", "principal": principal });
    json!({ "version": "2.0", "statement": [statement] }).to_string()
}

/// Makes a role.
pub async fn role(reg: &TestRegistry, name: &str) -> String {
    let parameters = json!({ "RoleName": name, "PolicyDocument": trust(reg.owner_name()) });
    cam(&reg.cloud(), "CreateRole", parameters).await.ok()["RoleId"].as_str().unwrap().to_owned()
}

/// The texts of a member of every object in a list.
pub fn texts(list: &Value, member: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[member].as_str().unwrap().to_owned()).collect()
}

/// The numbers of a member of every object in a list.
pub fn numbers(list: &Value, member: &str) -> Vec<u64> {
    list.as_array().unwrap().iter().map(|one| one[member].as_u64().unwrap()).collect()
}
