//! What a worker and its runs share.

use std::sync::Arc;
use std::time::Duration;

use roadstead_storage::meta::MetaStore;
use roadstead_types::Clock;

use crate::{BackgroundMetrics, Kinds};

/// How a worker works.
#[derive(Clone, Copy, Debug)]
pub struct WorkerParams {
    /// How long a job may give no sign of life before it is taken for dead.
    pub lease: Duration,
    /// How often the worker looks for jobs that are due.
    pub poll: Duration,
    /// How often it looks after a running job.
    pub watch: Duration,
    /// How long a job that was told to stop may take.
    pub patience: Duration,
}

/// What it takes to run a job.
pub(crate) struct Engine<C> {
    pub meta: MetaStore,
    pub clock: Arc<dyn Clock>,
    pub context: Arc<C>,
    pub kinds: Kinds<C>,
    pub metrics: BackgroundMetrics,
    pub params: WorkerParams,
}
