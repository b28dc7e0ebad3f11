//! What belongs to others, and what is not there at all, cost the same: the same answer, and the same statements of the
//! database. Time is not measured; what takes time is counted.
//!
//! One registry at a time: the statements are told apart by the ids of their requests, but whether the server has seen all
//! changes is not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod actions;
mod lists;
mod memory;
mod registry;
mod statements;

use tokio::sync::{Mutex, MutexGuard};

/// Held by the test that runs.
async fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::const_new(());
    statements::record();
    ONE.lock().await
}
