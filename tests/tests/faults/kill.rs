//! Repeated `kill -9` while eight clients push.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

use futures::TryStreamExt as _;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use roadstead_bench::wire::oci;
use roadstead_storage::blob::{BlobStore as _, FsBlobStore};
use roadstead_storage::meta::{AuditQuery, MetaParams, MetaStore, Quotas, sqlite_url};
use roadstead_tests::{Binary, DEADLINE, Server};

use crate::pusher::{Progress, Pusher};

const PUSHERS: usize = 8;
const PASSWORD: &str = "correct horse battery staple";

/// The number of kills: `ROADSTEAD_TEST_KILL_ROUNDS`, or 8.
fn rounds() -> usize {
    let given = std::env::var("ROADSTEAD_TEST_KILL_ROUNDS").ok();
    given.map_or(8, |text| text.parse().expect("ROADSTEAD_TEST_KILL_ROUNDS must be a number"))
}

fn serve(data: &Path) -> Server {
    let environment = [("ROADSTEAD_BOOTSTRAP_PASSWORD", PASSWORD), ("ROADSTEAD__SERVER__LOG_REQUESTS", "false")];
    Binary::find().serve(data, &environment)
}

fn address(server: &Server) -> std::net::SocketAddr {
    server.url().strip_prefix("http://").unwrap().parse().unwrap()
}

/// `Authorization` of the owner.
fn authorization(data: &Path) -> String {
    let made: serde_json::Value = serde_json::from_slice(&std::fs::read(data.join("bootstrap.json")).unwrap()).unwrap();
    oci::basic(made["username"].as_str().unwrap(), PASSWORD)
}

/// Lets all pushers push until the server has acknowledged `enough` more requests, and then kills the server.
fn push_and_kill(server: Server, pushers: &mut [Pusher], authorization: &str, enough: u64) {
    let (address, progress) = (address(&server), Progress::default());
    std::thread::scope(|scope| {
        let running: Vec<_> = pushers
            .iter_mut()
            .map(|pusher| scope.spawn(|| pusher.push_until_gone(address, authorization, &progress)))
            .collect();
        let deadline = Instant::now() + DEADLINE;
        while progress.count() < enough && running.iter().any(|thread| !thread.is_finished()) {
            assert!(Instant::now() < deadline, "only {} of {enough} requests were answered", progress.count());
            std::thread::park_timeout(Duration::from_millis(1));
        }
        server.signal("KILL");
        server.wait();
    });
}

fn verify(server: &Server, pushers: &mut [Pusher], authorization: &str, all: bool) {
    let address = address(server);
    std::thread::scope(|scope| {
        for pusher in pushers {
            scope.spawn(|| pusher.verify(address, authorization, all));
        }
    });
}

async fn open(data: &Path) -> MetaStore {
    let params = MetaParams {
        url: sqlite_url(&data.join("roadstead.db")),
        max_connections: 2,
        busy_timeout: DEADLINE,
        process: "the test".to_owned(),
        quotas: Quotas::default(),
    };
    MetaStore::open(&params).await.unwrap()
}

/// Checks that each tag exists exactly if the last event about it says so: a kill never leaves one without the other.
fn the_audit_log_agrees(data: &Path, pushers: &[Pusher]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let last = runtime.block_on(async {
        let meta = open(data).await;
        let (mut last, mut after) = (HashMap::new(), None);
        loop {
            let query = AuditQuery { after, limit: 1000, ..AuditQuery::default() };
            let page = meta.audit_events(&query).await.unwrap();
            let Some((cursor, _)) = page.last() else { break };
            after = Some(*cursor);
            for (_, event) in page {
                last.entry(event.resource).or_insert(event.action == "manifest.put");
            }
        }
        meta.close().await;
        last
    });
    let tags: Vec<(String, bool)> = pushers.iter().flat_map(Pusher::tags).collect();
    assert!(!tags.is_empty());
    for (resource, is_there) in tags {
        assert_eq!(last.get(&resource).copied().unwrap_or(false), is_there, "{resource}");
    }
}

/// Checks that every row has its object, with the right size. Returns the number of rows, and the objects without a
/// row.
fn rows_and_strays(data: &Path) -> (usize, Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let meta = open(data).await;
        let store = FsBlobStore::open(data.join("storage")).await.unwrap();
        let (mut rows, mut after) = (HashSet::new(), None);
        loop {
            let page = meta.blobs_page(after, 500).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for blob in &page {
                let size = store.size(&blob.key).await.unwrap();
                assert_eq!(size, Some(blob.size), "the object of {} ({})", blob.digest, blob.key);
                rows.insert(blob.key.clone());
            }
        }
        let objects: Vec<_> = store.list().try_collect().await.unwrap();
        meta.close().await;
        let strays = objects.iter().filter(|object| !rows.contains(&object.key));
        (rows.len(), strays.map(|stray| format!("{stray:?}")).collect())
    })
}

#[test]
fn what_was_acknowledged_survives_the_death_of_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let mut random = StdRng::seed_from_u64(9);
    let mut pushers: Vec<Pusher> = (0..PUSHERS).map(|number| Pusher::new(number, PUSHERS)).collect();
    let mut server = serve(&data);
    let authorization = authorization(&data);
    for round in 0..rounds() {
        push_and_kill(server, &mut pushers, &authorization, random.random_range(1..=60));
        server = serve(&data);
        verify(&server, &mut pushers, &authorization, false);
        the_audit_log_agrees(&data, &pushers);
        // This checks every row, so it runs only in some rounds.
        if round % 10 == 0 {
            rows_and_strays(&data);
        }
    }
    verify(&server, &mut pushers, &authorization, true);
    rows_and_strays(&data);
    server.signal("TERM");
    assert!(server.wait().0.success());

    // The collection removes the leftovers of killed servers, and nothing else. It runs twice: the first run removes
    // the staged names of some objects, which makes these objects young again.
    let mut told = String::new();
    for _ in 0..2 {
        let mut collect = Binary::find().command(&data);
        let collected = collect.args(["garbage-collect", "--orphan-age", "0s"]).output().unwrap();
        assert!(collected.status.success(), "{}", String::from_utf8_lossy(&collected.stderr));
        told.push_str(&String::from_utf8_lossy(&collected.stdout));
    }
    let server = serve(&data);
    verify(&server, &mut pushers, &authorization, true);
    let (rows, strays) = rows_and_strays(&data);
    assert!(strays.is_empty(), "objects without a row: {strays:#?}; collected: {told}");
    let images: usize = pushers.iter().map(Pusher::images).sum();
    assert!(images > 0 && rows > 0);
}
