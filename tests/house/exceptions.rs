//! What does not keep a rule of the house yet. These lists only get shorter.

/// A circle of imports that is known.
pub struct Circle {
    /// The folder of the crate's root file.
    pub folder: &'static str,
    /// One of its files, which tells it from other circles of the crate.
    pub with: &'static str,
    /// How many files it may have.
    pub files: usize,
    pub reason: &'static str,
}

#[rustfmt::skip]
pub const CIRCLES: &[Circle] = &[
    Circle { folder: "registry/service/src", with: "manifests", files: 3, reason: "one type is in the wrong file" },
    Circle { folder: "registry/service/src", with: "uploads", files: 2, reason: "one type is in the wrong file" },
    Circle { folder: "registry/src", with: "cli/account", files: 2, reason: "`account key` is a command of `account`" },
    Circle { folder: "storage/src", with: "meta/unit", files: 3, reason: "a unit writes audit rows and jobs, and both are written by units of their own too" },
    Circle { folder: "tests/src", with: "builder", files: 2, reason: "the builder starts what it builds" },
];

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
    ("registry/service/src/manifests.rs put", STEPS),
    ("registry/src/api/error.rs from", TABLE),
    ("registry/src/bootstrap/mod.rs build", STEPS),
    ("storage/src/meta/duplicate.rs copy_blobs", STEPS),
    ("storage/src/meta/manifests.rs referrers", STEPS),
    ("storage/src/meta/search.rs matching", STEPS),
    ("storage/types/src/manifest/mod.rs assemble", STEPS),
    ("tests/src/parameters.rs value", TABLE),
];

const MOVES: &str = "the file is about to be moved or rewritten";

#[rustfmt::skip]
pub const NO_FIRST_LINE: &[(&str, &str)] = &[
    ("registry/service/src/blobs.rs", MOVES),
    ("registry/service/src/cam/attachments.rs", MOVES),
    ("registry/service/src/cam/groups.rs", MOVES),
    ("registry/service/src/cam/keys.rs", MOVES),
    ("registry/service/src/cam/policies.rs", MOVES),
    ("registry/service/src/cam/providers.rs", MOVES),
    ("registry/service/src/cam/roles.rs", MOVES),
    ("registry/service/src/cam/users.rs", MOVES),
    ("registry/service/src/manifests.rs", MOVES),
    ("registry/service/src/personal/favorites.rs", MOVES),
    ("registry/service/src/personal/namespaces.rs", MOVES),
    ("registry/service/src/personal/repositories.rs", MOVES),
    ("registry/service/src/repositories.rs", MOVES),
    ("storage/src/error.rs", MOVES),
    ("storage/src/testkit/meta/accounts.rs", MOVES),
    ("storage/src/testkit/meta/blobs.rs", MOVES),
    ("storage/src/testkit/meta/cam/people.rs", MOVES),
    ("storage/src/testkit/meta/cam/policies.rs", MOVES),
    ("storage/src/testkit/meta/cam/providers.rs", MOVES),
    ("storage/src/testkit/meta/cam/rights.rs", MOVES),
    ("storage/src/testkit/meta/cleanup.rs", MOVES),
    ("storage/src/testkit/meta/duplicate.rs", MOVES),
    ("storage/src/testkit/meta/images.rs", MOVES),
    ("storage/src/testkit/meta/instances.rs", MOVES),
    ("storage/src/testkit/meta/manifests.rs", MOVES),
    ("storage/src/testkit/meta/names.rs", MOVES),
    ("storage/src/testkit/meta/personal.rs", MOVES),
    ("storage/src/testkit/meta/quotas.rs", MOVES),
    ("storage/src/testkit/meta/schema.rs", MOVES),
    ("storage/src/testkit/meta/triggers.rs", MOVES),
    ("storage/src/testkit/meta/uploads.rs", MOVES),
];
