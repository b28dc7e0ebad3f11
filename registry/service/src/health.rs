//! Checks whether the stores answer, and reads their figures for `/metrics`.

use std::sync::Arc;
use std::time::Duration;

use crate::Foundation;
use crate::records::{JobCount, PoolStats};

/// How long a probe may take before it counts as failed.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// The service that checks the stores.
#[derive(Clone)]
pub struct HealthService {
    base: Arc<Foundation>,
}

/// The results of the probes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Probes {
    /// The database answers.
    pub database: bool,
    /// The schema of the database is the one that this program expects.
    pub migrations: bool,
    /// The blob store answers.
    pub store: bool,
}

impl Probes {
    /// Returns whether all probes succeeded.
    pub fn all(self) -> bool {
        self.database && self.migrations && self.store
    }
}

/// Figures of the stores. A figure that cannot be read is `None`.
#[derive(Debug)]
pub struct Figures {
    /// The number of unfinished uploads.
    pub uploads: Option<u64>,
    /// The number of jobs by kind and state.
    pub jobs: Option<Vec<JobCount>>,
    /// The connections to the database.
    pub pool: PoolStats,
}

impl HealthService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base }
    }

    /// Probes both stores. Only the log says why a probe fails.
    pub async fn probe(&self) -> Probes {
        let Foundation { meta, store, .. } = &*self.base;
        Probes {
            database: probe("database", meta.ping()).await,
            migrations: probe("migrations", meta.check_schema()).await,
            store: probe("store", store.ping()).await,
        }
    }

    /// Reads the figures.
    pub async fn figures(&self) -> Figures {
        let meta = &self.base.meta;
        Figures {
            uploads: meta.count_uploads().await.ok(),
            jobs: meta.count_jobs().await.ok(),
            pool: meta.pool_stats(),
        }
    }
}

async fn probe(name: &str, asked: impl Future<Output = roadstead_storage::Result<()>>) -> bool {
    let answer = tokio::time::timeout(PROBE_TIMEOUT, asked).await;
    let outcome = answer.map_err(|_| "timeout".to_owned()).and_then(|result| result.map_err(|error| error.to_string()));
    if let Err(reason) = &outcome {
        tracing::warn!(probe = name, reason, "not ready");
    }
    outcome.is_ok()
}
