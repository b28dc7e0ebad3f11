//! The objects that a running job works with.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use roadstead_types::{Clock, Timestamp};

/// The longest progress text that is stored, in characters.
const MAX_PROGRESS: usize = 200;

/// The signals between a running job and its worker.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    alive: AtomicBool,
    cancelled: AtomicBool,
    progress: Mutex<String>,
}

impl Pulse {
    /// Reports that the job is alive, and returns whether it may go on.
    pub(crate) fn goes_on(&self) -> bool {
        self.alive.store(true, Ordering::Relaxed);
        !self.cancelled.load(Ordering::Relaxed)
    }

    pub(crate) fn take_alive(&self) -> bool {
        self.alive.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(crate) fn progress(&self) -> String {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The context of one run of a job.
#[derive(Debug)]
pub struct JobCall<C> {
    pub(crate) context: Arc<C>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pulse: Arc<Pulse>,
}

impl<C> JobCall<C> {
    /// Returns the context that all jobs of the worker share, for example the services.
    pub fn context(&self) -> &C {
        &self.context
    }

    /// Returns the current time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Reports that the job is alive, and returns whether it may go on. A job that may not go on ends with
    /// [`Next::Stopped`](crate::Next::Stopped). A job must call this every few seconds: a job that is silent for longer
    /// than its lease counts as dead.
    pub fn goes_on(&self) -> bool {
        self.pulse.goes_on()
    }

    /// Reports the progress of the job, as a text for people.
    pub fn progress(&self, text: impl Display) {
        let text: String = text.to_string().chars().filter(|c| *c != '\0').take(MAX_PROGRESS).collect();
        *self.pulse.progress.lock().unwrap_or_else(PoisonError::into_inner) = text;
        self.pulse.goes_on();
    }
}
