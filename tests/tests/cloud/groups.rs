//! Groups and their members.

use futures::future::join_all;
use serde_json::{Value, json};

use super::directory::{cam, document, group, numbers, policy, registry, sub, texts};

#[tokio::test]
async fn a_group_is_made_found_changed_and_deleted() {
    let reg = registry().await;
    let root = reg.cloud();
    let id = group(&root, "team").await;
    let found = cam(&root, "GetGroup", json!({ "GroupId": id.to_string() })).await.ok();
    assert_eq!((&found["GroupName"], &found["GroupNum"], &found["UserInfo"]), (&json!("team"), &json!(0), &json!([])));
    cam(&root, "UpdateGroup", json!({ "GroupId": id, "GroupName": "crew", "Remark": "r" })).await.ok();
    cam(&root, "UpdateGroup", json!({ "GroupId": id, "Remark": "remark" })).await.ok();
    let found = cam(&root, "GetGroup", json!({ "GroupId": id })).await.ok();
    assert_eq!((&found["GroupName"], &found["Remark"]), (&json!("crew"), &json!("remark")));
    cam(&root, "CreateGroup", json!({ "GroupName": "crew" })).await.expect("InvalidParameter.GroupNameInUse");
    let second = group(&root, "second").await;
    let taken = json!({ "GroupId": second, "GroupName": "crew" });
    cam(&root, "UpdateGroup", taken).await.expect("InvalidParameter.GroupNameInUse");
    for name in ["", " ", "a\nb", &"x".repeat(65)] {
        cam(&root, "CreateGroup", json!({ "GroupName": name })).await.expect("InvalidParameter.ParamError");
    }
    cam(&root, "DeleteGroup", json!({ "GroupId": id })).await.ok();
    unknown(&root, id).await;
    unknown(&root, 0).await;
    unknown(&root, u64::MAX).await;
    assert_ne!(group(&root, "crew").await, id);
}

/// Checks that every action on this group answers that it does not exist.
async fn unknown(caller: &roadstead_tests::Cloud, id: u64) {
    let of = |name: &str| json!({ name: id });
    for (action, parameters) in [
        ("GetGroup", of("GroupId")),
        ("UpdateGroup", of("GroupId")),
        ("DeleteGroup", of("GroupId")),
        ("ListUsersForGroup", of("GroupId")),
        ("ListAttachedGroupPolicies", of("TargetGroupId")),
        ("AttachGroupPolicy", json!({ "PolicyId": 1, "AttachGroupId": id })),
        ("DetachGroupPolicy", json!({ "PolicyId": 1, "DetachGroupId": id })),
    ] {
        cam(caller, action, parameters).await.expect("ResourceNotFound.GroupNotExist");
    }
}

#[tokio::test]
async fn groups_of_others_do_not_exist() {
    let reg = registry().await;
    let (root, other) = (reg.cloud(), reg.account("other").await);
    let foreign = group(&other.cloud, "team").await;
    unknown(&root, foreign).await;
    let jane = sub(&root, "jane").await;
    let info = |group: u64, user: Value| json!({ "Info": [{ "GroupId": group, "Uin": user }] });
    let add = async |parameters: Value| cam(&root, "AddUserToGroup", parameters).await;
    add(info(foreign, json!(jane.uin))).await.expect("InvalidParameter.GroupNotExist");
    add(info(7, json!(jane.uin))).await.expect("InvalidParameter.GroupNotExist");
    let own = group(&root, "own").await;
    let stranger = sub(&other.cloud, "stranger").await;
    for user in [json!(stranger.uin), json!(1), json!(reg.owner_name())] {
        add(info(own, user.clone())).await.expect("ResourceNotFound.UserNotExist");
        let remove = cam(&root, "RemoveUserFromGroup", info(own, user)).await;
        remove.expect("ResourceNotFound.UserNotExist");
    }
    let remove = cam(&root, "RemoveUserFromGroup", info(foreign, json!(jane.uin))).await;
    remove.expect("ResourceNotFound.GroupNotExist");
    assert_eq!(cam(&root, "ListGroups", json!({})).await.ok()["TotalNum"], 1);
}

#[tokio::test]
async fn users_come_and_go() {
    let reg = registry().await;
    let root = reg.cloud();
    let (team, ops) = (group(&root, "team").await, group(&root, "ops").await);
    let (jane, joe) = (sub(&root, "jane").await, sub(&root, "joe").await);
    let both = json!({ "Info": [
        { "GroupId": team, "Uid": jane.uid }, { "GroupId": team, "Uin": joe.uin }, { "GroupId": ops, "Uin": joe.uin },
    ] });
    cam(&root, "AddUserToGroup", both.clone()).await.ok();
    cam(&root, "AddUserToGroup", both).await.ok();
    let listed = cam(&root, "ListUsersForGroup", json!({ "GroupId": team })).await.ok();
    assert_eq!(numbers(&listed["UserInfo"], "Uin"), [jane.uin, joe.uin]);
    let second = cam(&root, "ListUsersForGroup", json!({ "GroupId": team, "Page": 2, "Rp": 1 })).await.ok();
    assert_eq!((numbers(&second["UserInfo"], "Uid"), &second["TotalNum"]), (vec![joe.uid], &json!(2)));
    let found = cam(&root, "GetGroup", json!({ "GroupId": team })).await.ok();
    assert_eq!((&found["GroupNum"], texts(&found["UserInfo"], "Name")), (&json!(2), vec!["jane".into(), "joe".into()]));
    for parameters in [json!({ "SubUin": joe.uin }), json!({ "Uid": joe.uid })] {
        let groups = cam(&root, "ListGroupsForUser", parameters).await.ok();
        assert_eq!(
            (texts(&groups["GroupInfo"], "GroupName"), &groups["TotalNum"]),
            (vec!["team".into(), "ops".into()], &json!(2))
        );
    }
    cam(&root, "ListGroupsForUser", json!({})).await.expect("InvalidParameter.UserUinAndUinNotAllNull");
    cam(&root, "ListGroupsForUser", json!({ "Uid": 5 })).await.expect("ResourceNotFound.UserNotExist");
    let none = json!({ "Info": [{ "GroupId": team }] });
    for action in ["AddUserToGroup", "RemoveUserFromGroup"] {
        cam(&root, action, none.clone()).await.expect("InvalidParameter.UserUinAndUinNotAllNull");
        cam(&root, action, json!({ "Info": [] })).await.expect("InvalidParameter.ParamError");
    }
    let gone = json!({ "Info": [{ "GroupId": team, "Uin": joe.uin }] });
    cam(&root, "RemoveUserFromGroup", gone.clone()).await.ok();
    cam(&root, "RemoveUserFromGroup", gone).await.ok();
    let groups = cam(&root, "ListGroupsForUser", json!({ "SubUin": joe.uin })).await.ok();
    assert_eq!(texts(&groups["GroupInfo"], "GroupName"), ["ops"]);
}

#[tokio::test]
async fn groups_are_listed_in_pages() {
    let reg = registry().await;
    let root = reg.cloud();
    for number in 0..25 {
        group(&root, &format!("Group-{number:02}")).await;
    }
    let page = async |parameters: Value| cam(&root, "ListGroups", parameters).await;
    let first = page(json!({})).await.ok();
    assert_eq!((&first["TotalNum"], first["GroupInfo"].as_array().unwrap().len()), (&json!(25), 20));
    let mut names = Vec::new();
    for number in 1..=4 {
        names.extend(texts(&page(json!({ "Page": number, "Rp": 7 })).await.ok()["GroupInfo"], "GroupName"));
    }
    let expected: Vec<String> = (0..25).map(|number| format!("Group-{number:02}")).collect();
    assert_eq!(names, expected);
    let some = page(json!({ "Keyword": "group-1" })).await.ok();
    assert_eq!(some["TotalNum"], 10);
    assert_eq!(page(json!({ "Page": 99, "Rp": 200 })).await.ok()["GroupInfo"], json!([]));
    for wrong in [json!({ "Page": 0 }), json!({ "Rp": 0 }), json!({ "Rp": 201 }), json!({ "Page": -1 })] {
        page(wrong).await.expect("InvalidParameterValue");
    }
}

#[tokio::test]
async fn a_user_is_in_ten_groups_at_most() {
    let reg = registry().await;
    let root = reg.cloud();
    let jane = sub(&root, "jane").await;
    let mut groups = Vec::new();
    for number in 0..12 {
        groups.push(group(&root, &format!("group-{number}")).await);
    }
    let add = |id: u64| cam(&root, "AddUserToGroup", json!({ "Info": [{ "GroupId": id, "Uin": jane.uin }] }));
    let replies = join_all(groups.iter().map(|&id| add(id))).await;
    let codes: Vec<String> = replies.iter().map(|reply| reply.code()).collect();
    assert_eq!(codes.iter().filter(|code| code.is_empty()).count(), 10, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| *code == "InvalidParameter.UserGroupFull").count(), 2, "{codes:?}");
}

#[tokio::test]
async fn rights_of_a_group_are_those_of_its_users() {
    let reg = registry().await;
    let root = reg.cloud();
    let (team, jane) = (group(&root, "team").await, sub(&root, "jane").await);
    let rule = policy(&root, "rule", &document("allow", "cam:ListUsers", "*")).await;
    cam(&root, "AttachGroupPolicy", json!({ "PolicyId": rule, "AttachGroupId": team })).await.ok();
    let may = async || cam(&jane.cloud, "ListUsers", json!({})).await.code().is_empty();
    assert!(!may().await);
    let info = json!({ "Info": [{ "GroupId": team, "Uin": jane.uin }] });
    cam(&root, "AddUserToGroup", info.clone()).await.ok();
    assert!(may().await);
    cam(&root, "RemoveUserFromGroup", info.clone()).await.ok();
    assert!(!may().await);
    cam(&root, "AddUserToGroup", info).await.ok();
    assert!(may().await);
    cam(&root, "DetachGroupPolicy", json!({ "PolicyId": rule, "DetachGroupId": team })).await.ok();
    assert!(!may().await);
    cam(&root, "AttachGroupPolicy", json!({ "PolicyId": rule, "AttachGroupId": team })).await.ok();
    cam(&root, "DeleteGroup", json!({ "GroupId": team })).await.ok();
    assert!(!may().await);
}
