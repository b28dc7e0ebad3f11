//! The types of the metadata store's arguments and results.

use bytes::Bytes;

use super::changes::Made;
use crate::blob::BlobKey;
use roadstead_types::{
    AccountId, BlobId, Digest, HashState, ImageDetails, Manifest, ManifestId, NamespaceId, NamespaceName, RegistryId,
    RepositoryId, RepositoryName, SecretId, Tag, Timestamp, Uin, UploadId,
};

/// The status of an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccountStatus {
    /// The account may be used.
    Active,
    /// The account cannot be used with any of its credentials.
    Disabled,
}

/// An account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// The id of its row.
    pub id: AccountId,
    /// Its public number.
    pub uin: Uin,
    /// Its name.
    pub name: String,
    /// The main account that it belongs to. A main account belongs to itself.
    pub owner: AccountId,
    /// Its status.
    pub status: AccountStatus,
    /// Grows when the password or the status changes. Tokens that were issued under another version are void.
    pub credential_version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An access key for the cloud API.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessKey {
    /// The account that it belongs to.
    pub account: AccountId,
    /// Its public half.
    pub secret_id: SecretId,
    /// Its secret half, sealed with the master key.
    pub sealed_secret: Vec<u8>,
    /// Whether it may be used.
    pub active: bool,
    /// A description of its purpose.
    pub description: String,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A key that signs bearer tokens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SigningKey {
    /// Its id, which is in the header of every token.
    pub kid: String,
    /// The name of its algorithm, for example `ES256`.
    pub algorithm: String,
    /// Its public half.
    pub public: Vec<u8>,
    /// Its private half, sealed with the master key.
    pub sealed_private: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stopped signing.
    pub retired_at: Option<Timestamp>,
    /// When it stops verifying.
    pub expires_at: Option<Timestamp>,
}

/// A refresh token to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewRefreshToken<'a> {
    /// The hash of the token.
    pub hash: &'a [u8],
    /// The sign-in that it belongs to.
    pub family: &'a str,
    /// The registry that it is for.
    pub registry: RegistryId,
    /// The account that it belongs to.
    pub account: AccountId,
    /// The service that it is for.
    pub service: &'a str,
    /// The client that asked for it.
    pub client_id: &'a str,
    /// The version of the account's credentials at the time of issue. Under another version it is void.
    pub credential_version: i64,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// A stored refresh token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefreshToken {
    /// The sign-in that it belongs to.
    pub family: String,
    /// The registry that it is for.
    pub registry: RegistryId,
    /// The account that it belongs to.
    pub account: AccountId,
    /// The service that it is for.
    pub service: String,
    /// The client that asked for it.
    pub client_id: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// The version of the account's credentials at the time of issue.
    pub credential_version: i64,
    /// When its successor was first used, which ended it.
    pub used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// The outcome of exchanging a refresh token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rotation {
    /// The new token is stored. The old one works until the new one is used; older ones have ended.
    Rotated,
    /// The old token had ended because its successor was used, so somebody has a copy. All tokens of the sign-in are
    /// revoked.
    Reused,
    /// The old token does not exist, has ended or has been revoked.
    Unknown,
}

/// A namespace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Namespace {
    /// The id of its row.
    pub id: NamespaceId,
    /// The registry that it is in.
    pub registry: RegistryId,
    /// Its name.
    pub name: NamespaceName,
    /// The main account that it belongs to.
    pub owner: AccountId,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repository {
    /// The id of its row.
    pub id: RepositoryId,
    /// The registry that it is in.
    pub registry: RegistryId,
    /// The namespace that it is in.
    pub namespace: NamespaceId,
    /// Its whole name.
    pub name: RepositoryName,
    /// Whether everybody may read it.
    pub public: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// The time of the last push or deletion in it.
    pub updated_at: Timestamp,
}

/// A filter for repositories.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Readable {
    /// All.
    All,
    /// Public repositories, and those in namespaces of `owner`.
    By {
        /// The main account of the caller; `None` for an anonymous caller.
        owner: Option<AccountId>,
    },
}

/// A stored blob.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Blob {
    /// The id of its row.
    pub id: BlobId,
    /// The digest of its content.
    pub digest: Digest,
    /// The key of its object.
    pub key: BlobKey,
    /// Its size in bytes.
    pub size: u64,
    /// Until when it is kept, even if nothing refers to it.
    pub lease_until: Timestamp,
}

/// A blob with a durable object, to be linked into a repository.
#[derive(Clone, Copy, Debug)]
pub struct CommitBlob<'a> {
    /// The registry.
    pub registry: RegistryId,
    /// The namespace of the repository, which must exist.
    pub namespace: NamespaceId,
    /// The repository, which is made if it is missing.
    pub repository: &'a RepositoryName,
    /// The digest of the content.
    pub digest: &'a Digest,
    /// The key of the object.
    pub key: &'a BlobKey,
    /// The size in bytes.
    pub size: u64,
    /// The lease of its upload, whose row is deleted in the same transaction.
    pub upload: Option<&'a UploadLease>,
    /// Until when the blob is kept, even if nothing refers to it.
    pub lease_until: Timestamp,
}

/// A blob that was linked into a repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Committed {
    /// The repository.
    pub repository: RepositoryId,
    /// The repository, if it was made for the blob.
    pub repository_created: Option<Made>,
    /// The blob.
    pub blob: Blob,
    /// Whether the content existed before. Then a new object for it is not needed, and its writer deletes it.
    pub adopted: bool,
}

/// An upload to be started.
#[derive(Clone, Debug)]
pub struct NewUpload<'a> {
    /// Its id.
    pub id: UploadId,
    /// The registry.
    pub registry: RegistryId,
    /// The repository that it is for, which need not exist.
    pub repository: &'a RepositoryName,
    /// The account that uploads.
    pub account: AccountId,
    /// The hash state before the first byte.
    pub hash: HashState,
    /// When it expires.
    pub expires_at: Timestamp,
    /// The current time.
    pub now: Timestamp,
}

/// An upload in progress.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// The registry.
    pub registry: RegistryId,
    /// The repository that it is for.
    pub repository: RepositoryName,
    /// The account that uploads.
    pub account: AccountId,
    /// The hash state of the received bytes. `hash.len` is the offset.
    pub hash: HashState,
    /// Whether a request held its lease at the time of the call.
    pub leased: bool,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// The right to write to an upload. One request at a time has it, and each one gets a new lease. If the lease of a
/// request expires and another one takes over, the first one can no longer save, finish or delete the upload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UploadLease {
    pub(super) upload: UploadId,
    pub(super) holder: String,
}

impl UploadLease {
    /// Returns the upload.
    pub fn upload(&self) -> UploadId {
        self.upload
    }
}

/// The answer to a request for the lease of an upload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lease {
    /// The caller has the lease.
    Acquired(Upload, UploadLease),
    /// Another request has the lease.
    Busy,
    /// The upload does not exist, or has expired.
    Gone,
}

/// A manifest to be stored.
#[derive(Clone, Copy, Debug)]
pub struct PutManifest<'a> {
    /// The registry.
    pub registry: RegistryId,
    /// The namespace of the repository, which must exist.
    pub namespace: NamespaceId,
    /// The repository, which is made if it is missing.
    pub repository: &'a RepositoryName,
    /// The digest of `content`.
    pub digest: &'a Digest,
    /// The parsed form of `content`.
    pub manifest: &'a Manifest,
    /// The bytes, exactly as they came.
    pub content: &'a [u8],
    /// The details of the manifest, if they are known.
    pub details: Option<&'a ImageDetails>,
    /// The tags to point at it.
    pub tags: &'a [Tag],
    /// Until when it is kept, even if nothing refers to it.
    pub lease_until: Timestamp,
}

/// The result of storing a manifest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PutOutcome {
    /// The repository.
    pub repository: RepositoryId,
    /// The repository, if it was made for the manifest.
    pub repository_created: Option<Made>,
    /// Whether the manifest is new.
    pub manifest_created: bool,
}

/// A stored manifest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredManifest {
    /// The id of its row.
    pub id: ManifestId,
    /// Its digest.
    pub digest: Digest,
    /// The media type that it is served with.
    pub media_type: String,
    /// The bytes, exactly as they came.
    pub content: Bytes,
    /// Until when it is kept, even if nothing refers to it.
    pub lease_until: Timestamp,
    /// Whether an index of the repository lists it.
    pub is_child: bool,
}

/// A manifest that names another as its subject (distribution-spec, "Listing Referrers").
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Referrer {
    /// Its digest.
    pub digest: Digest,
    /// Its descriptor, with its artifact type and its annotations: a JSON object, ready to be sent.
    pub descriptor: String,
}

/// A page of referrers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Referrers {
    /// The referrers in the order of their digests.
    pub list: Vec<Referrer>,
    /// The place where the next page begins, if there is one.
    pub next: Option<Digest>,
}
