//! Waiting times between retries.

use std::time::Duration;

/// A waiting time that doubles from `first` to `longest`. A random part of up to one half spreads retries of tasks that
/// failed together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    pub first: Duration,
    pub longest: Duration,
}

impl Backoff {
    /// Returns the waiting time after this many failures in a row. `chance` is between 0 and 1.
    pub(crate) fn after(self, failures: u32, chance: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let wait = self.first.saturating_mul(1 << doublings).min(self.longest);
        wait.mul_f64(0.5 + chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff { first: Duration::from_secs(10), longest: Duration::from_secs(3600) };
        let waits: Vec<u64> = [0, 1, 2, 3, 9, 10, u32::MAX].map(|n| backoff.after(n, 0.5).as_secs()).into();
        assert_eq!(waits, [10, 10, 20, 40, 2560, 3600, 3600]);
        assert_eq!(backoff.after(1, 0.0), Duration::from_secs(5));
        assert_eq!(backoff.after(1, 1.0), Duration::from_secs(15));
    }
}
