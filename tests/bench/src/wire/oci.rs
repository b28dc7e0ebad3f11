//! The requests of a registry client, over a [`Wire`].

use std::io;
use std::net::SocketAddr;

use base64::Engine as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Answer, Wire};

/// The media type of an image.
pub const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

/// The digest of bytes.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// The value of an `Authorization` header with a user name and a password.
pub fn basic(username: &str, password: &str) -> String {
    let pair = base64::prelude::BASE64_STANDARD.encode(format!("{username}:{password}"));
    format!("Basic {pair}")
}

/// Requests a bearer token. Returns the value of an `Authorization` header.
pub fn bearer(address: SocketAddr, basic: &str, scopes: &[&str]) -> io::Result<String> {
    let scopes: String = scopes.iter().map(|scope| format!("&scope={scope}")).collect();
    let target = format!("/service/token?service={address}{scopes}");
    let answer = Wire::new(address, Some(basic)).send("GET", &target, &[], None)?.expect(200)?;
    let body: Value = serde_json::from_slice(&answer.body)?;
    let token = body["token"].as_str().ok_or_else(|| io::Error::other("no token in the answer"))?;
    Ok(format!("Bearer {token}"))
}

/// A manifest of an image: its config and layers by digest and size.
pub fn image(config: (&str, usize), layers: &[(String, usize)]) -> Vec<u8> {
    let layers: Vec<Value> = layers
        .iter()
        .map(|(digest, size)| {
            json!({ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": size })
        })
        .collect();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": config.0, "size": config.1 },
        "layers": layers,
    });
    manifest.to_string().into_bytes()
}

impl Wire {
    /// Starts an upload. Returns its location.
    pub fn start_upload(&mut self, repository: &str) -> io::Result<String> {
        let answer = self.send("POST", &format!("/v2/{repository}/blobs/uploads/"), &[], Some(b""))?;
        answer.expect(202)?.head.location()
    }

    /// Pushes a blob: POST, then PUT.
    pub fn push_blob(&mut self, repository: &str, digest: &str, content: &[u8]) -> io::Result<()> {
        let location = self.start_upload(repository)?;
        self.finish_upload(&location, digest, content)?.expect(201).map(drop)
    }

    /// Finishes an upload with its last bytes.
    pub fn finish_upload(&mut self, location: &str, digest: &str, content: &[u8]) -> io::Result<Answer> {
        let target = with_digest(location, digest);
        self.send("PUT", &target, &[("Content-Type", "application/octet-stream")], Some(content))
    }

    /// Pushes a manifest under a tag or digest.
    pub fn push_manifest(&mut self, repository: &str, reference: &str, content: &[u8]) -> io::Result<Answer> {
        self.send("PUT", &format!("/v2/{repository}/manifests/{reference}"), &[("Content-Type", IMAGE)], Some(content))
    }

    /// Reads a manifest.
    pub fn manifest(&mut self, repository: &str, reference: &str) -> io::Result<Answer> {
        self.send("GET", &format!("/v2/{repository}/manifests/{reference}"), &[("Accept", IMAGE)], None)
    }

    /// Reads a blob.
    pub fn blob(&mut self, repository: &str, digest: &str) -> io::Result<Answer> {
        self.send("GET", &format!("/v2/{repository}/blobs/{digest}"), &[], None)
    }
}

/// The target of the PUT that finishes an upload.
pub fn with_digest(location: &str, digest: &str) -> String {
    let separator = if location.contains('?') { '&' } else { '?' };
    format!("{location}{separator}digest={digest}")
}
