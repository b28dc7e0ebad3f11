//! What the cloud API keeps from one request to the next, and how it behaves.

use std::num::NonZeroU32;
use std::sync::Arc;

use roadstead_types::{Clock, Timestamp};

use super::action::rate::Rate;
use super::action::replays::Replays;

/// How the cloud API behaves.
#[derive(Clone, Debug)]
pub struct CloudSettings {
    /// Requests a second for one account and action; `None` is no limit.
    pub requests_per_second: Option<NonZeroU32>,
    /// Whether actions are authorized only where the product document says so.
    pub faithful: bool,
    /// Whether codes are those of the product document, where its tables have others than the SDKs.
    pub document_spelling: bool,
    /// The name of the one region that there is.
    pub region: String,
    /// How many instances one account may have.
    pub instances_per_account: u32,
    /// Whether public repositories can be pulled from without credentials.
    pub anonymous_pull: bool,
}

/// What the cloud API needs from one request to the next.
pub struct CloudState {
    /// How it behaves.
    pub(crate) settings: CloudSettings,
    /// How often actions may be called.
    pub(crate) rate: Rate,
    /// The signatures that are used up.
    pub(crate) replays: Replays,
}

impl CloudState {
    /// Nothing is kept yet.
    pub fn new(settings: CloudSettings, clock: Arc<dyn Clock>) -> Self {
        Self { rate: Rate::new(settings.requests_per_second, clock), replays: Replays::default(), settings }
    }

    /// Forgets what is no longer needed, so that the memory is bounded.
    pub fn shrink(&self, now: Timestamp) {
        self.rate.shrink();
        self.replays.shrink(now);
    }
}
