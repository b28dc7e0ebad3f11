//! `[jobs]`: work in the background.

use std::time::Duration;

use super::{DAY, Invalid, above_zero, seconds};
use crate::section::section;

section! {
    /// Work in the background. Jobs are rows in the database, and any server runs them.
    pub struct Jobs {
        /// A job that gives no sign of life for this long counts as dead, and any server may run it again.
        #[serde(with = "humantime_serde")]
        pub lease: Duration = seconds(60),
        /// How many days a job is kept after it ended, for `roadstead job list`.
        pub keep_days: u32 = 7,
    }
}

impl Jobs {
    /// Returns how long a finished job is kept.
    pub fn keep(&self) -> Duration {
        Duration::from_secs(u64::from(self.keep_days) * DAY)
    }

    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        above_zero(&[("lease", self.lease.is_zero()), ("keep_days", self.keep_days == 0)])
    }
}
