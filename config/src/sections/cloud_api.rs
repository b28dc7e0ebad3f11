//! `[cloud_api]`: limits and the reading of the product document.

use crate::section::section;

section! {
    /// The cloud API: signed requests to `/`.
    pub struct CloudApi {
        /// Requests a second that one account may make of one action; 0 means no limit.
        pub requests_per_second: u32 = 20,
        /// Authorize only the actions for which the product document says so. Otherwise those that change something, and for
        /// which it asks for a signature only, need a permission too, and a sub-account sees only what some policy lets it see.
        /// A copy of an image always needs the rights to pull and to push it.
        pub faithful: bool = false,
        /// Answer each action with the error codes of its table in the product document, where the SDKs differ:
        /// `InvalidParameter.ErrNSMismatch`, `InternalServerError`, `InternalError.ErrUnauthorized` for a denial.
        pub document_spelling: bool = false,
    }
}
