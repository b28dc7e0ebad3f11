//! Points at which a process stops for good, so that a test kills it there.

#![expect(clippy::unwrap_used, reason = "a test kit: to panic is how it tells")]

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Where a unit of work can be stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Point {
    /// Everything is written, and nothing is committed.
    BeforeCommit,
    /// It is committed, and nobody knows it yet.
    AfterCommit,
}

struct Armed {
    point: Point,
    op: String,
    sign: PathBuf,
}

static ARMED: Mutex<Option<Armed>> = Mutex::new(None);

/// The next unit for the operation `op`, for example `create a namespace`, stops at `point`. Then the file `sign` is there.
pub fn stop_at(point: Point, op: &str, sign: PathBuf) {
    *ARMED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Armed { point, op: op.to_owned(), sign });
}

/// Called where a unit can be stopped.
pub(crate) fn reached(point: Point, op: &str) {
    let armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(armed) = armed.as_ref().filter(|armed| armed.point == point && armed.op == op) else { return };
    std::fs::write(&armed.sign, "").unwrap();
    loop {
        std::thread::park();
    }
}
