//! Faults: killed processes, full disks, disconnecting clients, failing stores.
//!
//! To add a fault, cause it in a running registry, and then check three things: the answer is one of the specification,
//! no acknowledged content is lost, and the same request succeeds after the fault.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod broken;
mod busy;
mod commit;
mod first_start;
mod full;
mod jobs;
mod kill;
mod pusher;
mod silent;
mod store;

use std::io::Write as _;

/// Skips a suite and prints the reason. With `ROADSTEAD_TEST_REQUIRE=1`, a skip is a failure.
fn skip(why: &str) {
    let required = std::env::var("ROADSTEAD_TEST_REQUIRE").is_ok_and(|value| value == "1");
    assert!(!required, "ROADSTEAD_TEST_REQUIRE is 1, but {why}");
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}
