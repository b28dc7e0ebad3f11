//! The table of routes. One macro creates both the enum and the list of all routes from the same rows. The router and
//! the test of the permission matrix use that list, so every served route is tested.

use actix_web::http::Method;
use roadstead_auth::RightName;

/// What a caller must prove before a route runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Required {
    /// Nothing: anybody may call the route.
    Nothing,
    /// Valid credentials of an account, or an anonymous token. `docker login` uses such a route to check credentials.
    Credentials,
    /// The right to list repositories. The answer contains only repositories that the caller may pull from.
    Catalog,
    /// A signed request, and the permissions that its action needs.
    Signature,
    /// A right to the repository in the path.
    Repository(RightName),
}

macro_rules! routes {
    ($($(#[$doc:meta])* $variant:ident: $name:literal, $($method:ident)|+, $pattern:literal, $required:expr;)+) => {
        /// The routes of the registry listener.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Route { $($(#[$doc])* $variant,)+ }

        impl Route {
            /// All routes, the most frequent first.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Returns the name of the route in metrics, logs and the audit log.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Returns the methods of the route.
            pub const fn methods(self) -> &'static [Method] {
                match self { $(Self::$variant => const { &[$(Method::$method),+] },)+ }
            }

            /// Returns the path of the route. `{name}` stands for one or more segments, any other name in braces for
            /// one segment.
            pub const fn pattern(self) -> &'static str {
                match self { $(Self::$variant => $pattern,)+ }
            }

            /// Returns what the caller must prove.
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

// The endpoint numbers are those of the distribution-spec, "Endpoints".
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
    /// `end-1`: tells whether this is a registry and whether the credentials are valid.
    Base: "base", GET | HEAD, "/v2/", Required::Credentials;
    /// An action of the cloud API, with its parameters in the query.
    CloudGet: "cloud.get", GET, "/", Required::Signature;
    /// An action of the cloud API, with its parameters in the body.
    CloudPost: "cloud.post", POST, "/", Required::Signature;
    /// Issues a docker bearer token, by GET.
    TokenGet: "token.get", GET, "/service/token", Required::Nothing;
    /// Issues a docker bearer token, in the OAuth2 form.
    TokenPost: "token.post", POST, "/service/token", Required::Nothing;
    /// `end-8a`, `end-8b`.
    TagList: "tag.list", GET | HEAD, "/v2/{name}/tags/list", PULL;
    /// Lists the repositories that the caller may pull from.
    CatalogList: "catalog.list", GET | HEAD, "/v2/_catalog", Required::Catalog;
    /// `end-12a`, `end-12b`.
    ReferrerList: "referrer.list", GET | HEAD, "/v2/{name}/referrers/{digest}", PULL;
    /// `end-9`.
    ManifestDelete: "manifest.delete", DELETE, "/v2/{name}/manifests/{reference}", DELETE;
    /// `end-10`.
    BlobDelete: "blob.delete", DELETE, "/v2/{name}/blobs/{digest}", DELETE;
    /// Serves the public halves of the keys that sign tokens (RFC 7517).
    Jwks: "jwks", GET | HEAD, "/service/jwks", Required::Nothing;
    /// Tells whether the process is running.
    Healthz: "healthz", GET | HEAD, "/healthz", Required::Nothing;
    /// Tells whether the process can serve requests.
    Readyz: "readyz", GET | HEAD, "/readyz", Required::Nothing;
}
