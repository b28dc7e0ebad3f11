//! Metrics of background work.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use roadstead_storage::meta::JobCount;

#[derive(Clone, Hash, PartialEq, Eq, EncodeLabelSet, Debug)]
struct JobLabels {
    kind: String,
    state: &'static str,
}

#[derive(Clone, Hash, PartialEq, Eq, EncodeLabelSet, Debug)]
struct RunLabels {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Hash, PartialEq, Eq, EncodeLabelSet, Debug)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Clone, Hash, PartialEq, Eq, EncodeLabelSet, Debug)]
struct LoopLabel {
    name: &'static str,
}

/// Buckets from 10 ms to about 3 hours.
fn duration_histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.01, 4.0, 11))
}

/// The metrics of jobs and loops. Clones share them.
#[derive(Clone, Debug)]
pub struct BackgroundMetrics {
    jobs: Family<JobLabels, Gauge>,
    runs: Family<RunLabels, Counter>,
    durations: Family<KindLabel, Histogram>,
    restarts: Family<LoopLabel, Counter>,
    up: Family<LoopLabel, Gauge>,
}

impl BackgroundMetrics {
    /// Creates the metrics and registers them in `registry`.
    pub fn new(registry: &mut Registry) -> Self {
        let durations = Family::new_with_constructor(duration_histogram as fn() -> Histogram);
        let (jobs, runs) = (Family::default(), Family::default());
        let (restarts, up) = (Family::default(), Family::default());
        registry.register("jobs", "Jobs in the database by kind and state", Family::clone(&jobs));
        registry.register("job_runs", "Runs of jobs in this process by kind and outcome", Family::clone(&runs));
        registry.register("job_duration_seconds", "How long a run of a job took", Family::clone(&durations));
        registry.register("loop_restarts", "Restarts of loops that ended or panicked", Family::clone(&restarts));
        registry.register("loop_up", "Whether a loop of this process runs", Family::clone(&up));
        Self { jobs, runs, durations, restarts, up }
    }

    /// Sets the number of jobs by kind and state.
    pub fn count(&self, counts: &[JobCount]) {
        self.jobs.clear();
        for JobCount { kind, state, count } in counts {
            let labels = JobLabels { kind: kind.clone(), state: state.as_str() };
            self.jobs.get_or_create(&labels).set(i64::try_from(*count).unwrap_or(i64::MAX));
        }
    }

    pub(crate) fn run(&self, kind: &'static str, outcome: &'static str, took: Duration) {
        self.runs.get_or_create(&RunLabels { kind, outcome }).inc();
        self.durations.get_or_create(&KindLabel { kind }).observe(took.as_secs_f64());
    }

    pub(crate) fn restarted(&self, name: &'static str) {
        self.restarts.get_or_create(&LoopLabel { name }).inc();
    }

    pub(crate) fn is_up(&self, name: &'static str, up: bool) {
        self.up.get_or_create(&LoopLabel { name }).set(i64::from(up));
    }
}
