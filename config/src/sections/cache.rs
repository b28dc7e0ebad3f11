use crate::{section::section, size::ByteSize};

section! {
    /// What is kept in memory so that pulls need not ask the database. 0 turns a cache off.
    pub struct Cache {
        /// Bytes of manifests.
        pub manifests_bytes: ByteSize = ByteSize::mib(64),
        /// Verified tokens.
        pub tokens: usize = 10_000,
        /// Repositories: who may pull, and which tags they have.
        pub repositories: usize = 10_000,
    }
}
