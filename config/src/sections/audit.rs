//! `[audit]`: how long the audit log is kept.

use std::time::Duration;

use super::{DAY, Invalid, above_zero};
use crate::section::section;

section! {
    /// The audit log, which records changes and refusals in the database.
    pub struct Audit {
        /// How many days an event is kept.
        pub keep_days: u32 = 90,
    }
}

impl Audit {
    /// Returns how long an event is kept.
    pub fn keep(&self) -> Duration {
        Duration::from_secs(u64::from(self.keep_days) * DAY)
    }

    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        above_zero(&[("keep_days", self.keep_days == 0)])
    }
}
