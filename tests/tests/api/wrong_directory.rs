//! Commands on a data directory where no server has run.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use roadstead_storage::meta::{MetaParams, MetaStore, NewAccount, Quotas, sqlite_url};
use roadstead_storage::testkit::act;
use roadstead_tests::{Binary, Image, TestRegistry};
use roadstead_types::{SystemClock, Uin};
use serde_json::Value;

use super::cli::{json, run, text};

const UIN: &str = "100000000000";
const KEY: &str = "AKIDabcdefghijklmnopqrstuvwxyz012345";

/// With a mistyped path they would make a registry, and change it.
#[test]
fn commands_that_change_something_make_no_registry() {
    let data = tempfile::tempdir().unwrap();
    let nowhere = data.path().join("nowhere");
    for arguments in [
        &["account", "password", UIN][..],
        &["account", "disable", UIN],
        &["account", "enable", UIN],
        &["account", "quota", UIN, "--namespaces", "1"],
        &["account", "key", "create", "--uin", UIN],
        &["account", "key", "disable", "--uin", UIN, KEY],
        &["account", "key", "enable", "--uin", UIN, KEY],
        &["account", "key", "delete", "--uin", UIN, KEY],
        &["namespace", "create", "team"],
        &["namespace", "delete", "team"],
        &["repository", "visibility", "team/app", "public"],
        &["repository", "delete", "team/app", "--yes"],
        &["job", "cancel", "1"],
        &["job", "retry", "1"],
        &["rotate-master-key"],
        &["garbage-collect"],
    ] {
        let output = run(&nowhere, arguments, &[]);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", text(&output.stdout));
        let told = text(&output.stderr);
        assert!(told.contains(&format!("there is no registry in {}", nowhere.display())), "{arguments:?}: {told}");
        assert!(!nowhere.exists(), "{arguments:?} makes the data directory");
    }
    json(&run(&nowhere, &["account", "create", "--name", "carol"], &[]));
    assert!(nowhere.join("roadstead.db").exists());
}

async fn open(data: &Path) -> MetaStore {
    let params = MetaParams {
        url: sqlite_url(&data.join("roadstead.db")),
        max_connections: 1,
        busy_timeout: Duration::from_secs(10),
        process: "the test".to_owned(),
        quotas: Quotas::default(),
    };
    MetaStore::open(&params).await.unwrap()
}

#[tokio::test]
async fn only_a_start_and_a_new_account_make_a_master_key() {
    let data = tempfile::tempdir().unwrap();
    let key = data.path().join("master.key");
    assert!(run(data.path(), &["migrate"], &[]).status.success());
    let meta = open(data.path()).await;
    let uin: Uin = UIN.parse().unwrap();
    let new = NewAccount::new(&uin, "carol");
    meta.create_account(&act(Arc::new(SystemClock)), &new).await.unwrap();
    meta.close().await;
    for arguments in [
        &["doctor", "--url", "http://127.0.0.1:1"][..],
        &["explain", "--uin", UIN, "--action", "pull", "--resource", "library/app"],
        &["account", "password", UIN],
        &["account", "key", "create", "--uin", UIN],
        &["rotate-master-key"],
    ] {
        let output = run(data.path(), arguments, &[]);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", text(&output.stdout));
        let told = text(&[output.stdout, output.stderr].concat());
        assert!(told.contains("there is no master key"), "{arguments:?}: {told}");
        assert!(!key.exists(), "{arguments:?} makes a master key");
    }
    json(&run(data.path(), &["account", "create", "--name", "dave"], &[]));
    assert!(key.exists());
}

/// The first start makes an account of this name, and what belongs to it.
#[tokio::test]
async fn nobody_takes_the_name_of_the_owner_before_the_first_start() {
    let data = tempfile::tempdir().unwrap();
    let refused = run(data.path(), &["account", "create", "--name", "owner"], &[]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stdout));
    assert!(text(&refused.stderr).contains("`roadstead serve` makes the account `owner`"), "{}", text(&refused.stderr));
    let server = Binary::find().serve(data.path(), &[]);
    assert!(server.output().iter().any(|line| line.contains("docker login")), "{:?}", server.output());
    let record: Value = serde_json::from_slice(&std::fs::read(data.path().join("bootstrap.json")).unwrap()).unwrap();
    let namespaces = json(&run(data.path(), &["namespace", "list", "--json"], &[]));
    assert_eq!((&namespaces[0]["name"], &namespaces[0]["owner"]), (&"library".into(), &record["uin"]));
    let twice = run(data.path(), &["account", "create", "--name", "owner"], &[]);
    assert!(text(&twice.stderr).contains("there is an account `owner` already"), "{}", text(&twice.stderr));
}

/// Without the volume of the blobs, clients would get errors, and new content would go to the wrong place.
#[tokio::test]
async fn a_registry_without_its_blobs_does_not_start() {
    let mut reg = TestRegistry::builder().system_clock().start().await;
    reg.owner().push_image("library/app", "v1", &Image::small(1)).await;
    reg.stop(true);
    let data = reg.settings().data_dir.clone();
    let (storage, volume) = (data.join("storage"), data.join("the volume"));
    std::fs::rename(&storage, &volume).unwrap();
    for _ in 0..2 {
        let output = reg.command(&["serve", "--listen", "127.0.0.1:0"], "");
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
        let told = text(&output.stderr);
        assert!(told.contains("the blob store is empty, but the database has blobs"), "{told}");
    }
    std::fs::remove_dir_all(&storage).unwrap();
    std::fs::rename(&volume, &storage).unwrap();
    std::fs::write(storage.join("store-id"), "0123456789abcdef0123456789abcdef\n").unwrap();
    let output = reg.command(&["serve", "--listen", "127.0.0.1:0"], "");
    assert!(text(&output.stderr).contains("belongs to the database with the id"), "{}", text(&output.stderr));
    let id = reg.meta().identity().await.unwrap();
    std::fs::write(storage.join("store-id"), format!("{id}\n")).unwrap();
    reg.restart().await;
    reg.owner().get("/v2/library/app/manifests/v1").await.expect(200);
}
