//! The parameters of authentication.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::instance_domain::InstanceDomain;

/// The parameters of [`Auth`](crate::Auth).
#[derive(Clone, Debug)]
pub struct AuthParams {
    /// The `iss` claim of tokens.
    pub issuer: String,
    /// How long a bearer token is valid.
    pub token_lifetime: Duration,
    /// How long a refresh token is valid.
    pub refresh_token_lifetime: Duration,
    /// How far the clocks of replicas may differ.
    pub leeway: Duration,
    /// The age at which the key that signs tokens is replaced.
    pub signing_key_rotation: Duration,
    /// The cost of a password hash.
    pub argon2: Argon2Params,
    /// How long a correct password is recognised without another hash.
    pub password_cache_ttl: Duration,
    /// Attempts a minute for one account from one address.
    pub login_attempts_per_minute: NonZeroU32,
    /// Attempts a minute from one address, whatever the account.
    pub login_attempts_per_address_per_minute: NonZeroU32,
    /// How many verified tokens are cached; also how many passwords and accounts.
    pub token_cache_entries: usize,
    /// How many repositories and namespaces are cached.
    pub repository_cache_entries: usize,
    /// Whether public repositories can be pulled from without credentials.
    pub anonymous_pull: bool,
    /// How many scopes a request for a token may name.
    pub max_scopes: usize,
    /// Whether lists show sub-accounts everything that no policy denies, as the product document describes it.
    /// Otherwise lists show them only what some policy lets them see.
    pub faithful: bool,
    /// Whether the registry is read-only for maintenance: every right to change something is refused.
    pub readonly: bool,
    /// The region that resources of policies may name. If it is empty, the registry is in no region, and statements
    /// that name one allow nothing.
    pub region: Arc<str>,
    /// The hosts of enterprise instances.
    pub instance_domain: InstanceDomain,
}

/// The cost of a password hash (argon2id, RFC 9106).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Argon2Params {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub iterations: u32,
    /// Lanes of one hash.
    pub parallelism: u32,
}

impl Default for Argon2Params {
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, parallelism: 1 }
    }
}
