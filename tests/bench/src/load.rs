//! The loads: the work that each server gets.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use roadstead_bench::wire::{Wire, oci};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::contender::{Kind, REPOSITORY, Server, pause};

/// The repository of the small images.
pub const IMAGES_REPOSITORY: &str = "library/bench-images";

/// The amount of work.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub rounds: usize,
    /// The duration of each load that is limited by time.
    pub time: Duration,
    /// Bytes of a large blob.
    pub blob: usize,
    /// How many large blobs are pushed one after the other.
    pub puts: usize,
    /// Bytes of the blob that many clients pull at once, and how many of them each client reads.
    pub huge: u64,
    pub read: u64,
    pub pulls: usize,
    pub pushes: usize,
    pub tags: usize,
    /// Tags of the repository that is deleted while others push.
    pub doomed: usize,
}

/// The bytes of large blobs, which differ only in the last 16. So a new blob takes no time to make.
pub struct Content {
    bytes: Vec<u8>,
    state: Sha256,
    count: AtomicU64,
}

const SUFFIX: usize = 16;

impl Content {
    pub fn new(size: usize) -> Self {
        let mut bytes = vec![0; size - SUFFIX];
        rand::fill(&mut bytes[..]);
        let state = Sha256::new_with_prefix(&bytes);
        Self { bytes, state, count: AtomicU64::new(rand::random::<u32>().into()) }
    }

    /// New content: its digest, and its last bytes.
    fn fresh(&self) -> (String, [u8; SUFFIX]) {
        let mut suffix = [0; SUFFIX];
        suffix[..8].copy_from_slice(&self.count.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let state = self.state.clone().chain_update(suffix);
        (format!("sha256:{}", hex::encode(state.finalize())), suffix)
    }

    fn len(&self) -> u64 {
        (self.bytes.len() + SUFFIX) as u64
    }

    /// Pushes a fresh blob.
    fn push(&self, client: &mut Wire, fresh: &(String, [u8; SUFFIX])) -> anyhow::Result<()> {
        let location = client.start_upload(REPOSITORY)?;
        let target = oci::with_digest(&location, &fresh.0);
        let headers = [("Content-Type", "application/octet-stream")];
        client.begin("PUT", &target, &headers, Some(self.len()), None)?;
        client.write(&self.bytes)?;
        client.write(&fresh.1)?;
        let head = client.head()?;
        client.body(&head, u64::MAX, |_| {})?;
        ensure!(head.status == 201, "a push was answered with {}", head.status);
        Ok(())
    }
}

/// The targets for the loads that read.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub by_tag: String,
    pub by_digest: String,
    pub small_blob: String,
    pub blob: String,
    pub huge: Option<String>,
    pub subject: String,
}

/// Pushes the content that is read later.
pub fn prepare(server: &Server, content: &Content, size: &Size) -> anyhow::Result<Prepared> {
    let layers: Vec<Vec<u8>> = (0_u8..5).map(|seed| vec![seed; 4096]).collect();
    let config = br#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;
    let named: Vec<(String, usize)> = layers.iter().map(|layer| (oci::digest(layer), layer.len())).collect();
    let manifest = oci::image((&oci::digest(config), config.len()), &named);
    let digest = oci::digest(&manifest);
    if server.kind == Kind::Nginx {
        return prepare_files(&server.directory.join("files"), &manifest, &layers[0], content);
    }
    let mut client = server.client()?;
    for layer in layers.iter().map(Vec::as_slice).chain([config.as_slice()]) {
        client.push_blob(REPOSITORY, &oci::digest(layer), layer)?;
    }
    for tag in 0..size.tags {
        client.push_manifest(REPOSITORY, &format!("v{tag:05}"), &manifest)?.expect(201)?;
    }
    for number in 0..10 {
        let referrer = referrer(&digest, manifest.len(), (&oci::digest(config), config.len()), number);
        client.push_manifest(REPOSITORY, &oci::digest(&referrer), &referrer)?.expect(201)?;
    }
    let fresh = content.fresh();
    content.push(&mut client, &fresh)?;
    let huge = push_huge(&mut client, content, size.huge)?;
    Ok(Prepared {
        by_tag: format!("/v2/{REPOSITORY}/manifests/v00000"),
        by_digest: format!("/v2/{REPOSITORY}/manifests/{digest}"),
        small_blob: format!("/v2/{REPOSITORY}/blobs/{}", named[0].0),
        blob: format!("/v2/{REPOSITORY}/blobs/{}", fresh.0),
        huge: Some(format!("/v2/{REPOSITORY}/blobs/{huge}")),
        subject: format!("/v2/{REPOSITORY}/referrers/{digest}"),
    })
}

fn prepare_files(root: &Path, manifest: &[u8], layer: &[u8], content: &Content) -> anyhow::Result<Prepared> {
    fs::write(root.join("manifest"), manifest)?;
    fs::write(root.join("layer"), layer)?;
    let mut blob = File::create(root.join("blob"))?;
    blob.write_all(&content.bytes)?;
    blob.write_all(&[0; SUFFIX])?;
    Ok(Prepared {
        by_tag: "/manifest".to_owned(),
        by_digest: "/manifest".to_owned(),
        small_blob: "/layer".to_owned(),
        blob: "/blob".to_owned(),
        huge: None,
        subject: String::new(),
    })
}

fn referrer(subject: &str, size: usize, config: (&str, usize), number: u32) -> Vec<u8> {
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": oci::IMAGE,
        "artifactType": "application/vnd.example.sbom",
        "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": config.0, "size": config.1 },
        "layers": [],
        "subject": { "mediaType": oci::IMAGE, "digest": subject, "size": size },
        "annotations": { "number": number.to_string() },
    });
    manifest.to_string().into_bytes()
}

fn push_huge(client: &mut Wire, content: &Content, size: u64) -> anyhow::Result<String> {
    let times = size / content.bytes.len() as u64;
    let state = (0..times).fold(Sha256::new(), |state, _| state.chain_update(&content.bytes));
    let digest = format!("sha256:{}", hex::encode(state.finalize()));
    let target = oci::with_digest(&client.start_upload(REPOSITORY)?, &digest);
    client.begin("PUT", &target, &[], Some(times * content.bytes.len() as u64), None)?;
    for _ in 0..times {
        client.write(&content.bytes)?;
    }
    let head = client.head()?;
    client.body(&head, u64::MAX, |_| {})?;
    ensure!(head.status == 201, "the push of a huge blob was answered with {}", head.status);
    Ok(digest)
}

/// Measures GET requests a second with wrk and 32 connections.
pub fn gets(server: &Server, target: &str, auth: Option<&str>, time: Duration) -> anyhow::Result<f64> {
    let mut command = Command::new("wrk");
    command.args(["-t2", "-c32", "-d", &format!("{}s", time.as_secs().max(1))]);
    // Registries return an image only to clients that accept it.
    command.args(["-H", &format!("Accept: {}", oci::IMAGE)]);
    if let Some(value) = auth {
        command.args(["-H", &format!("Authorization: {value}")]);
    }
    let output = command.arg(format!("http://{}{target}", server.address)).output().context("wrk is not installed")?;
    rate_of(&output).with_context(|| target.to_owned())
}

/// The rate in the output of wrk.
pub fn rate_of(output: &Output) -> anyhow::Result<f64> {
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success() && !text.contains("Non-2xx"), "wrk said: {text}");
    let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:")?.trim().parse().ok());
    rate.with_context(|| format!("wrk said: {text}"))
}

/// Measures HEAD requests a second with 32 connections. (wrk cannot: it waits for a body, which an answer to HEAD does
/// not have.)
pub fn heads(server: &Server, target: &str, auth: Option<&str>, time: Duration) -> anyhow::Result<f64> {
    let began = Instant::now();
    let count = in_threads(32, |_| {
        let mut client = Wire::new(server.address, auth);
        let mut count = 0;
        while began.elapsed() < time {
            client.send("HEAD", target, &[("Accept", oci::IMAGE)], None)?.expect(200)?;
            count += 1;
        }
        Ok(count)
    })?;
    Ok(per_second(count, began))
}

#[expect(clippy::cast_precision_loss, reason = "no count here reaches 2^53")]
fn per_second(count: u64, began: Instant) -> f64 {
    count as f64 / began.elapsed().as_secs_f64()
}

/// Transferred bytes, the time for them, and the processor time of the server.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    bytes: u64,
    elapsed: Duration,
    cpu: f64,
}

impl Moved {
    /// Megabytes a second.
    pub fn rate(&self) -> f64 {
        self.gigabytes() * 1000.0 / self.elapsed.as_secs_f64()
    }

    /// Seconds of processor time for a gigabyte.
    pub fn cost(&self) -> f64 {
        self.cpu / self.gigabytes()
    }

    #[expect(clippy::cast_precision_loss, reason = "no transfer here reaches 2^53 bytes")]
    fn gigabytes(&self) -> f64 {
        self.bytes as f64 / 1e9
    }
}

fn measured(server: &Server, work: impl FnOnce() -> anyhow::Result<u64>) -> anyhow::Result<Moved> {
    let (cpu, began) = (server.cpu_seconds(), Instant::now());
    let bytes = work()?;
    let elapsed = began.elapsed();
    Ok(Moved { bytes, elapsed, cpu: server.cpu_seconds() - cpu })
}

/// Runs `work` in `count` threads, and adds up the results.
pub fn in_threads(count: usize, work: impl Fn(usize) -> anyhow::Result<u64> + Sync) -> anyhow::Result<u64> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|index| {
                scope.spawn({
                    let work = &work;
                    move || work(index)
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().map_err(|_| anyhow::anyhow!("a client panicked"))?).sum()
    })
}

/// Pulls a large blob with 8 connections, again and again.
pub fn blob_get(server: &Server, target: &str, time: Duration) -> anyhow::Result<Moved> {
    let authorization = server.authorization()?;
    measured(server, || {
        let deadline = Instant::now() + time;
        in_threads(8, |_| {
            let mut client = Wire::new(server.address, authorization.as_deref());
            let mut total = 0;
            while Instant::now() < deadline {
                client.begin("GET", target, &[], None, None)?;
                let head = client.head()?;
                ensure!(head.status == 200, "a pull was answered with {}", head.status);
                total += client.body(&head, u64::MAX, |_| {})?;
            }
            Ok(total)
        })
    })
}

/// Pushes `count` large blobs on each of `connections`.
pub fn blob_put(server: &Server, content: &Content, connections: usize, count: usize) -> anyhow::Result<Moved> {
    let authorization = server.authorization()?;
    let fresh: Vec<Vec<_>> = (0..connections).map(|_| (0..count).map(|_| content.fresh()).collect()).collect();
    // Writes of the previous server must not slow down this one.
    let _ = Command::new("sync").status();
    measured(server, || {
        in_threads(connections, |index| {
            let mut client = Wire::new(server.address, authorization.as_deref());
            fresh[index].iter().try_for_each(|fresh| content.push(&mut client, fresh))?;
            Ok(count as u64 * content.len())
        })
    })
}

/// Pushes small images with 16 clients: a config, two layers of 4 KiB and a manifest each, all of them new.
pub fn small_images(server: &Server, time: Duration) -> anyhow::Result<f64> {
    let authorization = match &server.basic {
        Some(basic) => {
            let scope = format!("repository:{IMAGES_REPOSITORY}:pull,push");
            Some(oci::bearer(server.address, basic, &[&scope])?)
        }
        None => None,
    };
    let began = Instant::now();
    let count = in_threads(16, |_| {
        let mut client = Wire::new(server.address, authorization.as_deref());
        let mut count = 0;
        while began.elapsed() < time {
            push_image(&mut client)?;
            count += 1;
        }
        Ok(count)
    })?;
    Ok(per_second(count, began))
}

pub fn push_image(client: &mut Wire) -> anyhow::Result<()> {
    let name = format!("{:032x}", rand::random::<u128>());
    let config = json!({ "architecture": "amd64", "os": "linux", "author": name }).to_string().into_bytes();
    let mut layers = Vec::new();
    for _ in 0..2 {
        let layer: Vec<u8> = rand::random::<[u8; 32]>().repeat(128);
        let digest = oci::digest(&layer);
        client.push_blob(IMAGES_REPOSITORY, &digest, &layer)?;
        layers.push((digest, layer.len()));
    }
    let digest = oci::digest(&config);
    client.push_blob(IMAGES_REPOSITORY, &digest, &config)?;
    let manifest = oci::image((&digest, config.len()), &layers);
    client.push_manifest(IMAGES_REPOSITORY, &name, &manifest)?.expect(201)?;
    Ok(())
}

/// The peak of the resident memory and of its anonymous part while `work` runs, in MiB.
fn peak(server: &Server, work: impl FnOnce() -> anyhow::Result<u64>) -> anyhow::Result<(f64, f64)> {
    server.reset_peak();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut highest = 0.0_f64;
            while !done.load(Ordering::Relaxed) {
                highest = highest.max(server.memory("RssAnon"));
                pause(Duration::from_millis(10));
            }
            highest
        });
        let worked = work();
        done.store(true, Ordering::Relaxed);
        let anonymous = watch.join().unwrap_or_default();
        worked.map(|_| (server.memory("VmHWM"), anonymous))
    })
}

/// Many simultaneous pulls of one huge blob. Each reads a part of it and disconnects.
pub fn pull_memory(server: &Server, target: &str, size: &Size) -> anyhow::Result<(f64, f64)> {
    let authorization = server.authorization()?;
    let all_there = Arc::new(Barrier::new(size.pulls));
    peak(server, || {
        in_threads(size.pulls, |_| {
            let mut client = Wire::new(server.address, authorization.as_deref());
            client.begin("GET", target, &[], None, None)?;
            let head = client.head()?;
            // Wait until every answer has begun, so that all of them are in the server at once.
            all_there.wait();
            Ok(client.body(&head, size.read, |_| {})?)
        })
    })
}

/// Many simultaneous pushes, which disconnect after a part.
pub fn push_memory(server: &Server, content: &Content, size: &Size) -> anyhow::Result<(f64, f64)> {
    let authorization = server.authorization()?;
    let all_there = Arc::new(Barrier::new(size.pushes));
    let part = content.bytes.len().min(32 << 20);
    peak(server, || {
        in_threads(size.pushes, |_| {
            let mut client = Wire::new(server.address, authorization.as_deref());
            let target = client.start_upload(REPOSITORY)?;
            let headers = [("Content-Type", "application/octet-stream")];
            client.begin("PATCH", &target, &headers, Some(1 << 30), None)?;
            all_there.wait();
            client.write(&content.bytes[..part])?;
            all_there.wait();
            client.close();
            Ok(0)
        })
    })
}

/// The limits of the machine in MB/s: SHA-256 on one core, and writing a file with fsync.
pub fn limits(content: &Content, directory: &Path) -> anyhow::Result<(f64, f64)> {
    let rate = |began: Instant| Moved { bytes: content.len(), elapsed: began.elapsed(), cpu: 0.0 }.rate();
    let began = Instant::now();
    let digest = Sha256::digest(&content.bytes);
    let hashing = rate(began);
    let path = directory.join("limit");
    let began = Instant::now();
    let mut file = File::create(&path)?;
    file.write_all(&content.bytes)?;
    file.sync_all()?;
    let writing = rate(began);
    fs::write(&path, hex::encode(digest))?;
    Ok((hashing, writing))
}
