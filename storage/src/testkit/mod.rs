//! Suites that every blob store and every metadata engine passes, and stores that fail on purpose.
//!
//! The suites panic where a store does not do what its documentation says. They move clocks and never sleep.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test kit: to panic is how it tells")]

mod blob;
mod database;
mod faults;
pub mod meta;

use std::sync::Arc;
use std::time::Duration;

use roadstead_types::{Actor, Clock};

use crate::meta::{Act, Timing};
pub use blob::blob_suite;
pub use database::{HeldWrites, TestDatabase};

pub use crate::points::{Hold, Point, hold_at, stop_at};
pub use faults::{Failure, Fault, FaultyBlobStore, Operation};
pub use meta::forget_image_details;

/// The time in tests between the loss of a reference and the review of its target.
pub const GRACE: Duration = Duration::from_secs(60);

/// Makes an act of the server.
pub fn act(clock: Arc<dyn Clock>) -> Act {
    Act::new(Arc::new(Actor::server()), "test", Timing::new(clock, GRACE))
}
