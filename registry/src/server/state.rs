//! The state of the serving process.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};

use roadstead_cloud::CloudState;
use roadstead_http::ApiState;
use roadstead_jobs::Health;

use super::metrics::Metrics;

/// The state of the serving process: the state that all surfaces share, and the state of one surface or of the process.
pub struct ServerState {
    /// The state that all surfaces share.
    pub api: ApiState,
    /// The state of the cloud API.
    pub cloud: CloudState,
    pub(crate) metrics: Metrics,
    pub(crate) health: Health,
    pub(crate) log_requests: bool,
    draining: AtomicBool,
}

impl ServerState {
    /// Creates the state.
    pub fn new(api: ApiState, cloud: CloudState, log_requests: bool) -> Self {
        let (metrics, health, draining) = (Metrics::new(), Health::default(), AtomicBool::new(false));
        Self { api, cloud, metrics, health, log_requests, draining }
    }

    /// Makes `/readyz` fail from now on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Forgets clients without recent requests, to bound the memory of the limits.
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
