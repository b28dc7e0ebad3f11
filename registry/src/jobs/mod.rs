//! Work in the background of a serving process. Every task can run in several processes at once.

use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::spawn;
use roadstead_auth::Auth;
use roadstead_gc::{Collector, Params, Removal};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::api::ApiState;
use crate::tls::Certificate;
use roadstead_service::Services;
use roadstead_service::audit::{Audit, AuditQueue, Collected};

/// How soon a change that another process made is seen.
pub const POLL: Duration = Duration::from_millis(300);
/// How often the files of the certificate are looked at.
const CERTIFICATE: Duration = Duration::from_secs(3);
/// How often what is due by the clock is looked for: keys, expired tokens, quiet addresses.
const MAINTAIN: Duration = Duration::from_secs(30);
/// How often the audit log is shortened.
const SHORTEN: Duration = Duration::from_secs(10 * 60);

/// How often pulls that were counted are written down.
const PULLS: Duration = Duration::from_secs(3);

/// When the blob store is first swept, unless it is swept more often than that.
const FIRST_SWEEP: Duration = Duration::from_secs(60 * 60);

/// The running tasks; they end when this is dropped.
pub struct Jobs(Vec<JoinHandle<()>>);

impl Drop for Jobs {
    fn drop(&mut self) {
        for job in &self.0 {
            job.abort();
        }
    }
}

/// What the tasks work on.
pub struct JobContext {
    /// Identities and their caches.
    pub auth: Auth,
    /// The services, whose caches are dropped with those of `auth`.
    pub services: Services,
    /// The state of the listener.
    pub state: Arc<ApiState>,
    /// Collection.
    pub collector: Collector,
    /// How often expired uploads are dropped.
    pub gc_interval: Duration,
    /// How often the blob store is swept.
    pub sweep_interval: Duration,
    /// How old an orphan must be.
    pub orphan_age: Duration,
    /// The certificate of the listener, if it has one.
    pub certificate: Option<Arc<Certificate>>,
    /// What is to be written into the audit log.
    pub audit_queue: AuditQueue,
    /// How long an event of it is kept.
    pub audit_keep: Duration,
}

/// Starts the tasks.
pub fn start(context: JobContext) -> Jobs {
    let JobContext { auth, services, state, collector, gc_interval, sweep_interval, orphan_age, .. } = context;
    let JobContext { certificate, audit_queue, audit_keep, .. } = context;
    let audit = state.audit.clone();
    let write = {
        let audit = audit.clone();
        async move { audit.write(audit_queue).await }
    };
    let shorten = every(SHORTEN, (audit.clone(), audit_keep), async |(audit, keep)| {
        if let Err(error) = audit.shorten(*keep).await {
            tracing::warn!(error = %error, "the audit log was not shortened; it is tried again");
        }
    });
    let pulls = every(PULLS, services.clone(), async |services| {
        if let Err(error) = services.pulls().flush().await {
            tracing::warn!(error = %error, "counts of pulls cannot be written; it is tried again");
        }
    });
    let poll = every(POLL, (auth.clone(), services), async |(auth, services)| match auth.poll_changes().await {
        Ok(true) => services.forget(),
        Ok(false) => {}
        Err(error) => tracing::warn!(error = %error, "changes of other processes cannot be read"),
    });
    let certificate = every(CERTIFICATE, certificate, async |certificate| {
        if let Some(certificate) = certificate {
            certificate.reload();
        }
    });
    let maintain = every(MAINTAIN, (auth, state), async |(auth, state)| {
        if let Err(error) = auth.maintain().await {
            tracing::warn!(error = %error, "maintenance of keys and tokens failed; it is tried again");
        }
        if let Err(error) = state.services.instances().end_deletions().await {
            tracing::warn!(error = %error, "the deletion of an instance failed; it is tried again");
        }
        state.shrink_limiter();
    });
    let collector = Arc::new(collector);
    let expire = every(gc_interval, (Arc::clone(&collector), audit.clone()), async |(collector, audit)| {
        let mut gone = Collected::default();
        let outcome = collector.expire(false, |removal| removed(removal, &mut gone)).await;
        report(outcome, gone, audit).await;
    });
    // Not at once: a server that was just started on the wrong database is noticed, and stopped.
    let params = Params { orphan_age, dry_run: false };
    let first = sweep_interval.min(FIRST_SWEEP);
    let sweep = every_after(first, sweep_interval, (collector, params, audit), async |(collector, params, audit)| {
        let mut gone = Collected::default();
        let outcome = collector.sweep(*params, |removal| removed(removal, &mut gone)).await;
        report(outcome, gone, audit).await;
    });
    Jobs(vec![
        spawn(write),
        spawn(shorten),
        spawn(poll),
        spawn(pulls),
        spawn(certificate),
        spawn(maintain),
        spawn(expire),
        spawn(sweep),
    ])
}

fn removed(removal: &Removal, gone: &mut Collected) {
    gone.add(removal);
    tracing::info!(item = %removal.item, reason = %removal.reason, size_bytes = removal.size, "removed");
}

async fn report(outcome: Result<u64, roadstead_gc::Error>, gone: Collected, audit: &Audit) {
    // Also when it failed in the end: what went, went.
    audit.collected(&gone).await;
    match outcome {
        Ok(_) => {}
        Err(error @ roadstead_gc::Error::ForeignStore { .. }) => tracing::error!(error = %error, "no sweep"),
        Err(error) => tracing::warn!(error = %error, "collection failed; it is tried again"),
    }
}

/// Runs `work` every `period`, one run at a time. A run that fails says so itself; the next one comes anyway.
async fn every<C>(period: Duration, context: C, work: impl AsyncFn(&C)) {
    every_after(Duration::ZERO, period, context, work).await;
}

async fn every_after<C>(first: Duration, period: Duration, context: C, work: impl AsyncFn(&C)) {
    let mut ticks = interval_at(Instant::now() + first, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        work(&context).await;
    }
}
