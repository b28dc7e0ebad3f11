//! `[cache]`: how much is kept in memory.

use crate::{section::section, size::ByteSize};

section! {
    /// What is kept in memory so that pulls need not ask the database. Larger is faster, smaller is never wrong.
    pub struct Cache {
        /// Bytes of manifests; also bounds how many tags and blobs are remembered.
        pub manifests_bytes: ByteSize = ByteSize::mib(64),
        /// Verified tokens, recognised passwords, and accounts: so many of each.
        pub tokens: usize = 10_000,
        /// Namespaces and repositories, with who may read them: so many of each.
        pub repositories: usize = 10_000,
    }
}
