//! What the process serves with.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::HttpRequest;
use actix_web::http::header;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use roadstead_auth::Auth;
use roadstead_jobs::Health;
use roadstead_service::Services;
use roadstead_service::audit::Audit;
use roadstead_storage::meta::MetaStore;
use roadstead_types::Clock;

use super::budget::CollectBudget;
use super::client::ClientRules;
use super::cloud::state::{CloudSettings, CloudState};
use super::error::{ApiError, Code};
use crate::metrics::Metrics;

/// Limits of the HTTP surface.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The most entries of one page, and as many as a page has when the client does not say.
    pub page_size_max: u32,
    /// Requests per second and client address, and how many at once; `None` is no limit.
    pub rate: Option<Quota>,
    /// The smallest chunk that is asked of clients, in bytes; 0 says nothing.
    pub chunk_min_bytes: u64,
    /// The most scopes of one token request.
    pub max_scopes: usize,
}

/// What the process serves with.
pub struct ApiState {
    pub(crate) services: Services,
    pub(crate) audit: Audit,
    pub(crate) auth: Auth,
    pub(crate) meta: MetaStore,
    pub(crate) client_rules: ClientRules,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) health: Health,
    pub(crate) log_requests: bool,
    pub(crate) collect_budget: CollectBudget,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cloud: CloudState,
    draining: AtomicBool,
    limiter: Option<DefaultKeyedRateLimiter<IpAddr>>,
}

impl ApiState {
    /// Puts the state together.
    #[expect(clippy::too_many_arguments, reason = "called once, where the process is put together")]
    pub fn new(
        services: Services,
        audit: Audit,
        auth: Auth,
        meta: MetaStore,
        client_rules: ClientRules,
        limits: Limits,
        metrics: Metrics,
        log_requests: bool,
        clock: Arc<dyn Clock>,
        cloud: CloudSettings,
    ) -> Self {
        let limiter = limits.rate.map(RateLimiter::keyed);
        let (health, draining) = (Health::default(), AtomicBool::new(false));
        Self {
            services,
            audit,
            auth,
            meta,
            client_rules,
            limits,
            metrics,
            health,
            log_requests,
            collect_budget: CollectBudget::default(),
            cloud: CloudState::new(cloud, Arc::clone(&clock)),
            clock,
            draining,
            limiter,
        }
    }

    /// From now on `/readyz` says no.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Forgets addresses that have been quiet, so that the limiter's memory is bounded.
    pub fn shrink_limiter(&self) {
        self.cloud.rate.shrink();
        self.cloud.replays.shrink(self.clock.now());
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    pub(crate) fn check_rate(&self, request: &HttpRequest) -> Result<(), ApiError> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        limiter.check_key(&roadstead_auth::network(self.client_rules.address(request))).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
            ApiError::from(Code::TooManyRequests).with_header(header::RETRY_AFTER, &wait.to_string())
        })
    }
}
