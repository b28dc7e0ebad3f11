//! The routes, as data. One macro makes the enum and the list of all routes from the same rows: the router and the test of
//! the permission matrix walk that list, so a route cannot be served and stay untested.

use actix_web::http::Method;
use roadstead_auth::RightName;

/// What a caller must prove before a route runs.
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

macro_rules! routes {
    ($($(#[$doc:meta])* $variant:ident: $name:literal, $($method:ident)|+, $pattern:literal, $required:expr;)+) => {
        /// Everything that the registry listener serves.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Route { $($(#[$doc])* $variant,)+ }

        impl Route {
            /// All of them, the most frequent first.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Its name in metrics, logs and the audit log.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The methods that it answers to.
            pub const fn methods(self) -> &'static [Method] {
                match self { $(Self::$variant => const { &[$(Method::$method),+] },)+ }
            }

            /// The paths that it answers to; `{name}` stands for one or more segments, anything else in braces for one.
            pub const fn pattern(self) -> &'static str {
                match self { $(Self::$variant => $pattern,)+ }
            }

            /// What the caller must prove.
            pub const fn required(self) -> Required {
                match self { $(Self::$variant => $required,)+ }
            }
        }
    };
}

const PULL: Required = Required::Repository(RightName::Pull);
const PROBE: Required = Required::Repository(RightName::Probe);
const PUSH: Required = Required::Repository(RightName::Push);
const DELETE: Required = Required::Repository(RightName::Delete);

// The numbers of endpoints are those of the distribution-spec, "Endpoints".
routes! {
    /// `end-3`.
    ManifestGet: "manifest.get", GET, "/v2/{name}/manifests/{reference}", PULL;
    /// `end-3` by HEAD.
    ManifestHead: "manifest.head", HEAD, "/v2/{name}/manifests/{reference}", PROBE;
    /// `end-2` by HEAD.
    BlobHead: "blob.head", HEAD, "/v2/{name}/blobs/{digest}", PROBE;
    /// `end-2`.
    BlobGet: "blob.get", GET, "/v2/{name}/blobs/{digest}", PULL;
    /// `end-7`.
    ManifestPut: "manifest.put", PUT, "/v2/{name}/manifests/{reference}", PUSH;
    /// `end-4a`, `end-4b`, `end-11`.
    UploadStart: "upload.start", POST, "/v2/{name}/blobs/uploads/", PUSH;
    /// `end-5`.
    UploadPatch: "upload.patch", PATCH, "/v2/{name}/blobs/uploads/{upload_id}", PUSH;
    /// `end-6`.
    UploadPut: "upload.put", PUT, "/v2/{name}/blobs/uploads/{upload_id}", PUSH;
    /// `end-13`.
    UploadStatus: "upload.status", GET, "/v2/{name}/blobs/uploads/{upload_id}", PUSH;
    /// `end-14`.
    UploadCancel: "upload.cancel", DELETE, "/v2/{name}/blobs/uploads/{upload_id}", PUSH;
    /// `end-1`: whether this is a registry, and who is asking.
    Base: "base", GET | HEAD, "/v2/", Required::Credentials;
    /// An action of the cloud API, in the query.
    CloudGet: "cloud.get", GET, "/", Required::Signature;
    /// An action of the cloud API, in the body.
    CloudPost: "cloud.post", POST, "/", Required::Signature;
    /// Docker's bearer token by GET.
    TokenGet: "token.get", GET, "/service/token", Required::Nothing;
    /// The OAuth2 form of the same.
    TokenPost: "token.post", POST, "/service/token", Required::Nothing;
    /// `end-8a`, `end-8b`.
    TagList: "tag.list", GET | HEAD, "/v2/{name}/tags/list", PULL;
    /// The repositories that the caller may pull.
    CatalogList: "catalog.list", GET | HEAD, "/v2/_catalog", Required::Catalog;
    /// `end-12a`, `end-12b`.
    ReferrerList: "referrer.list", GET | HEAD, "/v2/{name}/referrers/{digest}", PULL;
    /// `end-9`.
    ManifestDelete: "manifest.delete", DELETE, "/v2/{name}/manifests/{reference}", DELETE;
    /// `end-10`.
    BlobDelete: "blob.delete", DELETE, "/v2/{name}/blobs/{digest}", DELETE;
    /// The public halves of the keys that sign tokens (RFC 7517).
    Jwks: "jwks", GET | HEAD, "/service/jwks", Required::Nothing;
    /// Whether the process lives.
    Healthz: "healthz", GET | HEAD, "/healthz", Required::Nothing;
    /// Whether it can serve.
    Readyz: "readyz", GET | HEAD, "/readyz", Required::Nothing;
}
