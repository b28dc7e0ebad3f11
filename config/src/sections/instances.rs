//! `[instances]`: the hosts and limits of enterprise instances.

use super::{Invalid, above_zero};
use crate::section::section;

section! {
    /// Enterprise instances: registries of their own, each on a host of its own.
    pub struct Instances {
        /// The host of an instance; `{name}` stands for the name of the instance. Every such host must lead to this
        /// server, for example by a DNS record `*.registry.example.com`, and `server.tls.cert` must cover it. Most
        /// systems resolve names below `localhost` to the machine itself.
        pub domain: String = "{name}.localhost".to_owned(),
        /// Instances that one account may have.
        pub per_account: u32 = 20,
    }
}

impl Instances {
    /// One page lists all instances of an account.
    const MOST: u32 = 1000;

    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        // Only the common mistakes are checked here; the code that uses the pattern parses it.
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
