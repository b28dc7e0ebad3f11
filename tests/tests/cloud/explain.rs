//! `ExplainAuthorization` and `roadstead explain`: why something is allowed.

use roadstead_tests::TestRegistry;
use serde_json::{Value, json};

#[tokio::test]
async fn the_owner_needs_no_policy_and_others_are_unknown() {
    let registry = TestRegistry::new().await;
    let cloud = registry.cloud();
    let ask = async |parameters: Value| cloud.call("cam", "ExplainAuthorization", parameters).await;
    let answer = ask(json!({"Action": "ccr:push", "Resource": "library/x"})).await.ok();
    assert_eq!((&answer["Allowed"], &answer["Effect"]), (&json!(true), &json!("allow")), "{answer}");
    assert_eq!(answer["PolicyId"], Value::Null);
    let other = registry.account("other").await;
    let uin: u64 = other.uin.parse().unwrap();
    for parameters in [json!({"TargetUin": uin}), json!({"TargetUin": 1}), json!({"TargetUin": "999999999999"})] {
        let mut parameters = parameters;
        parameters["Action"] = json!("pull");
        parameters["Resource"] = json!("library/x");
        ask(parameters).await.expect("ResourceNotFound.UserNotExist");
    }
    for (parameters, code) in [
        (json!({}), "MissingParameter"),
        (json!({"Action": "pull", "Resource": "library"}), "InvalidParameterValue"),
        (json!({"Action": "fly", "Resource": "library/x"}), "InvalidParameterValue"),
        (json!({"Action": "pull", "Resource": "library/x", "SourceIp": "here"}), "InvalidParameterValue"),
    ] {
        ask(parameters).await.expect(code);
    }
}

#[tokio::test]
async fn the_command_line_explains() {
    let registry = TestRegistry::new().await;
    let owner = registry.owner_name().to_owned();
    let other = registry.account("other").await;
    let ask = |arguments: &[&str]| {
        let output = registry.command(&[&["explain"], arguments].concat(), "");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let json = |arguments: &[&str]| {
        let (code, text) = ask(&[arguments, &["--json"]].concat());
        assert_eq!(code, Some(0), "{text}");
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let own = json(&["--uin", &owner, "--action", "push", "--resource", "library/x"]);
    assert_eq!((&own["allowed"], &own["effect"], &own["uin"]), (&json!(true), &json!("allow"), &json!(owner)));
    let foreign = json(&["--uin", &other.uin, "--action", "push", "--resource", "library/x:v1", "--ip", "10.0.0.1"]);
    assert_eq!((&foreign["allowed"], &foreign["effect"]), (&json!(false), &json!("implicitDeny")), "{foreign}");
    let (code, text) = ask(&["--uin", &owner, "--action", "delete-tag", "--resource", "library/x:v1"]);
    assert_eq!(code, Some(0));
    assert!(text.starts_with("allowed: the caller owns the account\n"), "{text}");
    assert!(text.contains("ccr:DeleteTag") && text.contains("repo/library/x:v1"), "{text}");
    assert_eq!(ask(&["--uin", "1", "--action", "pull"]).0, Some(2));
    assert_eq!(ask(&["--uin", &owner, "--action", "fly"]).0, Some(2));
    assert_eq!(ask(&["--uin", "999999999999", "--action", "pull", "--resource", "library/x"]).0, Some(1));
}
