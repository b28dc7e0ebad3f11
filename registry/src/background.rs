//! Background work of a serving process: the loops that every process runs, among them the worker that runs jobs.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use roadstead_auth::Auth;
use roadstead_jobs::kinds::{self, Work};
use roadstead_jobs::{Supervisor, Worker, WorkerParams, every};
use roadstead_service::Services;
use roadstead_service::audit::{Audit, AuditQueue};

use crate::server::ServerState;
use crate::server::tls::Certificate;

/// How often a process looks for changes that other processes made.
pub const POLL: Duration = Duration::from_millis(300);
/// How often the certificate files are checked for changes.
const CERTIFICATE: Duration = Duration::from_secs(3);
/// How often time-based work runs: key rotation, expired tokens, idle rate limit entries.
const MAINTAIN: Duration = Duration::from_secs(30);
/// How often counted pulls are written to the database.
const PULLS: Duration = Duration::from_secs(3);
/// How often the worker looks for jobs that are due.
const JOBS: Duration = Duration::from_millis(500);
/// How long a job may take to stop when it is told to. The worker gets more time, so that it can store the result.
const PATIENCE: Duration = Duration::from_secs(5);
const WORKER_PATIENCE: Duration = Duration::from_secs(8);

/// The name of the worker among the loops.
const WORKER: &str = "jobs";

/// The objects that the loops work on.
pub struct Context {
    /// Identities and their caches.
    pub auth: Auth,
    /// The state of the listener.
    pub state: web::Data<ServerState>,
    /// The objects that jobs work with.
    pub work: Work,
    /// The longest time that a running job may go without renewing its lease.
    pub lease: Duration,
    /// Whether no jobs run, because the registry is read-only.
    pub resting: bool,
    /// The certificate of the listener, if it has one.
    pub certificate: Option<Arc<Certificate>>,
    /// The events that wait to be written to the audit log.
    pub audit_queue: AuditQueue,
}

/// The running loops. They end when this is dropped.
pub struct Background(Supervisor);

impl Background {
    /// Starts the loops.
    pub fn start(context: Context) -> anyhow::Result<Self> {
        let Context { auth, state, work, lease, resting, certificate, audit_queue } = context;
        let mut loops = Supervisor::new(state.health.clone(), state.metrics.background().clone());
        if !resting {
            let worker = Arc::new(worker(&state, work, lease)?);
            loops.keep(WORKER, move |stopping| Arc::clone(&worker).run(stopping));
        }
        keep_audit(&mut loops, state.audit.clone(), audit_queue);
        keep_changes(&mut loops, auth.clone(), state.services.clone());
        keep_pulls(&mut loops, state.services.clone());
        keep_maintenance(&mut loops, auth, state);
        if let Some(certificate) = certificate {
            keep_certificate(&mut loops, certificate);
        }
        Ok(Self(loops))
    }

    /// Tells running jobs to stop and waits for them. The other loops continue until this is dropped.
    pub async fn stop_jobs(&mut self) {
        self.0.stop(WORKER, WORKER_PATIENCE).await;
    }
}

fn worker(state: &ServerState, work: Work, lease: Duration) -> anyhow::Result<Worker<Work>> {
    let params = WorkerParams { lease, poll: JOBS, watch: JOBS.min(lease / 4), patience: PATIENCE };
    let (schedules, metrics) = (kinds::schedules(&work.params)?, state.metrics.background().clone());
    let (meta, clock) = (work.meta.clone(), Arc::clone(&state.clock));
    Ok(Worker::new(meta, clock, Arc::new(work), kinds::all(), metrics, params).with_schedules(schedules))
}

/// Writes queued events to the audit log.
fn keep_audit(loops: &mut Supervisor, audit: Audit, queue: AuditQueue) {
    loops.keep("audit", move |_| {
        let (audit, queue) = (audit.clone(), queue.clone());
        async move { audit.write(queue).await }
    });
}

/// Reads the changes that other processes have made.
fn keep_changes(loops: &mut Supervisor, auth: Auth, services: Services) {
    loops.keep("changes", move |_| {
        let (auth, services) = (auth.clone(), services.clone());
        let round = move || {
            let (auth, services) = (auth.clone(), services.clone());
            async move { see_changes(&auth, &services).await }
        };
        every("changes", POLL, round)
    });
}

async fn see_changes(auth: &Auth, services: &Services) {
    let news = match auth.poll_changes().await {
        Ok(news) => news,
        Err(error) => return tracing::warn!(error = %error, "changes of other processes cannot be read"),
    };
    if news.everything {
        services.forget();
    }
    if let Err(error) = services.servers().confirm(&news).await {
        tracing::warn!(error = %error, "seen changes cannot be confirmed; trying again later");
    }
}

/// Writes counted pulls to the database.
fn keep_pulls(loops: &mut Supervisor, services: Services) {
    loops.keep("pulls", move |_| {
        let services = services.clone();
        let round = move || {
            let services = services.clone();
            async move {
                if let Err(error) = services.pulls().flush().await {
                    tracing::warn!(error = %error, "pull counts cannot be written; trying again later");
                }
            }
        };
        every("pulls", PULLS, round)
    });
}

/// Runs time-based work: key rotation, expired tokens, idle rate limit entries.
fn keep_maintenance(loops: &mut Supervisor, auth: Auth, state: web::Data<ServerState>) {
    loops.keep("maintenance", move |_| {
        let (auth, state) = (auth.clone(), state.clone());
        let round = move || {
            let (auth, state) = (auth.clone(), state.clone());
            async move {
                if let Err(error) = auth.maintain().await {
                    tracing::warn!(error = %error, "maintenance of keys and tokens failed; trying again later");
                }
                state.shrink_limits();
            }
        };
        every("maintenance", MAINTAIN, round)
    });
}

/// Reloads the certificate when its files have changed.
fn keep_certificate(loops: &mut Supervisor, certificate: Arc<Certificate>) {
    loops.keep("certificate", move |_| {
        let certificate = Arc::clone(&certificate);
        let round = move || {
            let certificate = Arc::clone(&certificate);
            async move { certificate.reload() }
        };
        every("certificate", CERTIFICATE, round)
    });
}
