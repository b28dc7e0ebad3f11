use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use roadstead_storage::types::{Clock, Uin};

/// How many addresses, and accounts with addresses, are counted apart. Beyond that, newcomers share one count.
const MAX_KEYS: usize = 100_000;

#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.now().as_millis()).unwrap_or(0))
    }
}

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, Ticks, NoOpMiddleware<Duration>>;

/// An account, if the name can be one, and a network.
type AccountKey = (Option<u64>, IpAddr);

/// Limits attempts to guess passwords. Passwords that are remembered do not count as attempts.
pub(crate) struct Throttle {
    accounts: Limiter<AccountKey>,
    addresses: Limiter<IpAddr>,
    clock: Ticks,
}

impl Throttle {
    pub(crate) fn new(per_account: NonZeroU32, per_address: NonZeroU32, clock: Arc<dyn Clock>) -> Self {
        let clock = Ticks(clock);
        Self {
            accounts: RateLimiter::dashmap_with_clock(Quota::per_minute(per_account), clock.clone()),
            addresses: RateLimiter::dashmap_with_clock(Quota::per_minute(per_address), clock.clone()),
            clock,
        }
    }

    /// Counts an attempt; an error says how long to wait for the next one.
    pub(crate) fn attempt(&self, uin: Option<&Uin>, address: IpAddr) -> Result<(), Duration> {
        if self.accounts.len().max(self.addresses.len()) >= MAX_KEYS {
            self.forget_idle();
        }
        // A name that cannot be a uin is no account: such attempts share one count per network.
        let uin = uin.and_then(|uin| uin.as_str().parse().ok());
        let network = network(address);
        let account = if self.accounts.len() < MAX_KEYS { (uin, network) } else { (None, OVERFLOW) };
        self.accounts.check_key(&account).map_err(|until| until.wait_time_from(self.clock.now()))?;
        let network = if self.addresses.len() < MAX_KEYS { network } else { OVERFLOW };
        self.addresses.check_key(&network).map_err(|until| until.wait_time_from(self.clock.now()))
    }

    /// Forgets who has not tried for a while.
    pub(crate) fn forget_idle(&self) {
        self.accounts.retain_recent();
        self.addresses.retain_recent();
        self.accounts.shrink_to_fit();
        self.addresses.shrink_to_fit();
    }
}

const OVERFLOW: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// What one machine can choose its addresses from: with IPv6, 64 bits of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use roadstead_storage::types::{ManualClock, Timestamp};

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
    fn an_address_has_one_count_in_both_its_spellings() {
        let (throttle, _) = throttle(1, 100);
        assert_eq!(throttle.attempt(Some(&uin(1)), ip("10.0.0.1")), Ok(()));
        assert!(throttle.attempt(Some(&uin(1)), ip("::ffff:10.0.0.1")).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let (throttle, clock) = throttle(3, 5);
        for n in 0..(MAX_KEYS as u64 + 1000) {
            let address = IpAddr::V4(std::net::Ipv4Addr::from_bits(u32::try_from(n).unwrap()));
            let _ = throttle.attempt(Some(&uin(n)), address);
        }
        assert!(throttle.addresses.len() <= MAX_KEYS + 1);
        assert!(throttle.accounts.len() <= MAX_KEYS + 1);
        clock.advance(MINUTE * 2);
        throttle.forget_idle();
        assert_eq!((throttle.accounts.len(), throttle.addresses.len()), (0, 0));
    }
}
