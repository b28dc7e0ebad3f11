//! How much memory the bodies that are collected may take together.

use tokio::sync::Semaphore;

/// Bytes of bodies that may be in memory as a whole at once; more have to wait.
const COLLECTED_BYTES: usize = 64 << 20;
/// Bodies up to this size are not counted: a connection holds as much anyway.
pub const SMALL_BODY: usize = 64 << 10;

/// What bodies that are collected may take of the memory, in units of [`SMALL_BODY`].
pub struct CollectBudget(pub Semaphore);

impl Default for CollectBudget {
    fn default() -> Self {
        Self(Semaphore::new(COLLECTED_BYTES / SMALL_BODY))
    }
}
