use std::time::Duration;

use super::{DAY, Invalid, above_zero, seconds};
use crate::section::section;

section! {
    /// Clean-up in the background. It runs beside the service and never stops it.
    pub struct Gc {
        /// Time between two background passes.
        #[serde(with = "humantime_serde")]
        pub interval: Duration = seconds(10 * 60),
        /// Content that loses its last reference is left alone for this long.
        #[serde(with = "humantime_serde")]
        pub grace: Duration = seconds(DAY),
        /// A stored object that no row of the database knows is deleted at this age.
        #[serde(with = "humantime_serde")]
        pub orphan_age: Duration = seconds(DAY),
        /// Content that a client was told exists stays at least this long, so that its push can finish.
        #[serde(with = "humantime_serde")]
        pub lease: Duration = seconds(DAY),
    }
}

impl Gc {
    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        above_zero(&[
            ("interval", self.interval.is_zero()),
            ("orphan_age", self.orphan_age.is_zero()),
            ("lease", self.lease.is_zero()),
        ])
    }
}
