//! The bodies of the personal edition on the wire.

use roadstead_tests::{Image, TestRegistry};
use serde_json::{Value, json};

use crate::personal::{registry, tcr};

/// Checks the form of values that differ from run to run, and replaces them.
fn hide(reg: &TestRegistry, uin: &str, name: &str, value: &mut Value) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(name, value)| hide(reg, uin, name, value)),
        Value::Array(list) => list.iter_mut().for_each(|value| hide(reg, uin, name, value)),
        Value::String(text) => {
            let right = match name {
                "RequestId" => text.len() == 36,
                "CreationTime" | "UpdateTime" => text.len() == 19 && text.as_bytes()[10] == b' ',
                "CreatedAt" | "UpdatedAt" => text.len() == 20 && text.ends_with('Z'),
                "Server" => *text == reg.address().to_string(),
                "Username" => text == uin,
                "ApplicationToken" => text.len() > 40,
                _ => return,
            };
            assert!(right, "{name}: {text}");
            *value = Value::from(format!("[{name}]"));
        }
        Value::Number(_) if name == "AppId" => *value = Value::from("[AppId]"),
        _ => {}
    }
}

#[tokio::test]
async fn bodies_have_the_documented_form() {
    let reg = registry().await;
    let alice = reg.account("alice").await;
    let app = json!({ "RepoName": "team/app" });
    let page = json!({ "RepoName": "", "Limit": 10, "Offset": 0 });
    let calls = [
        ("CreateNamespacePersonal", json!({ "Namespace": "team" })),
        ("ValidateNamespaceExistPersonal", json!({ "Namespace": "team" })),
        ("CreateRepositoryPersonal", json!({ "RepoName": "team/app", "Public": 1, "Description": "the app" })),
        ("ValidateRepositoryExistPersonal", app.clone()),
        ("ModifyRepositoryInfoPersonal", json!({ "RepoName": "team/app", "Description": "an app" })),
        ("ModifyRepositoryAccessPersonal", json!({ "RepoName": "team/app", "Public": 0 })),
        ("CreateFavorRepositoryPersonal", json!({ "RepoName": "team/app", "RepoType": "QCLOUD HUB" })),
        ("DescribeNamespacePersonal", json!({ "Namespace": "team", "Limit": 10, "Offset": 0 })),
        ("DescribeRepositoryPersonal", app.clone()),
        ("DescribeRepositoryOwnerPersonal", json!({})),
        ("DescribeRepositoryFilterPersonal", json!({ "Public": 0 })),
        ("DescribeRepositoryAllPersonal", json!({})),
        ("DescribeFavorRepositoryPersonal", page),
        (
            "BatchDeleteFavorRepositoryPersonal",
            json!({ "Favors": [{ "RepoName": "team/app", "RepoType": "", "RegionId": "1" }] }),
        ),
        ("DeleteNamespacePersonal", json!({ "Namespace": "team" })),
        ("DeleteRepositoryPersonal", app.clone()),
        ("DeleteRepositoryPersonal", app.clone()),
        ("BatchDeleteRepositoryPersonal", json!({ "RepoNames": ["alice/pushed"] })),
        ("DeleteNamespacePersonal", json!({ "Namespace": "team" })),
        ("CreateUserPersonal", json!({ "Password": "a long password" })),
        ("ModifyUserPasswordPersonal", json!({ "Password": "a long password" })),
        ("DescribeUserPersonal", json!({})),
        ("ValidateUserPersonal", json!({})),
        ("DescribeApplicationTokenPersonal", json!({})),
        ("DescribeUserQuotaPersonal", json!({})),
        ("DescribeRegions", json!({})),
    ];
    alice.basic.push_image("alice/pushed", "latest", &Image::small(1)).await;
    let mut shown = String::new();
    for (action, parameters) in calls {
        let mut response = tcr(&alice.cloud, action, parameters.clone()).await.response();
        hide(&reg, &alice.uin, "Response", &mut response);
        shown.push_str(&format!("{action} {parameters}\n{response:#}\n\n"));
    }
    insta::assert_snapshot!("personal", shown);
}
