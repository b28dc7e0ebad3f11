//! The state that a worker and its runs share.

use std::sync::Arc;
use std::time::Duration;

use roadstead_storage::meta::MetaStore;
use roadstead_types::Clock;

use crate::{BackgroundMetrics, Kinds};

/// Parameters of a worker.
#[derive(Clone, Copy, Debug)]
pub struct WorkerParams {
    /// How long a job may show no sign of life before it counts as dead.
    pub lease: Duration,
    /// How often the worker looks for jobs that are due.
    pub poll: Duration,
    /// How often the worker checks on a running job.
    pub watch: Duration,
    /// How long a job may take to stop when it is told to.
    pub patience: Duration,
}

/// The state that is needed to run a job.
pub(crate) struct Engine<C> {
    pub meta: MetaStore,
    pub clock: Arc<dyn Clock>,
    pub context: Arc<C>,
    pub kinds: Kinds<C>,
    pub metrics: BackgroundMetrics,
    pub params: WorkerParams,
}
