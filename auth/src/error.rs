//! What can go wrong, by what the caller can do about it.

use std::time::Duration;

use roadstead_types::Thing;

/// What most calls of this crate answer.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The metadata store failed, or refused: a name is taken, a limit is reached.
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
    #[error("no more than {limit} scopes at once")]
    TooManyScopes {
        /// How many are allowed.
        limit: usize,
    },
    /// The token for these scopes would be too long for a header.
    #[error("a token for these scopes would be too long")]
    TokenTooLarge,
    /// A session was to be given something that only an account itself can have: a session does not make another one.
    #[error("temporary keys cannot be used for this")]
    Session,
    /// Sealed data was changed, moved, or sealed with another master key.
    #[error("{what} cannot be opened: it was sealed with another master key, or has been tampered with")]
    Sealed {
        /// What was to be opened.
        what: &'static str,
    },
    /// The parameters of the password hash are out of range.
    #[error("the parameters of argon2 are out of range: {0}")]
    Argon2(String),
    /// A stored key or hash cannot be understood.
    #[error("corrupt {what}")]
    Corrupt {
        /// What cannot be understood.
        what: &'static str,
    },
    /// The cryptographic library refused a call, or ran out of memory.
    #[error("cryptographic failure ({op})")]
    Crypto {
        /// What was tried.
        op: &'static str,
    },
}

/// Why it is not known who asks.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// The credentials are not good. It is not told why: an unknown user, a disabled one, and a wrong password are the
    /// same, and so are a forged token, an expired one, and one whose account has changed its password.
    #[error("bad credentials")]
    BadCredentials,
    /// Too many attempts: these credentials have not been looked at.
    #[error("too many attempts")]
    Throttled {
        /// When to try again.
        retry_after: Duration,
    },
    /// It could not be found out.
    #[error("the store cannot be asked")]
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

/// Why a right is not given.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// Nobody in particular asks, and only somebody could have the right: answer 401 with a challenge.
    #[error("authentication is required")]
    Unauthenticated,
    /// The caller could have the right, but the token that they use does not cover it: answer 401 with a challenge that
    /// names the scope and `insufficient_scope`.
    #[error("the token does not cover this action")]
    InsufficientScope,
    /// The caller does not have the right: answer 403, and say nothing about what exists.
    #[error("access is denied")]
    Forbidden,
    /// The caller has the right, but nothing is changed for the time being: the registry is read-only.
    #[error("the registry is read-only for maintenance: nothing can be changed now")]
    ReadOnly,
    /// It could not be decided, so it is refused.
    #[error("the store cannot be asked")]
    Unavailable(#[source] roadstead_storage::Error),
}

impl From<roadstead_storage::Error> for Denied {
    fn from(error: roadstead_storage::Error) -> Self {
        match error {
            // An instance or a namespace was deleted meanwhile. What is not there is refused.
            roadstead_storage::Error::Stale(_) => Self::Forbidden,
            error => Self::Unavailable(error),
        }
    }
}
