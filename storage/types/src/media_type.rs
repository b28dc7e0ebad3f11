//! Media types: the ones that the registry knows, and parsed values.

use std::fmt;
use std::str::FromStr;

use super::manifest_error::ManifestError;

/// The media types that the registry itself knows.
pub mod media_types {
    /// OCI image manifest (image-spec, "OCI Image Manifest").
    pub const OCI_IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
    /// OCI image index (image-spec, "OCI Image Index").
    pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// The retired OCI artifact manifest.
    pub const OCI_ARTIFACT: &str = "application/vnd.oci.artifact.manifest.v1+json";
    /// Docker image manifest, version 2 schema 2.
    pub const DOCKER_IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker manifest list.
    pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// Docker image manifest, version 2 schema 1: refused.
    pub const DOCKER_SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";
    /// The same, signed: refused.
    pub const DOCKER_SCHEMA1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    /// The empty JSON descriptor (image-spec, "Guidance for an Empty Descriptor").
    pub const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";
    /// The media types of manifests.
    pub(super) const OF_MANIFESTS: [&str; 7] =
        [OCI_IMAGE, OCI_INDEX, OCI_ARTIFACT, DOCKER_IMAGE, DOCKER_LIST, DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED];
}

/// The media type of a manifest, `application/subtype` without parameters (RFC 6838, section 4.2), at most 255
/// characters. Other top-level types are for content that programs show to people, and a manifest is not such
/// content.
///
/// Upper and lower case do not matter (RFC 9110, section 8.3.1). The known types of manifests are spelled as in
/// [`media_types`]. Others keep their spelling and are compared without case.
#[derive(Clone, Debug)]
pub struct MediaType(String);

impl PartialEq for MediaType {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for MediaType {}

impl MediaType {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether a layer of this type may be absent from the registry (image-spec, "Non-Distributable Layers").
    pub fn is_non_distributable(&self) -> bool {
        let text = self.0.to_ascii_lowercase();
        text.starts_with("application/vnd.oci.image.layer.nondistributable.v1.")
            || text == "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
            || text == "application/vnd.docker.image.rootfs.foreign.diff.tar"
    }
}

fn is_restricted_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    (1..=127).contains(&text.len())
        && bytes.next().is_some_and(|b| b.is_ascii_alphanumeric())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
}

impl FromStr for MediaType {
    type Err = ManifestError;

    fn from_str(text: &str) -> Result<Self, ManifestError> {
        // Parameters have no meaning for manifests: `application/json; charset=utf-8` is `application/json`.
        let essence = text.split(';').next().unwrap_or_default().trim();
        match essence.split_once('/') {
            Some((kind, sub)) if kind.eq_ignore_ascii_case("application") && is_restricted_name(sub) => {
                let known = media_types::OF_MANIFESTS.into_iter().find(|known| known.eq_ignore_ascii_case(essence));
                Ok(Self(known.unwrap_or(essence).to_owned()))
            }
            _ => Err(ManifestError::MediaType(text.chars().take(100).collect())),
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter() {
        let parse = |text: &str| text.parse::<MediaType>().unwrap();
        assert_eq!(parse("Application/VND.oci.image.Manifest.v1+JSON").as_str(), media_types::OCI_IMAGE);
        assert_eq!(parse("application/vnd.Example+json"), parse("application/vnd.example+JSON"));
        assert_eq!(parse("application/vnd.Example+json").as_str(), "application/vnd.Example+json");
        assert_ne!(parse("application/a"), parse("application/b"));
        assert!(parse("application/vnd.oci.image.layer.NONdistributable.v1.tar").is_non_distributable());
    }

    #[test]
    fn who_sends_another_media_type_is_told_one_that_a_manifest_may_have() {
        let told = "text/plain".parse::<MediaType>().unwrap_err().to_string();
        assert!(told.contains("\"text/plain\"") && told.contains(media_types::OCI_IMAGE), "{told}");
    }

    #[test]
    fn parameters_do_not_matter() {
        let parsed: MediaType = "application/json; charset=utf-8".parse().unwrap();
        assert_eq!(parsed.to_string(), "application/json");
        let long = format!("a/{}", "b".repeat(128));
        for bad in ["", "/", "a/", "/b", "a", "a/b/c", "a b/c", "a/b\r\nX: y", "a/b\0", "*/*", ";a/b", &long] {
            assert!(bad.parse::<MediaType>().is_err(), "{bad:?}");
        }
    }
}
