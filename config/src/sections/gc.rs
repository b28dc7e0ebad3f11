//! `[gc]`: clean-up of unfinished uploads and of objects without a row.

use std::time::Duration;

use super::{DAY, Invalid, above_zero, seconds};
use crate::section::section;

/// An object is there before its row. Below this age, the two may just not have come together yet.
pub const ORPHAN_AGE_MIN: Duration = seconds(60 * 60);

section! {
    /// Clean-up in the background. It runs beside the service and never stops it.
    pub struct Gc {
        /// Time between two looks for uploads that were not finished in time.
        #[serde(with = "humantime_serde")]
        pub interval: Duration = seconds(10 * 60),
        /// Time between two sweeps of the blob store for objects that no row knows. A sweep lists the whole store.
        #[serde(with = "humantime_serde")]
        pub sweep_interval: Duration = seconds(DAY),
        /// Content that loses its last reference is left alone for this long.
        #[serde(with = "humantime_serde")]
        pub grace: Duration = seconds(DAY),
        /// A stored object that no row of the database knows is deleted at this age; at least `1h`.
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
            ("sweep_interval", self.sweep_interval.is_zero()),
            ("lease", self.lease.is_zero()),
        ])?;
        if self.orphan_age < ORPHAN_AGE_MIN {
            return Err(("orphan_age", "must be at least 1h: an object is written before its row".to_owned()));
        }
        Ok(())
    }
}
