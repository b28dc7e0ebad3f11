//! Pushes while a large repository is deleted.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use roadstead_bench::wire::{Wire, oci};
use serde_json::json;

use crate::cloud::{Cloud, DELETE_REPOSITORY};
use crate::contender::Server;
use crate::load::{in_threads, push_image};

/// The repository that is deleted.
const DOOMED: &str = "library/bench-doomed";
/// Number of pushing clients.
const CLIENTS: usize = 8;

/// Times in milliseconds. For pushes, the time in which 99 of 100 were done.
#[derive(Clone, Copy, Debug)]
pub struct Deletion {
    /// Pushes while the server does nothing else.
    pub quiet: f64,
    /// Pushes while a job deletes the content of the repository.
    pub busy: f64,
    /// The answer to the deletion.
    pub answer: f64,
}

/// Makes a repository with this many tags, pushes for `time`, deletes the repository and pushes for `time` again. A
/// failed push is an error.
pub fn pushes(server: &Server, tags: usize, time: Duration) -> anyhow::Result<Deletion> {
    let basic = server.basic.as_deref().context("the server has no accounts")?;
    let scopes =
        [format!("repository:{DOOMED}:pull,push"), format!("repository:{}:pull,push", crate::load::IMAGES_REPOSITORY)];
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let token = oci::bearer(server.address, basic, &scopes)?;
    fill(server, &token, tags)?;
    let quiet = slowest(server, &token, time)?;
    let began = Instant::now();
    Cloud::new(server)?.call(DELETE_REPOSITORY, &json!({ "RepoName": DOOMED }))?;
    let answer = began.elapsed().as_secs_f64() * 1e3;
    let busy = slowest(server, &token, time)?;
    Ok(Deletion { quiet, busy, answer })
}

fn fill(server: &Server, token: &str, tags: usize) -> anyhow::Result<()> {
    let (config, layer) = (br#"{"architecture":"amd64","os":"linux"}"#, [7_u8; 4096]);
    let mut client = Wire::new(server.address, Some(token));
    client.push_blob(DOOMED, &oci::digest(config), config)?;
    client.push_blob(DOOMED, &oci::digest(&layer), &layer)?;
    let manifest = oci::image((&oci::digest(config), config.len()), &[(oci::digest(&layer), layer.len())]);
    in_threads(CLIENTS, |index| {
        let mut client = Wire::new(server.address, Some(token));
        for tag in (index..tags).step_by(CLIENTS) {
            client.push_manifest(DOOMED, &format!("v{tag}"), &manifest)?.expect(201)?;
        }
        Ok(0)
    })?;
    Ok(())
}

/// The time in which 99 of 100 images were pushed, in milliseconds.
fn slowest(server: &Server, token: &str, time: Duration) -> anyhow::Result<f64> {
    let (began, all) = (Instant::now(), std::sync::Mutex::new(Vec::new()));
    in_threads(CLIENTS, |_| {
        let mut client = Wire::new(server.address, Some(token));
        let mut mine = Vec::new();
        while began.elapsed() < time {
            let push = Instant::now();
            push_image(&mut client)?;
            mine.push(push.elapsed().as_secs_f64() * 1e3);
        }
        let count = mine.len() as u64;
        all.lock().map_err(|_| anyhow::anyhow!("a client has panicked"))?.extend(mine);
        Ok(count)
    })?;
    let mut all = all.into_inner().map_err(|_| anyhow::anyhow!("a client has panicked"))?;
    all.sort_by(f64::total_cmp);
    all.get(all.len() * 99 / 100).copied().context("nothing was pushed")
}
