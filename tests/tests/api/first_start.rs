//! The first start, and commands on a data directory before the first start.

use roadstead_tests::{Binary, Client, Credentials, Image, Server};
use serde_json::{Value, json};

use crate::cli::{json, run, text};

/// Otherwise a wrong data directory would give a fresh registry and an empty answer.
#[test]
fn commands_that_only_read_make_nothing() {
    let data = tempfile::tempdir().unwrap();
    let nowhere = data.path().join("nowhere");
    let reading = [
        &["account", "list"][..],
        &["account", "quota", "100000000000"],
        &["account", "key", "list", "--uin", "100000000000"],
        &["audit", "list"],
        &["namespace", "list"],
        &["repository", "list"],
        &["explain", "--uin", "100000000000", "--action", "pull"],
        &["garbage-collect", "--dry-run"],
        &["garbage-collect"],
        &["doctor", "--url", "http://127.0.0.1:1"],
    ];
    for arguments in reading {
        let output = run(&nowhere, arguments, &[]);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", text(&output.stdout));
        let told = text(&[output.stdout, output.stderr].concat());
        assert!(told.contains("roadstead.db"), "{arguments:?}: {told}");
        assert!(!nowhere.exists(), "{arguments:?} made the data directory");
    }
    // A database with an older schema is not migrated.
    std::fs::create_dir(&nowhere).unwrap();
    std::fs::write(nowhere.join("roadstead.db"), b"").unwrap();
    for arguments in reading {
        let output = run(&nowhere, arguments, &[]);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", text(&output.stdout));
        let told = text(&[output.stdout, output.stderr].concat());
        assert!(told.contains("roadstead migrate"), "{arguments:?}: {told}");
        assert!(!nowhere.join("master.key").exists() && !nowhere.join("blobs").exists(), "{arguments:?}");
    }
}

#[tokio::test]
async fn the_first_start_names_an_address_that_can_be_reached() {
    let data = tempfile::tempdir().unwrap();
    let mut command = Binary::find().command(data.path());
    command.args(["serve", "--listen", "0.0.0.0:0"]);
    let server = Server::start(command);
    let port = server.url().rsplit_once(':').unwrap().1.to_owned();
    let record: Value = serde_json::from_slice(&std::fs::read(data.path().join("bootstrap.json")).unwrap()).unwrap();
    assert_eq!(record["url"], format!("http://127.0.0.1:{port}"));
    let member = |name: &str| record[name].as_str().unwrap().to_owned();
    let login = format!("docker login 127.0.0.1:{port} --username {}", member("username"));
    assert!(server.output().contains(&login), "{:?}", server.output());
    let owner = Client::new(&member("url"), Credentials::Basic(member("username"), member("password")));
    owner.get("/v2/").await.expect(200);
}

/// The account of the first start belongs to the operator.
#[tokio::test]
async fn the_first_account_has_no_quotas() {
    let data = tempfile::tempdir().unwrap();
    let environment = [("ROADSTEAD__QUOTAS__NAMESPACES", "1"), ("ROADSTEAD__QUOTAS__REPOSITORIES", "1")];
    let server = Binary::find().serve(data.path(), &environment);
    let record: Value = serde_json::from_slice(&std::fs::read(data.path().join("bootstrap.json")).unwrap()).unwrap();
    let member = |name: &str| record[name].as_str().unwrap().to_owned();
    let owner = Client::new(server.url(), Credentials::Basic(member("username"), member("password")));
    for name in ["library/one", "library/two", "library/three"] {
        owner.push_image(name, "v1", &Image::small(1)).await;
    }
    let shown = run(data.path(), &["account", "quota", &member("uin"), "--json"], &environment);
    assert_eq!(json(&shown), json!({ "namespaces": null, "repositories": null, "triggers": null }));
    let set = ["account", "quota", &member("uin"), "--repositories", "3", "--json"];
    let changed = run(data.path(), &set, &environment);
    assert_eq!(json(&changed), json!({ "namespaces": null, "repositories": 3, "triggers": null }));
    owner.post("/v2/library/four/blobs/uploads/").await.expect_error(403, "DENIED");
    let set = ["account", "quota", &member("uin"), "--repositories", "none"];
    assert!(text(&run(data.path(), &set, &environment).stdout).contains("none"));
    owner.push_image("library/four", "v1", &Image::small(1)).await;
}
