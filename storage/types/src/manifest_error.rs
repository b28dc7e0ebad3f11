//! Why a manifest is refused.

use super::digest::DigestError;

/// Why bytes are not a valid manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The bytes are not JSON, or not the JSON of a manifest.
    #[error("the manifest is not valid: {0}")]
    Json(String),
    /// A media type that no manifest has.
    #[error("{0:?} is no media type of a manifest, such as application/vnd.oci.image.manifest.v1+json")]
    MediaType(String),
    /// The `Content-Type` of the request and the `mediaType` of the document differ.
    #[error("the Content-Type {header:?} differs from the mediaType {document:?} of the manifest")]
    MediaTypeMismatch {
        /// The type in the request.
        header: String,
        /// The type in the document.
        document: String,
    },
    /// Docker schema 1.
    #[error(
        "manifest schema 1 is not supported; push the image again with a client that writes schema 2 or OCI manifests"
    )]
    Schema1,
    /// `schemaVersion` is not 2.
    #[error("schemaVersion must be 2")]
    SchemaVersion,
    /// A document with the members of both an image and an index.
    #[error("the manifest has both {0:?} and {1:?}: it must be an image manifest or an index, not both")]
    Ambiguous(&'static str, &'static str),
    /// A descriptor with a bad digest.
    #[error("{place}: {source}")]
    Digest {
        /// The place in the document.
        place: &'static str,
        /// The fault.
        #[source]
        source: DigestError,
    },
    /// A descriptor with a negative size, or `data` that does not fit.
    #[error("{0}: malformed descriptor")]
    Descriptor(&'static str),
    /// More descriptors than the registry accepts.
    #[error("the manifest has more than {0} descriptors")]
    TooManyDescriptors(usize),
    /// More annotations than a list of referrers can show.
    #[error("the annotations and the artifactType of a manifest with a subject must not exceed {0} bytes")]
    ReferrerTooLarge(usize),
}
