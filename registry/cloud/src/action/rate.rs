//! Limits how often a caller may call an action per second.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use roadstead_auth::Share;
use roadstead_types::Clock;

use crate::wire::code::Code;
use crate::wire::error::CloudError;
use crate::wire::language::Phrase;

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

/// The most counters for callers without an account. A random hash assigns callers to counters, so nobody can predict
/// which callers share one.
const COUNTS: u64 = 1 << 17;

/// Counts requests per share and action. Unsigned requests are counted per identity that somebody has vouched for.
/// Only authenticated callers are counted, which bounds the number of counters. Counters without recent requests are
/// removed.
pub(crate) struct Rate {
    limiters: Option<(Limiter<Share>, Limiter<u64>)>,
    hasher: RandomState,
}

impl Rate {
    pub(crate) fn new(per_second: Option<NonZeroU32>, clock: Arc<dyn Clock>) -> Self {
        let limiters = per_second.map(Quota::per_second).map(|quota| {
            let ticks = Ticks(clock);
            (RateLimiter::dashmap_with_clock(quota, ticks.clone()), RateLimiter::dashmap_with_clock(quota, ticks))
        });
        Self { limiters, hasher: RandomState::new() }
    }

    pub(crate) fn check(&self, share: Share, action: &'static str) -> Result<(), CloudError> {
        self.limiters.as_ref().map_or(Ok(()), |(signed, _)| check(signed, share, action))
    }

    pub(crate) fn check_vouched(&self, who: &impl Hash, action: &'static str) -> Result<(), CloudError> {
        let who = self.hasher.hash_one(who) % COUNTS;
        self.limiters.as_ref().map_or(Ok(()), |(_, vouched)| check(vouched, who, action))
    }

    pub(crate) fn shrink(&self) {
        if let Some((signed, vouched)) = &self.limiters {
            signed.retain_recent();
            signed.shrink_to_fit();
            vouched.retain_recent();
            vouched.shrink_to_fit();
        }
    }
}

fn check<Who: Hash + Eq + Clone>(limiter: &Limiter<Who>, who: Who, action: &'static str) -> Result<(), CloudError> {
    limiter.check_key(&(who, action)).map_err(|until| {
        let wait = until.wait_time_from(limiter.clock().now()).as_millis();
        let english = format!("too many requests for {action}; try again in {wait} ms");
        let chinese = format!("请求 {action} 过于频繁，请在 {wait} 毫秒后重试");
        CloudError::new(Code::RequestLimitExceeded, Phrase::both(english, chinese))
    })
}
