//! Where settings become objects: the only place that sees both.

mod first_start;
mod key_command;
mod last_writes;
mod master_key;
mod open;
mod secret_file;
mod settings;

use std::fs::File;
use std::sync::Arc;

use actix_web::web;
use roadstead_config::{Bootstrap, Settings};
use roadstead_jobs::kinds::Work;
use roadstead_storage::blob::BlobStore;
use roadstead_storage::meta::Engine;
use roadstead_types::{Clock, SystemClock};

use first_start::first_start;
use master_key::finish_rotation;
pub use master_key::{open_sealer, rotate_master_key};
pub use open::{
    lock_data_dir, make_data_dir, open_accounts, open_auth, open_collector, open_existing_meta, open_existing_store,
    open_meta, open_store,
};
use settings::{cloud_settings, limits, listen_params, service_params, work_params};

use crate::api::{ApiState, ClientRules};
use crate::background::{Background, Context};
use crate::metrics::Metrics;
use crate::server::{self, Bound};
use crate::tls::Certificate;
use roadstead_service::Services;
use roadstead_service::audit::Audit;

/// What tests put in the place of the real thing.
#[derive(Clone)]
pub struct Parts {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// The blob store, when it is not the one of the settings.
    pub store: Option<Arc<dyn BlobStore>>,
}

impl Default for Parts {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), store: None }
    }
}

/// A registry that is bound and ready to run.
pub struct Registry {
    /// The listener.
    pub bound: Bound,
    /// The listener of `/metrics`, if there is one.
    pub metrics: Option<Bound>,
    /// What they serve with.
    pub state: web::Data<ApiState>,
    /// The URL that clients use, as far as it is known.
    pub url: String,
    /// What to tell the operator of the first start.
    pub first_start: Option<String>,
    background: Background,
    _lock: File,
}

/// Builds a registry from settings: stores, first start, services, background work, listeners. The same constructor serves
/// production and tests.
pub async fn build(settings: &Settings, chosen: &Bootstrap, parts: Parts) -> anyhow::Result<Registry> {
    make_data_dir(settings)?;
    let lock = lock_data_dir(settings)?;
    let clock = parts.clock;
    let meta = open_meta(settings).await?;
    finish_rotation(settings, &meta).await?;
    let sealer = open_sealer(settings, &meta).await?;
    if meta.engine() == Engine::Sqlite {
        // Nobody else can be writing to an upload or running a job now: what holds a lease is a process that is gone.
        meta.release_all_upload_leases().await?;
        meta.forget_servers().await?;
        meta.release_all_job_leases().await?;
    }
    let store = match parts.store {
        Some(store) => store,
        None => open_store(settings).await?,
    };
    // While the store is empty. A store that belongs to another database can still be served from, but is never swept.
    match roadstead_gc::tie(&meta, &*store).await {
        Ok(()) => {}
        Err(error @ roadstead_gc::Error::ForeignStore { .. }) => tracing::error!(error = %error, "no sweeps"),
        Err(error) => return Err(error.into()),
    }
    let first = first_start(settings, chosen, &meta, &sealer, &clock).await?;
    let auth = open_auth(settings, &meta, sealer, Arc::clone(&clock)).await?;
    let services =
        Services::new(meta.clone(), Arc::clone(&store), auth.clone(), Arc::clone(&clock), service_params(settings));
    let tls = &settings.server.tls;
    let certificate = match (&tls.cert, &tls.key) {
        (Some(cert), Some(key)) => Some(Certificate::load(cert, key)?),
        _ => None,
    };
    let rules = ClientRules {
        external_url: settings.server.external_url.clone(),
        trusted_proxies: settings.server.trusted_proxies.clone(),
        tls: certificate.is_some(),
    };
    let (audit, audit_queue) = Audit::new(meta.clone(), Arc::clone(&clock));
    let state = web::Data::new(ApiState::new(
        services.clone(),
        audit,
        auth.clone(),
        meta.clone(),
        Arc::clone(&store),
        rules,
        limits(settings),
        Metrics::new(),
        settings.server.log_requests,
        Arc::clone(&clock),
        cloud_settings(settings),
    ));
    let bound = server::bind(&listen_params(settings, certificate.clone()), state.clone())?;
    let metrics = settings.metrics.listen.map(|address| server::bind_metrics(address, state.clone())).transpose()?;
    let url = settings.url_at(bound.address);
    let first_start = first.map(|mut first| first.complete(&url)).transpose()?;
    let work = Work {
        services,
        collector: open_collector(&meta, &store, clock),
        audit: state.audit.clone(),
        meta,
        params: work_params(settings),
    };
    let (lease, resting) = (settings.jobs.lease, settings.maintenance.readonly);
    let background =
        Background::start(Context { auth, state: state.clone(), work, lease, resting, certificate, audit_queue })?;
    Ok(Registry { bound, metrics, state, url, first_start, background, _lock: lock })
}

/// Runs a registry until it is told to stop. `ready` is called once it can answer.
pub async fn run(registry: Registry, ready: impl FnOnce(&Registry)) -> anyhow::Result<()> {
    ready(&registry);
    let Registry { bound, metrics, state, mut background, _lock, .. } = registry;
    let handle = bound.server.handle();
    let stopper = actix_web::rt::spawn(server::stop_on_signal(handle, state.clone()));
    let metrics = metrics.map(|m| actix_web::rt::spawn(m.server));
    let ended = bound.server.await;
    // The connections to the database that the threads of the server have opened end with these threads.
    state.meta.trust_no_connection();
    background.stop_jobs().await;
    // The other loops still run: what they are writing is waited for here, and not cut off.
    last_writes::write(&state).await;
    stopper.abort();
    if let Some(metrics) = metrics {
        metrics.abort();
    }
    Ok(ended?)
}
