//! Limits how many unknown credentials per network may cause a database lookup at the same time.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use roadstead_types::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::failures::Failures;

/// How many lookups run at the same time for networks with too many failures.
const AT_A_TIME: usize = 4;
/// How many more lookups may wait.
const WAITING: usize = 512;

/// Limits lookups of credentials that only the store can confirm. Good credentials may come from the same address as
/// many bad ones. So a network with too many failures is not shut out, but all such networks together get only a few
/// lookups at a time.
pub(crate) struct Doubt {
    failures: Failures,
    turns: Semaphore,
    waiting: Semaphore,
}

/// The permission for one lookup. Keep it until the lookup is done.
#[must_use]
#[derive(Debug)]
pub struct Turn<'a>(#[expect(dead_code, reason = "they are given back when it is dropped")] Permits<'a>);

type Permits<'a> = Option<(SemaphorePermit<'a>, SemaphorePermit<'a>)>;

impl Doubt {
    pub(crate) fn new(failures_per_minute: NonZeroU32) -> Self {
        Self {
            failures: Failures::new(failures_per_minute),
            turns: Semaphore::new(AT_A_TIME),
            waiting: Semaphore::new(AT_A_TIME + WAITING),
        }
    }

    /// Waits for the permission of a lookup if the network of `address` had too many failures; other networks do not
    /// wait. Fails with the time to stay away when too many lookups wait already.
    pub(crate) async fn turn(&self, address: IpAddr, now: Timestamp) -> Result<Turn<'_>, Duration> {
        let Err(retry_after) = self.failures.check(address, now) else { return Ok(Turn(None)) };
        let waiting = self.waiting.try_acquire().map_err(|_| retry_after)?;
        let turn = self.turns.acquire().await.map_err(|_| retry_after)?;
        Ok(Turn(Some((waiting, turn))))
    }

    /// Counts a failure. Fails with the time to stay away when there were too many.
    pub(crate) fn failed(&self, address: IpAddr, now: Timestamp) -> Result<(), Duration> {
        self.failures.check(address, now)?;
        self.failures.count(address, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    #[tokio::test]
    async fn networks_with_failures_take_turns() {
        let doubt = Doubt::new(NonZeroU32::new(2).unwrap());
        let [bad, quiet]: [IpAddr; 2] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().unwrap());
        assert_eq!([doubt.failed(bad, NOW).is_ok(), doubt.failed(bad, NOW).is_ok()], [true, true]);
        assert!(doubt.failed(bad, NOW).is_err());
        let mut turns = Vec::new();
        for _ in 0..AT_A_TIME {
            turns.push(doubt.turn(bad, NOW).await.unwrap());
        }
        let mut waiting: Vec<_> = (0..=WAITING).map(|_| Box::pin(doubt.turn(bad, NOW))).collect();
        for (n, one) in waiting.iter_mut().enumerate() {
            // `yield_now` refills the cooperative budget of tokio; without it, the poll could be pending for that
            // reason.
            tokio::task::yield_now().await;
            let polled = futures::poll!(one);
            assert_eq!(polled.is_pending(), n < WAITING, "{n}");
        }
        assert!(doubt.turn(quiet, NOW).await.is_ok(), "others do not wait");
        turns.pop();
        tokio::task::yield_now().await;
        let next = futures::poll!(&mut waiting[0]);
        assert!(next.is_ready());
        assert!(futures::poll!(&mut waiting[1]).is_pending());
    }
}
