//! Foreign things and missing things cost the same: the same answer, and the same statements in the database. The tests
//! count statements instead of measuring time.
//!
//! Only one registry runs at a time: the ids of requests tell statements apart, but the wait for changes is not
//! specific to a registry.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod actions;
mod lists;
mod memory;
mod registry;
mod roles;
mod statements;

use tokio::sync::{Mutex, MutexGuard};

/// The running test holds this lock.
async fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::const_new(());
    statements::record();
    ONE.lock().await
}
