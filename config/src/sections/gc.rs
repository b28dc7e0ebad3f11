//! `[gc]`: clean-up of unfinished uploads and of objects without a row.

use std::time::Duration;

use super::{DAY, Invalid, above_zero, seconds};
use crate::section::section;

/// The least age of an orphan. An object is written before its row, so a younger object may still get its row.
pub const ORPHAN_AGE_MIN: Duration = seconds(60 * 60);

section! {
    /// Clean-up in the background. It runs beside the service and never stops it.
    pub struct Gc {
        /// Time between two searches for uploads that were not finished in time.
        #[serde(with = "humantime_serde")]
        pub interval: Duration = seconds(10 * 60),
        /// Time between two sweeps of the blob store, which delete objects without a row in the database. A sweep lists
        /// the whole store.
        #[serde(with = "humantime_serde")]
        pub sweep_interval: Duration = seconds(DAY),
        /// How long content stays at least after it has lost its last reference. This release only notes the time: it
        /// deletes no such content.
        #[serde(with = "humantime_serde")]
        pub grace: Duration = seconds(DAY),
        /// Age at which stored bytes without a row in the database are deleted; at least `1h`. Only their age protects
        /// bytes that are being pushed.
        #[serde(with = "humantime_serde")]
        pub orphan_age: Duration = seconds(DAY),
        /// How long content stays at least after the server told a client that it exists, so that the client can finish
        /// its push. This release only notes the time: it deletes no content that has a row in the database.
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
