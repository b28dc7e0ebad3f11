//! The vocabulary of the registry: validated names, digests, manifests, ids and the clock.
//!
//! All other crates use these types. Their values are always valid, because the constructors refuse everything else.
//!
//! This crate must not know any other crate of ours. It does no I/O and is not async.
//!
//! To add a name, make a type with a `FromStr` that refuses what the specification refuses, and a property test.

#![deny(missing_docs)]

mod actor;
mod clock;
mod digest;
mod ids;
mod image;
mod manifest;
mod manifest_error;
mod media_type;
mod name;
mod name_rule;
mod sight;
mod thing;
pub mod time;
mod window;

pub use actor::{Actor, Source};
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use digest::{Algorithm, Digest, DigestError, HashState, Hasher};
pub use ids::{
    AccountId, BlobId, GroupId, IdError, InstanceId, JobId, ManifestId, NamespaceId, PolicyId, ProviderId, RegistryId,
    RepositoryId, RoleId, SecretId, TagId, TriggerId, Uin, UploadId,
};
pub use image::{ImageConfig, ImageDetails, image_config};
pub use manifest::{Descriptor, Manifest, ManifestKind, Platform};
pub use manifest_error::ManifestError;
pub use media_type::{MediaType, media_types};
pub use name::{InstanceName, NameError, NamespaceName, Reference, RepositoryName, Tag};
pub use name_rule::{NamePattern, NameRule, TooManyPatterns};
pub use sight::{NamespaceSight, Sight};
pub use thing::{Counted, Thing};
pub use window::{Listing, Window};
