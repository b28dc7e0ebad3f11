//! Counts failures by network.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use roadstead_types::Timestamp;

use crate::throttle::network;

/// The number of counters. A keyed hash assigns networks to counters, so nobody can foresee which one a network gets.
const COUNTS: usize = 1 << 14;

/// Counts bad signatures (or tokens) by network. Each network may fail so many times a minute, and failures are
/// forgiven at an even rate. Unlike a password, a good signature costs nothing to check, so only failures are
/// counted.
pub(crate) struct Failures {
    /// The time when all failures so far are forgiven, in milliseconds.
    debts: Vec<AtomicI64>,
    /// The time that one failure adds, in milliseconds.
    price: i64,
    hasher: RandomState,
}

/// The longest time that a debt may reach into the future, in milliseconds.
const MINUTE: i64 = 60_000;

impl Failures {
    pub(crate) fn new(per_minute: NonZeroU32) -> Self {
        let price = (MINUTE / i64::from(per_minute.get())).max(1);
        let debts = (0..COUNTS).map(|_| AtomicI64::new(0)).collect();
        Self { debts, price, hasher: RandomState::new() }
    }

    fn debt(&self, address: IpAddr) -> &AtomicI64 {
        let hash = self.hasher.hash_one(network(address));
        &self.debts[usize::try_from(hash % COUNTS as u64).unwrap_or(0)]
    }

    /// Fails with the time to wait if the network of `address` had too many failures.
    pub(crate) fn check(&self, address: IpAddr, now: Timestamp) -> Result<(), Duration> {
        let over = self.debt(address).load(Ordering::Relaxed) - now.as_millis() - MINUTE + self.price;
        match u64::try_from(over) {
            Ok(over) if over > 0 => Err(Duration::from_millis(over)),
            _ => Ok(()),
        }
    }

    /// Counts a failure.
    pub(crate) fn count(&self, address: IpAddr, now: Timestamp) {
        let now = now.as_millis();
        // If the clock was set back, nobody may be shut out for long.
        let next = |debt: i64| (debt.clamp(now, now + MINUTE) + self.price).min(now + MINUTE);
        let _ = self.debt(address).try_update(Ordering::Relaxed, Ordering::Relaxed, |debt| Some(next(debt)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_so_many_failures_a_minute() {
        let failures = Failures::new(NonZeroU32::new(10).unwrap());
        let (one, other): (IpAddr, IpAddr) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let start = Timestamp::from_millis(1_700_000_000_000);
        for _ in 0..10 {
            assert_eq!(failures.check(one, start), Ok(()));
            failures.count(one, start);
        }
        let wait = failures.check(one, start).unwrap_err();
        assert_eq!(wait, Duration::from_secs(6));
        assert_eq!(failures.check(other, start), Ok(()), "another network");
        assert_eq!(failures.check(one, start.after(wait)), Ok(()), "one is forgiven");
        failures.count(one, start.after(wait));
        assert!(failures.check(one, start.after(wait)).is_err());
        for _ in 0..1000 {
            failures.count(one, start);
        }
        assert_eq!(failures.check(one, start.after(Duration::from_secs(60))), Ok(()), "a flood is forgiven as soon");
    }
}
