//! What survives what: processes that are killed, disks that are full, clients that go away, stores that fail.
//!
//! To add a fault, make it happen to a running registry, and then show three things: that the answer to it is one of the
//! specification, that nothing which was acknowledged is lost, and that the same thing succeeds once the fault is gone.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod broken;
mod busy;
mod commit;
mod full;
mod jobs;
mod kill;
mod pusher;
mod store;

use std::io::Write as _;

/// Tells why a suite does not run here; where everything must run, that is a failure.
fn skip(why: &str) {
    let required = std::env::var("ROADSTEAD_TEST_REQUIRE").is_ok_and(|value| value == "1");
    assert!(!required, "ROADSTEAD_TEST_REQUIRE is 1, but {why}");
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}
