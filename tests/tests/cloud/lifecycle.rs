//! Lifecycle rules of repositories and of main accounts.

use roadstead_tests::{Cloud, Signing};
use serde_json::{Value, json};

use crate::images::{image_for, redacted, unlimited};
use crate::people::sub;

async fn call(cloud: &Cloud, action: &str, parameters: Value) -> String {
    cloud.call("tcr", action, parameters).await.code()
}

async fn rules(cloud: &Cloud, repository: &str) -> Value {
    let parameters = json!({ "RepoName": repository });
    cloud.call("tcr", "DescribeImageLifecyclePersonal", parameters).await.ok()["Data"].clone()
}

async fn global(cloud: &Cloud) -> Value {
    cloud.call("tcr", "DescribeImageLifecycleGlobalPersonal", json!({})).await.ok()["Data"].clone()
}

#[tokio::test]
async fn a_repository_has_one_rule_of_each_kind() {
    let reg = unlimited().await;
    let cloud = reg.cloud();
    reg.owner().push_image("library/app", "v1", &image_for("linux", "amd64", 1)).await;
    assert_eq!(rules(&cloud, "library/app").await, json!({ "TotalCount": 0, "StrategyInfo": [] }));
    let set = async |kind: &str, val: Value| {
        let parameters = json!({ "RepoName": "library/app", "Type": kind, "Val": val });
        call(&cloud, "CreateImageLifecyclePersonal", parameters).await
    };
    assert_eq!(set("keep_last_nums", json!(5)).await, "");
    assert_eq!(set("keep_last_days", json!(30)).await, "");
    assert_eq!(set("keep_last_nums", json!(6)).await, "", "the new rule replaces the first one");
    let data = rules(&cloud, "library/app").await;
    insta::assert_json_snapshot!(redacted(&data, &["Username", "CreationTime"]));
    assert_eq!(data["StrategyInfo"][0]["Username"], reg.owner_name());
    assert_eq!(data["StrategyInfo"][0]["CreationTime"].as_str().unwrap().len(), "2026-11-21 18:01:36".len());
    for kind in ["", "keep", "KEEP_LAST_NUMS", "global_keep_last_nums", "keep_last_nums "] {
        assert_eq!(set(kind, json!(1)).await, "InvalidParameterValue", "{kind}");
    }
    for val in [0, -1, 100_001, i64::MAX, i64::MIN] {
        assert_eq!(set("keep_last_nums", json!(val)).await, "InvalidParameterValue", "{val}");
    }
    assert_eq!(set("keep_last_nums", json!("many")).await, "InvalidParameter");
    assert_eq!(set("keep_last_nums", Value::Null).await, "MissingParameter");
    for missing in ["RepoName", "Type", "Val"] {
        let mut parameters = json!({ "RepoName": "library/app", "Type": "keep_last_nums", "Val": 1 });
        parameters.as_object_mut().unwrap().remove(missing);
        assert_eq!(call(&cloud, "CreateImageLifecyclePersonal", parameters).await, "MissingParameter", "{missing}");
    }
    for action in ["DescribeImageLifecyclePersonal", "DeleteImageLifecyclePersonal"] {
        assert_eq!(call(&cloud, action, json!({})).await, "MissingParameter");
        assert_eq!(call(&cloud, action, json!({ "RepoName": "app" })).await, "InvalidParameter");
    }
    for _ in 0..2 {
        assert_eq!(call(&cloud, "DeleteImageLifecyclePersonal", json!({ "RepoName": "library/app" })).await, "");
        assert_eq!(rules(&cloud, "library/app").await["TotalCount"], 0);
    }
}

#[tokio::test]
async fn an_account_has_one_rule_for_all_its_repositories() {
    let reg = unlimited().await;
    let (cloud, alice) = (reg.cloud(), reg.account("alice").await);
    assert_eq!(global(&cloud).await, json!({ "TotalCount": 0, "StrategyInfo": [] }));
    let set = async |kind: &str, val: i64| {
        call(&cloud, "ManageImageLifecycleGlobalPersonal", json!({ "Type": kind, "Val": val })).await
    };
    assert_eq!(set("global_keep_last_days", 7).await, "");
    assert_eq!(set("global_keep_last_nums", 80).await, "");
    let data = global(&cloud).await;
    insta::assert_json_snapshot!(redacted(&data, &["Username", "CreationTime"]));
    assert_eq!(global(&alice.cloud).await["TotalCount"], 0, "the rule belongs to one account");
    assert_eq!(set("keep_last_nums", 1).await, "InvalidParameterValue");
    assert_eq!(set("global_keep_last_nums", 0).await, "InvalidParameterValue");
    for missing in [json!({ "Val": 1 }), json!({ "Type": "global_keep_last_days" })] {
        assert_eq!(call(&cloud, "ManageImageLifecycleGlobalPersonal", missing).await, "MissingParameter");
    }
    for signing in Signing::ALL {
        let signed = cloud.with_signing(signing);
        let parameters = json!({ "Type": "global_keep_last_days", "Val": 3 });
        assert_eq!(call(&signed, "ManageImageLifecycleGlobalPersonal", parameters).await, "", "{signing:?}");
        assert_eq!(global(&signed).await["StrategyInfo"][0]["Value"], 3);
        assert_eq!(call(&signed, "DeleteImageLifecycleGlobalPersonal", json!({})).await, "");
        assert_eq!(global(&signed).await["TotalCount"], 0);
    }
    assert_eq!(call(&cloud, "DeleteImageLifecycleGlobalPersonal", json!({})).await, "", "deleting nothing is no error");
    assert_eq!(call(&cloud, "DeleteImageLifecycleGlobalPersonal", json!({ "Type": "x" })).await, "UnknownParameter");
}

#[tokio::test]
async fn foreign_repositories_answer_like_missing_ones() {
    let reg = unlimited().await;
    let alice = reg.account("alice").await;
    alice.basic.push_image("alice/app", "v1", &image_for("linux", "amd64", 1)).await;
    reg.set_public("alice/app", true).await;
    let cloud = reg.cloud();
    for name in ["alice/app", "alice/missing", "library/missing", "nobody/app"] {
        let parameters = json!({ "RepoName": name, "Type": "keep_last_nums", "Val": 1 });
        let no_repo = "ResourceNotFound.ErrNoRepo";
        assert_eq!(call(&cloud, "CreateImageLifecyclePersonal", parameters).await, no_repo, "{name}");
        for action in ["DeleteImageLifecyclePersonal", "DescribeImageLifecyclePersonal"] {
            assert_eq!(call(&cloud, action, json!({ "RepoName": name })).await, no_repo, "{action} {name}");
        }
    }
    assert_eq!(rules(&alice.cloud, "alice/app").await["TotalCount"], 0);
}

#[tokio::test]
async fn rules_need_a_right_of_their_own() {
    for faithful in [false, true] {
        let reg = roadstead_tests::TestRegistry::builder();
        let reg = reg.settings(|settings| {
            settings.cloud_api.requests_per_second = 0;
            settings.cloud_api.faithful = faithful;
        });
        let reg = reg.start().await;
        let root = reg.account("root").await;
        root.basic.push_image("root/app", "v1", &image_for("linux", "amd64", 1)).await;
        let nobody = sub(&reg, &root, "nobody", &[]).await;
        let on_app = r#"{"version":"2.0","statement":[{"effect":"allow","action":["tcr:*"],
            "resource":"qcs::tcr:::repo/root/app"}]}"#;
        let keeper = sub(&reg, &root, "keeper", &[on_app]).await;
        let everything = r#"{"version":"2.0","statement":[{"effect":"allow","action":"tcr:*","resource":"*"}]}"#;
        let all = sub(&reg, &root, "all", &[everything]).await;
        let denied = "AuthFailure.UnauthorizedOperation";
        // For one repository, the document requires only a signature.
        let hardened = if faithful { "" } else { denied };
        for (who, one, every) in [(&nobody, hardened, denied), (&keeper, "", denied), (&all, "", "")] {
            let parameters = json!({ "RepoName": "root/app", "Type": "keep_last_nums", "Val": 1 });
            assert_eq!(call(&who.cloud, "CreateImageLifecyclePersonal", parameters).await, one);
            assert_eq!(call(&who.cloud, "DeleteImageLifecyclePersonal", json!({ "RepoName": "root/app" })).await, one);
            if one.is_empty() {
                assert_eq!(rules(&who.cloud, "root/app").await["TotalCount"], 0);
            }
            let parameters = json!({ "Type": "global_keep_last_nums", "Val": 1 });
            assert_eq!(call(&who.cloud, "ManageImageLifecycleGlobalPersonal", parameters).await, every);
            assert_eq!(call(&who.cloud, "DeleteImageLifecycleGlobalPersonal", json!({})).await, every);
            assert_eq!(global(&who.cloud).await["TotalCount"], 0);
        }
    }
}
