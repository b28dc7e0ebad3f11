//! How many requests an account may make of one action in a second.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use roadstead_auth::network;
use roadstead_storage::types::{AccountId, Clock};

use super::action::Registered;
use super::code::Code;
use super::error::CloudError;
use super::language::Phrase;

#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.now().as_millis()).unwrap_or(0))
    }
}

type Limiter<Who> =
    RateLimiter<(Who, &'static str), DashMapStateStore<(Who, &'static str)>, Ticks, NoOpMiddleware<Duration>>;

/// Counts requests by account and action; those that nobody signs by network and action. Only accounts whose signature was
/// good are counted, so that there are no more counts than accounts and actions; those that have been quiet are forgotten.
pub(crate) struct Rate(Option<(Limiter<AccountId>, Limiter<IpAddr>)>);

impl Rate {
    pub(crate) fn new(per_second: Option<NonZeroU32>, clock: Arc<dyn Clock>) -> Self {
        Self(per_second.map(Quota::per_second).map(|quota| {
            let ticks = Ticks(clock);
            (RateLimiter::dashmap_with_clock(quota, ticks.clone()), RateLimiter::dashmap_with_clock(quota, ticks))
        }))
    }

    pub(crate) fn check(&self, account: AccountId, action: &Registered) -> Result<(), CloudError> {
        self.0.as_ref().map_or(Ok(()), |(accounts, _)| check(accounts, account, action))
    }

    pub(crate) fn check_anybody(&self, address: IpAddr, action: &Registered) -> Result<(), CloudError> {
        self.0.as_ref().map_or(Ok(()), |(_, networks)| check(networks, network(address), action))
    }

    pub(crate) fn shrink(&self) {
        if let Some((accounts, networks)) = &self.0 {
            accounts.retain_recent();
            accounts.shrink_to_fit();
            networks.retain_recent();
            networks.shrink_to_fit();
        }
    }
}

fn check<Who: Hash + Eq + Clone>(limiter: &Limiter<Who>, who: Who, action: &Registered) -> Result<(), CloudError> {
    limiter.check_key(&(who, action.name)).map_err(|until| {
        let wait = until.wait_time_from(limiter.clock().now()).as_millis();
        let english = format!("too many requests for {}; try again in {wait} ms", action.name);
        let chinese = format!("请求 {} 过于频繁，请在 {wait} 毫秒后重试", action.name);
        CloudError::new(Code::RequestLimitExceeded, Phrase::both(english, chinese))
    })
}
