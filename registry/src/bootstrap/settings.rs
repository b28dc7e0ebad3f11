//! Translates the settings into the parameters of each part.

use std::num::NonZeroU32;
use std::sync::Arc;

use governor::Quota;
use roadstead_config::Settings;
use roadstead_jobs::kinds::WorkParams;

use crate::server::ListenParams;
use crate::server::tls::Certificate;
use roadstead_cloud::CloudSettings;
use roadstead_http::Limits;
use roadstead_service::ServiceParams;

pub(super) fn service_params(settings: &Settings) -> ServiceParams {
    ServiceParams {
        upload_ttl: settings.storage.upload_ttl,
        lease: settings.gc.lease,
        grace: settings.gc.grace,
        buffer_budget: settings.storage.buffer_budget.as_usize(),
        body_timeout: settings.server.body_timeout,
        manifest_bytes: settings.limits.manifest_bytes.as_usize(),
        manifest_cache_bytes: settings.cache.manifests_bytes.as_usize(),
        reserved_namespaces: settings.quotas.reserved_namespaces.clone(),
        nested_names: settings.personal.nested_names,
    }
}

pub(super) fn work_params(settings: &Settings) -> WorkParams {
    WorkParams {
        expire_every: settings.gc.interval,
        purge_uploads: settings.maintenance.upload_purging,
        sweep_every: settings.gc.sweep_interval,
        orphan_age: settings.gc.orphan_age,
        keep_audit: settings.audit.keep(),
        keep_jobs: settings.jobs.keep(),
    }
}

pub(super) fn limits(settings: &Settings) -> Limits {
    let limits = &settings.limits;
    let rate = NonZeroU32::new(limits.rate_limit_per_second).map(|rate| {
        let burst = NonZeroU32::new(limits.rate_limit_burst).unwrap_or(rate);
        Quota::per_second(rate).allow_burst(burst)
    });
    Limits {
        page_size_max: limits.page_size_max,
        rate,
        chunk_min_bytes: limits.chunk_min_bytes.as_u64(),
        max_scopes: limits.token_scopes as usize,
    }
}

pub(super) fn cloud_settings(settings: &Settings) -> CloudSettings {
    let cloud = &settings.cloud_api;
    CloudSettings {
        requests_per_second: NonZeroU32::new(cloud.requests_per_second),
        faithful: cloud.faithful,
        document_spelling: cloud.document_spelling,
        region: if settings.auth.region.is_empty() { "default".to_owned() } else { settings.auth.region.clone() },
        instances_per_account: settings.instances.per_account,
        anonymous_pull: settings.auth.anonymous_pull,
    }
}

pub(super) fn listen_params(settings: &Settings, certificate: Option<Arc<Certificate>>) -> ListenParams {
    let server = &settings.server;
    ListenParams {
        address: server.listen,
        workers: server.workers,
        max_connections: server.max_connections,
        header_timeout: server.header_timeout,
        idle_timeout: server.idle_timeout,
        shutdown_timeout: server.shutdown_timeout,
        stall_timeout: server.body_timeout,
        certificate,
    }
}
