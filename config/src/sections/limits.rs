//! `[limits]`: how much one request or one client may ask for.

use super::{Invalid, above_zero};
use crate::{section::section, size::ByteSize};

section! {
    /// Limits for one request or one client.
    pub struct Limits {
        /// The largest manifest that may be pushed. Clients rely on 4 MiB.
        pub manifest_bytes: ByteSize = ByteSize::mib(4),
        /// The most entries in one page of a list. A larger `n` gets this many, and so does a request without `n`.
        pub page_size_max: u32 = 1000,
        /// Requests of one client address in a second, on average; 0 means no limit.
        pub rate_limit_per_second: u32 = 0,
        /// Requests that one client address may send at once; 0 means as many as `limits.rate_limit_per_second`.
        pub rate_limit_burst: u32 = 0,
        /// Scopes that one token request may ask for. Scopes that do not fit into a token are refused: a token has 7.5
        /// KiB at most, so that proxies accept it in a header. That is enough for 100 repositories whose names have 48
        /// characters after the namespace.
        pub token_scopes: u32 = 100,
        /// The server sends this number to clients as `OCI-Chunk-Min-Length` when an upload starts; 0 means that it
        /// sends none.
        pub chunk_min_bytes: ByteSize = ByteSize::bytes(0),
    }
}

impl Limits {
    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        above_zero(&[
            ("manifest_bytes", self.manifest_bytes.as_u64() == 0),
            ("page_size_max", self.page_size_max == 0),
            ("token_scopes", self.token_scopes == 0),
        ])?;
        if self.rate_limit_burst > 0 && self.rate_limit_per_second == 0 {
            return Err(("rate_limit_burst", "means nothing while `limits.rate_limit_per_second` is 0".to_owned()));
        }
        Ok(())
    }
}
