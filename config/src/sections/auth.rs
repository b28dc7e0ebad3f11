//! `[auth]`: passwords, tokens, the master key, and limits for failed logins.

use std::{path::PathBuf, time::Duration};

use super::{DAY, Invalid, above_zero, seconds};
use crate::{Key, section::section};

section! {
    /// Passwords, tokens and keys.
    pub struct Auth {
        /// How long a bearer token is valid.
        #[serde(with = "humantime_serde")]
        pub token_lifetime: Duration = seconds(15 * 60),
        /// How long a refresh token is valid.
        #[serde(with = "humantime_serde")]
        pub refresh_token_lifetime: Duration = seconds(30 * DAY),
        /// How much the clocks of replicas may differ.
        #[serde(with = "humantime_serde")]
        pub leeway: Duration = seconds(60),
        /// The `iss` claim of tokens.
        pub issuer: String = "roadstead".to_owned(),
        /// Age at which the key that signs tokens is replaced.
        #[serde(with = "humantime_serde")]
        pub signing_key_rotation: Duration = seconds(90 * DAY),
        /// The cost of a password hash.
        pub argon2: Argon2 = Argon2::default(),
        /// How long the server recognises a correct password without computing argon2 again. Each use extends this
        /// time, up to a day.
        #[serde(with = "humantime_serde")]
        pub password_cache_ttl: Duration = seconds(10 * 60),
        /// Passwords that are checked for one account from one address in a minute. More are refused without a check. A
        /// password that is recognised does not count.
        pub login_attempts: u32 = 10,
        /// Passwords that are checked from one address in a minute, for all accounts together. Bad signatures, and bad
        /// tokens of each other kind, have the same limit, each counted separately.
        pub login_attempts_per_address: u32 = 100,
        /// The master key: base64 of the 32 bytes that seal access keys and signing keys in the database. Without it,
        /// the key is in the file `master.key` below `data_dir`, which the first start makes.
        pub master_key: Option<Key> = None,
        /// File with the master key, as 32 bytes or as their base64, in place of `master_key`. Not every user may be
        /// able to read it.
        pub master_key_file: Option<PathBuf> = None,
        /// Program and arguments that print the master key, as 32 bytes or as their base64; in place of `master_key`
        /// and `master_key_file`. It runs at each start, without a shell, for 30 seconds at most. For example
        /// `["vault", "kv", "get", "-field=key", "secret/roadstead"]`. An argument with a comma in it needs the TOML
        /// file.
        pub master_key_command: Vec<String> = Vec::new(),
        /// Let anybody pull from public repositories without logging in.
        pub anonymous_pull: bool = true,
        /// The region of the registry, for example `ap-guangzhou`. A statement whose resource names a region applies
        /// only in this region. Empty: the registry has no region; a statement that names a region then never allows
        /// anything, but it denies.
        pub region: String = String::new(),
    }
}

section! {
    /// The cost of a password hash (argon2id). A change applies to passwords that are set afterwards.
    pub struct Argon2 {
        /// Memory of one hash, in KiB.
        pub memory_kib: u32 = 19_456,
        /// Passes over that memory.
        pub iterations: u32 = 2,
        /// Lanes of one hash.
        pub parallelism: u32 = 1,
    }
}

impl Auth {
    /// Docker treats a token as valid for at least a minute, even if the answer says less.
    const LEAST_TOKEN_LIFETIME: Duration = seconds(60);

    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        if self.token_lifetime < Self::LEAST_TOKEN_LIFETIME {
            return Err(("token_lifetime", "must be at least 60s: clients count on that".to_owned()));
        }
        if self.refresh_token_lifetime < self.token_lifetime {
            return Err(("refresh_token_lifetime", "must not be shorter than `auth.token_lifetime`".to_owned()));
        }
        if self.signing_key_rotation < self.token_lifetime {
            return Err(("signing_key_rotation", "must not be shorter than `auth.token_lifetime`".to_owned()));
        }
        if self.issuer.trim().is_empty() {
            return Err(("issuer", "must not be empty".to_owned()));
        }
        if self.master_key_command.first().is_some_and(|program| program.trim().is_empty()) {
            return Err(("master_key_command", "must begin with the name of a program".to_owned()));
        }
        if !self.master_key_command.is_empty() && self.master_key.is_some() {
            return Err(("master_key_command", "must not be set together with `auth.master_key`".to_owned()));
        }
        above_zero(&[
            ("login_attempts", self.login_attempts == 0),
            ("login_attempts_per_address", self.login_attempts_per_address == 0),
        ])?;
        self.argon2.validate()
    }
}

impl Argon2 {
    /// The bounds of RFC 9106, section 3.1.
    fn validate(&self) -> Result<(), Invalid> {
        above_zero(&[("argon2.iterations", self.iterations == 0), ("argon2.parallelism", self.parallelism == 0)])?;
        if self.parallelism > 0x00ff_ffff {
            return Err(("argon2.parallelism", "must be at most 16777215".to_owned()));
        }
        if self.memory_kib / 8 < self.parallelism {
            return Err(("argon2.memory_kib", "must be at least 8 times `auth.argon2.parallelism`".to_owned()));
        }
        Ok(())
    }
}
