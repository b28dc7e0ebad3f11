//! A client that pushes all the time, and knows what it was promised.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use roadstead_bench::wire::{Wire, oci};
use roadstead_tests::random_bytes;

/// Layers that every pusher has.
const SHARED: u64 = 4;
/// Unfinished uploads that a pusher leaves lying.
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

/// A tag, and the digests that it can have: several after a request without an answer; `None` is no tag.
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

    /// The tags that were looked at last, as the audit log names them, and whether they are there.
    pub fn tags(&self) -> impl Iterator<Item = (String, bool)> {
        let repository = repository(self.number);
        self.tags
            .iter()
            .map(move |(tag, possible)| (format!("{repository}@{tag}"), possible.iter().all(Option::is_some)))
    }

    /// Pushes until the server is gone.
    ///
    /// # Panics
    /// When the server answers what it must not.
    pub fn push_until_gone(&mut self, address: SocketAddr, authorization: &str, progress: &Progress) {
        let mut wire = Wire::new(address, Some(authorization));
        while self.step(&mut wire).is_ok() {
            progress.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One thing, with the books kept. An error is a connection that broke.
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

    /// Content that was not there before, in any run of this pusher.
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

    /// Pushes a manifest by tag. Until the answer is there, the tag may be the old or the new one.
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
        // Never one byte alone: a status of `0-0` would not tell whether it has arrived.
        let end = upload.acknowledged + self.random.random_range(2..left);
        patch(wire, &upload.location, upload.acknowledged, &upload.content[upload.acknowledged..end])?;
        upload.acknowledged = end;
        Ok(())
    }

    /// Ends an upload. It is off the books before the request: without an answer, it may have ended or not.
    fn finish_upload(&mut self, wire: &mut Wire, index: usize) -> io::Result<()> {
        let upload = self.open.swap_remove(index);
        let rest = &upload.content[upload.acknowledged..];
        let answer = wire.finish_upload(&upload.location, &oci::digest(&upload.content), rest)?;
        answer.expect(201).map(drop).inspect_err(answered)
    }

    /// Checks everything that was promised since the last time, or with `all` ever.
    ///
    /// # Panics
    /// When something of it is missing or wrong.
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
            assert!(possible.contains(&found), "{repository}:{tag} is {found:?}, and can be {possible:?}");
            *possible = vec![found];
        }
        self.resume(&mut wire);
    }

    /// Goes on with every upload that was left, from where the server says that it stands.
    fn resume(&mut self, wire: &mut Wire) {
        for upload in self.open.drain(..) {
            let status = wire.send("GET", &upload.location, &[], None).unwrap().expect(204).unwrap();
            let last: usize = status.head.header("range").unwrap().strip_prefix("0-").unwrap().parse().unwrap();
            // `0-0` is one byte or none.
            let offset = if last == 0 { upload.acknowledged.min(1) } else { last + 1 };
            assert!(
                offset >= upload.acknowledged,
                "{} bytes were acknowledged, {offset} are there",
                upload.acknowledged
            );
            assert!(offset <= upload.content.len());
            let digest = oci::digest(&upload.content);
            let target = oci::with_digest(&upload.location, &digest);
            let answer = wire.send("PUT", &target, &[], Some(&upload.content[offset..])).unwrap();
            answer.expect(201).unwrap();
            let blob = wire.blob(&repository(self.number), &digest).unwrap().expect(200).unwrap();
            assert!(blob.body == upload.content, "an upload that was gone on with has other bytes");
        }
    }
}

fn patch(wire: &mut Wire, location: &str, offset: usize, content: &[u8]) -> io::Result<()> {
    let range = format!("{offset}-{}", offset + content.len() - 1);
    let headers = [("Content-Range", range.as_str()), ("Content-Type", "application/octet-stream")];
    wire.send("PATCH", location, &headers, Some(content))?.expect(202).map(drop).inspect_err(answered)
}

/// A connection may break; an answer may not be another than was expected.
fn answered(error: &io::Error) {
    let broken = error.kind() != io::ErrorKind::Other;
    assert!(broken, "{error}");
}
