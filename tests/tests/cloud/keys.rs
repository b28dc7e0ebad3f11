//! Access keys.

use futures::future::join_all;
use roadstead_types::Clock as _;
use serde_json::{Value, json};

use super::directory::{cam, grant, registry, sub, texts};

#[tokio::test]
async fn a_key_is_made_used_switched_and_deleted() {
    let reg = registry().await;
    let root = reg.cloud();
    let jane = sub(&root, "jane").await;
    let parameters = json!({ "TargetUin": jane.uin.to_string(), "Description": "CI=a+b,c.d@e:f/g-h" });
    let made = cam(&root, "CreateAccessKey", parameters).await.ok()["AccessKey"].clone();
    assert_eq!((&made["Status"], &made["Description"]), (&json!("Active"), &json!("CI=a+b,c.d@e:f/g-h")));
    let (id, secret) = (made["AccessKeyId"].as_str().unwrap(), made["SecretAccessKey"].as_str().unwrap());
    assert_eq!((id.len(), secret.len()), (36, 32));
    let second = root.with_key(id, secret);
    assert_eq!(cam(&second, "GetUserAppId", json!({})).await.ok()["Uin"], jane.uin.to_string());
    let listed = cam(&root, "ListAccessKeys", json!({ "TargetUin": jane.uin })).await.ok();
    assert_eq!(listed["AccessKeys"].as_array().unwrap().len(), 2);
    assert!(listed["AccessKeys"].as_array().unwrap().iter().all(|key| key.as_object().unwrap().len() == 4));
    let switch = async |status: &str| {
        let parameters = json!({ "AccessKeyId": id, "Status": status, "TargetUin": jane.uin });
        cam(&root, "UpdateAccessKey", parameters).await
    };
    switch("Inactive").await.ok();
    cam(&second, "GetUserAppId", json!({})).await.expect("AuthFailure.SecretIdNotFound");
    switch("Inactive").await.ok();
    switch("Active").await.ok();
    cam(&second, "GetUserAppId", json!({})).await.ok();
    switch("active").await.expect("InvalidParameter.ParamError");
    cam(&root, "DeleteAccessKey", json!({ "AccessKeyId": id, "TargetUin": jane.uin })).await.ok();
    cam(&second, "GetUserAppId", json!({})).await.expect("AuthFailure.SecretIdNotFound");
    switch("Active").await.expect("ResourceNotFound.SecretNotExist");
    let again = json!({ "AccessKeyId": id, "TargetUin": jane.uin });
    cam(&root, "DeleteAccessKey", again).await.expect("ResourceNotFound.SecretNotExist");
    cam(&jane.cloud, "GetUserAppId", json!({})).await.ok();
}

#[tokio::test]
async fn an_account_has_two_keys_at_most() {
    let reg = registry().await;
    let root = reg.cloud();
    let made = cam(&root, "AddUser", json!({ "Name": "jane" })).await.ok();
    let create = || cam(&root, "CreateAccessKey", json!({ "TargetUin": made["Uin"] }));
    let replies = join_all((0..6).map(|_| create())).await;
    let codes: Vec<String> = replies.iter().map(|reply| reply.code()).collect();
    assert_eq!(codes.iter().filter(|code| code.is_empty()).count(), 2, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| *code == "OperationDenied.AccessKeyOverLimit").count(), 4, "{codes:?}");
    let listed = cam(&root, "ListAccessKeys", json!({ "TargetUin": made["Uin"] })).await.ok();
    assert_eq!(listed["AccessKeys"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_caller_is_meant_when_nobody_is_named() {
    let reg = registry().await;
    let root = reg.cloud();
    let own = cam(&root, "ListAccessKeys", json!({})).await.ok();
    assert_eq!(texts(&own["AccessKeys"], "AccessKeyId"), [root.secret_id()]);
    let made = cam(&root, "CreateAccessKey", json!({})).await.ok()["AccessKey"].clone();
    let second = root.with_key(made["AccessKeyId"].as_str().unwrap(), made["SecretAccessKey"].as_str().unwrap());
    cam(&second, "DeleteAccessKey", json!({ "AccessKeyId": root.secret_id() })).await.ok();
    cam(&root, "GetUserAppId", json!({})).await.expect("AuthFailure.SecretIdNotFound");
    let jane = sub(&second, "jane").await;
    cam(&jane.cloud, "ListAccessKeys", json!({})).await.expect("AuthFailure.UnauthorizedOperation");
    grant(&second, &jane, "cam:*AccessKey*", &format!("qcs::cam::uin/{}:uin/{}", reg.owner_name(), jane.uin)).await;
    let own = cam(&jane.cloud, "ListAccessKeys", json!({})).await.ok();
    assert_eq!(texts(&own["AccessKeys"], "AccessKeyId"), [jane.cloud.secret_id()]);
    cam(&jane.cloud, "CreateAccessKey", json!({})).await.ok();
}

#[tokio::test]
async fn keys_of_the_main_account_are_its_own_affair() {
    let reg = registry().await;
    let root = reg.cloud();
    let admin = sub(&root, "admin").await;
    cam(&root, "AttachUserPolicy", json!({ "PolicyId": 1, "AttachUin": admin.uin })).await.ok();
    let owner: Value = json!(reg.owner_name());
    let id = root.secret_id();
    for (action, parameters) in [
        ("CreateAccessKey", json!({ "TargetUin": owner })),
        ("ListAccessKeys", json!({ "TargetUin": owner })),
        ("UpdateAccessKey", json!({ "TargetUin": owner, "AccessKeyId": id, "Status": "Inactive" })),
        ("DeleteAccessKey", json!({ "TargetUin": owner, "AccessKeyId": id })),
    ] {
        cam(&admin.cloud, action, parameters).await.expect("OperationDenied.SubUin");
    }
    let jane = sub(&root, "jane").await;
    cam(&admin.cloud, "CreateAccessKey", json!({ "TargetUin": jane.uin })).await.ok();
    cam(&root, "GetUserAppId", json!({})).await.ok();
}

#[tokio::test]
async fn keys_are_those_of_their_account() {
    let reg = registry().await;
    let (root, other) = (reg.cloud(), reg.account("other").await);
    let (jane, joe) = (sub(&root, "jane").await, sub(&root, "joe").await);
    let foreign = sub(&other.cloud, "foreign").await;
    let delete =
        async |uin: u64, id: &str| cam(&root, "DeleteAccessKey", json!({ "TargetUin": uin, "AccessKeyId": id })).await;
    delete(joe.uin, jane.cloud.secret_id()).await.expect("OperationDenied.UinNotMatch");
    delete(joe.uin, foreign.cloud.secret_id()).await.expect("ResourceNotFound.SecretNotExist");
    delete(joe.uin, "nonsense").await.expect("ResourceNotFound.SecretNotExist");
    for uin in [foreign.uin, 999_999_999_999, 7] {
        delete(uin, foreign.cloud.secret_id()).await.expect("InvalidParameter.UserNotExist");
        cam(&root, "CreateAccessKey", json!({ "TargetUin": uin })).await.expect("InvalidParameter.UserNotExist");
        cam(&root, "ListAccessKeys", json!({ "TargetUin": uin })).await.expect("InvalidParameter.UserNotExist");
    }
    let wrong = json!({ "TargetUin": jane.uin, "Description": "two words" });
    cam(&root, "CreateAccessKey", wrong).await.expect("InvalidParameter.ParamError");
    for one in [&jane, &joe, &foreign] {
        cam(&one.cloud, "GetUserAppId", json!({})).await.ok();
    }
}

#[tokio::test]
async fn the_last_use_of_a_key_is_known() {
    let reg = registry().await;
    let (root, other) = (reg.cloud(), reg.account("other").await);
    let (jane, foreign) = (sub(&root, "jane").await, sub(&other.cloud, "foreign").await);
    let used = reg.clock().now();
    reg.meta().record_key_uses(&[(jane.cloud.secret_id().parse().unwrap(), used)]).await.unwrap();
    let ids = json!([jane.cloud.secret_id(), foreign.cloud.secret_id(), "nonsense"]);
    let rows = cam(&root, "GetSecurityLastUsed", json!({ "SecretIdList": ids })).await.ok();
    let rows = rows["SecretIdLastUsedRows"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 1, "keys of other accounts are left out");
    assert_eq!(rows[0]["SecretId"], jane.cloud.secret_id());
    assert_eq!(rows[0]["LastSecretUsedDate"], used.as_secs());
    assert_eq!(rows[0]["LastUsedDate"].as_str().unwrap().len(), "2026-11-21".len());
    let many: Vec<String> = (0..11).map(|number| format!("AKID{number:032}")).collect();
    for list in [json!([]), json!(many)] {
        cam(&root, "GetSecurityLastUsed", json!({ "SecretIdList": list })).await.expect("InvalidParameter");
    }
}
