//! Settings of the cloud API, and its state that outlives a request.

use std::num::NonZeroU32;
use std::sync::Arc;

use roadstead_types::{Clock, Timestamp};

use super::action::rate::Rate;
use super::action::replays::Replays;

/// Settings of the cloud API.
#[derive(Clone, Debug)]
pub struct CloudSettings {
    /// The most requests per second for one account and action. `None` means no limit.
    pub requests_per_second: Option<NonZeroU32>,
    /// Whether permissions are checked only for the actions for which the product document says so.
    pub faithful: bool,
    /// Whether errors have the codes of the product document where these differ from the SDKs.
    pub document_spelling: bool,
    /// The name of the region. There is only one.
    pub region: String,
    /// The most instances of one account.
    pub instances_per_account: u32,
    /// Whether anonymous clients can pull from public repositories.
    pub anonymous_pull: bool,
}

/// The state of the cloud API that outlives a request.
pub struct CloudState {
    /// The settings.
    pub(crate) settings: CloudSettings,
    /// The rate limiter of actions.
    pub(crate) rate: Rate,
    /// The used signatures.
    pub(crate) replays: Replays,
}

impl CloudState {
    /// Creates an empty state.
    pub fn new(settings: CloudSettings, clock: Arc<dyn Clock>) -> Self {
        Self { rate: Rate::new(settings.requests_per_second, clock), replays: Replays::default(), settings }
    }

    /// Drops counters and signatures that are no longer needed, to bound the memory.
    pub fn shrink(&self, now: Timestamp) {
        self.rate.shrink();
        self.replays.shrink(now);
    }
}
