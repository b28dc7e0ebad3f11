//! A password for docker that the registry made.

use std::fmt;

use roadstead_types::{Timestamp, Uin};

/// The prefix of every token.
pub(crate) const PREFIX: &str = "rsd_";

/// A password for docker that the registry made.
#[derive(Clone)]
pub struct RegistryPassword {
    /// The user name to use with it.
    pub username: Uin,
    /// The password itself: a secret.
    pub password: String,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl fmt::Debug for RegistryPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { username, password: _, expires_at } = self;
        let mut debug = f.debug_struct("RegistryPassword");
        debug.field("username", username).field("expires_at", expires_at).finish_non_exhaustive()
    }
}
