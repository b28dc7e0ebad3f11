//! Passwords for docker that were not made.

use roadstead_service::Error;

use crate::wire::code::Code;
use crate::wire::error::CloudError;

/// Returns the answer if no password was made.
pub(super) fn not_made(error: Error) -> CloudError {
    match error {
        Error::Gone(_) => Code::UnauthorizedOperation.into(),
        Error::Internal(source) => CloudError::fault(Code::InternalErrorUnknown, source),
        other => other.into(),
    }
}
