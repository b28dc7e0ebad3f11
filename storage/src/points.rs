//! Points at which a test can stop the process for good, to kill it there.

#![expect(clippy::unwrap_used, reason = "a test kit: to panic is how it tells")]

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// A point at which a unit of work can be stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Point {
    /// Everything is written, but not committed.
    BeforeCommit,
    /// Everything is committed, but no caller has been told.
    AfterCommit,
}

struct Armed {
    point: Point,
    op: String,
    sign: PathBuf,
}

static ARMED: Mutex<Option<Armed>> = Mutex::new(None);

/// Stops the next unit for the operation `op`, for example `create a namespace`, at `point`. Then the file `sign`
/// exists.
pub fn stop_at(point: Point, op: &str, sign: PathBuf) {
    *ARMED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Armed { point, op: op.to_owned(), sign });
}

/// Stops the process if a test asked for it here.
pub(crate) fn reached(point: Point, op: &str) {
    let armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(armed) = armed.as_ref().filter(|armed| armed.point == point && armed.op == op) else { return };
    std::fs::write(&armed.sign, "").unwrap();
    loop {
        std::thread::park();
    }
}
