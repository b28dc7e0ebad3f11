//! What all surfaces serve with.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use roadstead_auth::Auth;
use roadstead_service::Services;
use roadstead_service::audit::Audit;
use roadstead_storage::meta::MetaStore;
use roadstead_types::Clock;

use crate::budget::CollectBudget;
use crate::client::ClientRules;
use crate::error::{ApiError, Code};

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

/// What all surfaces serve with.
pub struct ApiState {
    /// The rules of the registry.
    pub services: Services,
    /// The audit log.
    pub audit: Audit,
    /// Identities and permissions.
    pub auth: Auth,
    /// The metadata.
    pub meta: MetaStore,
    /// How the client of a request is found out.
    pub client_rules: ClientRules,
    /// Limits of requests and answers.
    pub limits: Limits,
    /// The memory that whole bodies may take together.
    pub collect_budget: CollectBudget,
    /// The time.
    pub clock: Arc<dyn Clock>,
    limiter: Option<DefaultKeyedRateLimiter<IpAddr>>,
}

impl ApiState {
    /// Puts the state together.
    pub fn new(
        services: Services,
        audit: Audit,
        auth: Auth,
        meta: MetaStore,
        client_rules: ClientRules,
        limits: Limits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (limiter, collect_budget) = (limits.rate.map(RateLimiter::keyed), CollectBudget::default());
        Self { services, audit, auth, meta, client_rules, limits, collect_budget, clock, limiter }
    }

    /// Forgets addresses that have been quiet, so that the limiter's memory is bounded.
    pub fn shrink_limiter(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    /// Counts a request of its client's network, and refuses it if there were too many.
    ///
    /// # Errors
    /// `TOOMANYREQUESTS`, with the header `Retry-After`.
    pub fn check_rate(&self, request: &HttpRequest) -> Result<(), ApiError> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        limiter.check_key(&roadstead_auth::network(self.client_rules.address(request))).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
            ApiError::from(Code::TooManyRequests).with_header(header::RETRY_AFTER, &wait.to_string())
        })
    }
}
