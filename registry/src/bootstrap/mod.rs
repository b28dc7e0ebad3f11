//! Builds the objects of the registry from the settings. No other module does.

mod first_start;
mod key_command;
mod last_writes;
mod master_key;
mod open;
mod secret_file;
mod settings;

use std::sync::Arc;

use actix_web::web;
use roadstead_auth::Operator;
use roadstead_cloud::CloudState;
use roadstead_config::{FirstCredentials, Settings};
use roadstead_http::{ApiState, ClientRules, ProxyHeaders};
use roadstead_jobs::kinds::Work;
use roadstead_storage::blob::BlobStore;
use roadstead_storage::meta::{Engine, MetaStore};
use roadstead_types::{Actor, Clock, SystemClock};

pub use first_start::OWNER_NAME;
use first_start::first_start;
use master_key::finish_rotation;
pub use master_key::{open_or_make_sealer, open_sealer, rotate_master_key};
pub use open::{
    DataDirLock, lock_data_dir, make_data_dir, open_accounts, open_auth, open_collector, open_existing_meta,
    open_existing_store, open_meta, open_migrated_meta, open_names, open_store, start_log, timing,
};
use settings::{cloud_settings, limits, listen_params, service_params, work_params};

use crate::background::{Background, Context};
use crate::server::tls::Certificate;
use crate::server::{self, Listener, ServerState};
use roadstead_service::Services;
use roadstead_service::audit::Audit;

/// Parts that tests replace.
#[derive(Clone)]
pub struct Parts {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The blob store, if it is not the one that the settings name.
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
    pub bound: Listener,
    /// The listener of `/metrics`, if there is one.
    pub metrics: Option<Listener>,
    /// The state that both listeners use.
    pub state: web::Data<ServerState>,
    /// The URL that clients use, as far as the server knows it.
    pub url: String,
    /// The message about the first start for the operator.
    pub first_start: Option<String>,
    background: Background,
    meta: MetaStore,
    _lock: DataDirLock,
}

/// Builds a registry from settings: stores, first start, services, background work, listeners. Production and tests use
/// the same constructor.
pub async fn build(settings: &Settings, chosen: &FirstCredentials, parts: Parts) -> anyhow::Result<Registry> {
    make_data_dir(settings)?;
    let lock = lock_data_dir(settings)?;
    let clock = parts.clock;
    let meta = open_migrated_meta(settings, &lock).await?;
    finish_rotation(settings, &meta).await?;
    let sealer = open_or_make_sealer(settings, &meta).await?;
    if meta.engine() == Engine::Sqlite {
        // With SQLite no other process can be writing to an upload or running a job, so all leases belong to dead
        // processes.
        meta.release_all_upload_leases().await?;
        meta.forget_servers().await?;
        meta.release_all_job_leases().await?;
    }
    let store = match parts.store {
        Some(store) => store,
        None => open_store(settings).await?,
    };
    // With the store of another database, pulls would fail, and pushes would put content where it is lost later.
    roadstead_gc::tie(&meta, &*store).await?;
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
        proxy_headers: match settings.server.proxy_headers {
            roadstead_config::ProxyHeaders::XForwarded => ProxyHeaders::XForwarded,
            roadstead_config::ProxyHeaders::Forwarded => ProxyHeaders::Forwarded,
        },
        tls: certificate.is_some(),
    };
    let (audit, audit_queue) = Audit::new(meta.clone(), Arc::clone(&clock));
    let limits = limits(settings);
    let api = ApiState::new(services.clone(), audit, auth.clone(), rules, limits, Arc::clone(&clock));
    let cloud = CloudState::new(cloud_settings(settings), Arc::clone(&clock));
    let state = web::Data::new(ServerState::new(api, cloud, settings.server.log_requests));
    let bound = server::bind(&listen_params(settings, certificate.clone()), state.clone())?;
    let metrics = settings.metrics.listen.map(|address| server::bind_metrics(address, state.clone())).transpose()?;
    let url = settings.url_at(bound.address);
    let first_start = first.map(|mut first| first.complete(&url)).transpose()?;
    let params = work_params(settings);
    let work = Work {
        services,
        collector: open_collector(&meta, &store, Arc::clone(&clock)),
        audit: state.audit.clone(),
        meta: meta.clone(),
        operator: Operator::new(Actor::server()),
        first_sweep: params.first_sweep(clock.now()),
        clock,
        params,
    };
    let (lease, resting) = (settings.jobs.lease, settings.maintenance.readonly);
    let background =
        Background::start(Context { auth, state: state.clone(), work, lease, resting, certificate, audit_queue })?;
    Ok(Registry { bound, metrics, state, url, first_start, background, meta, _lock: lock })
}

/// Runs a registry until it is told to stop. Calls `ready` once the registry can answer.
pub async fn run(registry: Registry, ready: impl FnOnce(&Registry)) -> anyhow::Result<()> {
    // Before anybody hears that the registry answers: a supervisor may stop it right then.
    let stop = server::stop_on_signal(registry.bound.server.handle(), registry.state.clone())?;
    ready(&registry);
    let Registry { bound, metrics, state, mut background, meta, _lock, .. } = registry;
    let stopper = actix_web::rt::spawn(stop);
    let metrics = metrics.map(|m| actix_web::rt::spawn(m.server));
    let ended = bound.server.await;
    // The database connections that the server threads opened end with those threads.
    meta.trust_no_connection();
    background.stop_jobs().await;
    // The other loops are still running, so this waits for their current writes instead of cutting them off.
    last_writes::write(&state).await;
    stopper.abort();
    if let Some(metrics) = metrics {
        metrics.abort();
    }
    if let Err(error) = meta.empty_log().await {
        tracing::warn!(error = %error, "a copy of the database needs the file -wal too");
    }
    Ok(ended?)
}
