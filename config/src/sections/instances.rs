//! `[instances]`: the hosts and limits of enterprise instances.

use super::{Invalid, above_zero};
use crate::section::section;

section! {
    /// Enterprise instances: registries of their own, each on a host of its own.
    pub struct Instances {
        /// The host of an instance, with `{name}` where its name stands. Every such host must lead here, by a DNS record
        /// `*.registry.example.com` for example, and `server.tls.cert` must cover it. Names below `localhost` lead to the
        /// machine itself on most systems.
        pub domain: String = "{name}.localhost".to_owned(),
        /// Instances that one account may have.
        pub per_account: u32 = 20,
    }
}

impl Instances {
    /// An account's instances are listed in one go.
    const MOST: u32 = 1000;

    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        // The pattern itself is read where it is used; this is what everybody gets wrong.
        if self.domain.matches("{name}").count() != 1 || self.domain.contains("://") || self.domain.contains(['/', ':'])
        {
            return Err(("domain", "must be a host with `{name}` in it, without scheme and port".to_owned()));
        }
        if self.per_account > Self::MOST {
            return Err(("per_account", format!("must be at most {}", Self::MOST)));
        }
        above_zero(&[("per_account", self.per_account == 0)])
    }
}
