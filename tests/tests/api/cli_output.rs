//! The output of commands: JSON with `--json`, and sentences that name their subject.

use roadstead_storage::meta::NewJob;
use roadstead_tests::{Database, Image, TestRegistry};
use serde_json::{Value, json};
use std::time::Duration;

use super::cli::{json, run, text};

#[tokio::test]
async fn every_command_prints_json_when_it_is_asked_to() {
    let reg = TestRegistry::builder().system_clock().start().await;
    reg.owner().push_image("library/app", "v1", &Image::small(1)).await;
    let ask = |arguments: &[&str]| json(&reg.command(&[arguments, &["--json"]].concat(), "from stdin"));
    let carol = ask(&["account", "create", "--name", "carol"]);
    let uin = carol["uin"].as_str().unwrap();
    let key = ask(&["account", "key", "create", "--uin", uin]);
    let key = key["secret_id"].as_str().unwrap();
    let new =
        NewJob { kind: "test.unknown", key: None, payload: "{}".into(), scope: String::new(), delay: Duration::ZERO };
    let job = reg.meta().enqueue_job(&new, reg.now()).await.unwrap();
    let (number, job) = (job.get(), job.to_string());
    for (arguments, expected) in [
        (&["account", "disable", uin][..], json!({ "uin": uin, "status": "disabled" })),
        (&["account", "enable", uin], json!({ "uin": uin, "status": "active" })),
        (&["account", "password", uin, "--password-stdin"], json!({ "username": uin })),
        (
            &["account", "key", "disable", "--uin", uin, key],
            json!({ "uin": uin, "secret_id": key, "status": "disabled" }),
        ),
        (&["account", "key", "enable", "--uin", uin, key], json!({ "uin": uin, "secret_id": key, "status": "active" })),
        (
            &["account", "key", "delete", "--uin", uin, key],
            json!({ "uin": uin, "secret_id": key, "status": "deleted" }),
        ),
        (&["namespace", "create", "team", "--owner", uin], json!({ "name": "team", "owner": uin })),
        (&["namespace", "delete", "team"], json!({ "name": "team", "status": "deleted" })),
        (
            &["repository", "visibility", "library/app", "public"],
            json!({ "name": "library/app", "visibility": "public" }),
        ),
        (&["repository", "delete", "library/app", "--yes"], json!({ "name": "library/app", "status": "deleted" })),
        (&["job", "cancel", &job], json!({ "id": number, "state": "cancelled" })),
        (&["job", "retry", &job], json!({ "id": number, "state": "waiting" })),
        (&["migrate"], json!({ "schema": "up to date" })),
        (&["version"], json!({ "version": env!("CARGO_PKG_VERSION") })),
    ] {
        assert_eq!(ask(arguments), expected, "{arguments:?}");
    }
    let checks = ask(&["doctor", "--url", &reg.url()]);
    assert!(checks.as_array().unwrap().iter().all(|check| check["ok"] == true), "{checks}");
    let ill = reg.command(&["doctor", "--url", "http://127.0.0.1:1", "--json"], "");
    assert_eq!(ill.status.code(), Some(1));
    let checks: Value = serde_json::from_slice(&ill.stdout).unwrap();
    let clock = checks.as_array().unwrap().iter().find(|check| check["check"] == "clock").unwrap();
    assert_eq!((&clock["ok"], clock["detail"].as_str().unwrap().contains("127.0.0.1:1")), (&json!(false), true));
    for arguments in [
        &["account", "list"][..],
        &["account", "quota", uin],
        &["account", "key", "list", "--uin", uin],
        &["audit", "list"],
        &["namespace", "list"],
        &["repository", "list"],
        &["job", "list"],
        &["job", "show", &job],
        &["garbage-collect"],
        &["check-config"],
        &["explain", "--uin", uin, "--action", "pull", "--resource", "library/app"],
    ] {
        ask(arguments);
    }
}

#[tokio::test]
async fn what_is_told_names_what_it_is_about() {
    let reg = TestRegistry::builder().database(Database::Sqlite).system_clock().start().await;
    reg.owner().push_image("library/app", "v1", &Image::small(1)).await;
    let owner = reg.owner_name();
    let told = |arguments: &[&str]| {
        let output = reg.command(arguments, "");
        text(&[output.stdout, output.stderr].concat())
    };
    let carol = json(&reg.command(&["account", "create", "--name", "carol"], ""));
    let uin = carol["uin"].as_str().unwrap();
    let key = carol["secret_id"].as_str().unwrap();
    for (arguments, expected) in [
        (&["account", "create", "--name", "carol"][..], "roadstead: there is an account `carol` already\n".to_owned()),
        (&["account", "disable", uin], format!("account {uin} disabled\n")),
        (&["account", "enable", uin], format!("account {uin} enabled\n")),
        (&["account", "key", "disable", "--uin", uin, key], format!("key {key} of the account {uin} disabled\n")),
        (&["account", "key", "enable", "--uin", uin, key], format!("key {key} of the account {uin} enabled\n")),
        (&["account", "key", "delete", "--uin", uin, key], format!("key {key} of the account {uin} deleted\n")),
        (&["namespace", "create", "team", "--owner", owner], "namespace team created\n".to_owned()),
        (
            &["namespace", "create", "team", "--owner", owner],
            "roadstead: there is a namespace team already\n".to_owned(),
        ),
        (
            &["namespace", "create", "library", "--owner", owner],
            "roadstead: the name library is reserved; with --reserved it is made all the same\n".to_owned(),
        ),
        (
            &["namespace", "delete", "library"],
            "roadstead: there are repositories in the namespace library: delete them first, with `roadstead repository delete`\n".into(),
        ),
    ] {
        assert_eq!(told(arguments), expected, "{arguments:?}");
    }
    let doctor = told(&["doctor", "--url", &reg.url()]);
    assert!(doctor.contains("database: SQLite, schema up to date"), "{doctor}");
}

#[test]
fn help_names_the_variables_of_the_common_options() {
    let data = tempfile::tempdir().unwrap();
    let help = text(&run(data.path(), &["account", "create", "--help"], &[]).stdout);
    for variable in ["ROADSTEAD_CONFIG", "ROADSTEAD_DATA_DIR", "ROADSTEAD_LISTEN"] {
        assert!(help.contains(&format!("[env: {variable}")), "{help}");
    }
    // The options of the command itself come first.
    let position = |option: &str| help.find(option).unwrap();
    assert!(position("--name") < position("--password-stdin") && position("--password-stdin") < position("--config"));
}
