//! How many requests an account may make of one action in a second.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use roadstead_storage::types::{AccountId, Clock};

use super::action::Registered;
use super::code::Code;
use super::error::CloudError;

#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.now().as_millis()).unwrap_or(0))
    }
}

type Key = (AccountId, &'static str);
type Limiter = RateLimiter<Key, DashMapStateStore<Key>, Ticks, NoOpMiddleware<Duration>>;

/// Counts requests by account and action. Only accounts whose signature was good are counted, so that there are no more
/// counts than accounts and actions; those that have been quiet are forgotten.
pub(crate) struct Rate(Option<Limiter>);

impl Rate {
    pub(crate) fn new(per_second: Option<NonZeroU32>, clock: Arc<dyn Clock>) -> Self {
        Self(per_second.map(|rate| RateLimiter::dashmap_with_clock(Quota::per_second(rate), Ticks(clock))))
    }

    pub(crate) fn check(&self, account: AccountId, action: &Registered) -> Result<(), CloudError> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        limiter.check_key(&(account, action.name)).map_err(|until| {
            let wait = until.wait_time_from(limiter.clock().now()).as_millis();
            let message = format!("too many requests for {}; try again in {wait} ms", action.name);
            CloudError::new(Code::RequestLimitExceeded, message)
        })
    }

    pub(crate) fn shrink(&self) {
        if let Some(limiter) = &self.0 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}
