//! What the cloud API keeps from one request to the next, and how it behaves.

use std::num::NonZeroU32;
use std::sync::Arc;

use roadstead_types::Clock;

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
pub(crate) struct CloudState {
    /// How it behaves.
    pub settings: CloudSettings,
    /// How often actions may be called.
    pub rate: Rate,
    /// The signatures that are used up.
    pub replays: Replays,
}

impl CloudState {
    pub(crate) fn new(settings: CloudSettings, clock: Arc<dyn Clock>) -> Self {
        Self { rate: Rate::new(settings.requests_per_second, clock), replays: Replays::default(), settings }
    }
}
