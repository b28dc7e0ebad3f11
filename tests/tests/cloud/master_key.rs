//! The credentials that a change of the master key ends, and those that keep working.

use std::path::Path;

use roadstead_tests::{Binary, Client, Cloud, Credentials, Image, Server};
use serde_json::{Value, json};

use crate::instance::Instance;

const MANIFEST: &str = "/v2/team/app/manifests/v1";

/// A server that can be restarted, with the credentials of its first start.
struct Kept<'a> {
    data: &'a Path,
    server: Option<Server>,
}

impl<'a> Kept<'a> {
    fn start(data: &'a Path) -> Self {
        Self { data, server: Some(Binary::find().serve(data, &[])) }
    }

    fn url(&self) -> &str {
        self.server.as_ref().unwrap().url()
    }

    fn cloud(&self) -> Cloud {
        let record: Value = serde_json::from_slice(&std::fs::read(self.data.join("bootstrap.json")).unwrap()).unwrap();
        let text = |member: &str| record[member].as_str().unwrap();
        Cloud::at(self.url(), text("secret_id"), text("secret_key"))
    }

    /// A docker client of the instance `demo`.
    fn docker(&self, username: &str, password: &str) -> Client {
        let port = self.url().rsplit_once(':').unwrap().1;
        let credentials = Credentials::Basic(username.to_owned(), password.to_owned());
        Client::new(self.url(), credentials).at(&format!("demo.localhost:{port}"))
    }

    fn rotate(&mut self) {
        self.server = None;
        let output = Binary::find().command(self.data).arg("rotate-master-key").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.server = Some(Binary::find().serve(self.data, &[]));
    }
}

/// Pulls as docker does: with the password, and with a bearer token for it.
async fn pulls(client: &Client) {
    client.get(MANIFEST).await.expect(200);
    let bearer = client.bearer(&["repository:team/app:pull"]).await;
    bearer.get(MANIFEST).await.expect(200);
}

#[tokio::test]
async fn a_long_term_token_outlives_the_master_key() {
    let data = tempfile::tempdir().unwrap();
    let mut kept = Kept::start(data.path());
    let made = Instance::of(kept.cloud(), "demo").await;
    made.namespace("team", false).await;
    let (username, password, id) = made.token("longterm").await;
    let node = kept.docker(&username, &password);
    node.push_image("team/app", "v1", &Image::small(1)).await;
    pulls(&node).await;
    for _ in 0..2 {
        kept.rotate();
        pulls(&kept.docker(&username, &password)).await;
    }
    let owner = kept.cloud();
    let call = async |action: &str, parameters: Value| owner.call("tcr", action, parameters).await.ok();
    let listed = call("DescribeInstanceToken", json!({ "RegistryId": made.id })).await;
    assert_eq!((&listed["TotalCount"], &listed["Tokens"][0]["Id"]), (&json!(1), &json!(id)));
    let bearer = kept.docker(&username, &password).bearer(&["repository:team/app:pull"]).await;
    call("DeleteInstanceToken", json!({ "RegistryId": made.id, "TokenId": id })).await;
    kept.docker(&username, &password).get(MANIFEST).await.expect(401);
    bearer.get(MANIFEST).await.expect(401);
}
