//! What goes into the metadata store, and what comes out of it.

use bytes::Bytes;

use super::changes::Made;
use crate::blob::BlobKey;
use roadstead_types::{
    AccountId, BlobId, Digest, HashState, ImageDetails, Manifest, ManifestId, NamespaceId, NamespaceName, RegistryId,
    RepositoryId, RepositoryName, SecretId, Tag, Timestamp, Uin, UploadId,
};

/// Whether an account may do anything at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccountStatus {
    /// It may.
    Active,
    /// It may not, with none of its credentials.
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
    /// The main account that it belongs to; itself for a main account.
    pub owner: AccountId,
    /// Whether it may do anything.
    pub status: AccountStatus,
    /// Grows when the password or the status changes. What was issued under another version is void.
    pub credential_version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A main account to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewAccount<'a> {
    /// Its public number.
    pub uin: &'a Uin,
    /// Its name, unique among main accounts.
    pub name: &'a str,
    /// The hash of its password, if it has one.
    pub password_hash: Option<&'a str>,
}

/// An access key for the cloud API.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessKey {
    /// Whose it is.
    pub account: AccountId,
    /// Its public half.
    pub secret_id: SecretId,
    /// Its secret half, sealed with the master key.
    pub sealed_secret: Vec<u8>,
    /// Whether it may be used.
    pub active: bool,
    /// What it is for.
    pub description: String,
    /// When it was used last.
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
    /// From when on it signs no more.
    pub retired_at: Option<Timestamp>,
    /// From when on it verifies no more.
    pub expires_at: Option<Timestamp>,
}

/// A refresh token to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewRefreshToken<'a> {
    /// The hash of the token.
    pub hash: &'a [u8],
    /// The sign-in that it grew out of.
    pub family: &'a str,
    /// The registry that it is for.
    pub registry: RegistryId,
    /// Whose it is.
    pub account: AccountId,
    /// The service that it is for.
    pub service: &'a str,
    /// The client that asked for it.
    pub client_id: &'a str,
    /// The version of the account's credentials under which it is issued; under another one it is void.
    pub credential_version: i64,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A stored refresh token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefreshToken {
    /// The sign-in that it grew out of.
    pub family: String,
    /// The registry that it is for.
    pub registry: RegistryId,
    /// Whose it is.
    pub account: AccountId,
    /// The service that it is for.
    pub service: String,
    /// The client that asked for it.
    pub client_id: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The version of the account's credentials under which it was issued.
    pub credential_version: i64,
    /// When its successor was first used, which ended it.
    pub used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// The outcome of exchanging a refresh token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rotation {
    /// The new one is stored. The old one works until the new one is used; those before it have ended.
    Rotated,
    /// The old one had ended, because its successor was used: somebody has a copy. The whole family is revoked now.
    Reused,
    /// There is no such token, or it has ended or been revoked.
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
    /// Whose it is.
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
    /// When something was last pushed to it, or deleted from it.
    pub updated_at: Timestamp,
}

/// Which repositories a listing shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Readable {
    /// All.
    All,
    /// The public ones, and those in namespaces of `owner`.
    By {
        /// The account that asks; none for an anonymous one.
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
    /// Where its content is.
    pub key: BlobKey,
    /// Bytes.
    pub size: u64,
    /// Until when it stays, even if nothing refers to it.
    pub lease_until: Timestamp,
}

/// A blob whose object is durable, to be made known.
#[derive(Clone, Copy, Debug)]
pub struct CommitBlob<'a> {
    /// The registry.
    pub registry: RegistryId,
    /// The namespace of the repository, which must still exist.
    pub namespace: NamespaceId,
    /// The repository, which is made if need be.
    pub repository: &'a RepositoryName,
    /// The digest of the content.
    pub digest: &'a Digest,
    /// Where the content is.
    pub key: &'a BlobKey,
    /// Bytes.
    pub size: u64,
    /// The lease of the upload that it comes from, whose row goes in the same transaction.
    pub upload: Option<&'a UploadLease>,
    /// Until when the blob stays, even if nothing refers to it.
    pub lease_until: Timestamp,
}

/// A blob that is in a repository now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Committed {
    /// The repository.
    pub repository: RepositoryId,
    /// Whether the repository was made for it.
    pub repository_created: Option<Made>,
    /// The blob.
    pub blob: Blob,
    /// The content was there already. Who has just written an object for it deletes that object.
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
    /// Who uploads.
    pub account: AccountId,
    /// The hash of nothing yet.
    pub hash: HashState,
    /// When it is given up.
    pub expires_at: Timestamp,
    /// The present moment.
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
    /// Who uploads.
    pub account: AccountId,
    /// The hash of what has arrived. `hash.len` is the offset.
    pub hash: HashState,
    /// Whether anybody held its lease at the moment of the call.
    pub leased: bool,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it is given up.
    pub expires_at: Timestamp,
}

/// The right to write to an upload, which one request at a time has. Each acquisition is another one: a request whose
/// lease ran out, and was taken by the next, can neither save nor finish nor delete the upload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UploadLease {
    pub(super) upload: UploadId,
    pub(super) holder: String,
}

impl UploadLease {
    /// The upload.
    pub fn upload(&self) -> UploadId {
        self.upload
    }
}

/// The answer to who asks for the lease of an upload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lease {
    /// It is theirs.
    Acquired(Upload, UploadLease),
    /// Somebody else has it.
    Busy,
    /// There is no such upload, or it has expired.
    Gone,
}

/// A manifest to be stored.
#[derive(Clone, Copy, Debug)]
pub struct PutManifest<'a> {
    /// The registry.
    pub registry: RegistryId,
    /// The namespace of the repository, which must still exist.
    pub namespace: NamespaceId,
    /// The repository, which is made if need be.
    pub repository: &'a RepositoryName,
    /// The digest of `content`.
    pub digest: &'a Digest,
    /// The parsed form of `content`.
    pub manifest: &'a Manifest,
    /// The bytes, exactly as they came.
    pub content: &'a [u8],
    /// What was found out about it, if it was looked at.
    pub details: Option<&'a ImageDetails>,
    /// The tags that point at it from now on.
    pub tags: &'a [Tag],
    /// Until when it stays, even if nothing refers to it.
    pub lease_until: Timestamp,
}

/// What storing a manifest did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PutOutcome {
    /// The repository.
    pub repository: RepositoryId,
    /// Whether the repository was made for it.
    pub repository_created: Option<Made>,
    /// Whether the manifest was not there before.
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
    /// Until when it stays, even if nothing refers to it.
    pub lease_until: Timestamp,
    /// Whether an index of the repository has it.
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
    /// In the order of their digests.
    pub list: Vec<Referrer>,
    /// Where the next page begins, if there are more.
    pub next: Option<Digest>,
}
