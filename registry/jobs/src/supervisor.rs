//! Supervises the loops that every process runs for itself: restarts a loop that ends, and knows which loops are down.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::BackgroundMetrics;
use crate::backoff::Backoff;

const RESTART: Backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(30) };
/// A loop that has run for this long counts as stable, and its next restart waits only briefly.
const STEADY: Duration = Duration::from_secs(60);
/// The longest round of [`every`]. A longer one is cut off.
const ROUND: Duration = Duration::from_secs(60);

/// A signal that tells a loop that its process is stopping.
#[derive(Clone, Debug)]
pub struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// Returns whether the process is stopping.
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the process is stopping.
    pub async fn wait(&mut self) {
        // An error means that the sender is gone, which also means that the process is stopping.
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }
}

/// The state of the loops.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<BTreeMap<&'static str, bool>>>);

impl Health {
    /// Returns the names of the loops that are down.
    pub fn down(&self) -> Vec<&'static str> {
        self.lock().iter().filter(|(_, up)| !**up).map(|(name, _)| *name).collect()
    }

    fn set(&self, name: &'static str, up: bool) {
        self.lock().insert(name, up);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps loops alive until it is dropped.
#[derive(Debug)]
pub struct Supervisor {
    health: Health,
    metrics: BackgroundMetrics,
    stop: watch::Sender<bool>,
    loops: Vec<(&'static str, JoinHandle<()>)>,
}

impl Supervisor {
    /// Creates a supervisor without loops.
    pub fn new(health: Health, metrics: BackgroundMetrics) -> Self {
        Self { health, metrics, stop: watch::Sender::new(false), loops: Vec::new() }
    }

    /// Starts a loop and restarts it whenever it ends or panics.
    pub fn keep<F>(&mut self, name: &'static str, make: impl Fn(Stopping) -> F + Send + Sync + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (health, metrics) = (self.health.clone(), self.metrics.clone());
        let stopping = Stopping(self.stop.subscribe());
        health.set(name, true);
        let running = tokio::spawn(async move {
            let mut failures = 0;
            loop {
                health.set(name, true);
                metrics.is_up(name, true);
                let began = Instant::now();
                let run = AssertUnwindSafe(async { make(stopping.clone()).await }).catch_unwind().await;
                if stopping.is_set() {
                    return;
                }
                health.set(name, false);
                metrics.is_up(name, false);
                metrics.restarted(name);
                let reason = run.err().map_or("it ended".to_owned(), |panic| message(&*panic));
                failures = if began.elapsed() >= STEADY { 1 } else { failures + 1 };
                let wait = RESTART.after(failures, rand::random());
                tracing::error!(name, reason, wait_ms = wait.as_millis(), "a loop is down and will be restarted");
                sleep(wait).await;
            }
        });
        self.loops.push((name, running));
    }

    /// Tells all loops that the process is stopping, then waits up to `patience` for the named loop to end.
    pub async fn stop(&mut self, name: &str, patience: Duration) {
        self.stop.send_replace(true);
        let Some(index) = self.loops.iter().position(|(running, _)| *running == name) else { return };
        let (_, mut running) = self.loops.swap_remove(index);
        if timeout(patience, &mut running).await.is_err() {
            tracing::warn!(name, "a loop did not end in time, and was cut off");
            running.abort();
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        for (_, running) in &self.loops {
            running.abort();
        }
    }
}

/// Returns the message of a panic.
pub(crate) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", text.unwrap_or("without a text"))
}

/// Runs `work` every `period`, one run at a time, forever. A failing run reports its own error. A run that takes too
/// long is cut off.
pub async fn every<F: Future<Output = ()>>(name: &'static str, period: Duration, work: impl Fn() -> F) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if timeout(ROUND, work()).await.is_err() {
            tracing::warn!(name, seconds = ROUND.as_secs(), "a round took too long, and was cut off");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use prometheus_client::registry::Registry;
    use tokio::sync::Semaphore;

    use super::*;

    fn supervisor(health: &Health) -> Supervisor {
        Supervisor::new(health.clone(), BackgroundMetrics::new(&mut Registry::default()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_panics_or_ends_is_seen_and_started_again() {
        let health = Health::default();
        let mut supervisor = supervisor(&health);
        let (starts, steps) = (Arc::new(AtomicU32::new(0)), Arc::new(Semaphore::new(0)));
        let (count, step) = (Arc::clone(&starts), Arc::clone(&steps));
        supervisor.keep("unsteady", move |_| {
            let (count, step) = (Arc::clone(&count), Arc::clone(&step));
            async move {
                let start = count.fetch_add(1, Ordering::SeqCst);
                step.acquire().await.unwrap().forget();
                assert!(start != 0, "the first one panics");
            }
        });
        supervisor.keep("steady", |_| std::future::pending());
        for start in 1..=3 {
            while starts.load(Ordering::SeqCst) < start {
                sleep(Duration::from_millis(1)).await;
            }
            assert!(health.down().is_empty());
            steps.add_permits(1);
            while health.down().is_empty() {
                tokio::task::yield_now().await;
            }
            assert_eq!(health.down(), ["unsteady"]);
        }
    }

    #[tokio::test]
    async fn a_loop_that_was_told_to_stop_is_not_started_again() {
        let health = Health::default();
        let mut supervisor = supervisor(&health);
        supervisor.keep("obedient", |mut stopping| async move { stopping.wait().await });
        supervisor.stop("obedient", Duration::from_secs(30)).await;
        assert!(supervisor.loops.is_empty() && health.down().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_round_that_hangs_is_cut_off() {
        let rounds = AtomicU32::new(0);
        let work = || async {
            if rounds.fetch_add(1, Ordering::SeqCst) == 0 {
                std::future::pending::<()>().await;
            }
        };
        let _ = timeout(ROUND * 3, every("rounds", Duration::from_secs(1), work)).await;
        assert!(rounds.load(Ordering::SeqCst) > 2);
    }
}
