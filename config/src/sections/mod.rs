//! One file for each section.

pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod cache;
pub(crate) mod cloud_api;
pub(crate) mod database;
pub(crate) mod gc;
pub(crate) mod instances;
pub(crate) mod jobs;
pub(crate) mod limits;
pub(crate) mod log;
pub(crate) mod maintenance;
pub(crate) mod metrics;
pub(crate) mod personal;
pub(crate) mod quotas;
pub(crate) mod server;
pub(crate) mod storage;

use std::time::Duration;

/// A bad value: the key within its section, and the reason.
pub(crate) type Invalid = (&'static str, String);

/// Seconds in a day.
const DAY: u64 = 24 * 60 * 60;

/// Refuses a zero where it would mean "never" or "at once, again and again".
fn above_zero(values: &[(&'static str, bool)]) -> Result<(), Invalid> {
    match values.iter().find(|(_, zero)| *zero) {
        Some((key, _)) => Err((key, "must be more than zero".to_owned())),
        None => Ok(()),
    }
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
