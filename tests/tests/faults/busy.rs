//! A database that another process has locked.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use roadstead_tests::{Answer, Client, Database, Image, TestRegistry, eventually};

use crate::skip;

const REPOSITORY: &str = "library/busy";

/// Takes the write lock of an SQLite database, prints `held`, and keeps the lock until its standard input ends.
const HOLD: &str = "import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute('BEGIN IMMEDIATE')
print('held', flush=True)
sys.stdin.read()
connection.execute('ROLLBACK')";

/// Another process that holds the write lock of the database.
struct Holder(Child);

impl Holder {
    /// Returns `None` if there is no python3 with sqlite3.
    fn hold(database: &Path) -> Option<Self> {
        let mut python = Command::new("python3");
        let spawned = python.args(["-c", HOLD]).arg(database).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line != "held\n" {
            child.wait().unwrap();
            return None;
        }
        Some(Self(child))
    }

    fn release(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().unwrap().success());
    }
}

async fn put_manifest(client: &Client, image: &Image, tag: &str) -> Answer {
    client.put_manifest(REPOSITORY, tag, image.media_type(), image.manifest()).await
}

/// A registry with this `busy_timeout`, with an image in it.
async fn registry(busy_timeout: Duration, image: &Image) -> TestRegistry {
    let builder = TestRegistry::builder().database(Database::Sqlite);
    let registry = builder.settings(|settings| settings.database.busy_timeout = busy_timeout).start().await;
    registry.owner().push_image(REPOSITORY, "v1", image).await;
    registry
}

#[tokio::test]
async fn a_write_waits_for_the_other_process() {
    let image = Image::small(1);
    let registry = registry(Duration::from_secs(30), &image).await;
    let client = registry.owner();
    let Some(holder) = Holder::hold(&registry.settings().data_dir.join("roadstead.db")) else {
        return skip("python3 with sqlite3 is not installed");
    };
    let writes: Vec<_> = (0..4)
        .map(|number| {
            let (client, image) = (client.clone(), image.clone());
            tokio::spawn(async move { put_manifest(&client, &image, &format!("waited-{number}")).await })
        })
        .collect();
    // Reads do not wait.
    client.get(&format!("/v2/{REPOSITORY}/manifests/v1")).await.expect(200);
    client.get(&format!("/v2/{REPOSITORY}/tags/list")).await.expect(200);
    assert!(writes.iter().all(|write| !write.is_finished()), "a write did not wait for the lock");
    holder.release();
    for (number, write) in writes.into_iter().enumerate() {
        write.await.unwrap().expect(201);
        client.head(&format!("/v2/{REPOSITORY}/manifests/waited-{number}")).await.expect(200);
    }
}

#[tokio::test]
async fn a_write_that_has_waited_too_long_is_refused_and_can_be_tried_again() {
    let image = Image::small(2);
    let registry = registry(Duration::from_millis(200), &image).await;
    let client = registry.owner();
    let Some(holder) = Holder::hold(&registry.settings().data_dir.join("roadstead.db")) else {
        return skip("python3 with sqlite3 is not installed");
    };
    let refused = put_manifest(&client, &image, "late").await.expect_error(503, "UNAVAILABLE");
    assert!(refused.has("retry-after"));
    client.post(&format!("/v2/{REPOSITORY}/blobs/uploads/")).await.expect_error(503, "UNAVAILABLE");
    client.get(&format!("/v2/{REPOSITORY}/manifests/v1")).await.expect(200);
    client.get(&format!("/v2/{REPOSITORY}/manifests/late")).await.expect(404);
    holder.release();
    eventually("the database is free again", async || {
        (put_manifest(&client, &image, "late").await.status == 201).then_some(())
    })
    .await;
    client.get(&format!("/v2/{REPOSITORY}/manifests/late")).await.expect(200);
}
