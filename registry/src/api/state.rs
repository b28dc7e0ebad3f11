//! What the process serves with.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};

use roadstead_cloud::CloudState;
use roadstead_http::ApiState;
use roadstead_jobs::Health;

use crate::metrics::Metrics;

/// What the process serves with: the state that all surfaces share, and what belongs to one of them or to the process.
pub struct ServerState {
    /// What all surfaces share.
    pub api: ApiState,
    /// What the cloud API keeps.
    pub cloud: CloudState,
    pub(crate) metrics: Metrics,
    pub(crate) health: Health,
    pub(crate) log_requests: bool,
    draining: AtomicBool,
}

impl ServerState {
    /// Puts the state together.
    pub fn new(api: ApiState, cloud: CloudState, log_requests: bool) -> Self {
        let (metrics, health, draining) = (Metrics::new(), Health::default(), AtomicBool::new(false));
        Self { api, cloud, metrics, health, log_requests, draining }
    }

    /// From now on `/readyz` says no.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Forgets clients that have been quiet, so that the memory of limits is bounded.
    pub fn shrink_limits(&self) {
        self.api.shrink_limiter();
        self.cloud.shrink(self.api.clock.now());
    }
}

impl Deref for ServerState {
    type Target = ApiState;

    fn deref(&self) -> &ApiState {
        &self.api
    }
}
