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
    Circle { folder: "auth/policy/src", with: "condition", files: 9, reason: "Author, Reader and Context live where they were first used" },
    Circle { folder: "auth/src", with: "accounts", files: 15, reason: "everything is an impl of one struct" },
    Circle { folder: "auth/src", with: "instance_token", files: 2, reason: "one constant is in the wrong file" },
    Circle { folder: "config/src", with: "env", files: 2, reason: "one helper is in the wrong file" },
    Circle { folder: "registry/service/src", with: "manifests", files: 3, reason: "one type is in the wrong file" },
    Circle { folder: "registry/service/src", with: "owned", files: 2, reason: "one helper is in the wrong file" },
    Circle { folder: "registry/service/src", with: "uploads", files: 2, reason: "one type is in the wrong file" },
    Circle { folder: "registry/src", with: "cli/account", files: 2, reason: "`account key` is a command of `account`" },
    Circle { folder: "storage/src", with: "blob/fs", files: 3, reason: "readers and writers are parts of the store" },
    Circle { folder: "storage/src", with: "meta/unit", files: 3, reason: "a unit writes audit rows and jobs, and both are written by units of their own too" },
    Circle { folder: "storage/types/src", with: "media_type", files: 2, reason: "one helper is in the wrong file" },
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
    ("auth/src/accounts.rs", MOVES),
    ("auth/src/auth.rs", MOVES),
    ("auth/src/error.rs", MOVES),
    ("auth/src/failures.rs", MOVES),
    ("auth/src/keys.rs", MOVES),
    ("auth/src/params.rs", MOVES),
    ("auth/src/password.rs", MOVES),
    ("auth/src/scope.rs", MOVES),
    ("auth/src/seal.rs", MOVES),
    ("auth/src/signature/date.rs", MOVES),
    ("auth/src/throttle.rs", MOVES),
    ("auth/src/token.rs", MOVES),
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
