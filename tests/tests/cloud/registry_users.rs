//! Users of the personal edition: registry passwords, and tokens instead of them.

use std::time::Duration;

use roadstead_storage::meta::AccountStatus;
use roadstead_tests::{Cloud, Image, Reply};
use serde_json::json;

use crate::people;
use crate::personal::{data, registry, tcr, unregistered};

const NEW: &str = "another long password";

async fn register(cloud: &Cloud, password: &str) -> Reply {
    tcr(cloud, "CreateUserPersonal", json!({ "Password": password })).await
}

async fn change(cloud: &Cloud, password: &str) -> Reply {
    tcr(cloud, "ModifyUserPasswordPersonal", json!({ "Password": password })).await
}

async fn token(cloud: &Cloud) -> String {
    let data = data(cloud, "DescribeApplicationTokenPersonal", json!({})).await;
    data["ApplicationToken"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_first_password_is_set_once() {
    let reg = registry().await;
    let alice = reg.account("alice").await;
    register(&alice.cloud, NEW).await.expect("InvalidParameter.ErrUserExist");
    alice.basic.get("/v2/").await.expect(200);
    let stranger = unregistered(&reg).await;
    change(&stranger, NEW).await.expect("ResourceNotFound.ErrNoUser");
    tcr(&stranger, "DescribeUserPersonal", json!({})).await.expect("ResourceNotFound.ErrNoUser");
    for wrong in ["", "seven77", &"x".repeat(257), "with\ncontrol"] {
        register(&stranger, wrong).await.expect("InvalidParameter");
    }
    tcr(&stranger, "CreateUserPersonal", json!({})).await.expect("MissingParameter.MissingParameter");
    tcr(&stranger, "CreateUserPersonal", json!({ "Password": NEW, "Other": 1 })).await.expect("UnknownParameter");
    let replies = futures::future::join_all((0..4).map(|_| register(&stranger, "eight888"))).await;
    let codes: Vec<String> =
        replies.iter().map(Reply::code).filter(|code| *code != "InvalidParameter.ErrUserExist").collect();
    assert_eq!(codes, [""], "exactly one call sets the password");
    let user = data(&stranger, "DescribeUserPersonal", json!({})).await;
    reg.basic(user["Username"].as_str().unwrap(), "eight888").get("/v2/").await.expect(200);
}

#[tokio::test]
async fn a_new_password_ends_what_the_old_one_began() {
    let reg = registry().await;
    let alice = reg.account("alice").await;
    alice.basic.get("/v2/").await.expect(200);
    let token = token(&alice.cloud).await;
    let by_token = reg.basic(&alice.uin, &token);
    by_token.get("/v2/").await.expect(200);
    for wrong in ["", "seven77", &"x".repeat(257)] {
        change(&alice.cloud, wrong).await.expect("InvalidParameter");
    }
    tcr(&alice.cloud, "ModifyUserPasswordPersonal", json!({})).await.expect("MissingParameter");
    alice.basic.get("/v2/").await.expect(200);
    change(&alice.cloud, NEW).await.ok();
    alice.basic.get("/v2/").await.expect(401);
    by_token.get("/v2/").await.expect(401);
    reg.basic(&alice.uin, NEW).get("/v2/").await.expect(200);
    // Access keys keep working after a change of the password.
    change(&alice.cloud, &"x".repeat(256)).await.ok();
    reg.basic(&alice.uin, &"x".repeat(256)).get("/v2/").await.expect(200);
}

#[tokio::test]
async fn sub_accounts_have_passwords_of_their_own() {
    let reg = registry().await;
    let alice = reg.account("alice").await;
    let sub = people::sub(&reg, &alice, "sub", &[]).await;
    register(&sub.cloud, NEW).await.expect("InvalidParameter.ErrUserExist");
    change(&sub.cloud, NEW).await.ok();
    sub.basic.get("/v2/").await.expect(401);
    reg.basic(&sub.uin, NEW).get("/v2/").await.expect(200);
    alice.basic.get("/v2/").await.expect(200);
    let user = data(&sub.cloud, "DescribeUserPersonal", json!({})).await;
    let owner = data(&alice.cloud, "DescribeUserPersonal", json!({})).await;
    assert_eq!((&user["Username"], &owner["Username"]), (&json!(sub.uin), &json!(alice.uin)));
    assert_eq!(user["AppId"], owner["AppId"], "the AppId is that of the main account");
}

#[tokio::test]
async fn whether_somebody_has_registered_is_told_within_an_account() {
    let reg = registry().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    let sub = people::sub(&reg, &alice, "sub", &[]).await;
    let stranger = unregistered(&reg).await;
    let ask = async |cloud: &Cloud, parameters| {
        let found = data(cloud, "ValidateUserPersonal", parameters).await;
        (found["IsExist"].as_bool().unwrap(), found["MainIsExist"].as_bool().unwrap())
    };
    for cloud in [&alice.cloud, &sub.cloud] {
        assert_eq!(ask(cloud, json!({})).await, (true, true));
        assert_eq!(ask(cloud, json!({ "Username": alice.uin })).await, (true, true));
        assert_eq!(ask(cloud, json!({ "Username": sub.uin })).await, (true, true));
        assert_eq!(ask(cloud, json!({ "Username": bob.uin })).await, (false, true), "other accounts are not revealed");
        assert_eq!(ask(cloud, json!({ "Username": "999999999999" })).await, (false, true));
    }
    assert_eq!(ask(&stranger, json!({})).await, (false, false));
    tcr(&alice.cloud, "ValidateUserPersonal", json!({ "Username": "alice" })).await.expect("InvalidParameter");
    tcr(&alice.cloud, "ValidateUserPersonal", json!({ "Other": 1 })).await.expect("UnknownParameter");
}

#[tokio::test]
async fn a_token_signs_in_for_an_hour() {
    let reg = registry().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    alice.basic.push_image("alice/app", "latest", &Image::small(1)).await;
    let (first, second) = (token(&alice.cloud).await, token(&alice.cloud).await);
    for token in [&first, &second] {
        let client = reg.basic(&alice.uin, token);
        client.get("/v2/alice/app/manifests/latest").await.expect(200);
        client.push_image("alice/app", "next", &Image::small(2)).await;
    }
    reg.basic(&bob.uin, &first).get("/v2/").await.expect(401);
    reg.clock().advance(Duration::from_secs(59 * 60));
    reg.basic(&alice.uin, &first).get("/v2/").await.expect(200);
    reg.clock().advance(Duration::from_secs(2 * 60));
    reg.basic(&alice.uin, &first).get("/v2/").await.expect(401);
    let third = token(&alice.cloud).await;
    reg.set_status(alice.id, AccountStatus::Disabled).await;
    let client = reg.basic(&alice.uin, &third);
    roadstead_tests::eventually("the account is locked out", async || {
        (client.get("/v2/").await.status == 401).then_some(())
    })
    .await;
    tcr(&bob.cloud, "DescribeApplicationTokenPersonal", json!({ "Other": 1 })).await.expect("UnknownParameter");
    tcr(&bob.cloud, "DescribeUserPersonal", json!({ "Other": 1 })).await.expect("UnknownParameter");
}

#[tokio::test]
async fn temporary_credentials_do_not_turn_into_passwords() {
    let reg = registry().await;
    let alice = reg.account("alice").await;
    let policy = r#"{"version":"2.0","statement":[{"effect":"allow","action":"*","resource":"*"}]}"#;
    let parameters = json!({ "Name": "ci", "Policy": policy, "DurationSeconds": 1800 });
    let made = alice.cloud.call("sts", "GetFederationToken", parameters).await.ok();
    let credentials = &made["Credentials"];
    let text = |member: &str| credentials[member].as_str().unwrap();
    let session = alice.cloud.with_token(text("TmpSecretId"), text("TmpSecretKey"), text("Token"));
    tcr(&session, "DescribeUserQuotaPersonal", json!({})).await.ok();
    let refused = "AuthFailure.UnauthorizedOperation";
    for action in ["CreateUserPersonal", "ModifyUserPasswordPersonal"] {
        tcr(&session, action, json!({ "Password": NEW })).await.expect(refused);
    }
    tcr(&session, "DescribeUserPersonal", json!({})).await.expect(refused);
    tcr(&session, "CreateFavorRepositoryPersonal", json!({ "RepoName": "alice/app" })).await.expect(refused);
    let favors = json!({ "Favors": [{ "RepoName": "alice/app" }] });
    tcr(&session, "BatchDeleteFavorRepositoryPersonal", favors).await.expect(refused);
    alice.basic.get("/v2/").await.expect(200);
}
