//! What a job works with while it runs.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use roadstead_types::{Clock, Timestamp};

/// How much of what a job says of its progress is kept, in characters.
const MAX_PROGRESS: usize = 200;

/// The signs between a running job and its worker.
#[derive(Debug, Default)]
pub struct Pulse {
    alive: AtomicBool,
    cancelled: AtomicBool,
    progress: Mutex<String>,
}

impl Pulse {
    /// Says that the job is alive, and tells whether it may go on. Call it at least every few seconds: a job that is silent for
    /// longer than its lease is taken for dead.
    pub fn goes_on(&self) -> bool {
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

/// What a job works with.
#[derive(Debug)]
pub struct JobCall<C> {
    pub(crate) context: Arc<C>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pulse: Arc<Pulse>,
}

impl<C> JobCall<C> {
    /// What all jobs of the worker share: the services, for example.
    pub fn context(&self) -> &C {
        &self.context
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Says that the job is alive, and tells whether it may go on: see [`Pulse::goes_on`]. A job that may not ends with
    /// [`Next::Stopped`](crate::Next::Stopped).
    pub fn goes_on(&self) -> bool {
        self.pulse.goes_on()
    }

    /// Says how far the job has come, in words for people.
    pub fn progress(&self, text: impl Display) {
        let text: String = text.to_string().chars().filter(|c| *c != '\0').take(MAX_PROGRESS).collect();
        *self.pulse.progress.lock().unwrap_or_else(PoisonError::into_inner) = text;
        self.pulse.goes_on();
    }

    /// The signs alone, for work that is handed on.
    pub fn pulse(&self) -> Arc<Pulse> {
        Arc::clone(&self.pulse)
    }
}
