//! The worker: claims jobs that are due and runs them.

use std::sync::Arc;

use roadstead_storage::Result;
use roadstead_storage::meta::{ClaimedJob, MetaStore};
use roadstead_types::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::engine::Engine;
use crate::job::Kind;
use crate::running::Run;
use crate::{BackgroundMetrics, Kinds, Schedule, Stopping, WorkerParams};

/// Runs jobs in one process. Any number of processes can share one database.
pub struct Worker<C> {
    engine: Arc<Engine<C>>,
    schedules: Vec<Schedule>,
}

impl<C: Send + Sync + 'static> Worker<C> {
    /// Creates a worker that runs jobs of these kinds with this context.
    pub fn new(
        meta: MetaStore,
        clock: Arc<dyn Clock>,
        context: Arc<C>,
        kinds: Kinds<C>,
        metrics: BackgroundMetrics,
        params: WorkerParams,
    ) -> Self {
        let engine = Engine { meta, clock, context, kinds, metrics, params };
        Self { engine: Arc::new(engine), schedules: Vec::new() }
    }

    /// Adds jobs that run regularly.
    #[must_use]
    pub fn with_schedules(self, schedules: Vec<Schedule>) -> Self {
        Self { schedules, ..self }
    }

    /// Runs until the process is stopping. Then it tells running jobs to stop and waits for them.
    pub async fn run(self: Arc<Self>, mut stopping: Stopping) {
        let (mut running, mut scheduled) = (JoinSet::new(), false);
        let mut ticks = interval(self.engine.params.poll);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !stopping.is_set() {
            tokio::select! {
                _ = ticks.tick() => {}
                // A job has ended, so another one can start.
                Some(_) = running.join_next() => {}
                () = stopping.wait() => break,
            }
            if let Err(error) = self.look(&mut scheduled, &mut running, &stopping).await {
                tracing::warn!(error = %error, "jobs cannot be read; trying again later");
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Starts the jobs that are due, up to the limit of each kind.
    async fn look(&self, scheduled: &mut bool, running: &mut JoinSet<()>, stopping: &Stopping) -> Result<()> {
        if !*scheduled {
            self.keep_schedules().await?;
            *scheduled = true;
        }
        self.run_schedules().await?;
        for name in self.engine.meta.due_job_kinds(self.engine.clock.now()).await? {
            let Some((&name, kind)) = self.engine.kinds.0.get_key_value(name.as_str()) else { continue };
            for (claimed, place) in self.claim(name, kind).await? {
                let run = Run::new(Arc::clone(&self.engine), name, claimed, stopping.clone());
                running.spawn(async move {
                    run.finish().await;
                    drop(place);
                });
            }
        }
        Ok(())
    }

    async fn claim(&self, name: &str, kind: &Kind<C>) -> Result<Vec<(ClaimedJob, OwnedSemaphorePermit)>> {
        let places: Vec<_> =
            std::iter::from_fn(|| Semaphore::try_acquire_owned(Arc::clone(&kind.places)).ok()).collect();
        let Ok(limit @ 1..) = u32::try_from(places.len()) else { return Ok(Vec::new()) };
        let now = self.engine.clock.now();
        let claimed = self.engine.meta.claim_jobs(name, limit, now.after(self.engine.params.lease), now).await?;
        Ok(claimed.into_iter().zip(places).collect())
    }

    async fn keep_schedules(&self) -> Result<()> {
        for schedule in &self.schedules {
            let first = self.engine.clock.now().after(schedule.quiet);
            self.engine.meta.keep_schedule(schedule.job.kind, &schedule.when.to_string(), first).await?;
        }
        Ok(())
    }

    async fn run_schedules(&self) -> Result<()> {
        let now = self.engine.clock.now();
        for name in self.engine.meta.due_schedules(now).await? {
            if let Some(schedule) = self.schedules.iter().find(|schedule| schedule.job.kind == name) {
                self.engine.meta.run_schedule(&name, schedule.when.next(now), &schedule.job, now).await?;
            }
        }
        Ok(())
    }
}
