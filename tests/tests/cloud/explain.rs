//! `ExplainAuthorization` and `roadstead explain`: whether and why something is allowed.

use roadstead_config::Settings;
use roadstead_storage::meta::AccountStatus;
use roadstead_tests::{Cloud, Image, TestRegistry, eventually};
use serde_json::{Value, json};

use roadstead_tests::people::sub;

#[tokio::test]
async fn the_owner_needs_no_policy_and_others_are_unknown() {
    let registry = TestRegistry::new().await;
    let cloud = registry.cloud();
    let ask = async |parameters: Value| cloud.call("cam", "ExplainAuthorization", parameters).await;
    let answer = ask(json!({"Operation": "ccr:push", "Resource": "library/x"})).await.ok();
    assert_eq!((&answer["Allowed"], &answer["Effect"]), (&json!(true), &json!("allow")), "{answer}");
    assert_eq!(answer["PolicyId"], Value::Null);
    let other = registry.account("other").await;
    let uin: u64 = other.uin.parse().unwrap();
    for parameters in [json!({"TargetUin": uin}), json!({"TargetUin": 1}), json!({"TargetUin": "999999999999"})] {
        let mut parameters = parameters;
        parameters["Operation"] = json!("pull");
        parameters["Resource"] = json!("library/x");
        ask(parameters).await.expect("ResourceNotFound.UserNotExist");
    }
    for (parameters, code) in [
        (json!({}), "MissingParameter"),
        (json!({"Operation": "pull", "Resource": "library"}), "InvalidParameterValue"),
        (json!({"Operation": "fly", "Resource": "library/x"}), "InvalidParameterValue"),
        (json!({"Operation": "pull", "Resource": "library/x", "SourceIp": "here"}), "InvalidParameterValue"),
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

const FOO_BUT_NOT_SECRET: &str = r#"{"version": "2.0", "statement": [
    {"effect": "allow", "action": ["ccr:pull", "ccr:push"], "resource": "qcs::ccr:::repo/alice/*"},
    {"effect": "deny", "action": "ccr:*", "resource": "qcs::ccr:::repo/alice/secret"},
    {"effect": "allow", "action": "ccr:DeleteTag", "resource": "*", "condition": {"ip_equal": {"qcs:ip": "10.0.0.0/8"}}}]}"#;

#[tokio::test]
async fn the_statement_that_decides_is_named() {
    let registry = TestRegistry::new().await;
    let alice = registry.account("alice").await;
    let other = registry.account("other").await;
    let user = sub(&registry, &alice, "carol", &[]).await;
    let id = user.attach(FOO_BUT_NOT_SECRET).await.get();
    alice.basic.push_image("alice/app", "v1", &Image::small(1)).await;
    other.basic.push_image("other/public", "v1", &Image::small(2)).await;
    registry.set_public("other/public", true).await;
    let uin: u64 = user.uin.parse().unwrap();
    let ask = async |action: &str, resource: &str, ip: &str| {
        let question = json!({"TargetUin": uin, "Operation": action, "Resource": resource, "SourceIp": ip});
        let answer = alice.cloud.call("cam", "ExplainAuthorization", question).await.ok();
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(answer["Allowed"], json!(text("Effect") == "allow"));
        if answer.get("StatementIndex").is_some() {
            assert_eq!(answer["PolicyId"], json!(id));
            assert!(!text("PolicyName").is_empty());
        }
        (text("Effect"), answer["StatementIndex"].as_i64(), text("Reason"))
    };
    for (action, resource, ip, effect, statement) in [
        ("ccr:pull", "alice/app", "10.0.0.1", "allow", Some(0)),
        ("tcr:PushRepositoryPersonal", "qcs::ccr:::repo/alice/app", "10.0.0.1", "allow", Some(0)),
        ("ccr:pull", "alice/secret:v1", "10.0.0.1", "explicitDeny", Some(1)),
        ("delete-tag", "alice/app:v1", "10.0.0.1", "allow", Some(2)),
        ("delete-tag", "alice/app:v1", "192.0.2.1", "implicitDeny", None),
        // A push to a missing repository also makes it, which needs a right.
        ("push", "alice/new", "10.0.0.1", "implicitDeny", None),
        ("create-namespace", "alice2", "10.0.0.1", "implicitDeny", None),
        ("pull", "other/private", "10.0.0.1", "implicitDeny", None),
        ("pull", "other/public", "10.0.0.1", "allow", None),
        ("push", "other/public", "10.0.0.1", "implicitDeny", None),
        ("cam:GetUser", &format!("qcs::cam:::uin/{uin}"), "10.0.0.1", "implicitDeny", None),
        ("tcr:CreateInstanceToken", "qcs::tcr:::instance/tcr-00000000", "10.0.0.1", "implicitDeny", None),
    ] {
        let (said, index, reason) = ask(action, resource, ip).await;
        assert_eq!((said.as_str(), index), (effect, statement), "{action} {resource} from {ip}: {reason}");
    }
    let output =
        registry.command(&["explain", "--uin", &user.uin, "--action", "pull", "--resource", "alice/secret"], "");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with("denied: statement 1 of the policy of the caller \"policy-"), "{text}");
    assert!(text.contains(&format!("looked at   policy {id} policy-")), "{text}");
    // Asking needs a right of its own.
    let question = json!({"TargetUin": uin, "Operation": "pull", "Resource": "alice/app"});
    let refused = user.cloud.call("cam", "ExplainAuthorization", question.clone()).await;
    refused.expect("AuthFailure.UnauthorizedOperation");
    user.attach(r#"{"version":"2.0","statement":{"effect":"allow","action":"cam:ExplainAuthorization","resource":"qcs::cam:::uin/${uin}"}}"#).await;
    let allowed = async || user.cloud.call("cam", "ExplainAuthorization", question.clone()).await.code().is_empty();
    eventually("the new policy takes effect", async || allowed().await.then_some(())).await;
    let about_root = json!({"TargetUin": alice.uin, "Operation": "pull", "Resource": "alice/app"});
    user.cloud.call("cam", "ExplainAuthorization", about_root).await.expect("AuthFailure.UnauthorizedOperation");
    registry.set_status(user.id, AccountStatus::Disabled).await;
    assert_eq!(
        ask("pull", "alice/app", "10.0.0.1").await,
        ("implicitDeny".into(), None, "the account is disabled".into())
    );
}

/// The explanation for the main account: whether the user may do it, and the reason. Or the code of an error.
async fn told(main: &Cloud, uin: &str, operation: &str, resource: &str) -> Result<(bool, String), String> {
    let uin: u64 = uin.parse().unwrap();
    let question = json!({"TargetUin": uin, "Operation": operation, "Resource": resource});
    let reply = main.call("cam", "ExplainAuthorization", question).await;
    let answer = reply.response();
    match reply.code() {
        code if code.is_empty() => {
            Ok((answer["Allowed"] == json!(true), answer["Reason"].as_str().unwrap().to_owned()))
        }
        code => Err(code),
    }
}

const SIGNATURE: &str = "the signature is enough";

#[tokio::test]
async fn the_signature_is_enough_where_it_is() {
    for faithful in [false, true] {
        let change = |settings: &mut Settings| {
            settings.cloud_api.faithful = faithful;
            settings.cloud_api.requests_per_second = 0;
        };
        let registry = TestRegistry::builder().settings(change).start().await;
        let (alice, other) = (registry.account("alice").await, registry.account("other").await);
        let sees =
            r#"{"version":"2.0","statement":[{"effect":"allow","action":"ccr:GetUserRepositoryList","resource":"*"}]}"#;
        let user = sub(&registry, &alice, "carol", &[sees]).await;
        let nobody = sub(&registry, &alice, "nobody", &[]).await;
        alice.basic.push_image("alice/app", "v1", &Image::small(1)).await;
        other.basic.push_image("other/private", "v1", &Image::small(2)).await;
        other.basic.push_image("other/public", "v1", &Image::small(3)).await;
        registry.set_public("other/public", true).await;
        let ask = async |operation: &str, resource: &str| told(&alice.cloud, &user.uin, operation, resource).await;
        for (operation, resource) in [
            ("tcr:DescribeImagePersonal", "alice/app"),
            ("ccr:DescribeImagePersonal", "qcs::ccr:::repo/alice/app"),
            ("tcr:DescribeRepositoryOwnerPersonal", "*"),
            ("tcr:DescribeRepositoryOwnerPersonal", "alice/app"),
            ("tcr:DescribeInstances", "*"),
            ("tcr:CreateUserPersonal", "*"),
            ("tcr:ValidateNamespaceExistPersonal", "other"),
            ("sts:GetCallerIdentity", "*"),
            ("sts:GetCallerIdentity", "alice/app"),
            ("sts:getcalleridentity", "other/private"),
            ("cam:GetUserAppId", "alice/app"),
        ] {
            assert_eq!(ask(operation, resource).await, Ok((true, SIGNATURE.into())), "{operation} on {resource}");
        }
        for (operation, resource) in [
            ("tcr:ModifyRepositoryInfoPersonal", "alice/app"),
            ("tcr:CreateApplicationTriggerPersonal", "alice/app"),
            ("tcr:ModifyRepositoryAccessPersonal", "*"),
        ] {
            let (allowed, reason) = ask(operation, resource).await.unwrap();
            assert_eq!((allowed, reason == SIGNATURE), (faithful, faithful), "{operation} on {resource}: {reason}");
        }
        let (seen, _) = told(&alice.cloud, &nobody.uin, "tcr:DescribeImagePersonal", "alice/app").await.unwrap();
        assert_eq!(seen, faithful, "a user without policies");
        // Things of other accounts stay protected.
        let allowed = async |operation: &str, resource: &str| ask(operation, resource).await.unwrap().0;
        assert!(allowed("tcr:DescribeImagePersonal", "other/public").await);
        for operation in ["DescribeImagePersonal", "ModifyRepositoryInfoPersonal", "ValidateRepositoryExistPersonal"] {
            assert!(!allowed(&format!("tcr:{operation}"), "other/private").await, "{operation}");
        }
        assert!(!allowed("tcr:DeleteRepositoryPersonal", "alice/app").await);
        // The server decides as explained.
        let change = json!({"RepoName": "alice/app", "Description": "x"});
        let code = user.cloud.call("tcr", "ModifyRepositoryInfoPersonal", change).await.code();
        assert_eq!(code, if faithful { "" } else { "AuthFailure.UnauthorizedOperation" });
        let image =
            async || user.cloud.call("tcr", "DescribeImagePersonal", json!({"RepoName": "alice/app"})).await.code();
        assert_eq!(image().await, "");
        // A denial hides the repository.
        user.attach(r#"{"version":"2.0","statement":{"effect":"deny","action":"ccr:pull","resource":"*"}}"#).await;
        eventually("the denial takes effect", async || (!image().await.is_empty()).then_some(())).await;
        for operation in ["DescribeImageLifecyclePersonal", "DescribeImagePersonal", "ValidateRepositoryExistPersonal"]
        {
            let (allowed, reason) = ask(&format!("tcr:{operation}"), "alice/app").await.unwrap();
            assert!(!allowed && reason.ends_with("; that hides it"), "{operation}: {reason}");
        }
    }
}

#[tokio::test]
async fn a_denial_on_everything_is_named_where_the_signature_is_enough() {
    for faithful in [false, true] {
        let change = move |settings: &mut Settings| settings.cloud_api.faithful = faithful;
        let registry = TestRegistry::builder().settings(change).start().await;
        let alice = registry.account("alice").await;
        alice.basic.push_image("alice/app", "v1", &Image::small(1)).await;
        let allow = r#"{"version":"2.0","statement":{"effect":"allow","action":"*","resource":"*"}}"#;
        let user = sub(&registry, &alice, "carol", &[allow]).await;
        let deny = r#"{"version":"2.0","statement":[
            {"effect":"deny","action":"tcr:DescribeNamespacePersonal","resource":"*"},
            {"effect":"deny","action":"tcr:DuplicateImagePersonal","resource":"*"},
            {"effect":"deny","action":"tcr:DescribeInstances","resource":"qcs::tcr:::repo/alice/app"}]}"#;
        let id = user.attach(deny).await.get();
        let uin: u64 = user.uin.parse().unwrap();
        for (operation, resource, statement) in [
            ("tcr:DescribeNamespacePersonal", "*", Some(0)),
            ("ccr:DescribeNamespacePersonal", "alice", Some(0)),
            ("tcr:DuplicateImagePersonal", "alice/app:v2", Some(1)),
            ("tcr:DescribeInstances", "*", None),
            ("push", "alice/app", None),
        ] {
            let question = json!({"TargetUin": uin, "Operation": operation, "Resource": resource});
            let answer = alice.cloud.call("cam", "ExplainAuthorization", question).await.ok();
            let denied = statement.is_some() && !faithful;
            assert_eq!(answer["Effect"], if denied { "explicitDeny" } else { "allow" }, "{operation}: {answer}");
            if denied {
                assert_eq!((&answer["PolicyId"], &answer["StatementIndex"]), (&json!(id), &json!(statement)));
            }
        }
        let code = async |action: &str, parameters| user.cloud.call("tcr", action, parameters).await.code();
        let denied = if faithful { "" } else { "AuthFailure.UnauthorizedOperation" };
        let all = json!({"Namespace": "", "Offset": 0, "Limit": 10});
        assert_eq!(code("DescribeNamespacePersonal", all).await, denied);
        let images = json!({"SrcImage": "alice/app:v1", "DestImage": "alice/app:v2"});
        assert_eq!(code("DuplicateImagePersonal", images).await, denied);
        assert_eq!(code("DescribeInstances", json!({})).await, "");
    }
}

#[tokio::test]
async fn a_duplicate_is_a_push_and_unknown_actions_are_none() {
    let registry = TestRegistry::new().await;
    let alice = registry.account("alice").await;
    let text = r#"{"version":"2.0","statement":{"effect":"allow","action":["ccr:pull","ccr:push"],
        "resource":"qcs::ccr:::repo/alice/app"}}"#;
    let user = sub(&registry, &alice, "carol", &[text]).await;
    let named =
        r#"{"version":"2.0","statement":{"effect":"allow","action":"tcr:DuplicateImagePersonal","resource":"*"}}"#;
    let in_vain = sub(&registry, &alice, "dave", &[named]).await;
    alice.basic.push_image("alice/app", "v1", &Image::small(1)).await;
    for (uin, cloud, resource, expected) in [
        (&user.uin, &user.cloud, "alice/app", true),
        // This repository does not exist, and making it needs another right.
        (&user.uin, &user.cloud, "alice/new", false),
        (&in_vain.uin, &in_vain.cloud, "alice/app", false),
    ] {
        for operation in ["tcr:DuplicateImagePersonal", "ccr:DuplicateImagePersonal", "duplicate"] {
            let (allowed, reason) = told(&alice.cloud, uin, operation, &format!("{resource}:v2")).await.unwrap();
            assert_eq!(allowed, expected, "{resource}: {reason}");
            assert!(reason.ends_with("; pull on the source is needed too"), "{reason}");
        }
        let parameters = json!({"SrcImage": "alice/app:v1", "DestImage": format!("{resource}:v2")});
        let code = cloud.call("tcr", "DuplicateImagePersonal", parameters).await.code();
        assert_eq!(code.is_empty(), expected, "{resource}: {code}");
    }
    for operation in ["tcr:NoSuchThing", "cvm:RunInstances", "ccr:NoSuchThingPersonal", "nothing:", ":"] {
        for resource in ["*", "alice/app"] {
            let told = told(&alice.cloud, &user.uin, operation, resource).await;
            assert_eq!(told, Err("InvalidParameterValue".into()), "{operation} on {resource}");
        }
    }
    let ask = |action: &str| {
        let output = registry.command(&["explain", "--uin", &user.uin, "--action", action], "");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let (code, text) = ask("tcr:NoSuchThing");
    assert!(code == Some(2) && text.contains("there is no action"), "{text}");
    let (code, text) = ask("tcr:DescribeInstances");
    assert!(code == Some(0) && text.starts_with("allowed: the signature is enough\n"), "{text}");
}
