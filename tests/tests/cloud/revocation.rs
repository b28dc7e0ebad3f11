//! Rights taken from sub-accounts end at once, also for earlier tokens and temporary keys.

use roadstead_storage::meta::{AccountStatus, Holder};
use roadstead_tests::{Client, Cloud, Image, TestRegistry, eventually};
use serde_json::json;

use roadstead_tests::people::{Main, sub};

use crate::instance::Instance;

const TARGET: &str = "/v2/foo/app/manifests/v1";
const PULL: &str = r#"{"version":"2.0","statement":{"effect":"allow","action":"ccr:pull","resource":"*"}}"#;
const ALL: &str = r#"{"version":"2.0","statement":{"effect":"allow","action":"*","resource":"*"}}"#;
const DENY: &str = r#"{"version":"2.0","statement":{"effect":"deny","action":"ccr:pull","resource":"*"}}"#;

async fn becomes(client: &Client, status: u16, what: &str) {
    eventually(what, async || (client.get(TARGET).await.status == status).then_some(())).await;
}

#[tokio::test]
async fn policies_count_as_they_are_now() {
    let reg = TestRegistry::new().await;
    let main = reg.account("foo").await;
    main.basic.push_image("foo/app", "v1", &Image::small(1)).await;
    let sub = sub(&reg, &main, "member", &[]).await;
    sub.basic.get(TARGET).await.expect_error(403, "DENIED");
    let policy = sub.attach(PULL).await;
    becomes(&sub.basic, 200, "a policy is attached").await;
    let bearer = sub.basic.bearer(&["repository:foo/app:pull"]).await;
    bearer.get(TARGET).await.expect(200);

    sub.detach(policy).await;
    becomes(&bearer, 403, "a policy is detached").await;
    sub.attach_id(policy).await;
    becomes(&bearer, 200, "the policy is attached again").await;

    let id = Main::of(&main).id;
    reg.meta().update_policy(&reg.act(), id, policy, None, Some((DENY, DENY))).await.unwrap();
    becomes(&bearer, 403, "a policy is changed").await;
    reg.meta().update_policy(&reg.act(), id, policy, None, Some((PULL, PULL))).await.unwrap();
    becomes(&bearer, 200, "the policy is changed back").await;

    sub.bound(DENY).await;
    becomes(&bearer, 403, "a boundary is set").await;
    reg.meta().set_boundary(&reg.act(), id, Holder::User(sub.id), None).await.unwrap();
    becomes(&bearer, 200, "a boundary is removed").await;

    reg.meta().delete_policies(&reg.act(), id, &[policy]).await.unwrap();
    becomes(&bearer, 403, "a policy is deleted").await;

    let group = reg.meta().create_group(&reg.act(), id, "readers", "").await.unwrap();
    let policy = sub.attach(PULL).await;
    Main::of(&main).attach(&reg, policy, Holder::Group(group)).await;
    reg.meta().add_members(&reg.act(), id, &[(group, sub.id)]).await.unwrap();
    sub.detach(policy).await;
    becomes(&bearer, 200, "the user joins a group with a policy").await;
    reg.meta().remove_members(&reg.act(), id, &[(group, sub.id)]).await.unwrap();
    becomes(&bearer, 403, "the user leaves the group").await;
}

#[tokio::test]
async fn a_disabled_main_account_disables_its_sub_accounts() {
    let reg = TestRegistry::new().await;
    let main = reg.account("foo").await;
    main.basic.push_image("foo/app", "v1", &Image::small(1)).await;
    let sub = sub(&reg, &main, "member", &[PULL]).await;
    let bearer = sub.basic.bearer(&["repository:foo/app:pull"]).await;
    bearer.get(TARGET).await.expect(200);
    reg.set_status(main.id, AccountStatus::Disabled).await;
    becomes(&bearer, 401, "the main account is disabled").await;
    sub.basic.get(TARGET).await.expect_error(401, "UNAUTHORIZED");
    sub.cloud.call("sts", "GetCallerIdentity", json!({})).await.expect("AuthFailure.SecretIdNotFound");
    reg.set_status(main.id, AccountStatus::Active).await;
    becomes(&sub.basic, 200, "the main account is enabled").await;
    bearer.get(TARGET).await.expect_error(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn temporary_keys_end_with_what_they_came_from() {
    let reg = TestRegistry::builder().settings(|s| s.cloud_api.requests_per_second = 0).start().await;
    let main = reg.account("foo").await;
    let owner = Main::of(&main);
    let sub = sub(
        &reg,
        &main,
        "member",
        &[r#"{"version":"2.0","statement":{"effect":"allow","action":"sts:*","resource":"*"}}"#],
    )
    .await;
    let trust = format!(
        r#"{{"version":"2.0","statement":{{"effect":"allow","action":"name/sts:AssumeRole","principal":{{"qcs":"qcs::cam::uin/{0}:root"}}}}}}"#,
        main.uin
    );
    let role = owner.role(&reg, "deployer", &trust, &[PULL]).await;
    let arn = format!("qcs::cam::uin/{}:roleName/deployer", main.uin);
    let assume = async || {
        let parameters = json!({"RoleArn": arn, "RoleSessionName": "ci"});
        let made = sub.cloud.call("sts", "AssumeRole", parameters).await.ok();
        let part = |name: &str| made["Credentials"][name].as_str().unwrap().to_owned();
        reg.cloud().with_token(&part("TmpSecretId"), &part("TmpSecretKey"), &part("Token"))
    };
    let who = async |cloud: &roadstead_tests::Cloud| cloud.call("sts", "GetCallerIdentity", json!({})).await.code();
    let ends = async |cloud: &roadstead_tests::Cloud, what: &str| {
        eventually(what, async || (who(cloud).await == "AuthFailure.TokenFailure").then_some(())).await;
    };
    let session = assume().await;
    assert_eq!(who(&session).await, "");
    reg.meta().update_trust(&reg.act(), owner.id, role, &trust, &trust).await.unwrap();
    ends(&session, "the trust of the role changes").await;

    let session = assume().await;
    assert_eq!(who(&session).await, "");
    reg.set_password(sub.id, "another password").await;
    ends(&session, "the password of the taker changes").await;

    let session = assume().await;
    assert_eq!(who(&session).await, "");
    reg.meta().delete_role(&reg.act(), owner.id, role).await.unwrap();
    ends(&session, "the role is deleted").await;
}

#[tokio::test]
async fn temporary_credentials_end_with_the_access_key_that_made_them() {
    let reg = TestRegistry::builder().settings(|s| s.cloud_api.requests_per_second = 0).start().await;
    let main = reg.account("foo").await;
    main.basic.push_image("foo/app", "v1", &Image::small(1)).await;
    let sub = sub(&reg, &main, "member", &[ALL]).await;
    let made = Instance::of(sub.cloud.clone(), "demo").await;
    made.namespace("foo", false).await;
    main.basic.at(&made.host).push_image("foo/app", "v1", &Image::small(2)).await;
    let second = main.cloud.call("cam", "CreateAccessKey", json!({"TargetUin": sub.uin})).await.ok();
    let part = |name: &str| second["AccessKey"][name].as_str().unwrap().to_owned();
    let second = sub.cloud.with_key(&part("AccessKeyId"), &part("SecretAccessKey"));

    // Make temporary credentials with each of the two keys.
    let federation = async |cloud: &Cloud| {
        let token = cloud.call("sts", "GetFederationToken", json!({"Name": "ci", "Policy": ALL})).await.ok();
        let part = |name: &str| token["Credentials"][name].as_str().unwrap().to_owned();
        cloud.with_token(&part("TmpSecretId"), &part("TmpSecretKey"), &part("Token"))
    };
    let personal = async |cloud: &Cloud, action: &str| {
        let made = cloud.call("tcr", action, json!({})).await.ok();
        reg.basic(&sub.uin, made["Data"]["ApplicationToken"].as_str().unwrap())
    };
    let of_instance = async |cloud: &Cloud, kind: &str| {
        let parameters = json!({"RegistryId": made.id, "TokenType": kind, "Desc": ""});
        let token = cloud.call("tcr", "CreateInstanceToken", parameters).await.ok();
        reg.basic(&sub.uin, token["Token"].as_str().unwrap()).at(&made.host)
    };
    let all = async |cloud: &Cloud| {
        let application = personal(cloud, "DescribeApplicationTokenPersonal").await;
        let instance = of_instance(cloud, "temp").await;
        let scope = ["repository:foo/app:pull"];
        let clients = vec![
            application.bearer(&scope).await,
            instance.bearer(&scope).await,
            personal(cloud, "DescribeUserPersonal").await,
            application,
            instance,
        ];
        (federation(cloud).await, clients)
    };
    let (ending, lasting) = (all(&sub.cloud).await, all(&second).await);
    let long = of_instance(&sub.cloud, "longterm").await;
    let who = async |cloud: &Cloud| cloud.call("sts", "GetCallerIdentity", json!({})).await.code();
    let expect = async |(session, clients): &(Cloud, Vec<Client>), code: &str, status: u16, what: &str| {
        eventually(what, async || (who(session).await == code).then_some(())).await;
        for client in clients {
            becomes(client, status, what).await;
        }
    };
    let (good, void) = (("", 200), ("AuthFailure.TokenFailure", 401));
    let (id, uin) = (sub.cloud.secret_id(), &sub.uin);
    let update = async |status: &str| {
        let parameters = json!({"AccessKeyId": id, "Status": status, "TargetUin": uin});
        main.cloud.call("cam", "UpdateAccessKey", parameters).await.ok();
    };
    expect(&ending, good.0, good.1, "the key is active").await;
    update("Inactive").await;
    expect(&ending, void.0, void.1, "the key is disabled").await;
    expect(&lasting, good.0, good.1, "the other key is active").await;
    update("Active").await;
    expect(&ending, good.0, good.1, "the key is active again").await;
    update("Inactive").await;
    main.cloud.call("cam", "DeleteAccessKey", json!({"AccessKeyId": id, "TargetUin": uin})).await.ok();
    expect(&ending, void.0, void.1, "the key is deleted").await;
    expect(&lasting, good.0, good.1, "the other key still exists").await;
    // A long-term token has its own row, and is disabled or deleted there.
    becomes(&long, 200, "long-term tokens stay").await;
}
