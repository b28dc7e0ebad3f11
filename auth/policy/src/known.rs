//! The names of the actions that documents may contain, and sets of them. The names come from the table of actions.
//!
//! Every known action has a number. So the actions of a statement are a set of bits, and so are those of an
//! operation. To find out whether a statement matches an operation takes a few `&`.

use std::sync::LazyLock;

use super::actions;
use super::row::{Row, Service};

/// Tells whether every action of the service is known here. Unknown actions of other services are accepted. They
/// match only where this registry has an operation of that name, such as a trigger's change of a cluster.
pub(super) fn is_owned(service: &str) -> bool {
    Service::ALL.iter().any(|owned| owned.is_complete() && owned.name() == service)
}

const WORDS: usize = 6;

/// The most names in a set.
const CAPACITY: usize = WORDS * 64;

/// The names as `service:name`, sorted in lower case, each with its spelling in documents.
static KNOWN: LazyLock<Vec<(String, &'static str)>> = LazyLock::new(|| {
    let names = actions::all().flat_map(Row::names);
    let mut known: Vec<_> = names.map(|written| (written.to_ascii_lowercase(), written)).collect();
    known.sort();
    known.dedup();
    known.truncate(CAPACITY);
    known
});

/// Returns the action in the spelling of the documents; `None` when it is not known.
pub(super) fn written(action: &str) -> Option<&'static str> {
    number(&action.to_ascii_lowercase()).and_then(|number| KNOWN.get(number)).map(|(_, written)| *written)
}

fn number(lower: &str) -> Option<usize> {
    KNOWN.binary_search_by(|(known, _)| known.as_str().cmp(lower)).ok()
}

/// A set of known actions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct ActionSet([u64; WORDS]);

impl ActionSet {
    /// Every action, including those without a name here.
    pub(super) const ALL: Self = Self([u64::MAX; WORDS]);

    /// Returns the known actions whose name, in lower case, is accepted.
    pub(super) fn matching(mut accepts: impl FnMut(&str) -> bool) -> Self {
        let mut set = Self::default();
        KNOWN.iter().enumerate().filter(|(_, (name, _))| accepts(name)).for_each(|(number, _)| set.set(number));
        set
    }

    /// Adds the action; `false` when it is not known.
    pub(super) fn insert(&mut self, action: &str) -> bool {
        let found = number(&action.to_ascii_lowercase());
        if let Some(number) = found {
            self.set(number);
        }
        found.is_some()
    }

    fn set(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn intersects(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    #[must_use]
    pub(super) fn union(self, other: &Self) -> Self {
        let mut both = self;
        both.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
        both
    }

    /// Returns the names in the spelling of the documents.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        let has = |number: usize| self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1);
        KNOWN.iter().enumerate().filter(move |(number, _)| has(*number)).map(|(_, (_, written))| *written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_that_they_were() {
        let names: Vec<&str> = KNOWN.iter().map(|(_, written)| *written).collect();
        insta::assert_snapshot!("names", names.join("\n"));
    }

    #[test]
    fn the_names_fit_into_a_set() {
        assert!(KNOWN.len() < CAPACITY, "{} names: let WORDS grow", KNOWN.len());
        for (number, (lower, written)) in KNOWN.iter().enumerate() {
            let mut set = ActionSet::default();
            assert!(set.insert(written));
            assert_eq!(set.names().collect::<Vec<_>>(), [*written]);
            assert_eq!(super::number(lower), Some(number));
        }
        assert!(written("tcr:pull").is_none() && written("cvm:RunInstances").is_none());
        assert!(ActionSet::default().is_empty() && ActionSet::ALL.intersects(&ActionSet::matching(|_| true)));
    }
}
