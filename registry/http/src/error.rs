//! The table of OCI error codes, and the translation of service errors into answers (distribution-spec, "Error Codes").

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use roadstead_auth::Denied;
use roadstead_types::Thing;
use serde_json::{Value, json};

use roadstead_service as service;

macro_rules! codes {
    ($($variant:ident, $wire:literal, $status:ident, $message:literal;)*) => {
        /// The codes of the errors that the registry answers.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Code { $(#[doc = $message] $variant,)* }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns the code as it is written in the body.
            pub const fn wire(self) -> &'static str {
                match self { $(Self::$variant => $wire,)* }
            }

            /// Returns the status of the answer.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// Returns the default message.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)* }
            }
        }
    };
}

codes! {
    BlobUnknown,         "BLOB_UNKNOWN",          NOT_FOUND,             "blob unknown to the registry";
    BlobUploadInvalid,   "BLOB_UPLOAD_INVALID",   BAD_REQUEST,           "the blob upload is not valid";
    BlobUploadUnknown,   "BLOB_UPLOAD_UNKNOWN",   NOT_FOUND,             "blob upload unknown to the registry";
    BlobUploadBusy,      "BLOB_UPLOAD_INVALID",   CONFLICT,              "another request is writing to this upload; ask for its status and go on from there";
    BlobInUse,           "DENIED",                METHOD_NOT_ALLOWED,    "the blob is in use: a manifest of this repository refers to it; delete that manifest first";
    DigestInvalid,       "DIGEST_INVALID",        BAD_REQUEST,           "the provided digest did not match the uploaded content";
    ManifestBlobUnknown, "MANIFEST_BLOB_UNKNOWN", NOT_FOUND,             "the manifest refers to content that is not in the repository";
    ManifestInUse,       "DENIED",                METHOD_NOT_ALLOWED,    "the manifest is in use: an index of this repository lists it; delete that index first";
    ManifestInvalid,     "MANIFEST_INVALID",      BAD_REQUEST,           "the manifest is not valid";
    ManifestUnknown,     "MANIFEST_UNKNOWN",      NOT_FOUND,             "manifest unknown to the registry";
    ManifestTooLarge,    "SIZE_INVALID",          PAYLOAD_TOO_LARGE,     "the manifest is larger than the registry takes";
    NameUnknown,         "NAME_UNKNOWN",          NOT_FOUND,             "repository name not known to the registry";
    SizeInvalid,         "SIZE_INVALID",          BAD_REQUEST,           "the provided length did not match the content length";
    TagInvalid,          "TAG_INVALID",           BAD_REQUEST,           "invalid tag";
    Unauthorized,        "UNAUTHORIZED",          UNAUTHORIZED,          "authentication is required: log in, or use credentials that are valid";
    Denied,              "DENIED",                FORBIDDEN,             "requested access to the resource is denied: it may not exist, or this account has no right to it";
    Unsupported,         "UNSUPPORTED",           METHOD_NOT_ALLOWED,    "the registry does not support this operation";
    TooManyRequests,     "TOOMANYREQUESTS",       TOO_MANY_REQUESTS,     "too many requests; wait before the next one";
    RangeInvalid,        "RANGE_INVALID",         RANGE_NOT_SATISFIABLE, "the range lies outside the blob";
    ChunkOutOfOrder,     "RANGE_INVALID",         RANGE_NOT_SATISFIABLE, "the chunk does not start where the upload stands; go on from there, or start again";
    UriTooLong,          "UNSUPPORTED",           URI_TOO_LONG,          "too many tags in one push";
    PageInvalid,         "PAGINATION_NUMBER_INVALID", BAD_REQUEST,       "n must be a whole number, and last the name of an entry";
    BodyTooLarge,        "UNSUPPORTED",           PAYLOAD_TOO_LARGE,     "the body is larger than the registry takes";
    BadRequest,          "UNKNOWN",               BAD_REQUEST,           "the request is malformed";
    NotFound,            "NOT_FOUND",             NOT_FOUND,             "there is nothing at this path";
    RequestTimeout,      "UNKNOWN",               REQUEST_TIMEOUT,       "the body did not arrive in time";
    StoreFull,           "UNKNOWN",               INSUFFICIENT_STORAGE,  "the registry has no room left";
    Unavailable,         "UNAVAILABLE",           SERVICE_UNAVAILABLE,   "the registry cannot do this right now; try again later";
    Internal,            "UNKNOWN",               INTERNAL_SERVER_ERROR, "something went wrong inside the registry; its log has the request id";
}

/// An error answer.
#[derive(Debug)]
pub struct ApiError {
    code: Code,
    message: Cow<'static, str>,
    detail: Option<Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of a handler.
pub type ApiResult = Result<HttpResponse, ApiError>;

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Self { code, message: Cow::Borrowed(code.message()), detail: None, headers: Vec::new(), source: None }
    }
}

impl ApiError {
    /// Creates an error with a specific message. The client sees the message, so it must not contain anything that the
    /// caller may not know.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), ..code.into() }
    }

    /// Creates an error for an internal failure. The client sees a fixed text, and the log shows the source.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..Code::Internal.into() }
    }

    /// Adds the `detail` member.
    #[must_use]
    pub fn with_detail(mut self, detail: Value) -> Self {
        self.detail = Some(detail);
        self
    }

    /// Adds a header. An invalid value is ignored.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// Returns the code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Returns the cause of an internal failure, for the log.
    pub fn source(&self) -> Option<&(dyn std::error::Error + Send + Sync)> {
        self.source.as_deref()
    }

    /// Builds the answer in the format of the specification.
    pub fn response(&self, request_id: &str) -> HttpResponse {
        let mut error = json!({ "code": self.code.wire(), "message": self.message });
        if let Some(detail) = &self.detail {
            error["detail"] = detail.clone();
        } else if self.code.status().is_server_error() {
            error["detail"] = json!({ "request_id": request_id });
        }
        let mut response = HttpResponseBuilder::new(self.code.status());
        for (name, value) in &self.headers {
            response.append_header((name.clone(), value.clone()));
        }
        if self.code == Code::Unavailable {
            response.insert_header((header::RETRY_AFTER, "5"));
        }
        response.json(json!({ "errors": [error] }))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.wire(), self.message)
    }
}

impl From<service::Error> for ApiError {
    fn from(error: service::Error) -> Self {
        use service::Error as E;
        match error {
            E::Unknown(thing) => unknown(thing).into(),
            E::Gone(thing) => gone(thing).into(),
            E::InUse(Thing::Blob) => Self::from(Code::BlobInUse).with_header(header::ALLOW, "GET, HEAD"),
            E::Listed { index } => {
                let message = format!(
                    "the manifest is in use: the index {index} of this repository lists it; delete that index first"
                );
                Self::new(Code::ManifestInUse, message).with_header(header::ALLOW, "GET, HEAD, PUT")
            }
            E::Throttled { retry_after } => {
                let seconds = retry_after.as_secs().max(1).to_string();
                Self::from(Code::TooManyRequests).with_header(header::RETRY_AFTER, &seconds)
            }
            E::UploadBusy => Self::from(Code::BlobUploadBusy).with_header(header::RETRY_AFTER, "1"),
            E::Digest { expected, found } => Self::from(Code::DigestInvalid)
                .with_detail(json!({ "expected": expected.as_str(), "found": found.as_str() })),
            E::Manifest(reason) => Self::new(Code::ManifestInvalid, reason.to_string()),
            E::ManifestTooLarge { limit } => {
                Self::new(Code::ManifestTooLarge, format!("the manifest is larger than {limit} bytes"))
            }
            E::MissingReferences { blobs, manifests } => {
                // The answer lists only the first missing digests: they are enough to act on, and an index can name
                // thousands.
                let list = |digests: &[roadstead_types::Digest]| {
                    digests.iter().take(20).map(|d| Value::from(d.as_str())).collect::<Vec<_>>()
                };
                Self::from(Code::ManifestBlobUnknown)
                    .with_detail(json!({ "blobs": list(&blobs), "manifests": list(&manifests) }))
            }
            E::Range { .. } => Code::ChunkOutOfOrder.into(),
            E::Size => Code::SizeInvalid.into(),
            E::Cursor => Self::new(Code::PageInvalid, "last is not the name of an entry"),
            E::Denied(denied) => denied.into(),
            E::LimitReached { what, limit } => Self::new(
                Code::Denied,
                format!(
                    "quota exceeded: the account has all of the {limit} {what} that it may have; the operator can raise the quota"
                ),
            ),
            E::ClientGone => Self::new(Code::BlobUploadInvalid, "the body ended before its announced length"),
            E::BodyTimeout => Code::RequestTimeout.into(),
            E::Overloaded => Code::Unavailable.into(),
            E::StoreFull(source) => Self { source: Some(Box::new(source)), ..Code::StoreFull.into() },
            E::Unavailable(source) => Self { source: Some(Box::new(source)), ..Code::Unavailable.into() },
            E::Internal(source) => Self::internal(source),
            // The content routes never cause these errors.
            other @ (E::Exists(_)
            | E::Reserved(_)
            | E::InUse(_)
            | E::Protected(_)
            | E::Preset(_)
            | E::Foreign(_)
            | E::MainAccountOnly(_)
            | E::Missing(_)
            | E::Invalid { .. }
            | E::PolicyDocument(_)
            | E::SessionPolicy(_)
            | E::Session
            | E::TokenTooLarge
            | E::DryRun) => Self::internal(other),
        }
    }
}

/// Returns the code for a missing thing. The caller is allowed to know that it is missing.
fn unknown(thing: Thing) -> Code {
    use Thing as T;
    match thing {
        T::Namespace | T::Repository | T::Instance | T::InstanceId => Code::NameUnknown,
        T::Manifest | T::Tag => Code::ManifestUnknown,
        T::Blob => Code::BlobUnknown,
        T::Upload | T::StagedUpload => Code::BlobUploadUnknown,
        T::Account
        | T::User
        | T::Group
        | T::Role
        | T::Provider
        | T::Policy
        | T::AccessKey
        | T::Password
        | T::InstanceToken => Code::Unauthorized,
        T::SigningKey | T::SealedSecret | T::Trigger | T::StoreId | T::Job => Code::NotFound,
    }
}

/// Returns the code for a thing that was deleted while the request ran. A deleted namespace or instance is answered
/// like a forbidden one.
fn gone(thing: Thing) -> Code {
    match thing {
        Thing::Namespace | Thing::Instance | Thing::Tag => Code::Denied,
        other => unknown(other),
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unauthenticated => Code::Unauthorized.into(),
            Denied::InsufficientScope => Self::new(Code::Unauthorized, "the token does not have the needed scope"),
            Denied::Forbidden => Code::Denied.into(),
            Denied::ReadOnly => Self::new(Code::Unsupported, denied.to_string()),
            Denied::Unavailable(source) => service::Error::from(source).into(),
        }
    }
}

/// Formats an error with all its causes.
pub fn chain(error: &(dyn std::error::Error + Send + Sync)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The default texts of Docker's own registry. If an error has such a text and no detail, docker sees only the bare
    /// code. It then does not recognize that retrying is useless, and retries for a minute.
    const USUAL: [&str; 20] = [
        "unknown error",
        "The operation is unsupported.",
        "authentication required",
        "requested access to the resource is denied",
        "service unavailable",
        "too many requests",
        "provided digest did not match uploaded content",
        "provided length did not match content length",
        "range invalid",
        "invalid repository name",
        "manifest tag did not match URI",
        "repository name not known to registry",
        "manifest unknown",
        "manifest invalid",
        "manifest failed signature verification",
        "blob unknown to registry",
        "blob upload unknown to registry",
        "blob upload invalid",
        "invalid number of results requested",
        "error parsing image manifest",
    ];

    #[test]
    fn no_text_is_one_that_docker_takes_for_a_bare_code() {
        for code in Code::ALL {
            let usual = USUAL.iter().any(|text| text.eq_ignore_ascii_case(code.message()));
            assert!(!usual, "{code:?}: {}", code.message());
        }
    }

    #[test]
    fn no_two_answers_have_the_same_text() {
        for (number, code) in Code::ALL.iter().enumerate() {
            assert!(Code::ALL[..number].iter().all(|other| other.message() != code.message()), "{code:?}");
        }
    }

    #[test]
    fn only_an_upload_that_is_gone_is_an_unknown_upload() {
        let code = |thing| ApiError::from(service::Error::Gone(thing)).code();
        assert_eq!(ApiError::from(service::Error::Unknown(Thing::Upload)).code(), Code::BlobUploadUnknown);
        assert_eq!(ApiError::from(service::Error::UploadBusy).code(), Code::BlobUploadBusy);
        for thing in [Thing::Instance, Thing::Namespace, Thing::Tag] {
            assert_eq!(code(thing), Code::Denied, "{thing}");
        }
        for thing in [Thing::Account, Thing::User, Thing::Role, Thing::InstanceToken, Thing::Password] {
            assert_eq!(code(thing), Code::Unauthorized, "{thing}");
        }
        assert_eq!(code(Thing::Repository), Code::NameUnknown);
    }
}
