//! The routes, as data. The router is built from [`Operation`], and the test of the permission matrix walks it: a new
//! operation is served, and tested against every kind of caller, the moment it stands here.

use actix_web::http::Method;
use roadstead_auth::RightName;

/// Everything that the registry listener serves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Operation {
    /// `end-1`: whether this is a registry, and who is asking.
    Base,
    /// The repositories that the caller may pull.
    CatalogList,
    /// `end-8a`, `end-8b`.
    TagList,
    /// `end-3` by HEAD.
    ManifestHead,
    /// `end-3`.
    ManifestGet,
    /// `end-7`.
    ManifestPut,
    /// `end-9`.
    ManifestDelete,
    /// `end-2` by HEAD.
    BlobHead,
    /// `end-2`.
    BlobGet,
    /// `end-10`.
    BlobDelete,
    /// `end-4a`, `end-4b`, `end-11`.
    UploadStart,
    /// `end-13`.
    UploadStatus,
    /// `end-5`.
    UploadPatch,
    /// `end-6`.
    UploadPut,
    /// `end-14`.
    UploadCancel,
    /// `end-12a`, `end-12b`.
    ReferrerList,
    /// Docker's bearer token by GET.
    TokenGet,
    /// The OAuth2 form of the same.
    TokenPost,
    /// The public halves of the keys that sign tokens (RFC 7517).
    Jwks,
    /// An action of the cloud API, in the query.
    CloudGet,
    /// An action of the cloud API, in the body.
    CloudPost,
    /// Whether the process lives.
    Healthz,
    /// Whether it can serve.
    Readyz,
}

/// What a caller must prove before an operation runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Required {
    /// Nothing: anybody may call it.
    Nothing,
    /// Credentials of an account, or an anonymous token: `docker login` asks here whether they are right.
    Credentials,
    /// The right to list repositories; the answer holds only those that the caller may pull.
    Catalog,
    /// A signature of the request, and whatever the action in it needs.
    Signature,
    /// A right to the repository in the path.
    Repository(RightName),
}

impl Operation {
    /// All of them, the more specific patterns first.
    pub const ALL: &[Self] = &[
        Self::ManifestGet,
        Self::ManifestHead,
        Self::BlobHead,
        Self::BlobGet,
        Self::ManifestPut,
        Self::UploadStart,
        Self::UploadPatch,
        Self::UploadPut,
        Self::UploadStatus,
        Self::UploadCancel,
        Self::Base,
        Self::CloudGet,
        Self::CloudPost,
        Self::TokenGet,
        Self::TokenPost,
        Self::TagList,
        Self::CatalogList,
        Self::ReferrerList,
        Self::ManifestDelete,
        Self::BlobDelete,
        Self::Jwks,
        Self::Healthz,
        Self::Readyz,
    ];

    /// The methods that it answers to.
    pub fn methods(self) -> &'static [Method] {
        match self {
            Self::Base
            | Self::CatalogList
            | Self::TagList
            | Self::ReferrerList
            | Self::Jwks
            | Self::Healthz
            | Self::Readyz => &[Method::GET, Method::HEAD],
            Self::ManifestGet | Self::BlobGet | Self::UploadStatus | Self::TokenGet | Self::CloudGet => &[Method::GET],
            Self::ManifestHead | Self::BlobHead => &[Method::HEAD],
            Self::ManifestPut | Self::UploadPut => &[Method::PUT],
            Self::ManifestDelete | Self::BlobDelete | Self::UploadCancel => &[Method::DELETE],
            Self::UploadStart | Self::TokenPost | Self::CloudPost => &[Method::POST],
            Self::UploadPatch => &[Method::PATCH],
        }
    }

    /// The paths that it answers to; `{name}` stands for one or more segments, anything else in braces for one.
    pub fn pattern(self) -> &'static str {
        match self {
            Self::Base => "/v2/",
            Self::CloudGet | Self::CloudPost => "/",
            Self::CatalogList => "/v2/_catalog",
            Self::TagList => "/v2/{name}/tags/list",
            Self::ManifestHead | Self::ManifestGet | Self::ManifestPut | Self::ManifestDelete => {
                "/v2/{name}/manifests/{reference}"
            }
            Self::BlobHead | Self::BlobGet | Self::BlobDelete => "/v2/{name}/blobs/{digest}",
            Self::UploadStart => "/v2/{name}/blobs/uploads/",
            Self::UploadStatus | Self::UploadPatch | Self::UploadPut | Self::UploadCancel => {
                "/v2/{name}/blobs/uploads/{upload_id}"
            }
            Self::ReferrerList => "/v2/{name}/referrers/{digest}",
            Self::TokenGet | Self::TokenPost => "/service/token",
            Self::Jwks => "/service/jwks",
            Self::Healthz => "/healthz",
            Self::Readyz => "/readyz",
        }
    }

    /// What the caller must prove.
    pub fn required(self) -> Required {
        match self {
            Self::TokenGet | Self::TokenPost | Self::Jwks | Self::Healthz | Self::Readyz => Required::Nothing,
            Self::Base => Required::Credentials,
            Self::CloudGet | Self::CloudPost => Required::Signature,
            Self::CatalogList => Required::Catalog,
            Self::TagList | Self::ManifestGet | Self::BlobGet | Self::ReferrerList => {
                Required::Repository(RightName::Pull)
            }
            Self::ManifestHead | Self::BlobHead => Required::Repository(RightName::Probe),
            Self::ManifestPut
            | Self::UploadStart
            | Self::UploadStatus
            | Self::UploadPatch
            | Self::UploadPut
            | Self::UploadCancel => Required::Repository(RightName::Push),
            Self::ManifestDelete | Self::BlobDelete => Required::Repository(RightName::Delete),
        }
    }

    /// Its name in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::CatalogList => "catalog.list",
            Self::TagList => "tag.list",
            Self::ManifestHead => "manifest.head",
            Self::ManifestGet => "manifest.get",
            Self::ManifestPut => "manifest.put",
            Self::ManifestDelete => "manifest.delete",
            Self::BlobHead => "blob.head",
            Self::BlobGet => "blob.get",
            Self::BlobDelete => "blob.delete",
            Self::UploadStart => "upload.start",
            Self::UploadStatus => "upload.status",
            Self::UploadPatch => "upload.patch",
            Self::UploadPut => "upload.put",
            Self::UploadCancel => "upload.cancel",
            Self::ReferrerList => "referrer.list",
            Self::TokenGet => "token.get",
            Self::TokenPost => "token.post",
            Self::Jwks => "jwks",
            Self::CloudGet => "cloud.get",
            Self::CloudPost => "cloud.post",
            Self::Healthz => "healthz",
            Self::Readyz => "readyz",
        }
    }
}
