//! `[limits]`: how much one request or one client may ask for.

use super::{Invalid, above_zero};
use crate::{section::section, size::ByteSize};

section! {
    /// How much one request, or one client, may ask for.
    pub struct Limits {
        /// The largest manifest that may be pushed. Clients count on 4 MiB.
        pub manifest_bytes: ByteSize = ByteSize::mib(4),
        /// The most entries in one page of a listing, whatever `n` asks for; as many are in a page where a client does not say
        /// `n`.
        pub page_size_max: u32 = 1000,
        /// Requests a second for one client address, in the long run; 0 means no limit.
        pub rate_limit_per_second: u32 = 0,
        /// Requests that one client address may have in a burst above that; 0 means as many as one second allows.
        pub rate_limit_burst: u32 = 0,
        /// Scopes that one token request may ask for. A token has 7.5 KiB at most, which proxies take in a header: room for 100
        /// repositories whose names have 48 characters after the namespace. What does not fit is refused.
        pub token_scopes: u32 = 100,
        /// Sent to clients as `OCI-Chunk-Min-Length` when an upload starts; 0 means that it is not sent.
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
