//! Work in the background of a serving process. Every task can run in several processes at once.

use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::spawn;
use roadstead_auth::Auth;
use roadstead_gc::{Collector, Params};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::api::ApiState;
use crate::service::Services;
use crate::tls::Certificate;

/// How soon a change that another process made is seen.
const POLL: Duration = Duration::from_millis(300);
/// How often the files of the certificate are looked at.
const CERTIFICATE: Duration = Duration::from_secs(3);
/// How often what is due by the clock is looked for: keys, expired tokens, quiet addresses.
const MAINTAIN: Duration = Duration::from_secs(30);

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
    /// How often it runs.
    pub gc_interval: Duration,
    /// How old an orphan must be.
    pub orphan_age: Duration,
    /// The certificate of the listener, if it has one.
    pub certificate: Option<Arc<Certificate>>,
}

/// Starts the tasks.
pub fn start(context: JobContext) -> Jobs {
    let JobContext { auth, services, state, collector, gc_interval, orphan_age, certificate } = context;
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
        state.shrink_limiter();
    });
    let params = Params { orphan_age, dry_run: false };
    let collect = every(gc_interval, (collector, params), async |(collector, params)| {
        let each = |removal: &roadstead_gc::Removal| {
            tracing::info!(item = %removal.item, reason = %removal.reason, size_bytes = removal.size, "removed");
        };
        if let Err(error) = collector.run(*params, each).await {
            tracing::warn!(error = %error, "collection failed; it is tried again");
        }
    });
    Jobs(vec![spawn(poll), spawn(certificate), spawn(maintain), spawn(collect)])
}

/// Runs `work` every `period`, one run at a time. A run that fails says so itself; the next one comes anyway.
async fn every<C>(period: Duration, context: C, work: impl AsyncFn(&C)) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        work(&context).await;
    }
}
