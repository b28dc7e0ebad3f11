//! Application triggers and their log.

use roadstead_storage::meta::{InvokeMethod, QuotaKind, TriggerRun, Workload};
use roadstead_tests::{Account, Cloud, Signing, TestRegistry};
use roadstead_types::{PolicyId, RegistryId, Timestamp};
use serde_json::{Value, json};

use crate::images::{image_for, redacted, unlimited};
use crate::people::sub;
use crate::personal::unregistered;

const NO_REPO: &str = "ResourceNotFound.ErrNoRepo";
const NO_TRIGGER: &str = "ResourceNotFound.ErrNoTrigger";
const DENIED: &str = "AuthFailure.UnauthorizedOperation";

/// The parameters that make a trigger of `alice/app`.
pub(crate) fn trigger(name: &str) -> Value {
    json!({
        "RepoName": "alice/app", "TriggerName": name, "InvokeMethod": "all", "ClusterId": "cls-1",
        "Namespace": "default", "WorkloadType": "Deployment", "WorkloadName": "web", "ContainerName": "nginx",
        "ClusterRegion": 16,
    })
}

fn with(mut value: Value, more: &Value) -> Value {
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    value
}

async fn call(cloud: &Cloud, action: &str, parameters: Value) -> String {
    cloud.call("tcr", &format!("{action}ApplicationTriggerPersonal"), parameters).await.code()
}

async fn list(cloud: &Cloud, parameters: Value) -> Value {
    cloud.call("tcr", "DescribeApplicationTriggerPersonal", parameters).await.ok()["Data"].clone()
}

fn names(data: &Value) -> Vec<&str> {
    let list = data["TriggerInfo"].as_array().unwrap();
    list.iter().map(|trigger| trigger["TriggerName"].as_str().unwrap()).collect()
}

/// Alice, with the repository `alice/app`.
async fn alice(reg: &TestRegistry) -> Account {
    let alice = reg.account("alice").await;
    alice.basic.push_image("alice/app", "v1", &image_for("linux", "amd64", 1)).await;
    alice
}

#[tokio::test]
async fn a_trigger_is_made_changed_and_deleted() {
    let reg = unlimited().await;
    let alice = alice(&reg).await;
    let cloud = &alice.cloud;
    assert_eq!(list(cloud, json!({})).await, json!({ "TotalCount": 0, "TriggerInfo": [] }));
    assert_eq!(call(cloud, "Create", trigger("first")).await, "");
    assert_eq!(call(cloud, "Create", trigger("first")).await, "InvalidParameter.ErrTriggerExist");
    let made = list(cloud, json!({})).await;
    insta::assert_json_snapshot!(redacted(&made, &["AppId", "CreateTime", "UpdateTime"]));
    let app_id: i64 = made["TriggerInfo"][0]["InvokePara"]["AppId"].as_str().unwrap().parse().unwrap();
    assert!(app_id > 1_250_000_000);
    reg.clock().advance(std::time::Duration::from_secs(5));
    alice.basic.push_image("alice/other", "v1", &image_for("linux", "amd64", 1)).await;
    let change = json!({
        "TriggerName": "first", "NewTriggerName": "second", "RepoName": "alice/other", "InvokeMethod": "regex",
        "InvokeExpr": "^v[0-9]+$", "WorkloadType": "StatefulSet", "WorkloadName": "db", "ClusterRegion": 1,
        "ClusterId": "cls-2", "Namespace": "prod", "ContainerName": "main",
    });
    assert_eq!(call(cloud, "Modify", change).await, "");
    let changed = list(cloud, json!({ "RepoName": "alice/other" })).await;
    insta::assert_json_snapshot!(redacted(&changed, &["AppId", "CreateTime", "UpdateTime"]));
    let info = &changed["TriggerInfo"][0];
    assert_ne!(info["CreateTime"], info["UpdateTime"]);
    assert_eq!(list(cloud, json!({ "RepoName": "alice/app" })).await["TotalCount"], 0);
    // Absent parameters stay unchanged. The expression is checked together with its method.
    assert_eq!(call(cloud, "Modify", json!({ "TriggerName": "second" })).await, "");
    assert_eq!(list(cloud, json!({})).await["TriggerInfo"][0]["InvokeCondition"], info["InvokeCondition"]);
    assert_eq!(call(cloud, "Modify", json!({ "TriggerName": "second", "InvokeExpr": ".*" })).await, "");
    let condition = json!({ "InvokeMethod": "regex", "InvokeExpr": ".*" });
    assert_eq!(list(cloud, json!({})).await["TriggerInfo"][0]["InvokeCondition"], condition);
    let method = json!({ "TriggerName": "second", "InvokeMethod": "taglist" });
    assert_eq!(call(cloud, "Modify", method).await, "MissingParameter");
    assert_eq!(call(cloud, "Delete", json!({ "TriggerName": "first" })).await, NO_TRIGGER);
    assert_eq!(call(cloud, "Delete", json!({ "TriggerName": "second" })).await, "");
    assert_eq!(call(cloud, "Delete", json!({ "TriggerName": "second" })).await, NO_TRIGGER);
    assert_eq!(list(cloud, json!({})).await["TotalCount"], 0);
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let reg = unlimited().await;
    let alice = alice(&reg).await;
    let cloud = &alice.cloud;
    for missing in [
        "RepoName",
        "TriggerName",
        "InvokeMethod",
        "ClusterId",
        "Namespace",
        "WorkloadType",
        "WorkloadName",
        "ContainerName",
        "ClusterRegion",
    ] {
        let mut parameters = trigger("t");
        parameters.as_object_mut().unwrap().remove(missing);
        assert_eq!(call(cloud, "Create", parameters).await, "MissingParameter", "{missing}");
    }
    let wrong = "InvalidParameterValue";
    let cases = [
        (json!({ "TriggerName": "" }), wrong),
        (json!({ "TriggerName": " t" }), wrong),
        (json!({ "TriggerName": "a\0b" }), wrong),
        (json!({ "TriggerName": "x".repeat(254) }), wrong),
        (json!({ "InvokeMethod": "ALL" }), wrong),
        (json!({ "InvokeMethod": "taglist" }), "MissingParameter"),
        (json!({ "InvokeMethod": "regex", "InvokeExpr": "" }), "MissingParameter"),
        (json!({ "InvokeMethod": "taglist", "InvokeExpr": "v1,b@d" }), wrong),
        (json!({ "InvokeMethod": "regex", "InvokeExpr": "(" }), wrong),
        (json!({ "InvokeMethod": "regex", "InvokeExpr": "(a{100}){100}{100}" }), wrong),
        (json!({ "InvokeMethod": "regex", "InvokeExpr": "x".repeat(5000) }), wrong),
        (json!({ "WorkloadType": "Pod" }), wrong),
        (json!({ "ClusterId": "" }), wrong),
        (json!({ "ClusterRegion": 0 }), wrong),
        (json!({ "ClusterRegion": "north" }), "InvalidParameter"),
        (json!({ "RepoName": "app" }), "InvalidParameter"),
        (json!({ "RepoName": "alice/missing" }), NO_REPO),
        (json!({ "RepoName": "library/app" }), NO_REPO),
        (json!({ "Extra": 1 }), "UnknownParameter"),
    ];
    assert_eq!(call(cloud, "Create", trigger("there")).await, "");
    for (change, code) in &cases {
        assert_eq!(call(cloud, "Create", with(trigger("t"), change)).await, *code, "{change}");
        let name = json!({ "TriggerName": "there" });
        let renamed: Value = change.as_object().unwrap().iter().fold(name, |all, (key, value)| {
            let key = if key == "TriggerName" { "NewTriggerName" } else { key };
            with(all, &json!({ key: value }))
        });
        assert_eq!(call(cloud, "Modify", renamed).await, *code, "{change}");
    }
    assert_eq!(call(cloud, "Modify", json!({ "InvokeMethod": "all" })).await, "MissingParameter");
    assert_eq!(call(cloud, "Modify", json!({ "TriggerName": "missing" })).await, NO_TRIGGER);
    assert_eq!(call(cloud, "Delete", json!({})).await, "MissingParameter");
    assert_eq!(call(cloud, "Create", trigger("other")).await, "");
    let taken = json!({ "TriggerName": "other", "NewTriggerName": "there" });
    assert_eq!(call(cloud, "Modify", taken).await, "InvalidParameter.ErrTriggerExist");
    assert_eq!(list(cloud, json!({})).await["TotalCount"], 2, "the failed calls made nothing");
    for odd in [json!({ "Offset": -1 }), json!({ "Limit": 101 }), json!({ "Limit": 0 })] {
        assert_eq!(call(cloud, "Describe", odd).await, wrong);
    }
}

#[tokio::test]
async fn triggers_are_listed_in_pages_and_belong_to_their_account() {
    let reg = unlimited().await;
    let alice = alice(&reg).await;
    for (number, signing) in Signing::ALL.into_iter().enumerate() {
        reg.clock().advance(std::time::Duration::from_secs(1));
        let made = call(&alice.cloud.with_signing(signing), "Create", trigger(&format!("t{number}"))).await;
        assert_eq!(made, "", "{signing:?}");
    }
    let all = list(&alice.cloud, json!({})).await;
    assert_eq!(names(&all), ["t5", "t4", "t3", "t2", "t1", "t0"]);
    let page = list(&alice.cloud, json!({ "Offset": 1, "Limit": 2 })).await;
    assert_eq!((names(&page), &page["TotalCount"]), (vec!["t4", "t3"], &json!(6)));
    let one = list(&alice.cloud, json!({ "TriggerName": "t2", "RepoName": "alice/app" })).await;
    assert_eq!((names(&one), &one["TotalCount"]), (vec!["t2"], &json!(1)));
    assert_eq!(list(&alice.cloud, json!({ "RepoName": "alice/none" })).await["TotalCount"], 0);
    // Another account cannot see or change them, and may use the same names.
    let bob = reg.account("bob").await;
    bob.basic.push_image("bob/app", "v1", &image_for("linux", "amd64", 1)).await;
    assert_eq!(list(&bob.cloud, json!({ "RepoName": "alice/app" })).await["TotalCount"], 0);
    assert_eq!(call(&bob.cloud, "Delete", json!({ "TriggerName": "t1" })).await, NO_TRIGGER);
    assert_eq!(call(&bob.cloud, "Modify", json!({ "TriggerName": "t1" })).await, NO_TRIGGER);
    assert_eq!(call(&bob.cloud, "Create", trigger("t1")).await, NO_REPO);
    assert_eq!(call(&bob.cloud, "Create", with(trigger("t1"), &json!({ "RepoName": "bob/app" }))).await, "");
    let theirs = json!({ "TriggerName": "t1", "RepoName": "alice/app" });
    assert_eq!(call(&bob.cloud, "Modify", theirs).await, NO_REPO);
}

#[tokio::test]
async fn the_quota_holds_also_for_those_who_come_at_once() {
    let reg = unlimited().await;
    let alice = alice(&reg).await;
    reg.meta().set_quota(&reg.act(), alice.id, QuotaKind::Triggers, 2).await.unwrap();
    let calls = (0..6).map(|number| {
        let cloud = alice.cloud.clone();
        async move { call(&cloud, "Create", trigger(&format!("t{number}"))).await }
    });
    let mut codes = futures::future::join_all(calls).await;
    codes.sort();
    let full = "LimitExceeded.ErrTriggerMaxLimit";
    assert_eq!(codes, ["", "", full, full, full, full]);
    let there = list(&alice.cloud, json!({})).await;
    let taken = trigger(names(&there)[0]);
    assert_eq!(call(&alice.cloud, "Create", taken).await, "InvalidParameter.ErrTriggerExist");
}

#[tokio::test]
async fn who_has_not_registered_has_no_triggers() {
    let reg = unlimited().await;
    let cloud = unregistered(&reg).await;
    let no_user = "ResourceNotFound.ErrNoUser";
    assert_eq!(call(&cloud, "Create", trigger("t")).await, no_user);
    assert_eq!(call(&cloud, "Modify", json!({ "TriggerName": "t" })).await, no_user);
    assert_eq!(call(&cloud, "Delete", json!({ "TriggerName": "t" })).await, no_user);
    assert_eq!(call(&cloud, "Describe", json!({})).await, no_user);
}

#[tokio::test]
async fn triggers_need_a_right_of_their_own() {
    let reg = unlimited().await;
    let alice = alice(&reg).await;
    let nobody = sub(&reg, &alice, "nobody", &[]).await;
    let on_app = r#"{"version":"2.0","statement":[{"effect":"allow","action":["tcr:*","tke:*"],
        "resource":"qcs::tcr:::repo/alice/*"}]}"#;
    let partly = sub(&reg, &alice, "partly", &[on_app]).await;
    let everything = r#"{"version":"2.0","statement":[{"effect":"allow","action":["tcr:*","tke:*"],"resource":"*"}]}"#;
    let all = sub(&reg, &alice, "all", &[everything]).await;
    let denied = "AuthFailure.UnauthorizedOperation";
    for (who, code) in [(&nobody, denied), (&partly, denied), (&all, "")] {
        assert_eq!(call(&who.cloud, "Create", trigger("t")).await, code);
        assert_eq!(call(&who.cloud, "Modify", json!({ "TriggerName": "t", "InvokeMethod": "all" })).await, code);
        assert_eq!(call(&who.cloud, "Describe", json!({})).await, code);
        assert_eq!(call(&who.cloud, "Delete", json!({ "TriggerName": "t" })).await, code);
    }
}

/// A run of a trigger, for the log.
pub(crate) fn run(repository: &str, tag: &str, trigger: &str, at: Timestamp) -> TriggerRun {
    let workload = Workload {
        cluster_id: "cls-1".to_owned(),
        cluster_region: 1,
        namespace: "default".to_owned(),
        kind: "Deployment".to_owned(),
        name: "web".to_owned(),
        container: "nginx".to_owned(),
    };
    TriggerRun {
        repository_name: repository.to_owned(),
        tag: tag.to_owned(),
        trigger: trigger.to_owned(),
        method: InvokeMethod::TagList,
        expression: "a,b,c".to_owned(),
        workload,
        return_code: 0,
        return_message: "ok".to_owned(),
        invoked_at: at,
    }
}

#[tokio::test]
async fn the_log_shows_what_was_written() {
    let reg = unlimited().await;
    let alice = alice(&reg).await;
    let log =
        async |parameters: Value| alice.cloud.call("tcr", "DescribeApplicationTriggerLogPersonal", parameters).await;
    assert_eq!(log(json!({})).await.ok()["Data"], json!({ "TotalCount": 0, "LogInfo": [] }));
    for (tag, trigger) in [("b", "one"), ("a", "two"), ("c", "one")] {
        reg.clock().advance(std::time::Duration::from_secs(1));
        let run = run("alice/app", tag, trigger, reg.now());
        reg.meta().log_trigger_run(RegistryId::PERSONAL, alice.id, &run).await.unwrap();
    }
    let all = log(json!({ "Limit": 1 })).await.ok()["Data"].clone();
    insta::assert_json_snapshot!(redacted(&all, &["AppId", "InvokeTime"]));
    let tags = async |parameters: Value| {
        let data = log(parameters).await.ok()["Data"].clone();
        assert_eq!(data["TotalCount"], 3);
        data["LogInfo"].as_array().unwrap().iter().map(|run| run["TagName"].as_str().unwrap()).collect::<String>()
    };
    assert_eq!(tags(json!({})).await, "cab");
    assert_eq!(tags(json!({ "RepoName": "alice/app", "Order": "asc" })).await, "bac");
    assert_eq!(tags(json!({ "Order": "desc", "OrderBy": "invoke_time", "Offset": 1 })).await, "ab");
    assert_eq!(tags(json!({ "Order": "ASC", "OrderBy": "TagName" })).await, "abc");
    assert_eq!(tags(json!({ "Order": "asc", "OrderBy": "trigger_name" })).await, "bca");
    assert_eq!(tags(json!({ "OrderBy": "repo_name", "Limit": 2 })).await, "ca");
    let wrong = "InvalidParameterValue";
    for odd in [json!({ "Order": "up" }), json!({ "OrderBy": "id; DROP TABLE" }), json!({ "Limit": 1000 })] {
        log(odd).await.expect(wrong);
    }
    for missing in ["alice/missing", "library/app", "nobody/app"] {
        log(json!({ "RepoName": missing })).await.expect(NO_REPO);
    }
    let theirs = reg.cloud().call("tcr", "DescribeApplicationTriggerLogPersonal", json!({})).await.ok();
    assert_eq!(theirs["Data"]["TotalCount"], 0);
}

#[tokio::test]
async fn presets_of_ccr_alone_do_not_open_triggers() {
    let reg = unlimited().await;
    let alice = alice(&reg).await;
    let ccb = r#"{"version":"2.0","statement":[{"effect":"allow","action":"ccb:*","resource":"*"}]}"#;
    let (ccr, clusters) = (PolicyId::new(419_082), PolicyId::new(419_100));
    let alone = sub(&reg, &alice, "ccr", &[]).await;
    let both = sub(&reg, &alice, "both", &[ccb]).await;
    for user in [&alone, &both] {
        user.attach_id(ccr).await;
        user.attach_id(clusters).await;
    }
    // Rights of `ccb` alone are not enough either.
    let only = sub(&reg, &alice, "only", &[ccb]).await;
    only.attach_id(clusters).await;
    for user in [&alone, &only] {
        assert_eq!(call(&user.cloud, "Create", trigger("first")).await, DENIED);
        assert_eq!(call(&user.cloud, "Describe", json!({})).await, DENIED);
    }
    assert_eq!(call(&both.cloud, "Create", trigger("first")).await, "");
    assert_eq!(names(&list(&both.cloud, json!({})).await), ["first"]);
}

#[tokio::test]
async fn a_trigger_needs_a_right_to_its_cluster() {
    let reg = unlimited().await;
    let alice = alice(&reg).await;
    let cluster = |id: &str, service: &str| {
        let action = format!("{service}:ModifyClusterServiceImage");
        let resource = format!("qcs::{service}:::cluster/{id}");
        let statement = json!([{ "effect": "allow", "action": action, "resource": resource }]);
        json!({ "version": "2.0", "statement": statement }).to_string()
    };
    let (first, second) = (cluster("cls-1", "tke"), cluster("cls-2", "ccs"));
    let none = sub(&reg, &alice, "none", &[]).await;
    let one = sub(&reg, &alice, "one", &[&first]).await;
    let both = sub(&reg, &alice, "both", &[&first, &second]).await;
    for user in [&none, &one, &both] {
        user.attach_id(PolicyId::new(30_100_465)).await;
    }
    assert_eq!(call(&none.cloud, "Create", trigger("first")).await, DENIED);
    assert_eq!(call(&one.cloud, "Create", trigger("first")).await, "");
    let to = |id: &str| json!({ "TriggerName": "first", "ClusterId": id });
    assert_eq!(call(&one.cloud, "Modify", to("cls-2")).await, DENIED, "the policy is for another cluster");
    assert_eq!(call(&both.cloud, "Modify", to("cls-2")).await, "", "ccs and tke are the same");
    // A user without a right to the cluster cannot change what the trigger does there.
    let workload = json!({ "TriggerName": "first", "WorkloadName": "another" });
    assert_eq!(call(&none.cloud, "Modify", workload.clone()).await, DENIED);
    assert_eq!(call(&one.cloud, "Modify", workload).await, DENIED);
    assert_eq!(call(&none.cloud, "Delete", json!({ "TriggerName": "first" })).await, "");
}
