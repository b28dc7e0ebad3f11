//! What this process itself has changed.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The numbers of the repositories that this process has made, after its caches were told. What moved the counter by these
/// is no news.
#[derive(Default)]
pub(crate) struct OwnRepositories(Mutex<BTreeSet<i64>>);

impl OwnRepositories {
    pub(crate) fn add(&self, number: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
    }

    /// Whether every number after `seen` up to `counter` is one of these. All up to `counter` are forgotten.
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
        // One that is told late has been taken for somebody else's, and explains nothing later.
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
