//! Errors of this crate, by what the caller can do about them.

use std::time::Duration;

use roadstead_types::Thing;

/// The result of most calls of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The metadata store failed or refused: for example, a name is taken or a limit is reached.
    #[error(transparent)]
    Storage(#[from] roadstead_storage::Error),
    /// A password breaks the rules for passwords.
    #[error("a password has {min} to {max} characters, none of them a control character", min = crate::PASSWORD_MIN, max = crate::PASSWORD_MAX)]
    PasswordRules,
    /// The name of an account breaks the rules for names.
    #[error("an account name is 1 to 64 letters, digits, '.', '_', '@' or '-', the first a letter or digit")]
    NameRules,
    /// A secret key breaks the rules for secret keys.
    #[error("a secret key is 32 letters or digits")]
    SecretKeyRules,
    /// More scopes were asked for than are allowed at once.
    #[error("a request may name at most {limit} scopes")]
    TooManyScopes {
        /// How many are allowed.
        limit: usize,
    },
    /// The token for these scopes would be too long for a header.
    #[error("a token for these scopes would be too long")]
    TokenTooLarge,
    /// A session asked for something that only an account itself may have. For example, a session cannot make another
    /// one.
    #[error("temporary keys cannot be used for this")]
    Session,
    /// Sealed data was changed, moved, or sealed with another master key.
    #[error("{what} cannot be opened: it was sealed with another master key, or has been tampered with")]
    Sealed {
        /// The name of the sealed data.
        what: &'static str,
    },
    /// The parameters of the password hash are out of range.
    #[error("the parameters of argon2 are out of range: {0}")]
    Argon2(String),
    /// A stored key or hash cannot be parsed.
    #[error("corrupt {what}")]
    Corrupt {
        /// The name of the stored data.
        what: &'static str,
    },
    /// The cryptographic library refused a call, or ran out of memory.
    #[error("cryptographic failure ({op})")]
    Crypto {
        /// The operation that failed.
        op: &'static str,
    },
}

/// Why the identity of a caller is not known.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// The credentials are not valid. The reason is not told: an unknown user, a disabled one and a wrong password
    /// look the same. So do a forged token, an expired one, and one whose account has changed its password.
    #[error("bad credentials")]
    BadCredentials,
    /// There were too many attempts: these credentials were not checked.
    #[error("too many attempts")]
    Throttled {
        /// When to try again.
        retry_after: Duration,
    },
    /// The store could not be asked.
    #[error("the store is not available")]
    Unavailable(#[source] roadstead_storage::Error),
}

impl From<roadstead_storage::Error> for AuthenticationError {
    fn from(error: roadstead_storage::Error) -> Self {
        match error {
            // The account was deleted after its credentials were checked.
            roadstead_storage::Error::Stale(Thing::Account) => Self::BadCredentials,
            error => Self::Unavailable(error),
        }
    }
}

impl From<Error> for AuthenticationError {
    fn from(error: Error) -> Self {
        match error {
            Error::Storage(error) => error.into(),
            other => Self::Unavailable(roadstead_storage::Error::Backend {
                op: "check credentials",
                source: Box::new(other),
            }),
        }
    }
}

/// Why a right is refused.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// The caller is anonymous, and only an account could have the right: answer 401 with a challenge.
    #[error("authentication is required")]
    Unauthenticated,
    /// The caller could have the right, but its token does not cover it: answer 401 with a challenge that names the
    /// scope and `insufficient_scope`.
    #[error("the token does not cover this action")]
    InsufficientScope,
    /// The caller does not have the right: answer 403, and say nothing about what exists.
    #[error("access is denied")]
    Forbidden,
    /// The caller has the right, but the registry is read-only for now.
    #[error("the registry is read-only for maintenance: nothing can be changed now")]
    ReadOnly,
    /// The store could not be asked, so the right is refused.
    #[error("the store is not available")]
    Unavailable(#[source] roadstead_storage::Error),
}

impl From<roadstead_storage::Error> for Denied {
    fn from(error: roadstead_storage::Error) -> Self {
        match error {
            // An instance or a namespace was deleted in the meantime. Rights in places that do not exist are refused.
            roadstead_storage::Error::Stale(_) => Self::Forbidden,
            error => Self::Unavailable(error),
        }
    }
}
