//! A full disk.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use roadstead_tests::{Answer, Binary, Client, Credentials, Image, Server, digest, random_bytes};

use crate::skip;

const REPOSITORY: &str = "library/full";
const PASSWORD: &str = "correct horse battery staple";
const SIZE: usize = 24 << 20;

/// A small file system in memory.
struct Disk {
    directory: tempfile::TempDir,
}

impl Disk {
    /// Returns `None` if this process may not mount.
    fn mount() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        let size = format!("size={SIZE},mode=0700");
        let mounted = mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(directory.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self { directory })
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Fills the rest of the disk.
    fn fill(&self) -> PathBuf {
        let path = self.path().join("filler");
        let mut file = File::create(&path).unwrap();
        // Large pieces first, then small ones for the rest.
        for piece in [64 << 10, 4096, 1] {
            while match file.write(&vec![1; piece]) {
                Ok(written) => written > 0,
                Err(error) if error.kind() == ErrorKind::StorageFull => false,
                Err(error) => panic!("{error}"),
            } {}
        }
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A server that is just being killed may still have it open.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

fn serve(disk: &Disk) -> (Server, Client) {
    let environment = [("ROADSTEAD_BOOTSTRAP_PASSWORD", PASSWORD)];
    let data = disk.path().join("data");
    let server = Binary::find().serve(&data, &environment);
    let made = std::fs::read(data.join("bootstrap.json")).unwrap();
    let made: serde_json::Value = serde_json::from_slice(&made).unwrap();
    let username = made["username"].as_str().unwrap().to_owned();
    let client = Client::new(server.url(), Credentials::Basic(username, PASSWORD.to_owned()));
    (server, client)
}

async fn is_whole(client: &Client, tag: &str, image: &Image) {
    let manifest = client.get(&format!("/v2/{REPOSITORY}/manifests/{tag}")).await.expect(200);
    assert_eq!(manifest.body, image.manifest());
    for blob in image.blobs() {
        let pulled = client.get(&format!("/v2/{REPOSITORY}/blobs/{}", digest(blob))).await.expect(200);
        assert!(pulled.body == *blob);
    }
}

/// Checks that the answer says "no room", in the form of the specification.
#[track_caller]
fn no_room(answer: Answer) {
    let answer = answer.expect_error(507, "UNKNOWN");
    assert!(answer.text().contains("no room"), "{answer}");
}

#[tokio::test]
async fn an_upload_that_fills_the_disk_is_refused_and_gives_its_room_back() {
    let Some(disk) = Disk::mount() else { return skip("this process may not mount a file system") };
    let (server, client) = serve(&disk);
    let image = Image::small(1);
    client.push_image(REPOSITORY, "before", &image).await;

    let large = random_bytes(2, SIZE + (1 << 20));
    let location = client.start_upload(REPOSITORY).await;
    no_room(client.patch(&location, large.clone()).await);
    let location = client.start_upload(REPOSITORY).await;
    no_room(client.put(&format!("{location}?digest={}", digest(&large)), large.clone()).await);
    let whole = format!("/v2/{REPOSITORY}/blobs/uploads/?digest={}", digest(&large));
    no_room(client.request("POST", &whole).body(large.clone()).send().await);

    // The refused uploads take no room any more.
    let fits = random_bytes(3, SIZE / 2);
    let digest = client.push_blob(REPOSITORY, &fits).await;
    assert!(client.get(&format!("/v2/{REPOSITORY}/blobs/{digest}")).await.expect(200).body == fits);
    client.push_image(REPOSITORY, "after", &Image::small(4)).await;
    is_whole(&client, "before", &image).await;
    drop(server);
    let (_server, client) = serve(&disk);
    is_whole(&client, "before", &image).await;
    is_whole(&client, "after", &Image::small(4)).await;
}

#[tokio::test]
async fn a_disk_without_room_for_the_database_stops_pushes_and_nothing_else() {
    let Some(disk) = Disk::mount() else { return skip("this process may not mount a file system") };
    let (server, client) = serve(&disk);
    let image = Image::small(1);
    client.push_image(REPOSITORY, "before", &image).await;
    let open = client.start_upload(REPOSITORY).await;
    let content = random_bytes(5, 200_000);
    client.chunk(&open, 0, content.slice(..100_000)).await.expect(202);

    let filler = disk.fill();
    no_room(client.chunk(&open, 100_000, content.slice(100_000..)).await);
    // The log of the database still has some room, which fills up gradually.
    let mut refused = None;
    let mut pushed = Vec::new();
    for number in 0..2000 {
        let tag = format!("full-{number}");
        let answer = client.put_manifest(REPOSITORY, &tag, image.media_type(), image.manifest()).await;
        if answer.status != 201 {
            refused = Some(answer);
            break;
        }
        pushed.push(tag);
    }
    no_room(refused.expect("the database never ran out of room"));
    is_whole(&client, "before", &image).await;
    client.get("/v2/").await.expect(200);

    std::fs::remove_file(filler).unwrap();
    client.push_image(REPOSITORY, "after", &Image::small(6)).await;
    is_whole(&client, "after", &Image::small(6)).await;
    drop(server);
    // Acknowledged content survives a crash too.
    let (_server, client) = serve(&disk);
    for tag in ["before".to_owned()].iter().chain(&pushed) {
        is_whole(&client, tag, &image).await;
    }
    is_whole(&client, "after", &Image::small(6)).await;
    assert_eq!(client.get(&open).await.expect(204).header("range"), "0-99999");
    client.put(&format!("{open}?digest={}", digest(&content)), content.slice(100_000..)).await.expect(201);
}
