use roadstead_storage::Error as StorageError;
use roadstead_types::{Counted, Thing};

use crate::Error;

/// Why something of the personal edition was not done.
#[derive(Debug, thiserror::Error)]
pub enum PersonalError {
    /// The caller has a registry password already.
    #[error("registered already")]
    UserExists,
    /// Nobody has set a registry password.
    #[error("not registered")]
    UserUnknown,
    /// The password breaks the rules; this says which.
    #[error("{0}")]
    PasswordRules(String),
    /// Somebody has a namespace of this name.
    #[error("namespace exists")]
    NamespaceExists,
    /// Nobody may have a namespace of this name.
    #[error("namespace reserved")]
    NamespaceReserved,
    /// The caller's main account has no such namespace.
    #[error("namespace unknown")]
    NamespaceUnknown,
    /// There are repositories in the namespace.
    #[error("namespace in use")]
    NamespaceInUse,
    /// The repository would be, or is, in no namespace of the caller's main account.
    #[error("not a namespace of the caller")]
    ForeignNamespace,
    /// There is a repository of this name.
    #[error("repository exists")]
    RepositoryExists,
    /// There is no such repository for this caller.
    #[error("repository unknown")]
    RepositoryUnknown,
    /// The main account has as many as it may.
    #[error("no more than {limit} {what}")]
    Quota {
        /// What is counted.
        what: Counted,
        /// How many there may be.
        limit: u64,
    },
    /// Anything else.
    #[error(transparent)]
    Other(Error),
}

impl From<StorageError> for PersonalError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::LimitReached { what, limit } => Self::Quota { what, limit },
            StorageError::Conflict(Thing::Namespace) => Self::NamespaceExists,
            StorageError::Conflict(Thing::Repository) => Self::RepositoryExists,
            StorageError::Conflict(Thing::Password) => Self::UserExists,
            StorageError::InUse(Thing::Namespace) => Self::NamespaceInUse,
            StorageError::Stale(Thing::Namespace) => Self::ForeignNamespace,
            StorageError::Stale(Thing::Repository) => Self::RepositoryUnknown,
            other => Self::Other(other.into()),
        }
    }
}

impl From<Error> for PersonalError {
    fn from(error: Error) -> Self {
        match error {
            Error::RepositoryUnknown => Self::RepositoryUnknown,
            other => Self::Other(other),
        }
    }
}

impl From<roadstead_auth::Error> for PersonalError {
    fn from(error: roadstead_auth::Error) -> Self {
        match error {
            roadstead_auth::Error::Storage(error) => error.into(),
            rules @ roadstead_auth::Error::PasswordRules => Self::PasswordRules(rules.to_string()),
            other => {
                Self::Other(Error::Storage(StorageError::Backend { op: "change a password", source: Box::new(other) }))
            }
        }
    }
}
