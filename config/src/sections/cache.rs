//! `[cache]`: how much is kept in memory.

use crate::{section::section, size::ByteSize};

section! {
    /// Memory for caches, so that pulls need not ask the database. Larger caches are faster; small ones still give
    /// correct answers.
    pub struct Cache {
        /// Bytes of manifests. This also limits how many tags and blobs are remembered.
        pub manifests_bytes: ByteSize = ByteSize::mib(64),
        /// How many verified tokens, how many recognised passwords, and how many accounts are remembered.
        pub tokens: usize = 10_000,
        /// How many namespaces and how many repositories are remembered, with the accounts that may read them.
        pub repositories: usize = 10_000,
    }
}
