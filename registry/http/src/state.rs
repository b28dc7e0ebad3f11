//! The state that all surfaces share.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use roadstead_auth::Auth;
use roadstead_service::Services;
use roadstead_service::audit::Audit;
use roadstead_types::Clock;

use crate::budget::CollectBudget;
use crate::client::ClientRules;
use crate::error::{ApiError, Code};

/// Limits of the HTTP surface.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The most entries of a page. This is also the default page size.
    pub page_size_max: u32,
    /// The most requests per second and client address, and the allowed burst. `None` means no limit.
    pub rate: Option<Quota>,
    /// The smallest chunk, in bytes, that clients are asked to send. 0 means that they are not asked.
    pub chunk_min_bytes: u64,
    /// The most scopes of a token request.
    pub max_scopes: usize,
}

/// The state that all surfaces share.
pub struct ApiState {
    /// The services.
    pub services: Services,
    /// The audit log.
    pub audit: Audit,
    /// Identities and permissions.
    pub auth: Auth,
    /// The settings for finding the address of a client.
    pub client_rules: ClientRules,
    /// Limits of requests and answers.
    pub limits: Limits,
    /// The memory budget of bodies that are read as a whole.
    pub collect_budget: CollectBudget,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    limiter: Option<DefaultKeyedRateLimiter<IpAddr>>,
}

impl ApiState {
    /// Creates the state.
    pub fn new(
        services: Services,
        audit: Audit,
        auth: Auth,
        client_rules: ClientRules,
        limits: Limits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (limiter, collect_budget) = (limits.rate.map(RateLimiter::keyed), CollectBudget::default());
        Self { services, audit, auth, client_rules, limits, collect_budget, clock, limiter }
    }

    /// Forgets client addresses without recent requests, to bound the memory of the rate limiter.
    pub fn shrink_limiter(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    /// Counts a request for the network of its client, and refuses it if there were too many.
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
