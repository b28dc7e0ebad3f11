//! The memory budget of request bodies that are read as a whole.

use tokio::sync::Semaphore;

/// The most bytes of such bodies in memory at the same time. Further requests have to wait.
const COLLECTED_BYTES: usize = 64 << 20;
/// The largest body that is not counted. A connection buffers as much anyway.
pub const SMALL_BODY: usize = 64 << 10;

/// The memory budget, in units of [`SMALL_BODY`].
pub struct CollectBudget(pub Semaphore);

impl Default for CollectBudget {
    fn default() -> Self {
        Self(Semaphore::new(COLLECTED_BYTES / SMALL_BODY))
    }
}
