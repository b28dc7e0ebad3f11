//! A first start that is cut off by `kill -9`: `bootstrap.json` names only what there is.

use std::path::Path;
use std::process::Stdio;

use roadstead_tests::{Binary, Client, Cloud, Credentials, Image};
use serde_json::{Value, json};

use crate::commit::wait_for;

/// Starts a server that stops at `point` of the unit that makes the owner account, and kills it there.
fn start_and_kill(data: &Path, point: &str) {
    std::fs::create_dir_all(data).unwrap();
    let sign = data.join("stopped");
    let stop = [("STOP_AT", point), ("STOP_OP", "create an account"), ("STOP_SIGN", sign.to_str().unwrap())];
    let mut command = Binary::at(env!("CARGO_BIN_EXE_roadstead-stopping")).command(data);
    let command = command.args(["serve", "--listen", "127.0.0.1:0"]).envs(stop);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(&sign);
    assert!(!data.join("bootstrap.json").exists(), "it is not complete");
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::remove_file(sign).unwrap();
}

#[tokio::test]
async fn what_a_first_start_that_was_killed_has_written_down_is_there() {
    let directory = tempfile::tempdir().unwrap();
    for point in ["before-commit", "after-commit"] {
        let data = directory.path().join(point);
        start_and_kill(&data, point);
        let server = Binary::find().serve(&data, &[]);
        let record: Value = serde_json::from_slice(&std::fs::read(data.join("bootstrap.json")).unwrap()).unwrap();
        let text = |member: &str| record[member].as_str().unwrap().to_owned();
        let cloud = Cloud::at(server.url(), &text("secret_id"), &text("secret_key"));
        let me = cloud.call("cam", "GetUserAppId", json!({})).await.ok();
        assert_eq!(me["Uin"].to_string().trim_matches('"'), text("uin"), "{point}");
        let owner = Client::new(server.url(), Credentials::Basic(text("username"), text("password")));
        owner.push_image("library/app", "v1", &Image::small(1)).await;
        let quota = cloud.call("tcr", "DescribeUserQuotaPersonal", json!({})).await.ok();
        let values = quota["Data"]["LimitInfo"].as_array().unwrap();
        assert!(values.iter().all(|limit| limit["Value"].as_i64().unwrap() > 1_000_000), "{point}: {quota}");
    }
}
