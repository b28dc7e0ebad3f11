//! Manifests: parsed and checked, with the descriptors that they list.

mod spelling;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::manifest_error::ManifestError;
use super::media_type::{MediaType, media_types};

/// The most bytes that a list of referrers must show of a manifest with a subject. Several manifests must fit into
/// one answer, and clients accept answers of 4 MiB.
const MAX_REFERRER_BYTES: usize = 1 << 20;

/// The most descriptors in one manifest. Each one is a row and a look-up.
const MAX_DESCRIPTORS: usize = 10_000;

/// The platform of an index entry (image-spec, "Image Index").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// CPU architecture, a GOARCH value.
    pub architecture: String,
    /// Operating system, a GOOS value.
    pub os: String,
}

/// A content descriptor (image-spec, "Content Descriptors").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The media type as written.
    pub media_type: String,
    /// The digest.
    pub digest: Digest,
    /// The size in bytes.
    pub size: u64,
    /// Whether the content may be absent from the registry.
    pub non_distributable: bool,
}

/// The kind of a manifest, with its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManifestKind {
    /// An image, or any other artifact: a config and layers, all of them blobs.
    Image {
        /// The config; only the retired artifact manifest has none.
        config: Option<Descriptor>,
        /// The layers, from the base up.
        layers: Vec<Descriptor>,
    },
    /// An index, or Docker's manifest list: other manifests. Caches of BuildKit list blobs in the same place.
    Index {
        /// The entries, in the order of the document.
        manifests: Vec<Descriptor>,
    },
}

/// A parsed manifest. Its bytes are kept separately, exactly as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The media type that it is served with.
    pub media_type: MediaType,
    /// The kind, with the content.
    pub kind: ManifestKind,
    /// The manifest that this one describes.
    pub subject: Option<Descriptor>,
    /// `artifactType`, or the config's media type of an image manifest without one (distribution-spec, "Listing
    /// Referrers").
    pub artifact_type: Option<String>,
    /// The annotations of the document.
    pub annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawManifest {
    schema_version: Option<i64>,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<RawDescriptor>,
    #[serde(default)]
    layers: RawList,
    #[serde(default)]
    blobs: RawList,
    #[serde(default)]
    manifests: RawList,
    subject: Option<RawDescriptor>,
    annotations: Option<BTreeMap<String, String>>,
    fs_layers: Option<serde::de::IgnoredAny>,
}

/// A list in a document. Programs in Go write `null` for an empty list.
#[derive(Default)]
enum RawList {
    #[default]
    Absent,
    Null,
    Given(Vec<RawDescriptor>),
}

impl<'de> Deserialize<'de> for RawList {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Given))
    }
}

impl RawList {
    fn is_given(&self) -> bool {
        matches!(self, Self::Given(_))
    }

    /// Returns the list, which is empty for `null`.
    fn present(self) -> Option<Vec<RawDescriptor>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(Vec::new()),
            Self::Given(list) => Some(list),
        }
    }
}

impl RawManifest {
    /// Tells whether the document is an index, as far as its members show.
    fn is_index(&self) -> bool {
        match self.manifests {
            RawList::Given(_) => true,
            // In a document with the members of an image, `"manifests": null` means nothing.
            RawList::Null => !self.has_image_members(),
            RawList::Absent => false,
        }
    }

    fn has_image_members(&self) -> bool {
        self.config.is_some() || self.layers.is_given() || self.blobs.is_given()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: i64,
}

impl RawDescriptor {
    fn check(self, place: &'static str) -> Result<Descriptor, ManifestError> {
        let digest = self.digest.parse().map_err(|source| ManifestError::Digest { place, source })?;
        let size = u64::try_from(self.size).map_err(|_| ManifestError::Descriptor(place))?;
        let non_distributable = self.media_type.parse::<MediaType>().is_ok_and(|m| m.is_non_distributable());
        Ok(Descriptor { media_type: self.media_type, digest, size, non_distributable })
    }
}

fn check_all(raw: Vec<RawDescriptor>, place: &'static str) -> Result<Vec<Descriptor>, ManifestError> {
    if raw.len() > MAX_DESCRIPTORS {
        return Err(ManifestError::TooManyDescriptors(MAX_DESCRIPTORS));
    }
    raw.into_iter().map(|descriptor| descriptor.check(place)).collect()
}

impl Manifest {
    /// Parses the bytes of a manifest that came with `content_type`.
    ///
    /// The media type of the request decides what the document is, and a `mediaType` in the document must agree with
    /// it. A document that could be read as an image *and* as an index is refused, so that a digest has only one
    /// meaning (distribution-spec, "Pushing Manifests").
    pub fn parse(content_type: Option<&str>, bytes: &[u8]) -> Result<Self, ManifestError> {
        let header = content_type.map(str::parse::<MediaType>).transpose()?;
        if header.as_ref().is_some_and(|h| is_schema1(h.as_str())) {
            return Err(ManifestError::Schema1);
        }
        // serde_json limits the depth of a document to 128 levels.
        let raw: RawManifest = serde_json::from_slice(bytes).map_err(|e| ManifestError::Json(e.to_string()))?;
        spelling::check(bytes).map_err(|e| ManifestError::Json(e.to_string()))?;
        if raw.fs_layers.is_some() || raw.schema_version == Some(1) || raw.media_type.as_deref().is_some_and(is_schema1)
        {
            return Err(ManifestError::Schema1);
        }
        if raw.schema_version.is_some_and(|v| v != 2) {
            return Err(ManifestError::SchemaVersion);
        }
        let media_type = agreed_media_type(header, raw.media_type.as_deref(), &raw)?;
        if media_type.as_str() != media_types::OCI_ARTIFACT && raw.schema_version.is_none() {
            return Err(ManifestError::SchemaVersion);
        }
        Self::assemble(media_type, raw)
    }

    fn assemble(media_type: MediaType, raw: RawManifest) -> Result<Self, ManifestError> {
        if raw.manifests.is_given() {
            let image_member =
                [("layers", raw.layers.is_given()), ("config", raw.config.is_some()), ("blobs", raw.blobs.is_given())];
            if let Some((name, _)) = image_member.into_iter().find(|(_, present)| *present) {
                return Err(ManifestError::Ambiguous("manifests", name));
            }
        }
        if raw.layers.is_given() && raw.blobs.is_given() {
            return Err(ManifestError::Ambiguous("layers", "blobs"));
        }
        let expects_index = matches!(media_type.as_str(), media_types::OCI_INDEX | media_types::DOCKER_LIST);
        let expects_image = matches!(media_type.as_str(), media_types::OCI_IMAGE | media_types::DOCKER_IMAGE);
        let is_index = raw.is_index();
        let config = raw.config.map(|d| d.check("config")).transpose()?;
        let config_type = config.as_ref().map(|c| c.media_type.clone());
        let layers = if raw.blobs.is_given() { raw.blobs.present() } else { raw.layers.present() };
        let kind = match (raw.manifests.present().filter(|_| is_index), layers) {
            (Some(_), _) if expects_image => {
                return Err(ManifestError::Json("an image manifest has no \"manifests\"".into()));
            }
            (Some(children), _) => ManifestKind::Index { manifests: check_all(children, "manifests")? },
            (None, _) if expects_index => return Err(ManifestError::Json("an index must have \"manifests\"".into())),
            (None, layers) => {
                if expects_image && (config.is_none() || layers.is_none()) {
                    return Err(ManifestError::Json("an image manifest must have \"config\" and \"layers\"".into()));
                }
                ManifestKind::Image { config, layers: check_all(layers.unwrap_or_default(), "layers")? }
            }
        };
        let is_image = matches!(kind, ManifestKind::Image { .. });
        let artifact_type = raw.artifact_type.filter(|t| !t.is_empty()).or(config_type.filter(|_| is_image));
        if artifact_type.as_ref().is_some_and(|t| t.chars().any(char::is_control)) {
            return Err(ManifestError::Json("the artifactType has a control character".into()));
        }
        let annotations = raw.annotations.unwrap_or_default();
        if raw.subject.is_some() {
            let shown = serde_json::to_string(&(&artifact_type, &annotations)).map_or(usize::MAX, |text| text.len());
            if shown > MAX_REFERRER_BYTES {
                return Err(ManifestError::ReferrerTooLarge(MAX_REFERRER_BYTES));
            }
        }
        Ok(Self {
            media_type,
            kind,
            subject: raw.subject.map(|d| d.check("subject")).transpose()?,
            artifact_type,
            annotations,
        })
    }

    /// Returns all descriptors: the config and the layers, or the children.
    pub fn descriptors(&self) -> Vec<&Descriptor> {
        match &self.kind {
            ManifestKind::Image { config, layers } => config.iter().chain(layers).collect(),
            ManifestKind::Index { manifests } => manifests.iter().collect(),
        }
    }

    /// Returns the blobs that must be in the repository before this manifest: config and distributable layers, each
    /// once.
    pub fn required_blobs(&self) -> Vec<&Descriptor> {
        match &self.kind {
            ManifestKind::Image { config, layers } => {
                distinct(config.iter().chain(layers.iter().filter(|l| !l.non_distributable)))
            }
            ManifestKind::Index { .. } => Vec::new(),
        }
    }

    /// Returns the contents that must be in the repository before this index, as manifest or as blob, each once.
    pub fn children(&self) -> Vec<&Descriptor> {
        match &self.kind {
            ManifestKind::Image { .. } => Vec::new(),
            ManifestKind::Index { manifests } => distinct(manifests),
        }
    }
}

/// Returns each digest once, in the order of the digests.
pub(super) fn distinct<'a>(descriptors: impl IntoIterator<Item = &'a Descriptor>) -> Vec<&'a Descriptor> {
    let mut all: Vec<&Descriptor> = descriptors.into_iter().collect();
    all.sort_by(|a, b| a.digest.cmp(&b.digest));
    all.dedup_by(|a, b| a.digest == b.digest);
    all
}

fn is_schema1(media_type: &str) -> bool {
    media_type == media_types::DOCKER_SCHEMA1 || media_type == media_types::DOCKER_SCHEMA1_SIGNED
}

fn agreed_media_type(
    header: Option<MediaType>,
    document: Option<&str>,
    raw: &RawManifest,
) -> Result<MediaType, ManifestError> {
    let document = document.filter(|t| !t.is_empty()).map(str::parse::<MediaType>).transpose()?;
    // Some clients send JSON without a specific type.
    let vague = ["application/json", "application/octet-stream"];
    let header = header.filter(|h| !vague.iter().any(|vague| h.as_str().eq_ignore_ascii_case(vague)));
    match (header, document) {
        (Some(header), Some(document)) if header != document => {
            Err(ManifestError::MediaTypeMismatch { header: header.to_string(), document: document.to_string() })
        }
        (Some(media_type), _) | (None, Some(media_type)) => Ok(media_type),
        // OCI documents may omit mediaType. Then their members tell which of the two they are.
        (None, None) if raw.is_index() => media_types::OCI_INDEX.parse(),
        (None, None) => media_types::OCI_IMAGE.parse(),
    }
}

#[cfg(test)]
mod tests;
