//! Content to push.

use bytes::Bytes;
use roadstead_types::{Algorithm, Digest, media_types};
use serde_json::{Value, json};

/// The SHA-256 digest of some bytes.
pub fn digest(bytes: impl AsRef<[u8]>) -> String {
    Digest::of(Algorithm::Sha256, bytes.as_ref()).to_string()
}

/// The SHA-512 digest of some bytes.
pub fn digest512(bytes: impl AsRef<[u8]>) -> String {
    Digest::of(Algorithm::Sha512, bytes.as_ref()).to_string()
}

/// Bytes that depend only on `seed`, and do not repeat at the size of a buffer.
pub fn random_bytes(seed: u64, length: usize) -> Bytes {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        // xorshift64*
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        bytes.extend_from_slice(&state.wrapping_mul(0x2545_F491_4F6C_DD1D).to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}

/// An image: a config, layers, and a manifest that names them.
#[derive(Clone, Debug)]
pub struct Image {
    /// The config blob.
    pub config: Bytes,
    /// The layers.
    pub layers: Vec<Bytes>,
    /// The manifest as JSON.
    pub document: Value,
}

impl Image {
    /// An image with one small layer, different for every `seed`.
    pub fn small(seed: u64) -> Self {
        Self::new(format!("{{\"seed\":{seed}}}").into_bytes(), vec![random_bytes(seed, 1000)])
    }

    /// An image of this config and these layers.
    pub fn new(config: impl Into<Bytes>, layers: Vec<Bytes>) -> Self {
        let config = config.into();
        let document = json!({
            "schemaVersion": 2,
            "mediaType": media_types::OCI_IMAGE,
            "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
            "layers": layers.iter().map(|l| descriptor("application/vnd.oci.image.layer.v1.tar", l)).collect::<Vec<_>>(),
        });
        Self { config, layers, document }
    }

    /// The same image with one more member in the manifest.
    #[must_use]
    pub fn with(mut self, member: &str, value: Value) -> Self {
        self.document[member] = value;
        self
    }

    /// The same image, whose subject is another manifest.
    #[must_use]
    pub fn about(self, subject: &Self) -> Self {
        let descriptor = subject.descriptor();
        self.with("subject", descriptor)
    }

    /// All blobs.
    pub fn blobs(&self) -> impl Iterator<Item = &Bytes> {
        self.layers.iter().chain([&self.config])
    }

    /// The bytes of the manifest.
    pub fn manifest(&self) -> Bytes {
        self.document.to_string().into()
    }

    /// The digest of the manifest.
    pub fn digest(&self) -> String {
        digest(self.manifest())
    }

    /// The media type of the manifest.
    pub fn media_type(&self) -> &str {
        self.document["mediaType"].as_str().unwrap_or(media_types::OCI_IMAGE)
    }

    /// A descriptor of the manifest.
    pub fn descriptor(&self) -> Value {
        descriptor(self.media_type(), &self.manifest())
    }
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest(bytes), "size": bytes.len() })
}
