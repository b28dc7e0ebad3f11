//! Limits sign-in attempts.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use roadstead_types::{Clock, Uin};

/// The most counters. A keyed hash assigns addresses to counters, so nobody can foresee which one an address gets.
/// This bounds the memory for any number of addresses. To block somebody else, an attacker needs about as many
/// addresses as there are counters.
const COUNTS: u64 = 1 << 17;

#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.now().as_millis()).unwrap_or(0))
    }
}

type Limiter = RateLimiter<u64, DashMapStateStore<u64>, Ticks, NoOpMiddleware<Duration>>;

/// Limits attempts to guess passwords. Recognised passwords do not count as attempts.
pub(crate) struct Throttle {
    accounts: Limiter,
    addresses: Limiter,
    hasher: RandomState,
    clock: Ticks,
}

impl Throttle {
    pub(crate) fn new(per_account: NonZeroU32, per_address: NonZeroU32, clock: Arc<dyn Clock>) -> Self {
        let clock = Ticks(clock);
        Self {
            accounts: RateLimiter::dashmap_with_clock(Quota::per_minute(per_account), clock.clone()),
            addresses: RateLimiter::dashmap_with_clock(Quota::per_minute(per_address), clock.clone()),
            hasher: RandomState::new(),
            clock,
        }
    }

    /// Counts an attempt. The error is the time to wait for the next one. All names that are no uin (`None`) share
    /// one counter per network, because they cannot be accounts.
    pub(crate) fn attempt(&self, uin: Option<&Uin>, address: IpAddr) -> Result<(), Duration> {
        let network = network(address);
        // The address is counted first, because a refused address must not use up the attempts of others.
        self.count(&self.addresses, &network)?;
        self.count(&self.accounts, &(uin, network))
    }

    fn count(&self, limiter: &Limiter, key: &impl Hash) -> Result<(), Duration> {
        let count = limiter.check_key(&(self.hasher.hash_one(key) % COUNTS));
        count.map_err(|until| until.wait_time_from(self.clock.now()))
    }

    /// Forgets accounts and addresses without attempts for a while.
    pub(crate) fn forget_idle(&self) {
        self.accounts.retain_recent();
        self.addresses.retain_recent();
        self.accounts.shrink_to_fit();
        self.addresses.shrink_to_fit();
    }
}

/// Returns the range in which one machine can choose its addresses: with IPv6, a network of 64 bits.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use roadstead_types::{ManualClock, Timestamp};

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn throttle(account: u32, address: u32) -> (Throttle, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_700_000_000_000)));
        let [account, address] = [account, address].map(|n| NonZeroU32::new(n).unwrap());
        (Throttle::new(account, address, clock.clone()), clock)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn uin(number: u64) -> Uin {
        Uin::from_number(Uin::MIN + number).unwrap()
    }

    #[test]
    fn an_account_is_limited_per_address_and_recovers() {
        let (throttle, clock) = throttle(3, 100);
        for _ in 0..3 {
            assert_eq!(throttle.attempt(Some(&uin(1)), ip("10.0.0.1")), Ok(()));
        }
        let wait = throttle.attempt(Some(&uin(1)), ip("10.0.0.1")).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= MINUTE, "{wait:?}");
        assert_eq!(throttle.attempt(Some(&uin(1)), ip("10.0.0.2")), Ok(()), "another address");
        assert_eq!(throttle.attempt(Some(&uin(2)), ip("10.0.0.1")), Ok(()), "another account");
        clock.advance(wait);
        assert_eq!(throttle.attempt(Some(&uin(1)), ip("10.0.0.1")), Ok(()));
        assert!(throttle.attempt(Some(&uin(1)), ip("10.0.0.1")).is_err());
    }

    #[test]
    fn an_address_is_limited_whatever_the_account() {
        let (throttle, _) = throttle(3, 5);
        for n in 0..5 {
            assert_eq!(throttle.attempt(Some(&uin(n)), ip("2001:db8::1")), Ok(()));
        }
        assert!(throttle.attempt(Some(&uin(9)), ip("2001:db8::2")).is_err(), "the same network");
        assert!(throttle.attempt(None, ip("2001:db8::3")).is_err());
        assert_eq!(throttle.attempt(Some(&uin(9)), ip("2001:db8:0:1::1")), Ok(()), "another network");
    }

    #[test]
    fn a_refused_address_takes_nothing_from_others() {
        let (throttle, _) = throttle(3, 100);
        let allowed = (0..200_000).filter(|n| throttle.attempt(Some(&uin(*n)), ip("10.0.0.1")).is_ok()).count();
        assert_eq!(allowed, 100);
        assert!(throttle.accounts.len() <= 100, "{}", throttle.accounts.len());
        for n in 0..100 {
            assert_eq!(throttle.attempt(Some(&uin(n)), ip("10.0.0.2")), Ok(()), "another address");
        }
    }

    #[test]
    fn an_address_has_one_count_in_both_its_spellings() {
        let (throttle, _) = throttle(1, 100);
        assert_eq!(throttle.attempt(Some(&uin(1)), ip("10.0.0.1")), Ok(()));
        assert!(throttle.attempt(Some(&uin(1)), ip("::ffff:10.0.0.1")).is_err());
    }

    #[test]
    fn who_stops_trying_is_forgotten() {
        let (throttle, clock) = throttle(3, 5);
        for n in 0..1000 {
            let address = IpAddr::V4(std::net::Ipv4Addr::from_bits(n));
            let _ = throttle.attempt(Some(&uin(1)), address);
        }
        assert!(throttle.accounts.len() > 900 && throttle.addresses.len() > 900);
        clock.advance(MINUTE * 2);
        assert!(throttle.attempt(Some(&uin(1)), ip("10.0.0.1")).is_ok());
        throttle.forget_idle();
        assert_eq!((throttle.accounts.len(), throttle.addresses.len()), (1, 1));
    }
}
