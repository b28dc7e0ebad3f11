//! Stopping a server.

use roadstead_storage::testkit::TestDatabase;
use roadstead_tests::{Binary, Client, Credentials, Image, Server, digest, eventually, random_bytes, raw};
use std::net::SocketAddr;
use std::path::Path;

const PASSWORD: &str = "correct horse battery staple";

fn start(data: &Path) -> (Server, Client, SocketAddr) {
    start_with(data, &[])
}

fn start_with(data: &Path, environment: &[(&str, &str)]) -> (Server, Client, SocketAddr) {
    let environment: Vec<_> = [("ROADSTEAD_BOOTSTRAP_PASSWORD", PASSWORD)].iter().chain(environment).copied().collect();
    let server = Binary::find().serve(data, &environment);
    let record = std::fs::read(data.join("bootstrap.json")).unwrap();
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    let credentials = Credentials::Basic(record["username"].as_str().unwrap().to_owned(), PASSWORD.to_owned());
    let address = server.url().split_once("://").unwrap().1.parse().unwrap();
    (server, Client::new(&format!("http://{address}"), credentials), address)
}

#[test]
fn a_server_can_be_stopped_as_soon_as_it_says_that_it_listens() {
    let data = tempfile::tempdir().unwrap();
    for _ in 0..5 {
        let server = Binary::find().serve(data.path(), &[]);
        server.signal("TERM");
        let (status, log) = server.wait();
        assert!(status.success(), "{status}: {log}");
    }
}

#[tokio::test]
async fn a_running_upload_may_end_and_then_the_server_exits_with_0() {
    let data = tempfile::tempdir().unwrap();
    let (server, owner, address) = start(data.path());
    let content = random_bytes(1, 200_000);
    let location = owner.start_upload("library/app").await;
    let authorization = owner.credentials().header().unwrap();
    let mut upload = raw::Connection::open(address).await;
    let head = format!(
        "PUT {location}?digest={} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {authorization}\r\nContent-Length: 200000\r\n\
         Expect: 100-continue\r\nConnection: close\r\n\r\n",
        digest(&content)
    );
    upload.send(head).await;
    // The server asks for the body, so the request is running.
    assert!(upload.head().await.starts_with("HTTP/1.1 100"));
    upload.send(&content[..100_000]).await;
    server.signal("TERM");
    eventually("new connections are refused", async || match tokio::net::TcpStream::connect(address).await {
        Err(_) => Some(()),
        Ok(_) => None,
    })
    .await;
    upload.send(&content[100_000..]).await;
    let answer = raw::parse("the upload".into(), &upload.receive().await);
    assert_eq!(answer.status, 201, "{answer}");
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    // The blob is stored.
    let (server, owner, _) = start(data.path());
    let got = owner.get(&format!("/v2/library/app/blobs/{}", digest(&content))).await.expect(200);
    assert_eq!(got.body, content);
    server.signal("INT");
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_the_end_up() {
    let data = tempfile::tempdir().unwrap();
    let (server, _, address) = start(data.path());
    let mut idle = raw::Connection::open(address).await;
    idle.send(format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n")).await;
    assert!(idle.head().await.starts_with("HTTP/1.1 200"));
    server.signal("TERM");
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[tokio::test]
async fn a_database_that_takes_nothing_does_not_hold_the_end_up_and_the_log_says_what_is_lost() {
    let (data, database) = (tempfile::tempdir().unwrap(), TestDatabase::any().await);
    let environment = [("ROADSTEAD__DATABASE__URL", database.url()), ("ROADSTEAD__DATABASE__BUSY_TIMEOUT", "60s")];
    let (server, owner, _) = start_with(data.path(), &environment);
    let image = Image::small(1);
    owner.push_image("library/app", "v1", &image).await;
    let held = database.hold_writes().await;
    for _ in 0..3 {
        owner.get("/v2/library/app/manifests/v1").await.expect(200);
    }
    server.signal("TERM");
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    let lost: Vec<&str> = log.lines().filter(|line| line.contains("pulls were not counted, and are lost")).collect();
    assert!(lost.len() == 1 && lost[0].contains("\"pulls\":3"), "{log}");
    held.release().await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let data = tempfile::tempdir().unwrap();
    let (server, owner, _) = start(data.path());
    let content = random_bytes(2, 300_000);
    let image = Image::new("{}", vec![content.clone()]);
    owner.push_image("library/app", "v1", &image).await;
    let location = owner.start_upload("library/app").await;
    owner.chunk(&location, 0, content.slice(..1000)).await.expect(202);
    drop(server); // SIGKILL
    let (_server, owner, _) = start(data.path());
    assert_eq!(owner.get("/v2/library/app/manifests/v1").await.expect(200).body, image.manifest());
    let blob = format!("/v2/library/app/blobs/{}", digest(&content));
    assert_eq!(owner.get(&blob).await.expect(200).body, content);
    owner.chunk(&location, 1000, content.slice(1000..2000)).await.expect(202);
    owner.put(&format!("{location}?digest={}", digest(content.slice(..2000))), "").await.expect(201);
}
