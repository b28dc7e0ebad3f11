//! The sum of what a collection has removed.

use std::fmt;

use crate::Removal;

/// The number and size of the things that a collection has removed. Its text is the resource of the row in the audit
/// log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Collected {
    items: u64,
    bytes: u64,
}

impl Collected {
    /// The name of the action in the audit log.
    pub const ACTION: &str = "garbage.collect";

    /// Counts one removed thing.
    pub fn add(&mut self, removal: &Removal) {
        self.items += 1;
        self.bytes = self.bytes.saturating_add(removal.size);
    }
}

impl fmt::Display for Collected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} items, {} bytes", self.items, self.bytes)
    }
}
