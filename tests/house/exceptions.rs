//! The code that does not follow a rule yet. These lists only get shorter.

/// A known circle of imports.
pub struct Circle {
    /// The folder of the crate's root file.
    pub folder: &'static str,
    /// One of its files, to tell it from other circles of the crate.
    pub with: &'static str,
    /// The most files that it may have.
    pub files: usize,
    pub reason: &'static str,
}

pub const CIRCLES: &[Circle] = &[];

#[rustfmt::skip]
pub const LONG_FILES: &[(&str, &str)] = &[
    ("tests/bench/src/load.rs", "all loads of the benchmark"),
];

const STEPS: &str = "several steps to take apart";
const TABLE: &str = "one table: a line for each entry";

#[rustfmt::skip]
pub const LONG_FUNCTIONS: &[(&str, &str)] = &[
    ("auth/src/refresh.rs redeem_refresh_token", STEPS),
    ("auth/src/token.rs sign", STEPS),
    ("registry/http/src/error.rs from", TABLE),
    ("registry/src/bootstrap/mod.rs build", STEPS),
    ("storage/src/meta/duplicate.rs copy_blobs", STEPS),
    ("storage/src/meta/manifests.rs referrers", STEPS),
    ("storage/src/meta/search.rs matching", STEPS),
    ("storage/types/src/manifest/mod.rs assemble", STEPS),
    ("tests/src/parameters.rs value", TABLE),
];
