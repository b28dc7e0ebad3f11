//! Metrics: the content of `/metrics`, in the OpenMetrics text format.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use roadstead_auth::CacheStats;
use roadstead_jobs::BackgroundMetrics;
use roadstead_service::Figures;

use super::telemetry::dropped_lines;

#[derive(Clone, Hash, PartialEq, Eq, EncodeLabelSet, Debug)]
struct RequestLabels {
    operation: &'static str,
    status: u16,
}

#[derive(Clone, Hash, PartialEq, Eq, EncodeLabelSet, Debug)]
struct OperationLabel {
    operation: &'static str,
}

#[derive(Clone, Hash, PartialEq, Eq, EncodeLabelSet, Debug)]
struct CacheLabels {
    cache: &'static str,
    outcome: &'static str,
}

/// The metrics of the process.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    requests: Family<RequestLabels, Counter>,
    latency: Family<OperationLabel, Histogram>,
    sent: Family<OperationLabel, Counter>,
    uploads: Gauge,
    dropped_lines: Gauge,
    pool_size: Gauge,
    pool_idle: Gauge,
    cache: Family<CacheLabels, Gauge>,
    background: BackgroundMetrics,
}

/// Buckets from 0.5 ms to about 65 s.
fn latency_histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 18))
}

impl Metrics {
    /// Creates a set of metrics, all at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("roadstead");
        let requests = Family::default();
        let latency = Family::new_with_constructor(latency_histogram as fn() -> Histogram);
        let (sent, cache) = (Family::default(), Family::default());
        let (uploads, dropped_lines) = (Gauge::default(), Gauge::default());
        let (pool_size, pool_idle) = (Gauge::default(), Gauge::default());
        registry.register("http_requests", "Requests by operation and status", requests.clone());
        registry.register("http_request_duration_seconds", "Time until the last byte of the answer", latency.clone());
        registry.register("http_response_bytes", "Bytes of answers", sent.clone());
        registry.register("uploads_in_progress", "Upload sessions that are not finished", uploads.clone());
        registry.register(
            "log_lines_dropped",
            "Lines of the log that nobody read, dropped since the start",
            dropped_lines.clone(),
        );
        registry.register("database_connections", "Open connections to the database", pool_size.clone());
        registry.register("database_connections_idle", "Idle connections to the database", pool_idle.clone());
        registry.register("cache_lookups", "Look-ups in the caches since the start", cache.clone());
        let background = BackgroundMetrics::new(&mut registry);
        let registry = Arc::new(registry);
        Self { registry, requests, latency, sent, uploads, dropped_lines, pool_size, pool_idle, cache, background }
    }

    /// Returns the metrics of background work.
    pub fn background(&self) -> &BackgroundMetrics {
        &self.background
    }

    /// Counts one finished request.
    pub fn request(&self, operation: &'static str, status: u16, elapsed: Duration, bytes: u64) {
        self.requests.get_or_create(&RequestLabels { operation, status }).inc();
        let label = OperationLabel { operation };
        self.latency.get_or_create(&label).observe(elapsed.as_secs_f64());
        self.sent.get_or_create(&label).inc_by(bytes);
    }

    /// Renders all metrics as text. The parameters are the values that are only read at the time of a request.
    pub fn render(
        &self,
        figures: &Figures,
        caches: &CacheStats,
        content: [(&'static str, (u64, u64)); 3],
    ) -> Result<String, std::fmt::Error> {
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        if let Some(uploads) = figures.uploads {
            self.uploads.set(gauge(uploads));
        }
        if let Some(jobs) = &figures.jobs {
            self.background.count(jobs);
        }
        self.dropped_lines.set(gauge(dropped_lines()));
        self.pool_size.set(i64::from(figures.pool.size));
        self.pool_idle.set(i64::from(figures.pool.idle));
        let lookups = [
            ("token", (caches.token_hits, caches.token_misses)),
            ("password", (caches.password_hits, caches.password_misses)),
            ("repository", (caches.repository_hits, caches.repository_misses)),
            ("row", (caches.row_hits, caches.row_misses)),
        ];
        for (cache, (hits, misses)) in lookups.into_iter().chain(content) {
            self.cache.get_or_create(&CacheLabels { cache, outcome: "hit" }).set(gauge(hits));
            self.cache.get_or_create(&CacheLabels { cache, outcome: "miss" }).set(gauge(misses));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
