//! Sub-accounts.

use std::collections::BTreeSet;

use roadstead_tests::{Client, Credentials, TestRegistry};
use serde_json::{Value, json};

use super::directory::{cam, document, grant, group, policy, registry, sub, texts};

#[tokio::test]
async fn a_user_is_made_found_changed_and_deleted() {
    let reg = registry().await;
    let root = reg.cloud();
    let all = json!({
        "Name": "jane.doe@example.org", "Remark": "builds", "ConsoleLogin": 0, "UseApi": "0", "PhoneNum": "1234567890",
        "CountryCode": "86", "Email": "jane@example.org", "NeedResetPassword": 0,
    });
    let made = cam(&root, "AddUser", all).await.ok();
    let members: BTreeSet<&str> = made.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["Name", "Uid", "Uin"]), "the answer has no secrets unless requested");
    assert_eq!(made["Uin"].to_string().len(), 12);
    let found = cam(&root, "GetUser", json!({ "Name": "jane.doe@example.org" })).await.ok();
    let expected = json!({
        "Uin": made["Uin"], "Name": "jane.doe@example.org", "Uid": made["Uid"], "Remark": "builds", "ConsoleLogin": 0,
        "PhoneNum": "1234567890", "CountryCode": "86", "Email": "jane@example.org", "RecentlyLoginIP": "",
        "RecentlyLoginTime": "",
    });
    assert_eq!(found, expected);
    let change = json!({ "Name": "jane.doe@example.org", "Remark": "", "ConsoleLogin": 1 });
    cam(&root, "UpdateUser", change).await.ok();
    let changed = cam(&root, "GetUser", json!({ "Name": "jane.doe@example.org" })).await.ok();
    assert_eq!((&changed["Remark"], &changed["ConsoleLogin"]), (&json!(""), &json!(1)));
    assert_eq!(changed["Email"], "jane@example.org", "absent parameters stay unchanged");
    sub(&root, "other").await;
    let listed = cam(&root, "ListUsers", json!({})).await.ok();
    assert_eq!(texts(&listed["Data"], "Name"), ["jane.doe@example.org", "other"]);
    let first = &listed["Data"][0];
    assert_eq!((&first["Uin"], &first["NickName"]), (&made["Uin"], &json!("jane.doe@example.org")));
    assert_eq!(first["CreateTime"].as_str().unwrap().len(), "2026-11-21 00:00:00".len());
    cam(&root, "DeleteUser", json!({ "Name": "jane.doe@example.org" })).await.ok();
    for action in ["GetUser", "UpdateUser", "DeleteUser"] {
        let reply = cam(&root, action, json!({ "Name": "jane.doe@example.org" })).await;
        reply.expect("ResourceNotFound.UserNotExist");
    }
}

#[tokio::test]
async fn the_last_sign_in_is_written_down() {
    let reg = registry().await;
    let root = reg.cloud();
    let made =
        cam(&root, "AddUser", json!({ "Name": "robot", "Password": "correct horse", "ConsoleLogin": 1 })).await.ok();
    let credentials = |password: &str| Credentials::Basic(made["Uin"].to_string(), password.into());
    let user = async || cam(&root, "GetUser", json!({ "Name": "robot" })).await.ok();
    Client::new(&reg.url(), credentials("wrong horse")).get("/v2/").await.expect(401);
    assert_eq!(user().await["RecentlyLoginTime"], "", "nobody has signed in");
    Client::new(&reg.url(), credentials("correct horse")).get("/v2/").await.expect(200);
    let found = user().await;
    assert_eq!(found["RecentlyLoginIP"], "127.0.0.1");
    assert_eq!(found["RecentlyLoginTime"].as_str().unwrap().len(), "2026-11-21 00:00:00".len());
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let reg = registry().await;
    let root = reg.cloud();
    sub(&root, "taken").await;
    let add = async |parameters: Value| cam(&root, "AddUser", parameters).await;
    add(json!({ "Name": "taken" })).await.expect("InvalidParameter.SubUserNameInUse");
    for name in ["", "two words", "-a", "ä", "tcr$robot", &"x".repeat(65)] {
        add(json!({ "Name": name })).await.expect("InvalidParameter.UserNameIllegal");
    }
    for password in ["short", "seven77", &"x".repeat(300)] {
        let reply = add(json!({ "Name": "fresh", "Password": password })).await;
        assert!(!reply.answer.text().contains(password), "no password in an answer");
        reply.expect("InvalidParameter.PasswordViolatedRules");
    }
    let wrong = [
        json!({ "Name": "fresh", "ConsoleLogin": 2 }),
        json!({ "Name": "fresh", "UseApi": 7 }),
        json!({ "Name": "fresh", "NeedResetPassword": 3 }),
        json!({ "Name": "fresh", "Email": "a\u{0}b" }),
        json!({ "Name": "fresh", "Remark": "x".repeat(600) }),
    ];
    for parameters in wrong {
        add(parameters).await.expect("InvalidParameter.ParamError");
    }
    add(json!({})).await.expect("MissingParameter");
    add(json!({ "Name": "fresh", "Nickname": "x" })).await.expect("UnknownParameter");
    let update = async |parameters: Value| cam(&root, "UpdateUser", parameters).await;
    update(json!({ "Name": "taken", "Password": "short" })).await.expect("InvalidParameter.PasswordViolatedRules");
    update(json!({ "Name": "taken", "ConsoleLogin": 9 })).await.expect("InvalidParameter.ParamError");
    assert_eq!(texts(&cam(&root, "ListUsers", json!({})).await.ok()["Data"], "Name"), ["taken"]);
}

#[tokio::test]
async fn a_password_signs_in_to_the_registry() {
    let reg = registry().await;
    let root = reg.cloud();
    let made = cam(&root, "AddUser", json!({ "Name": "jane", "ConsoleLogin": 1 })).await.ok();
    let (uin, password) = (made["Uin"].to_string(), made["Password"].as_str().unwrap().to_owned());
    assert!(password.len() >= 24, "a random password is long");
    assert_eq!(reg.basic(&uin, &password).get("/v2/").await.status, 200);
    let change = json!({ "Name": "jane", "Password": "another password" });
    let reply = cam(&root, "UpdateUser", change).await;
    assert!(!reply.answer.text().contains("another"));
    reply.ok();
    assert_eq!(reg.basic(&uin, &password).get("/v2/").await.status, 401);
    assert_eq!(reg.basic(&uin, "another password").get("/v2/").await.status, 200);
    let chosen = json!({ "Name": "joe", "ConsoleLogin": 1, "Password": "chosen password" });
    let made = cam(&root, "AddUser", chosen).await.ok();
    assert_eq!(made.get("Password"), None, "the caller chose the password");
    let joe = reg.basic(&made["Uin"].to_string(), "chosen password");
    assert_eq!(joe.get("/v2/").await.status, 200);
    cam(&root, "DeleteUser", json!({ "Name": "joe" })).await.ok();
    assert_eq!(joe.get("/v2/").await.status, 401);
}

#[tokio::test]
async fn a_deleted_user_leaves_nothing_behind() {
    let reg = registry().await;
    let root = reg.cloud();
    let jane = sub(&root, "jane").await;
    let (team, rule) = (group(&root, "team").await, policy(&root, "rule", &document("allow", "*", "*")).await);
    cam(&root, "AddUserToGroup", json!({ "Info": [{ "GroupId": team, "Uin": jane.uin }] })).await.ok();
    cam(&root, "AttachUserPolicy", json!({ "PolicyId": rule, "AttachUin": jane.uin })).await.ok();
    assert_eq!(cam(&jane.cloud, "GetUserAppId", json!({})).await.ok()["OwnerUin"], reg.owner_name());
    cam(&root, "DeleteUser", json!({ "Name": "jane" })).await.expect("OperationDenied.HaveKeys");
    cam(&root, "DeleteUser", json!({ "Name": "jane", "Force": 0 })).await.expect("OperationDenied.HaveKeys");
    cam(&root, "DeleteUser", json!({ "Name": "jane", "Force": 2 })).await.expect("InvalidParameter.ParamError");
    cam(&root, "DeleteUser", json!({ "Name": "jane", "Force": 1 })).await.ok();
    cam(&jane.cloud, "GetUserAppId", json!({})).await.expect("AuthFailure.SecretIdNotFound");
    assert_eq!(cam(&root, "ListUsersForGroup", json!({ "GroupId": team })).await.ok()["TotalNum"], 0);
    assert_eq!(cam(&root, "ListEntitiesForPolicy", json!({ "PolicyId": rule })).await.ok()["TotalNum"], 0);
    let again = sub(&root, "jane").await;
    assert_ne!((again.uin, again.uid), (jane.uin, jane.uid), "an id is never used again");
    cam(&again.cloud, "ListUsers", json!({})).await.expect("AuthFailure.UnauthorizedOperation");
}

#[tokio::test]
async fn what_a_user_has_begun_to_push_does_not_keep_the_user() {
    // The job that deletes expired uploads must not get to them first.
    let builder = TestRegistry::builder().settings(|settings| settings.maintenance.upload_purging = false);
    let reg = builder.start().await;
    let root = reg.cloud();
    let jane = sub(&root, "jane").await;
    grant(&root, &jane, "ccr:*", "qcs::ccr:::repo/library/*").await;
    let docker = reg.basic(&jane.uin.to_string(), "password of jane");
    let begun = docker.start_upload("library/app").await;
    docker.patch(&begun, "half of").await.expect(202);
    let elsewhere = roadstead_tests::digest(b"what is not there");
    docker.post(&format!("/v2/library/app/blobs/uploads/?mount={elsewhere}&from=library/other")).await.expect(202);
    let of_others = reg.owner().start_upload("library/app").await;
    cam(&root, "DeleteUser", json!({ "Name": "jane", "Force": 1 })).await.ok();
    docker.get("/v2/").await.expect(401);
    cam(&jane.cloud, "GetUserAppId", json!({})).await.expect("AuthFailure.SecretIdNotFound");
    reg.owner().get(&of_others).await.expect(204);
    reg.owner().get(&begun).await.expect(404);
    let over = reg.meta().expired_uploads(reg.now(), 10).await.unwrap();
    assert_eq!(over.len(), 2, "the uploads are due for deletion");
}

#[tokio::test]
async fn users_of_others_do_not_exist() {
    let reg = registry().await;
    let (root, other) = (reg.cloud(), reg.account("other").await);
    let jane = sub(&root, "jane").await;
    for action in ["GetUser", "UpdateUser", "DeleteUser"] {
        cam(&other.cloud, action, json!({ "Name": "jane" })).await.expect("ResourceNotFound.UserNotExist");
    }
    assert_eq!(cam(&other.cloud, "ListUsers", json!({})).await.ok()["Data"], json!([]));
    let twin = sub(&other.cloud, "jane").await;
    assert_ne!(twin.uin, jane.uin);
    cam(&root, "GetUser", json!({ "Name": reg.owner_name() })).await.expect("ResourceNotFound.UserNotExist");
}

#[tokio::test]
async fn secrets_are_shown_once_and_never_logged() {
    let reg = registry().await;
    let root = reg.cloud();
    let made = cam(&root, "AddUser", json!({ "Name": "jane", "UseApi": 1, "ConsoleLogin": 1 })).await.ok();
    let secrets = [made["SecretKey"].as_str().unwrap(), made["Password"].as_str().unwrap()];
    let uin = &made["Uin"];
    for (action, parameters) in [
        ("GetUser", json!({ "Name": "jane" })),
        ("ListUsers", json!({})),
        ("ListAccessKeys", json!({ "TargetUin": uin })),
        ("GetSecurityLastUsed", json!({ "SecretIdList": [made["SecretId"]] })),
    ] {
        let text = cam(&root, action, parameters).await.answer.text();
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{action}: {text}");
    }
}

#[tokio::test]
async fn two_with_one_name_are_made_at_once() {
    let reg = registry().await;
    let root = reg.cloud();
    let add = || cam(&root, "AddUser", json!({ "Name": "jane" }));
    let replies = futures::future::join_all([add(), add(), add(), add()]).await;
    let codes: Vec<String> = replies.iter().map(|reply| reply.code()).collect();
    assert_eq!(codes.iter().filter(|code| code.is_empty()).count(), 1, "{codes:?}");
    assert!(codes.iter().all(|code| code.is_empty() || code == "InvalidParameter.SubUserNameInUse"), "{codes:?}");
}
