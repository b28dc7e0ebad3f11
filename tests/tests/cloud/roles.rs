//! Roles, and permission boundaries.

use serde_json::{Value, json};

use super::directory::{Sub, cam, document, grant, policy, registry, role, sub, texts, trust};

#[tokio::test]
async fn a_role_is_made_found_changed_and_deleted() {
    let reg = registry().await;
    let root = reg.cloud();
    let written = trust(reg.owner_name());
    let parameters = json!({
        "RoleName": "Builder+=,.@_-", "PolicyDocument": written, "Description": "builds", "ConsoleLogin": 1,
        "SessionDuration": 43200, "Tags": [{ "Key": "env", "Value": "prod" }],
    });
    let id = cam(&root, "CreateRole", parameters).await.ok()["RoleId"].as_str().unwrap().to_owned();
    assert!(id.len() == 19 && id.bytes().all(|b| b.is_ascii_digit()), "{id}");
    for by in [json!({ "RoleId": id }), json!({ "RoleName": "Builder+=,.@_-" })] {
        let found = cam(&root, "GetRole", by).await.ok()["RoleInfo"].clone();
        assert_eq!((&found["RoleId"], &found["RoleName"]), (&json!(id), &json!("Builder+=,.@_-")));
        assert_eq!((&found["PolicyDocument"], &found["Description"]), (&json!(written), &json!("builds")));
        assert_eq!((&found["ConsoleLogin"], &found["SessionDuration"]), (&json!(1), &json!(43200)));
        assert_eq!((&found["RoleType"], &found["Tags"]), (&json!("user"), &json!([{ "Key": "env", "Value": "prod" }])));
        assert_eq!(found["RoleArn"], format!("qcs::cam::uin/{}:roleName/Builder+=,.@_-", reg.owner_name()));
    }
    let other = trust("200000000002");
    cam(&root, "UpdateAssumeRolePolicy", json!({ "RoleId": id, "PolicyDocument": other })).await.ok();
    let found = cam(&root, "GetRole", json!({ "RoleId": id })).await.ok();
    assert_eq!(found["RoleInfo"]["PolicyDocument"], other);
    cam(&root, "DeleteRole", json!({ "RoleName": "Builder+=,.@_-" })).await.ok();
    unknown(&root, &json!(id)).await;
    unknown(&root, &json!("nonsense")).await;
    assert_ne!(role(&reg, "Builder+=,.@_-").await, id, "an id is never used again");
}

/// Checks that every action on this role answers that it does not exist.
async fn unknown(caller: &roadstead_tests::Cloud, id: &Value) {
    let owner = cam(caller, "GetUserAppId", json!({})).await.ok()["OwnerUin"].as_str().unwrap().to_owned();
    let by = |name: &str| json!({ name: id });
    for (action, parameters) in [
        ("GetRole", by("RoleId")),
        ("GetRole", by("RoleName")),
        ("DeleteRole", by("RoleId")),
        ("UpdateAssumeRolePolicy", json!({ "RoleId": id, "PolicyDocument": trust(&owner) })),
        ("AttachRolePolicy", json!({ "AttachRoleId": id, "PolicyId": 1 })),
        ("AttachRolePolicy", json!({ "AttachRoleName": id, "PolicyName": "QcloudCCRFullAccess" })),
        ("DetachRolePolicy", json!({ "DetachRoleId": id, "PolicyId": 1 })),
        ("ListAttachedRolePolicies", json!({ "RoleId": id, "Page": 1, "Rp": 10 })),
        ("PutRolePermissionsBoundary", json!({ "RoleId": id, "PolicyId": 1 })),
        ("DeleteRolePermissionsBoundary", by("RoleId")),
        ("GetRolePermissionBoundary", by("RoleId")),
    ] {
        cam(caller, action, parameters).await.expect("InvalidParameter.RoleNotExist");
    }
}

#[tokio::test]
async fn roles_of_others_do_not_exist() {
    let reg = registry().await;
    let other = reg.account("other").await;
    let id = role(&reg, "reader").await;
    unknown(&other.cloud, &json!(id)).await;
    let listed = cam(&other.cloud, "DescribeRoleList", json!({ "Page": 1, "Rp": 20 })).await.ok();
    assert_eq!((&listed["TotalNum"], &listed["List"]), (&json!(0), &json!([])));
    cam(&reg.cloud(), "GetRole", json!({ "RoleId": id })).await.ok();
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let reg = registry().await;
    let root = reg.cloud();
    role(&reg, "taken").await;
    let good = trust(reg.owner_name());
    let create = async |more: Value| {
        let mut parameters = json!({ "RoleName": "fresh", "PolicyDocument": good });
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        cam(&root, "CreateRole", parameters).await
    };
    create(json!({ "RoleName": "taken" })).await.expect("InvalidParameter.RoleNameInUse");
    for name in ["", "a b", &"x".repeat(129)] {
        create(json!({ "RoleName": name })).await.expect("InvalidParameter.RoleNameError");
    }
    for (document, code) in [
        ("nonsense", "InvalidParameter.PolicyDocumentError"),
        (&document("allow", "name/sts:AssumeRole", "*"), "InvalidParameter.ResourceError"),
        (
            r#"{"version":"2.0","statement":[{"effect":"allow","action":"name/sts:AssumeRole"}]}"#,
            "InvalidParameter.PrincipalError",
        ),
    ] {
        create(json!({ "PolicyDocument": document })).await.expect(code);
        let update = json!({ "RoleName": "taken", "PolicyDocument": document });
        cam(&root, "UpdateAssumeRolePolicy", update).await.expect(code);
    }
    create(json!({ "Description": "x".repeat(301) })).await.expect("InvalidParameter.DescriptionLengthOverlimit");
    for wrong in [json!({ "SessionDuration": 43_201 }), json!({ "SessionDuration": -1 }), json!({ "ConsoleLogin": 2 })]
    {
        create(wrong).await.expect("InvalidParameter.ParamError");
    }
    create(json!({ "Tags": [{ "Key": "", "Value": "x" }] })).await.expect("InvalidParameter.TagParamError");
    for action in ["GetRole", "DeleteRole", "DeleteRolePermissionsBoundary"] {
        cam(&root, action, json!({})).await.expect("InvalidParameter.ParamError");
    }
    let nothing = json!({ "AttachRoleName": "taken" });
    cam(&root, "AttachRolePolicy", nothing).await.expect("InvalidParameter.ParamError");
    create(json!({ "SessionDuration": 0 })).await.ok();
    let found = cam(&root, "GetRole", json!({ "RoleName": "fresh" })).await.ok();
    assert_eq!(found["RoleInfo"]["SessionDuration"], 7200);
}

#[tokio::test]
async fn roles_have_policies() {
    let reg = registry().await;
    let root = reg.cloud();
    let id = role(&reg, "reader").await;
    let rule = policy(&root, "rule", &document("allow", "ccr:pull", "*")).await;
    for _ in 0..2 {
        cam(&root, "AttachRolePolicy", json!({ "AttachRoleId": id, "PolicyName": "rule" })).await.ok();
        cam(&root, "AttachRolePolicy", json!({ "AttachRoleName": "reader", "PolicyId": 419_084 })).await.ok();
    }
    let list = async |more: Value| {
        let mut parameters = json!({ "RoleName": "reader", "Page": 1, "Rp": 20 });
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        cam(&root, "ListAttachedRolePolicies", parameters).await
    };
    let all = list(json!({})).await.ok();
    assert_eq!(texts(&all["List"], "PolicyName"), ["rule", "QcloudCCRReadOnlyAccess"]);
    assert_eq!((&all["List"][0]["PolicyId"], &all["TotalNum"]), (&json!(rule), &json!(2)));
    assert_eq!(texts(&list(json!({ "PolicyType": "QCS" })).await.ok()["List"], "PolicyType"), ["QCS"]);
    assert_eq!(texts(&list(json!({ "Keyword": "RUL" })).await.ok()["List"], "PolicyName"), ["rule"]);
    list(json!({ "PolicyType": "Mine" })).await.expect("InvalidParameter.ParamError");
    let unknown = json!({ "AttachRoleId": id, "PolicyName": "nothing" });
    cam(&root, "AttachRolePolicy", unknown).await.expect("InvalidParameter.PolicyIdNotExist");
    for _ in 0..2 {
        cam(&root, "DetachRolePolicy", json!({ "DetachRoleName": "reader", "PolicyName": "rule" })).await.ok();
    }
    assert_eq!(list(json!({})).await.ok()["TotalNum"], 1);
}

#[tokio::test]
async fn roles_are_listed_in_pages_and_by_tags() {
    let reg = registry().await;
    let root = reg.cloud();
    for number in 0..7 {
        let tags = if number % 2 == 0 { json!([{ "Key": "even", "Value": "yes" }]) } else { json!([]) };
        let parameters =
            json!({ "RoleName": format!("role-{number}"), "PolicyDocument": trust(reg.owner_name()), "Tags": tags });
        cam(&root, "CreateRole", parameters).await.ok();
    }
    let second = cam(&root, "DescribeRoleList", json!({ "Page": 2, "Rp": 3 })).await.ok();
    assert_eq!(texts(&second["List"], "RoleName"), ["role-3", "role-4", "role-5"]);
    assert_eq!(second["TotalNum"], 7);
    let even = json!({ "Page": 1, "Rp": 20, "Tags": [{ "Key": "even", "Value": "yes" }] });
    let even = cam(&root, "DescribeRoleList", even).await.ok();
    assert_eq!(texts(&even["List"], "RoleName"), ["role-0", "role-2", "role-4", "role-6"]);
    cam(&root, "DescribeRoleList", json!({ "Page": 1, "Rp": 201 })).await.expect("InvalidParameterValue");
    cam(&root, "DescribeRoleList", json!({})).await.expect("MissingParameter");
}

#[tokio::test]
async fn a_boundary_bounds_and_cannot_be_deleted_from_under_anybody() {
    let reg = registry().await;
    let root = reg.cloud();
    let jane = sub(&root, "jane").await;
    grant(&root, &jane, "cam:*", "*").await;
    let bound = policy(&root, "bound", &document("allow", "cam:ListUsers", "*")).await;
    let may = async |jane: &Sub| {
        let (users, groups) =
            (cam(&jane.cloud, "ListUsers", json!({})).await, cam(&jane.cloud, "ListGroups", json!({})).await);
        (users.code().is_empty(), groups.code().is_empty())
    };
    let found = async || cam(&root, "GetUserPermissionBoundary", json!({ "TargetUin": jane.uin })).await.ok();
    assert_eq!(may(&jane).await, (true, true));
    assert_eq!(found().await["PolicyId"], Value::Null);
    cam(&root, "PutUserPermissionsBoundary", json!({ "TargetUin": jane.uin, "PolicyId": bound })).await.ok();
    assert_eq!(may(&jane).await, (true, false));
    assert_eq!((&found().await["PolicyName"], &found().await["PolicyType"]), (&json!("bound"), &json!(1)));
    cam(&root, "DeletePolicy", json!({ "PolicyId": [bound] })).await.expect("FailedOperation.Unmodifiable");
    assert_eq!(may(&jane).await, (true, false));
    let change = json!({ "PolicyId": bound, "PolicyDocument": document("allow", "cam:ListGroups", "*") });
    cam(&root, "UpdatePolicy", change).await.ok();
    assert_eq!(may(&jane).await, (false, true));
    cam(&root, "PutUserPermissionsBoundary", json!({ "TargetUin": jane.uin, "PolicyId": 1 })).await.ok();
    assert_eq!((may(&jane).await, &found().await["PolicyType"]), ((true, true), &json!(2)));
    cam(&root, "DeletePolicy", json!({ "PolicyId": [bound] })).await.ok();
    for _ in 0..2 {
        cam(&root, "DeleteUserPermissionsBoundary", json!({ "TargetUin": jane.uin })).await.ok();
    }
    assert_eq!(found().await["PolicyId"], Value::Null);
    for action in ["DeleteUserPermissionsBoundary", "GetUserPermissionBoundary"] {
        cam(&root, action, json!({ "TargetUin": 5 })).await.expect("ResourceNotFound.UserNotExist");
    }
    let id = role(&reg, "reader").await;
    cam(&root, "PutRolePermissionsBoundary", json!({ "RoleName": "reader", "PolicyId": 419_084 })).await.ok();
    let of_role = cam(&root, "GetRolePermissionBoundary", json!({ "RoleId": id })).await.ok();
    assert_eq!(of_role["PolicyName"], "QcloudCCRReadOnlyAccess");
    cam(&root, "DeleteRolePermissionsBoundary", json!({ "RoleId": id })).await.ok();
    let of_role = cam(&root, "GetRolePermissionBoundary", json!({ "RoleId": id })).await.ok();
    assert_eq!(of_role["PolicyName"], Value::Null);
}
