use roadstead_types::{Counted, Digest, ManifestError, Thing};

/// What a service answers.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a service did not do what was asked, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such repository, for a caller who may know.
    #[error("repository unknown")]
    RepositoryUnknown,
    /// There is no such manifest or tag.
    #[error("manifest unknown")]
    ManifestUnknown,
    /// There is no such blob in the repository.
    #[error("blob unknown")]
    BlobUnknown,
    /// A manifest of the repository refers to the blob.
    #[error("blob in use")]
    BlobInUse,
    /// An index of the repository lists the manifest.
    #[error("manifest in use")]
    ManifestInUse,
    /// There is no such upload for this caller in this repository.
    #[error("upload unknown")]
    UploadUnknown,
    /// Another request is writing to the upload.
    #[error("upload busy")]
    UploadBusy,
    /// The content has another digest.
    #[error("expected {expected}, found {found}")]
    Digest {
        /// As announced.
        expected: Digest,
        /// As computed.
        found: Digest,
    },
    /// The manifest is not one that the registry takes.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The manifest is too large.
    #[error("manifest larger than {limit} bytes")]
    ManifestTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The manifest refers to content that is not in the repository.
    #[error("missing references")]
    MissingReferences {
        /// The blobs.
        blobs: Vec<Digest>,
        /// The manifests.
        manifests: Vec<Digest>,
    },
    /// A chunk is not the next one.
    #[error("the upload stands at {offset}")]
    Range {
        /// Where the upload stands, in bytes.
        offset: u64,
    },
    /// A body has another length than its range.
    #[error("length mismatch")]
    Size,
    /// A tag that the caller was not asked about points at the manifest.
    #[error("the tags of the manifest have changed")]
    TagsMoved,
    /// The place in a list is not one that was given out.
    #[error("no such place in the list")]
    Cursor,
    /// The namespace was deleted while the request ran.
    #[error("namespace gone")]
    NamespaceGone,
    /// The account that the repository belongs to has as many as it may.
    #[error("no more than {limit} {what}")]
    Quota {
        /// What is counted.
        what: Counted,
        /// How many there may be.
        limit: u64,
    },
    /// The client went away in the middle of a body.
    #[error("client gone")]
    ClientGone,
    /// The client sent nothing for too long.
    #[error("body timeout")]
    BodyTimeout,
    /// Too many transfers run; trying again helps.
    #[error("overloaded")]
    Overloaded,
    /// There is no room left.
    #[error("store full")]
    StoreFull(#[source] roadstead_storage::Error),
    /// A store cannot be reached; trying again may help.
    #[error("store unavailable")]
    Unavailable(#[source] roadstead_storage::Error),
    /// Anything else that a store says.
    #[error("store failure")]
    Storage(#[source] roadstead_storage::Error),
}

impl From<roadstead_storage::Error> for Error {
    fn from(error: roadstead_storage::Error) -> Self {
        use roadstead_storage::Error as E;
        match error {
            E::MissingReferences { blobs, manifests } => Self::MissingReferences { blobs, manifests },
            E::InUse(Thing::Blob) => Self::BlobInUse,
            E::InUse(Thing::Manifest) => Self::ManifestInUse,
            E::Stale(Thing::Tag) => Self::TagsMoved,
            E::Stale(Thing::Namespace) => Self::NamespaceGone,
            E::Stale(Thing::Upload) => Self::UploadBusy,
            // The staged bytes are not what the row says: nothing can be gone on with.
            E::Stale(_) => Self::UploadUnknown,
            E::LimitReached { what, limit } => Self::Quota { what, limit },
            full @ E::Full(_) => Self::StoreFull(full),
            busy @ E::Unavailable { .. } => Self::Unavailable(busy),
            other @ (E::Conflict(_)
            | E::InUse(_)
            | E::Protected(_)
            | E::DryRun
            | E::SchemaNewer { .. }
            | E::SchemaOlder
            | E::Corrupt { .. }
            | E::Backend { .. }) => Self::Storage(other),
        }
    }
}
