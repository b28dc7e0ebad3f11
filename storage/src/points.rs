//! Points at which a test can stop the process for good, to kill it there, or hold one request for a while.

#![expect(clippy::unwrap_used, reason = "a test kit: to panic is how it tells")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::meta::Act;

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

/// A unit that is to wait at a point.
struct Awaited {
    point: Point,
    request_id: String,
    is_reached: Arc<AtomicBool>,
    /// Closed when the unit may go on.
    held: oneshot::Receiver<()>,
}

static ARMED: Mutex<Option<Armed>> = Mutex::new(None);
static AWAITED: Mutex<Vec<Awaited>> = Mutex::new(Vec::new());

/// Stops the next unit for the operation `op`, for example `create a namespace`, at `point`. Then the file `sign`
/// exists.
pub fn stop_at(point: Point, op: &str, sign: PathBuf) {
    *ARMED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Armed { point, op: op.to_owned(), sign });
}

/// Holds a unit at a point, until it is dropped.
#[derive(Debug)]
pub struct Hold {
    is_reached: Arc<AtomicBool>,
    _holds: oneshot::Sender<()>,
}

impl Hold {
    /// Tells whether the unit waits at the point, or has waited there.
    pub fn is_reached(&self) -> bool {
        self.is_reached.load(Ordering::Acquire)
    }
}

/// Holds the next unit of the request with this id at `point`.
pub fn hold_at(point: Point, request_id: &str) -> Hold {
    let (is_reached, (holds, held)) = (Arc::new(AtomicBool::new(false)), oneshot::channel());
    let awaited = Awaited { point, request_id: request_id.to_owned(), is_reached: Arc::clone(&is_reached), held };
    AWAITED.lock().unwrap_or_else(PoisonError::into_inner).push(awaited);
    Hold { is_reached, _holds: holds }
}

/// Stops the process, or waits, if a test asked for it here.
pub(crate) async fn reached(point: Point, op: &str, act: Option<&Act>) {
    stop(point, op);
    let awaited = act.and_then(|act| take(point, &act.actor().request_id));
    if let Some(awaited) = awaited {
        awaited.is_reached.store(true, Ordering::Release);
        // This is an error as soon as the test drops its end.
        let _ = awaited.held.await;
    }
}

fn take(point: Point, request_id: &str) -> Option<Awaited> {
    let mut awaited = AWAITED.lock().unwrap_or_else(PoisonError::into_inner);
    let found = awaited.iter().position(|awaited| awaited.point == point && awaited.request_id == request_id)?;
    Some(awaited.swap_remove(found))
}

fn stop(point: Point, op: &str) {
    let armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(armed) = armed.as_ref().filter(|armed| armed.point == point && armed.op == op) else { return };
    std::fs::write(&armed.sign, "").unwrap();
    loop {
        std::thread::park();
    }
}
