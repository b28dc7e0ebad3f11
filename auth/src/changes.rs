//! Numbers of the repositories that this process made itself.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The numbers of repositories that this process has made and told its caches about. A counter that moved only by
/// these is no reason to forget anything.
#[derive(Default)]
pub(crate) struct OwnRepositories(Mutex<BTreeSet<i64>>);

impl OwnRepositories {
    pub(crate) fn add(&self, number: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
    }

    /// Tells whether this process made every repository after `seen` up to `counter`. Forgets all numbers up to
    /// `counter`.
    pub(crate) fn explain(&self, seen: i64, counter: i64) -> bool {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let later = numbers.split_off(&counter.saturating_add(1));
        let told = std::mem::replace(&mut *numbers, later);
        let own = told.iter().filter(|&&number| number > seen).count();
        counter.checked_sub(seen).and_then(|moved| usize::try_from(moved).ok()) == Some(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_numbers_explain_a_counter() {
        let own = OwnRepositories::default();
        assert!(own.explain(5, 5), "it has not moved");
        own.add(6);
        own.add(7);
        own.add(9);
        assert!(own.explain(5, 7));
        assert!(!own.explain(7, 9), "somebody else made the eighth");
        assert!(!own.explain(9, 10));
        // A number that comes too late has been taken for another process's, and explains nothing afterwards.
        own.add(10);
        assert!(!own.explain(10, 11));
        own.add(12);
        assert!(own.explain(11, 12));
        own.add(14);
        assert!(!own.explain(12, 13));
        assert!(own.explain(13, 14), "told before it was looked for");
        assert!(!own.explain(14, 3), "another database");
    }
}
