//! `[cloud_api]`: limits, and how closely the cloud API follows the product document.

use crate::section::section;

section! {
    /// The cloud API: signed requests to `/`.
    pub struct CloudApi {
        /// Requests of one account for one action in a second; 0 means no limit.
        pub requests_per_second: u32 = 20,
        /// Authorize exactly the actions that the product document authorizes. With `false` the server is stricter: an
        /// action that changes something needs a permission, even if the document asks only for a signature, and a
        /// sub-account sees only what some policy lets it see. With either value, copying an image needs the rights to
        /// pull it and to push it.
        pub faithful: bool = false,
        /// Answer each action with the error codes of its table in the product document where the SDKs know other ones:
        /// `InvalidParameter.ErrNSMismatch`, `InternalServerError`, and `InternalError.ErrUnauthorized` for a denial.
        pub document_spelling: bool = false,
    }
}
