//! The limits of signatures and of temporary credentials.

use roadstead_tests::provider::{Provider, key_set};
use roadstead_tests::{Cloud, Signing};
use serde_json::{Value, json};

use super::directory::{cam, grant, registry, sub};

/// A session with all rights of its account.
async fn session(cloud: &Cloud) -> Cloud {
    let policy = json!({ "version": "2.0", "statement": [{ "effect": "allow", "action": "*", "resource": "*" }] });
    let parameters = json!({ "Name": "all", "Policy": policy.to_string() });
    let made = cloud.call("sts", "GetFederationToken", parameters).await.ok();
    let text = |name: &str| made["Credentials"][name].as_str().unwrap().to_owned();
    cloud.with_token(&text("TmpSecretId"), &text("TmpSecretKey"), &text("Token"))
}

#[tokio::test]
async fn a_header_does_not_change_the_action_that_a_parameter_signs() {
    let reg = registry().await;
    let root = reg.cloud();
    let app = json!({ "RepoName": "library/app" });
    root.call("tcr", "CreateRepositoryPersonal", app.clone()).await.ok();
    for signing in [Signing::Sha256Get, Signing::Sha256Post, Signing::Sha1Get, Signing::Sha1Post] {
        let mut read = root.with_signing(signing).prepare("tcr", "DescribeRepositoryPersonal", &app);
        read.set("X-TC-Action", "DeleteRepositoryPersonal");
        read.set("X-TC-Version", "2019-09-24");
        let answer = root.send(read).await.ok();
        assert_eq!(answer["Data"]["RepoName"], "library/app", "{signing:?}: the signed action must run");
    }
    root.call("tcr", "DescribeRepositoryPersonal", app).await.ok();
}

#[tokio::test]
async fn what_ends_makes_nothing_that_lasts() {
    let reg = registry().await;
    let root = reg.cloud();
    let user = sub(&root, "user").await;
    grant(&root, &user, "*", "*").await;
    let trust = json!({ "version": "2.0", "statement": [{
        "effect": "allow", "action": "name/sts:AssumeRole", "principal": { "qcs": ["qcs::cam::uin/100000000001:root"] } }] });
    let role = |name: &str| json!({ "RoleName": name, "PolicyDocument": trust.to_string() });
    let keys = key_set(&[Provider::new("one").jwk()]);
    let provider = |name: &str| json!({ "Name": name, "IdentityUrl": "https://a.example", "IdentityKey": keys, "ClientId": ["a"] });
    cam(&root, "CreateRole", role("mine")).await.ok();
    cam(&root, "CreateOIDCConfig", provider("mine")).await.ok();
    for cloud in [session(&root).await, session(&user.cloud).await] {
        let own = json!({ "TargetUin": user.uin });
        for (action, parameters) in [
            ("CreateAccessKey", json!({})),
            ("CreateAccessKey", own),
            ("AddUser", json!({ "Name": "made", "UseApi": 1 })),
            ("AddUser", json!({ "Name": "made", "Password": "correct horse" })),
            ("AddUser", json!({ "Name": "made", "ConsoleLogin": 1 })),
            ("UpdateUser", json!({ "Name": "user", "Password": "correct horse" })),
            ("CreateRole", role("made")),
            ("UpdateAssumeRolePolicy", role("mine")),
            ("CreateOIDCConfig", provider("made")),
            ("UpdateOIDCConfig", provider("mine")),
        ] {
            let told = cam(&cloud, action, parameters.clone()).await;
            assert_eq!(told.code(), "AuthFailure.UnauthorizedOperation", "{action} {parameters}");
        }
    }
    let keys = cam(&root, "ListAccessKeys", json!({ "TargetUin": user.uin })).await.ok();
    assert_eq!(keys["AccessKeys"].as_array().unwrap().len(), 1);
    assert_eq!(cam(&root, "GetUser", json!({ "Name": "made" })).await.code(), "ResourceNotFound.UserNotExist");
    cam(&session(&root).await, "AddUser", json!({ "Name": "made" })).await.ok();
}

#[tokio::test]
async fn a_list_is_refused_before_each_of_its_members_costs_something() {
    let reg = registry().await;
    let user = sub(&reg.cloud(), "user").await;
    let many: Vec<Value> = vec![json!(1); 90_000];
    for cloud in [&user.cloud, &reg.cloud()] {
        cam(cloud, "DeletePolicy", json!({ "PolicyId": many })).await.expect("InvalidParameter.ParamError");
    }
    let refused = "AuthFailure.UnauthorizedOperation";
    cam(&user.cloud, "DeletePolicy", json!({ "PolicyId": many[..100] })).await.expect(refused);
}

#[tokio::test]
async fn a_body_has_only_so_many_values() {
    let reg = registry().await;
    let remove = async |values: usize| {
        let many: Vec<Value> = vec![json!(1); values];
        cam(&reg.cloud(), "DeletePolicy", json!({ "PolicyId": many })).await
    };
    remove(99_000).await.expect("InvalidParameter.ParamError");
    remove(100_001).await.expect("InvalidParameter");
}

#[tokio::test]
async fn a_form_is_small() {
    let reg = registry().await;
    let mut large = reg.cloud().prepare("cam", "GetUserAppId", &json!({}));
    large.set("Content-Type", "application/x-www-form-urlencoded");
    large.body = "a&".repeat(600_000).into();
    reg.cloud().send(large).await.expect("RequestSizeLimitExceeded");
}
