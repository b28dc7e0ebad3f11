//! Policies, and their attachments.

use futures::join;
use serde_json::{Value, json};

use super::directory::{cam, document, group, numbers, policy, registry, role, sub, texts};

#[tokio::test]
async fn a_policy_is_made_found_changed_and_deleted() {
    let reg = registry().await;
    let root = reg.cloud();
    let written = " { \"version\": \"2.0\", \"statement\": { \"effect\": \"allow\", \"action\": \"ccr:pull\", \"resource\": \"qcs::ccr::repo/team/*\" } } ";
    let parameters = json!({
        "PolicyName": "Pull+=,.@_-1", "PolicyDocument": written, "Description": "what it is for",
        "Tags": [{ "Key": "env", "Value": "prod" }],
    });
    let id = cam(&root, "CreatePolicy", parameters).await.ok()["PolicyId"].as_u64().unwrap();
    assert!(id > 200_000_000);
    let found = cam(&root, "GetPolicy", json!({ "PolicyId": id })).await.ok();
    assert_eq!((&found["PolicyName"], &found["Type"]), (&json!("Pull+=,.@_-1"), &json!(1)));
    assert_eq!(found["PolicyDocument"], written, "the document is returned unchanged");
    assert_eq!(found["Tags"], json!([{ "Key": "env", "Value": "prod" }]));
    let change = json!({ "PolicyId": id, "PolicyDocument": document("deny", "ccr:push", "*") });
    assert_eq!(cam(&root, "UpdatePolicy", change).await.ok(), json!({}));
    let change = json!({ "PolicyName": "Pull+=,.@_-1", "Description": "" });
    assert_eq!(cam(&root, "UpdatePolicy", change).await.ok(), json!({ "PolicyId": id }));
    let found = cam(&root, "GetPolicy", json!({ "PolicyId": id })).await.ok();
    assert_eq!(
        (&found["Description"], &found["PolicyDocument"]),
        (&json!(""), &json!(document("deny", "ccr:push", "*")))
    );
    let second = policy(&root, "second", &document("allow", "*", "*")).await;
    cam(&root, "DeletePolicy", json!({ "PolicyId": [id, second, id] })).await.ok();
    unknown(&root, id).await;
    unknown(&root, 200_999_999).await;
    unknown(&root, 7).await;
    unknown(&root, u64::MAX).await;
    cam(&root, "UpdatePolicy", json!({ "PolicyName": "second" })).await.expect("InvalidParameter.PolicyIdNotExist");
    assert!(policy(&root, "second", &document("allow", "*", "*")).await > second, "an id is never used again");
}

/// Checks that every action on this policy answers that it does not exist.
async fn unknown(caller: &roadstead_tests::Cloud, id: u64) {
    let jane = cam(caller, "GetUser", json!({ "Name": "jane" })).await;
    let uin = match jane.code().is_empty() {
        true => jane.ok()["Uin"].as_u64().unwrap(),
        false => sub(caller, "jane").await.uin,
    };
    for (action, parameters, code) in [
        ("GetPolicy", json!({ "PolicyId": id }), "ResourceNotFound.PolicyIdNotFound"),
        ("ListEntitiesForPolicy", json!({ "PolicyId": id }), "InvalidParameter.PolicyIdError"),
        ("UpdatePolicy", json!({ "PolicyId": id, "Description": "x" }), "InvalidParameter.PolicyIdNotExist"),
        ("DeletePolicy", json!({ "PolicyId": [id] }), "InvalidParameter.PolicyIdNotExist"),
        ("AttachUserPolicy", json!({ "PolicyId": id, "AttachUin": uin }), "InvalidParameter.PolicyIdNotExist"),
        ("DetachUserPolicy", json!({ "PolicyId": id, "DetachUin": uin }), "InvalidParameter.PolicyIdNotExist"),
        (
            "PutUserPermissionsBoundary",
            json!({ "PolicyId": id, "TargetUin": uin }),
            "InvalidParameter.PolicyIdNotExist",
        ),
    ] {
        cam(caller, action, parameters).await.expect(code);
    }
}

#[tokio::test]
async fn policies_of_others_do_not_exist() {
    let reg = registry().await;
    let (root, other) = (reg.cloud(), reg.account("other").await);
    let foreign = policy(&other.cloud, "theirs", &document("allow", "*", "*")).await;
    unknown(&root, foreign).await;
    let own = policy(&root, "theirs", &document("allow", "*", "*")).await;
    let both = json!({ "PolicyId": [own, foreign] });
    cam(&root, "DeletePolicy", both).await.expect("InvalidParameter.PolicyIdNotExist");
    cam(&root, "GetPolicy", json!({ "PolicyId": own })).await.ok();
    cam(&other.cloud, "GetPolicy", json!({ "PolicyId": foreign })).await.ok();
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let reg = registry().await;
    let root = reg.cloud();
    let good = document("allow", "ccr:pull", "*");
    policy(&root, "taken", &good).await;
    let create = async |name: &str, document: &str, more: Value| {
        let mut parameters = json!({ "PolicyName": name, "PolicyDocument": document });
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        cam(&root, "CreatePolicy", parameters).await
    };
    create("taken", &good, json!({})).await.expect("FailedOperation.PolicyNameInUse");
    create("QcloudCCRFullAccess", &good, json!({})).await.expect("FailedOperation.PolicyNameInUse");
    for name in ["", "two words", "a/b", &"x".repeat(129)] {
        create(name, &good, json!({})).await.expect("InvalidParameter.PolicyNameError");
    }
    for (document, code) in [
        ("{ // comment\n}", "InvalidParameter.PolicyDocumentError"),
        ("{\"version\":\"1.0\",\"statement\":[]}", "InvalidParameter.VersionError"),
        (&document("permit", "ccr:pull", "*"), "InvalidParameter.EffectError"),
        (&document("allow", "ccr:Nonsense", "*"), "InvalidParameter.ActionNotExist"),
        (&document("allow", "ccr:pull", "qcs::ccr::uin/200000000002:repo/*"), "InvalidParameter.ResourceUinError"),
        (&document("allow", "ccr:pull", "qcs::ccr:::repo/${namespace}/x"), "InvalidParameter.ResourceContentError"),
        (&document("allow", "ccr:pull", &"x".repeat(7000)), "InvalidParameter.PolicyDocumentLengthOverLimit"),
    ] {
        create("fresh", document, json!({})).await.expect(code);
        let id = json!({ "PolicyName": "taken", "PolicyDocument": document });
        cam(&root, "UpdatePolicy", id).await.expect(code);
    }
    let long = json!({ "Description": "ä".repeat(151) });
    create("fresh", &good, long).await.expect("InvalidParameter.DescriptionLengthOverlimit");
    let tags: Vec<Value> = (0..51).map(|number| json!({ "Key": number.to_string(), "Value": "" })).collect();
    create("fresh", &good, json!({ "Tags": tags })).await.expect("InvalidParameter.TagLimitExceeded");
    let twice = json!({ "Tags": [{ "Key": "a", "Value": "1" }, { "Key": "a", "Value": "2" }] });
    create("fresh", &good, twice).await.expect("InvalidParameter.TagParamError");
    cam(&root, "UpdatePolicy", json!({ "Description": "x" })).await.expect("InvalidParameter.ParamError");
    cam(&root, "DeletePolicy", json!({ "PolicyId": [] })).await.expect("InvalidParameter.ParamError");
    let filter = json!({ "PolicyId": 1, "EntityFilter": "Nobody" });
    cam(&root, "ListEntitiesForPolicy", filter).await.expect("InvalidParameter.EntityFilterError");
    cam(&root, "ListPolicies", json!({ "Scope": "Mine" })).await.expect("InvalidParameter.ScopeError");
    let keyword = json!({ "Keyword": "x".repeat(200) });
    cam(&root, "ListPolicies", keyword).await.expect("InvalidParameter.SearchKeywordLengthError");
}

#[tokio::test]
async fn preset_policies_are_there_and_stay_as_they_are() {
    let reg = registry().await;
    let root = reg.cloud();
    let preset = cam(&root, "ListPolicies", json!({ "Scope": "QCS" })).await.ok();
    let names = texts(&preset["List"], "PolicyName");
    assert!(names.contains(&"QcloudCCRReadOnlyAccess".to_owned()) && names.len() >= 5, "{names:?}");
    for id in numbers(&preset["List"], "PolicyId") {
        let found = cam(&root, "GetPolicy", json!({ "PolicyId": id })).await.ok();
        assert_eq!(found["Type"], 2);
        assert!(found["PolicyDocument"].as_str().unwrap().contains("statement"));
        let change = json!({ "PolicyId": id, "Description": "mine" });
        cam(&root, "UpdatePolicy", change).await.expect("InvalidParameter.PolicyIdError");
        cam(&root, "DeletePolicy", json!({ "PolicyId": [id] })).await.expect("InvalidParameter.PolicyIdError");
    }
}

#[tokio::test]
async fn policies_are_listed_with_who_has_them() {
    let reg = registry().await;
    let root = reg.cloud();
    let (jane, team, reader) = (sub(&root, "jane").await, group(&root, "team").await, role(&reg, "reader").await);
    let mut ids = Vec::new();
    for number in 0..23 {
        ids.push(policy(&root, &format!("Rule-{number:02}"), &document("allow", "ccr:pull", "*")).await);
    }
    cam(&root, "AttachUserPolicy", json!({ "PolicyId": ids[0], "AttachUin": jane.uin })).await.ok();
    cam(&root, "AttachGroupPolicy", json!({ "PolicyId": ids[0], "AttachGroupId": team })).await.ok();
    cam(&root, "AttachRolePolicy", json!({ "PolicyId": ids[0], "AttachRoleId": reader })).await.ok();
    cam(&root, "PutUserPermissionsBoundary", json!({ "PolicyId": ids[0], "TargetUin": jane.uin })).await.ok();
    let local = cam(&root, "ListPolicies", json!({ "Scope": "Local" })).await.ok();
    assert_eq!((&local["TotalNum"], local["List"].as_array().unwrap().len()), (&json!(23), 20));
    let first = &local["List"][0];
    assert_eq!((&first["Attachments"], &first["AttachEntityCount"]), (&json!(1), &json!(3)));
    assert_eq!(
        (&first["AttachEntityBoundaryCount"], &first["CreateMode"], &first["Type"]),
        (&json!(1), &json!(2), &json!(1))
    );
    assert_eq!(local["List"][1]["AttachEntityCount"], 0);
    let rest = cam(&root, "ListPolicies", json!({ "Scope": "Local", "Page": 2 })).await.ok();
    assert_eq!(numbers(&rest["List"], "PolicyId"), ids[20..]);
    let some = cam(&root, "ListPolicies", json!({ "Keyword": "rULE-1", "Rp": 200 })).await.ok();
    assert_eq!(some["TotalNum"], 10);
    let all = cam(&root, "ListPolicies", json!({ "Rp": 200 })).await.ok();
    assert!(all["TotalNum"].as_u64().unwrap() >= 28);
    let entities = async |filter: &str| {
        let parameters = json!({ "PolicyId": ids[0], "EntityFilter": filter });
        cam(&root, "ListEntitiesForPolicy", parameters).await.ok()
    };
    let everybody = entities("All").await;
    assert_eq!(texts(&everybody["List"], "Name"), ["jane", "team", "reader"]);
    assert_eq!(numbers(&everybody["List"], "RelatedType"), [1, 2, 3]);
    assert_eq!((&everybody["List"][0]["Uin"], &everybody["List"][2]["Id"]), (&json!(jane.uin), &json!(reader)));
    for (filter, name) in [("User", "jane"), ("Group", "team"), ("Role", "reader")] {
        assert_eq!(texts(&entities(filter).await["List"], "Name"), [name]);
    }
    let page = json!({ "PolicyId": ids[0], "Page": 2, "Rp": 2 });
    let page = cam(&root, "ListEntitiesForPolicy", page).await.ok();
    assert_eq!((texts(&page["List"], "Name"), &page["TotalNum"]), (vec!["reader".into()], &json!(3)));
}

#[tokio::test]
async fn attaching_and_detaching_can_be_repeated() {
    let reg = registry().await;
    let root = reg.cloud();
    let (jane, team) = (sub(&root, "jane").await, group(&root, "team").await);
    let rule = policy(&root, "rule", &document("allow", "ccr:pull", "*")).await;
    let user = async || cam(&root, "ListAttachedUserPolicies", json!({ "TargetUin": jane.uin })).await.ok();
    for id in [rule, 419_082] {
        for _ in 0..2 {
            cam(&root, "AttachUserPolicy", json!({ "PolicyId": id, "AttachUin": jane.uin.to_string() })).await.ok();
            cam(&root, "AttachGroupPolicy", json!({ "PolicyId": id, "AttachGroupId": team })).await.ok();
        }
    }
    let listed = user().await;
    assert_eq!(texts(&listed["List"], "PolicyName"), ["rule", "QcloudCCRFullAccess"]);
    assert_eq!(texts(&listed["List"], "PolicyType"), ["User", "QCS"]);
    let first = &listed["List"][0];
    assert_eq!((&first["OperateUin"], &first["OperateUinType"]), (&json!(reg.owner_name()), &json!(0)));
    let some = json!({ "TargetGroupId": team, "Keyword": "qcloud" });
    let some = cam(&root, "ListAttachedGroupPolicies", some).await.ok();
    assert_eq!(texts(&some["List"], "PolicyName"), ["QcloudCCRFullAccess"]);
    for _ in 0..2 {
        cam(&root, "DetachUserPolicy", json!({ "PolicyId": rule, "DetachUin": jane.uin })).await.ok();
        cam(&root, "DetachGroupPolicy", json!({ "PolicyId": rule, "DetachGroupId": team })).await.ok();
    }
    assert_eq!(user().await["TotalNum"], 1);
    for uin in [json!(1), json!(999_999_999_999_u64), json!(reg.owner_name())] {
        let code = "ResourceNotFound.UserNotExist";
        cam(&root, "AttachUserPolicy", json!({ "PolicyId": rule, "AttachUin": uin })).await.expect(code);
        cam(&root, "DetachUserPolicy", json!({ "PolicyId": rule, "DetachUin": uin })).await.expect(code);
        cam(&root, "ListAttachedUserPolicies", json!({ "TargetUin": uin })).await.expect(code);
    }
    cam(&root, "DeletePolicy", json!({ "PolicyId": [rule] })).await.ok();
    let group = cam(&root, "ListAttachedGroupPolicies", json!({ "TargetGroupId": team })).await.ok();
    assert_eq!(texts(&group["List"], "PolicyName"), ["QcloudCCRFullAccess"]);
}

#[tokio::test]
async fn all_policies_of_a_user_are_those_of_its_groups_too() {
    let reg = registry().await;
    let root = reg.cloud();
    let (jane, team, ops) = (sub(&root, "jane").await, group(&root, "team").await, group(&root, "ops").await);
    let info = json!({ "Info": [{ "GroupId": team, "Uin": jane.uin }, { "GroupId": ops, "Uin": jane.uin }] });
    cam(&root, "AddUserToGroup", info).await.ok();
    let both = policy(&root, "both", &document("allow", "ccr:pull", "*")).await;
    let ours = policy(&root, "ours", &document("allow", "ccr:push", "*")).await;
    cam(&root, "AttachUserPolicy", json!({ "PolicyId": both, "AttachUin": jane.uin })).await.ok();
    for (id, to) in [(both, team), (ours, team), (ours, ops), (419_084, ops)] {
        cam(&root, "AttachGroupPolicy", json!({ "PolicyId": id, "AttachGroupId": to })).await.ok();
    }
    let list = async |more: Value| {
        let mut parameters = json!({ "TargetUin": jane.uin, "Rp": 20, "Page": 1, "AttachType": 0 });
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        cam(&root, "ListAttachedUserAllPolicies", parameters).await
    };
    let all = list(json!({})).await.ok();
    assert_eq!(texts(&all["PolicyList"], "PolicyName"), ["both", "ours", "QcloudCCRReadOnlyAccess"]);
    assert_eq!(texts(&all["PolicyList"], "PolicyId"), [both.to_string(), ours.to_string(), "419084".to_owned()]);
    assert_eq!(texts(&all["PolicyList"], "StrategyType"), ["1", "1", "2"]);
    assert_eq!(numbers(&all["PolicyList"][1]["Groups"], "GroupId"), [team, ops]);
    let direct = list(json!({ "AttachType": 1 })).await.ok();
    assert_eq!((texts(&direct["PolicyList"], "PolicyName"), &direct["TotalNum"]), (vec!["both".into()], &json!(1)));
    assert_eq!(direct["PolicyList"][0]["Groups"], json!([]));
    assert_eq!(list(json!({ "AttachType": 2 })).await.ok()["TotalNum"], 3);
    assert_eq!(list(json!({ "StrategyType": 2 })).await.ok()["TotalNum"], 1);
    assert_eq!(list(json!({ "Keyword": "OUR" })).await.ok()["TotalNum"], 1);
    assert_eq!(texts(&list(json!({ "Rp": 1, "Page": 2 })).await.ok()["PolicyList"], "PolicyName"), ["ours"]);
    for wrong in [json!({ "Rp": 0 }), json!({ "Page": 201 }), json!({ "AttachType": 3 }), json!({ "StrategyType": 3 })]
    {
        list(wrong).await.expect("InvalidParameter.ParamError");
    }
    list(json!({ "TargetUin": 5 })).await.expect("ResourceNotFound.UserNotExist");
}

#[tokio::test]
async fn a_user_has_two_hundred_policies_at_most() {
    let reg = registry().await;
    let root = reg.cloud();
    let jane = sub(&root, "jane").await;
    let mut last = 0;
    for number in 0..=200 {
        last = policy(&root, &format!("rule-{number}"), &document("allow", "ccr:pull", "*")).await;
        let reply = cam(&root, "AttachUserPolicy", json!({ "PolicyId": last, "AttachUin": jane.uin })).await;
        assert_eq!(reply.code(), if number < 200 { "" } else { "InvalidParameter.AttachmentFull" }, "{number}");
    }
    let listed = json!({ "TargetUin": jane.uin, "Rp": 200 });
    assert_eq!(cam(&root, "ListAttachedUserPolicies", listed).await.ok()["TotalNum"], 200);
    cam(&root, "DetachUserPolicy", json!({ "PolicyId": last - 1, "DetachUin": jane.uin })).await.ok();
    cam(&root, "AttachUserPolicy", json!({ "PolicyId": last, "AttachUin": jane.uin })).await.ok();
}

#[tokio::test]
async fn a_policy_is_deleted_while_it_is_attached() {
    let reg = registry().await;
    let root = reg.cloud();
    let jane = sub(&root, "jane").await;
    for number in 0..8 {
        let rule = policy(&root, &format!("rule-{number}"), &document("allow", "ccr:pull", "*")).await;
        let (attached, deleted) = join!(
            cam(&root, "AttachUserPolicy", json!({ "PolicyId": rule, "AttachUin": jane.uin })),
            cam(&root, "DeletePolicy", json!({ "PolicyId": [rule] })),
        );
        deleted.ok();
        assert!(["", "InvalidParameter.PolicyIdNotExist"].contains(&attached.code().as_str()), "{attached:?}");
        let left = cam(&root, "ListAttachedUserPolicies", json!({ "TargetUin": jane.uin })).await.ok();
        assert_eq!(left["TotalNum"], 0);
    }
}
