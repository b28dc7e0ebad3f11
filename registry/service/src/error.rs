//! The error type of all services.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::time::Duration;

use roadstead_auth::Denied;
use roadstead_policy::PolicyError;
use roadstead_types::{Counted, Digest, ManifestError, Thing, TooManyPatterns};

/// The result of a service call.
pub type Result<T> = std::result::Result<T, Error>;

/// The reason why a service refused or failed, grouped by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The thing does not exist for this caller. It may belong to another account.
    #[error("{0} unknown")]
    Unknown(Thing),
    /// Another request deleted or changed the thing while this one ran.
    #[error("{0} has changed in the meantime")]
    Gone(Thing),
    /// A thing with this name already exists.
    #[error("{0} exists already")]
    Exists(Thing),
    /// The name is reserved, so nobody may use it.
    #[error("the name of the {0} is reserved")]
    Reserved(Thing),
    /// The thing is not empty, or something refers to it.
    #[error("{0} is in use")]
    InUse(Thing),
    /// An index of the repository lists the manifest.
    #[error("the index {index} lists the manifest")]
    Listed {
        /// One of the indexes that do.
        index: Digest,
    },
    /// The thing is protected from deletion.
    #[error("{0} is protected from deletion")]
    Protected(Thing),
    /// The thing came with the registry and cannot be changed.
    #[error("{0} is preset")]
    Preset(Thing),
    /// The thing belongs to a different account than the one in the request.
    #[error("{0} of another account")]
    Foreign(Thing),
    /// Only a main account may do this to its own things.
    #[error("{0} of a main account")]
    MainAccountOnly(Thing),
    /// The limit for things of this kind is reached.
    #[error("no more than {limit} {what}")]
    LimitReached {
        /// The kind of things that the limit counts.
        what: Counted,
        /// The limit.
        limit: u64,
    },
    /// A parameter is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A value in the request breaks a rule.
    #[error("{problem}")]
    Invalid {
        /// The value.
        what: Input,
        /// A description of the broken rule.
        problem: Cow<'static, str>,
    },
    /// A policy document is invalid.
    #[error(transparent)]
    PolicyDocument(#[from] PolicyError),
    /// The policy that limits a session is wrong.
    #[error(transparent)]
    SessionPolicy(PolicyError),
    /// A session asked for something that would outlive it.
    #[error("temporary credentials cannot do this")]
    Session,
    /// A token would be too long because of the policy in it.
    #[error("the policy is too long for a token")]
    TokenTooLarge,
    /// There were too many wrong attempts.
    #[error("too many wrong attempts")]
    Throttled {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The caller may not do this.
    #[error(transparent)]
    Denied(Denied),
    /// Another request is writing to the upload.
    #[error("upload busy")]
    UploadBusy,
    /// The content does not match its digest.
    #[error("expected {expected}, found {found}")]
    Digest {
        /// The digest in the request.
        expected: Digest,
        /// The digest of the content.
        found: Digest,
    },
    /// The registry does not accept this manifest.
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
        /// The missing blobs.
        blobs: Vec<Digest>,
        /// The missing manifests.
        manifests: Vec<Digest>,
    },
    /// A chunk does not continue the upload.
    #[error("the upload stands at {offset}")]
    Range {
        /// The number of bytes that the upload has so far.
        offset: u64,
    },
    /// The length of a body differs from its range.
    #[error("length mismatch")]
    Size,
    /// The cursor of a list was not issued by the registry.
    #[error("no such place in the list")]
    Cursor,
    /// The client disconnected in the middle of a body.
    #[error("client gone")]
    ClientGone,
    /// The client sent nothing for too long.
    #[error("body timeout")]
    BodyTimeout,
    /// Too many transfers are running. A later attempt may succeed.
    #[error("overloaded")]
    Overloaded,
    /// The call was a dry run and would have succeeded.
    #[error("it was only tried")]
    DryRun,
    /// The store has no space left.
    #[error("store full")]
    StoreFull(#[source] roadstead_storage::Error),
    /// A store cannot be reached. A later attempt may succeed.
    #[error("store unavailable")]
    Unavailable(#[source] roadstead_storage::Error),
    /// A fault in the registry itself.
    #[error("internal failure")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

/// A value in a request that has its own rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// The name of a sub-account.
    UserName,
    /// A password.
    Password,
    /// The name of a policy.
    PolicyName,
    /// The name of a role.
    RoleName,
    /// The name of an identity provider.
    ProviderName,
    /// The issuer of an identity provider.
    ProviderUrl,
    /// The public keys of an identity provider.
    ProviderKeys,
    /// The description of a policy or a role.
    Description,
    /// A tag of a policy or a role.
    ResourceTag,
    /// How long a session lasts.
    Duration,
    /// Another parameter. The description of the problem names it.
    Parameter,
}

impl Error {
    /// Reports a fault in the registry itself.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }

    /// Reports a value in the request that breaks a rule.
    pub fn invalid(what: Input, problem: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid { what, problem: problem.into() }
    }
}

impl From<roadstead_storage::Error> for Error {
    fn from(error: roadstead_storage::Error) -> Self {
        use roadstead_storage::Error as E;
        match error {
            E::MissingReferences { blobs, manifests } => Self::MissingReferences { blobs, manifests },
            E::Conflict(thing) => Self::Exists(thing),
            E::InUse(thing) => Self::InUse(thing),
            E::Listed { index } => Self::Listed { index },
            E::Protected(thing) => Self::Protected(thing),
            E::Stale(Thing::Upload) => Self::UploadBusy,
            // The staged bytes do not match the row, so the upload cannot continue.
            E::Stale(Thing::StagedUpload) => Self::Unknown(Thing::Upload),
            E::Stale(thing) => Self::Gone(thing),
            E::LimitReached { what, limit } => Self::LimitReached { what, limit },
            E::DryRun => Self::DryRun,
            full @ E::Full(_) => Self::StoreFull(full),
            busy @ E::Unavailable { .. } => Self::Unavailable(busy),
            other @ (E::SchemaNewer { .. } | E::SchemaOlder | E::Corrupt { .. } | E::Backend { .. }) => {
                Self::internal(other)
            }
        }
    }
}

impl From<roadstead_auth::Error> for Error {
    fn from(error: roadstead_auth::Error) -> Self {
        use roadstead_auth::Error as E;
        match error {
            E::Storage(error) => error.into(),
            rules @ E::NameRules => Self::invalid(Input::UserName, rules.to_string()),
            rules @ E::PasswordRules => Self::invalid(Input::Password, rules.to_string()),
            E::Session => Self::Session,
            E::TokenTooLarge => Self::TokenTooLarge,
            other @ (E::SecretKeyRules
            | E::TooManyScopes { .. }
            | E::Sealed { .. }
            | E::Argon2(_)
            | E::Corrupt { .. }
            | E::Crypto { .. }) => Self::internal(other),
        }
    }
}

impl From<TooManyPatterns> for Error {
    fn from(_: TooManyPatterns) -> Self {
        Self::Overloaded
    }
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unavailable(source) => source.into(),
            denied => Self::Denied(denied),
        }
    }
}

#[cfg(test)]
mod tests {
    use roadstead_storage::Error as StorageError;

    use super::*;

    #[test]
    fn what_is_stale_is_gone_and_an_upload_is_busy_or_unknown() {
        let error = |thing| Error::from(StorageError::Stale(thing));
        assert!(matches!(error(Thing::StagedUpload), Error::Unknown(Thing::Upload)));
        assert!(matches!(error(Thing::Upload), Error::UploadBusy));
        for thing in [Thing::Instance, Thing::Namespace, Thing::Tag, Thing::Account, Thing::Password, Thing::Repository]
        {
            assert!(matches!(error(thing), Error::Gone(found) if found == thing), "{thing}");
        }
    }
}
