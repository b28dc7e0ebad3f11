//! A client that pushes all the time, and remembers what the server has acknowledged.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use roadstead_bench::wire::{Wire, oci};
use roadstead_tests::random_bytes;

/// Number of layers that all pushers share.
const SHARED: u64 = 4;
/// The most unfinished uploads that a pusher leaves open.
const MOST_OPEN: usize = 3;

/// An image whose manifest was acknowledged.
struct Image {
    manifest: Vec<u8>,
    digest: String,
    /// The digests of its config and layers.
    blobs: Vec<String>,
    verified: bool,
}

/// An upload, and how much of it was acknowledged.
struct Upload {
    location: String,
    content: Vec<u8>,
    acknowledged: usize,
}

/// Tags, with the digests that each may have: several after a request without an answer. `None` means that the tag may
/// be missing.
type Tags = BTreeMap<String, Vec<Option<String>>>;

/// One pusher with a repository of its own.
pub struct Pusher {
    number: usize,
    others: usize,
    random: StdRng,
    images: Vec<Image>,
    tags: Tags,
    open: Vec<Upload>,
    made: u64,
}

/// How many acknowledgements all pushers have had.
#[derive(Default)]
pub struct Progress(AtomicU64);

impl Progress {
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn repository(number: usize) -> String {
    format!("library/kill-{number}")
}

impl Pusher {
    /// The pusher `number` of `others`.
    pub fn new(number: usize, others: usize) -> Self {
        let random = StdRng::seed_from_u64(number as u64);
        Self { number, others, random, images: Vec::new(), tags: Tags::new(), open: Vec::new(), made: 0 }
    }

    /// Images that were acknowledged.
    pub fn images(&self) -> usize {
        self.images.len()
    }

    /// The tags as the audit log names them, and whether each existed at the last check.
    pub fn tags(&self) -> impl Iterator<Item = (String, bool)> {
        let repository = repository(self.number);
        self.tags
            .iter()
            .map(move |(tag, possible)| (format!("{repository}@{tag}"), possible.iter().all(Option::is_some)))
    }

    /// Pushes until the server is gone.
    ///
    /// # Panics
    /// If the server gives a wrong answer.
    pub fn push_until_gone(&mut self, address: SocketAddr, authorization: &str, progress: &Progress) {
        let mut wire = Wire::new(address, Some(authorization));
        while self.step(&mut wire).is_ok() {
            progress.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Makes one random request and records its result. An error means that the connection broke.
    fn step(&mut self, wire: &mut Wire) -> io::Result<()> {
        match self.random.random_range(0..20) {
            0..12 => self.push_image(wire),
            12..14 if !self.images.is_empty() => self.move_tag(wire),
            14..16 if !self.tags.is_empty() => self.delete_tag(wire),
            16..18 if !self.open.is_empty() => {
                let index = self.random.random_range(0..self.open.len());
                self.send_some(wire, index)
            }
            _ if self.open.len() < MOST_OPEN => self.open_upload(wire),
            _ => self.finish_upload(wire, 0),
        }
    }

    /// New content, which this pusher has never pushed.
    fn fresh(&mut self) -> Vec<u8> {
        self.made += 1;
        let length = match self.random.random_range(0..20) {
            0 => 1 << 20,
            1..5 => self.random.random_range(1..=256 << 10),
            _ => self.random.random_range(1..=16 << 10),
        };
        random_bytes(((self.number as u64) << 40) + self.made, length).to_vec()
    }

    fn push_image(&mut self, wire: &mut Wire) -> io::Result<()> {
        let config = format!("{{\"pusher\":{},\"image\":{}}}", self.number, self.made).into_bytes();
        let mut descriptors = Vec::new();
        for _ in 0..self.random.random_range(1..=3) {
            let shared = self.random.random_bool(0.4);
            let layer = match shared {
                true => random_bytes(self.random.random_range(0..SHARED), 20_000).to_vec(),
                false => self.fresh(),
            };
            let digest = oci::digest(&layer);
            match self.random.random_range(0..4) {
                0 | 1 if shared => self.mount(wire, &digest, &layer)?,
                2 => self.push_chunked(wire, &digest, &layer)?,
                _ => wire.push_blob(&repository(self.number), &digest, &layer).inspect_err(answered)?,
            }
            descriptors.push((digest, layer.len()));
        }
        let config_digest = oci::digest(&config);
        wire.push_blob(&repository(self.number), &config_digest, &config).inspect_err(answered)?;
        let manifest = oci::image((&config_digest, config.len()), &descriptors);
        let digest = oci::digest(&manifest);
        let tag = format!("v{}", self.random.random_range(0..200));
        self.point(wire, &tag, &manifest, &digest)?;
        let blobs = descriptors.into_iter().map(|(digest, _)| digest).chain([config_digest]).collect();
        self.images.push(Image { manifest, digest, blobs, verified: false });
        Ok(())
    }

    /// Pushes a manifest by tag. Until the answer arrives, the tag may have the old or the new target.
    fn point(&mut self, wire: &mut Wire, tag: &str, manifest: &[u8], digest: &str) -> io::Result<()> {
        let possible = self.tags.entry(tag.to_owned()).or_insert_with(|| vec![None]);
        possible.push(Some(digest.to_owned()));
        wire.push_manifest(&repository(self.number), tag, manifest)?.expect(201).inspect_err(answered)?;
        *possible = vec![Some(digest.to_owned())];
        Ok(())
    }

    fn move_tag(&mut self, wire: &mut Wire) -> io::Result<()> {
        let image = &self.images[self.random.random_range(0..self.images.len())];
        let (manifest, digest) = (image.manifest.clone(), image.digest.clone());
        self.point(wire, "moving", &manifest, &digest)
    }

    fn delete_tag(&mut self, wire: &mut Wire) -> io::Result<()> {
        let index = self.random.random_range(0..self.tags.len());
        let (tag, possible) = self.tags.iter_mut().nth(index).unwrap();
        let there = possible.iter().all(Option::is_some);
        let gone = possible.iter().all(Option::is_none);
        possible.push(None);
        let target = format!("/v2/{}/manifests/{tag}", repository(self.number));
        let status = wire.send("DELETE", &target, &[], None)?.head.status;
        assert!(
            (status == 202 && !gone) || (status == 404 && !there),
            "a tag that is {possible:?} was deleted with {status}"
        );
        *possible = vec![None];
        Ok(())
    }

    fn mount(&mut self, wire: &mut Wire, digest: &str, content: &[u8]) -> io::Result<()> {
        let own = repository(self.number);
        let from = repository(self.random.random_range(0..self.others));
        let target = format!("/v2/{own}/blobs/uploads/?mount={digest}&from={from}");
        let answer = wire.send("POST", &target, &[], Some(b""))?;
        match answer.head.status {
            201 => Ok(()),
            202 => wire
                .finish_upload(&answer.head.location()?, digest, content)?
                .expect(201)
                .map(drop)
                .inspect_err(answered),
            other => panic!("a mount was answered with {other}"),
        }
    }

    fn push_chunked(&mut self, wire: &mut Wire, digest: &str, content: &[u8]) -> io::Result<()> {
        let location = wire.start_upload(&repository(self.number)).inspect_err(answered)?;
        let half = content.len() / 2;
        if half > 0 {
            patch(wire, &location, 0, &content[..half])?;
        }
        wire.finish_upload(&location, digest, &content[half..])?.expect(201).map(drop).inspect_err(answered)
    }

    fn open_upload(&mut self, wire: &mut Wire) -> io::Result<()> {
        let location = wire.start_upload(&repository(self.number)).inspect_err(answered)?;
        let content = self.fresh();
        self.open.push(Upload { location, content, acknowledged: 0 });
        Ok(())
    }

    fn send_some(&mut self, wire: &mut Wire, index: usize) -> io::Result<()> {
        let upload = &mut self.open[index];
        let left = upload.content.len() - upload.acknowledged;
        if left < 3 {
            return self.finish_upload(wire, index);
        }
        // Sends more than one byte, because the status `0-0` means one byte or none.
        let end = upload.acknowledged + self.random.random_range(2..left);
        patch(wire, &upload.location, upload.acknowledged, &upload.content[upload.acknowledged..end])?;
        upload.acknowledged = end;
        Ok(())
    }

    /// Finishes an upload. Forgets it before the request, because without an answer its end is unknown.
    fn finish_upload(&mut self, wire: &mut Wire, index: usize) -> io::Result<()> {
        let upload = self.open.swap_remove(index);
        let rest = &upload.content[upload.acknowledged..];
        let answer = wire.finish_upload(&upload.location, &oci::digest(&upload.content), rest)?;
        answer.expect(201).map(drop).inspect_err(answered)
    }

    /// Checks everything that was acknowledged since the last check, or with `all`, everything that was ever
    /// acknowledged.
    ///
    /// # Panics
    /// If something is missing or wrong.
    pub fn verify(&mut self, address: SocketAddr, authorization: &str, all: bool) {
        let mut wire = Wire::new(address, Some(authorization));
        let repository = repository(self.number);
        for image in self.images.iter_mut().filter(|image| all || !image.verified) {
            let manifest = wire.manifest(&repository, &image.digest).unwrap().expect(200).unwrap();
            assert_eq!(manifest.body, image.manifest, "{repository}@{}", image.digest);
            for digest in &image.blobs {
                let blob = wire.blob(&repository, digest).unwrap().expect(200).unwrap();
                assert_eq!(oci::digest(&blob.body), *digest, "{repository}@{}", image.digest);
            }
            image.verified = true;
        }
        for (tag, possible) in &mut self.tags {
            let answer = wire.manifest(&repository, tag).unwrap();
            let found = match answer.head.status {
                404 => None,
                200 => Some(oci::digest(&answer.body)),
                other => panic!("{repository}:{tag} was answered with {other}"),
            };
            assert!(possible.contains(&found), "{repository}:{tag} is {found:?}, but must be one of {possible:?}");
            *possible = vec![found];
        }
        self.resume(&mut wire);
    }

    /// Continues every open upload at the offset that the server reports.
    fn resume(&mut self, wire: &mut Wire) {
        for upload in self.open.drain(..) {
            let status = wire.send("GET", &upload.location, &[], None).unwrap().expect(204).unwrap();
            let last: usize = status.head.header("range").unwrap().strip_prefix("0-").unwrap().parse().unwrap();
            // `0-0` means one byte or none.
            let offset = if last == 0 { upload.acknowledged.min(1) } else { last + 1 };
            assert!(
                offset >= upload.acknowledged,
                "{} bytes were acknowledged, and {offset} are stored",
                upload.acknowledged
            );
            assert!(offset <= upload.content.len());
            let digest = oci::digest(&upload.content);
            let target = oci::with_digest(&upload.location, &digest);
            let answer = wire.send("PUT", &target, &[], Some(&upload.content[offset..])).unwrap();
            answer.expect(201).unwrap();
            let blob = wire.blob(&repository(self.number), &digest).unwrap().expect(200).unwrap();
            assert!(blob.body == upload.content, "a continued upload has wrong bytes");
        }
    }
}

fn patch(wire: &mut Wire, location: &str, offset: usize, content: &[u8]) -> io::Result<()> {
    let range = format!("{offset}-{}", offset + content.len() - 1);
    let headers = [("Content-Range", range.as_str()), ("Content-Type", "application/octet-stream")];
    wire.send("PATCH", location, &headers, Some(content))?.expect(202).map(drop).inspect_err(answered)
}

/// Accepts a broken connection, and fails for an unexpected answer.
fn answered(error: &io::Error) {
    let broken = error.kind() != io::ErrorKind::Other;
    assert!(broken, "{error}");
}
