//! Errors when a docker password cannot be created.

use roadstead_auth::Error as AuthError;
use roadstead_service::Error;

use crate::wire::code::Code;
use crate::wire::error::CloudError;

/// Returns the error for a password that was not created.
pub(super) fn not_made(error: AuthError) -> CloudError {
    match error {
        AuthError::Session => {
            let message = "temporary keys cannot make passwords that would outlive them";
            CloudError::new(Code::UnsupportedOperation, message)
        }
        AuthError::TokenTooLarge => {
            let message = "the policy of the session is too long to be in a password";
            CloudError::new(Code::UnsupportedOperation, message)
        }
        AuthError::Storage(error) => match Error::from(error) {
            Error::Gone(_) => Code::UnauthorizedOperation.into(),
            other => other.into(),
        },
        other => CloudError::fault(Code::InternalErrorUnknown, other),
    }
}
