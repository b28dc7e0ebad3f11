//! The rules of the registry, free of HTTP types.
//!
//! Service functions take a proof of the right that they need ([`roadstead_auth::Access`]), so a forgotten decision does
//! not compile. They take the account, the namespace, the repository and the instance from the proof. `docs/adr/0017`
//! names the few functions without a proof.

mod accounts;
pub mod audit;
mod audit_log;
mod blobs;
mod cache;
pub mod cam;
mod catalog;
mod emptying;
mod error;
pub mod explain;
mod health;
mod images;
pub mod instances;
mod jobs;
mod lifecycle;
mod manifests;
mod names;
mod owned;
mod personal;
mod pulls;
pub mod records;
mod servers;
pub mod sts;
mod transfer;
mod triggers;
mod uploads;

use std::sync::Arc;
use std::time::Duration;

use roadstead_auth::{Access, Auth, Push};
use roadstead_storage::Error as StorageError;
use roadstead_storage::blob::BlobStore;
use roadstead_storage::meta::{Act, Made, MetaStore, Scope, Timing};
use roadstead_types::{Actor, Clock, RegistryId, RepositoryName};

pub use accounts::{AccountService, CredentialService};
pub use audit_log::AuditLogService;
pub use blobs::{BlobRange, BlobService};
pub use cache::CachedManifest;
pub use catalog::{CatalogService, Listed};
pub use emptying::EmptyingService;
pub use error::{Error, Input, Result};
pub use health::{Figures, HealthService, Probes};
pub use images::{ImageService, WholeImage};
pub use jobs::JobService;
pub use lifecycle::{LifecycleService, RulesOf};
pub use manifests::{ManifestService, Pushed};
pub use names::NameService;
pub use personal::{PersonalService, RepositoryFilter, Where};
pub use pulls::PullService;
pub use servers::ServerService;
pub use transfer::{Body, BodyError, TransferBudget};
pub use triggers::{TriggerDraft, TriggerService};
pub use uploads::{ChunkRange, Finished, UploadService};

/// The settings that the services need.
#[derive(Clone, Debug)]
pub struct ServiceParams {
    /// How long an unfinished upload is kept after its last byte arrived.
    pub upload_ttl: Duration,
    /// How long content is kept after a client was told that it exists.
    pub lease: Duration,
    /// How long after the removal of a reference its target is checked for deletion.
    pub grace: Duration,
    /// The most bytes in memory for all uploads together, and again for all downloads together.
    pub buffer_budget: usize,
    /// How long a sending client may pause.
    pub body_timeout: Duration,
    /// The largest manifest, in bytes.
    pub manifest_bytes: usize,
    /// The most bytes of cached manifests.
    pub manifest_cache_bytes: usize,
    /// Names that only the operator may give to a namespace.
    pub reserved_namespaces: Vec<String>,
    /// Whether repository names may have more than two parts in the personal edition.
    pub nested_names: bool,
}

/// The stores and settings that all services share.
pub(crate) struct Foundation {
    pub meta: MetaStore,
    pub store: Arc<dyn BlobStore>,
    pub auth: Auth,
    pub clock: Arc<dyn Clock>,
    pub params: ServiceParams,
    pub budget: TransferBudget,
    pub timing: Timing,
}

impl Foundation {
    /// Forgets the cached data that a write concerns, unless the outcome proves that nothing was changed. `found` says
    /// whether a successful write has changed something.
    fn forget<T>(&self, scope: &Scope, outcome: &std::result::Result<T, StorageError>, found: impl FnOnce(&T) -> bool) {
        if outcome.as_ref().map_or_else(StorageError::leaves_open, found) {
            self.auth.changed(scope);
        }
    }

    /// Updates the cached repositories after a push that created a repository, or may have created one.
    fn pushed(&self, access: &Access<Push>, made: std::result::Result<Option<&Made>, &StorageError>) {
        let (registry, name) = (access.registry(), access.repository());
        match made {
            Ok(Some(made)) => self.auth.repository_made(registry, name, made),
            Ok(None) if access.repository_id().is_some() => {}
            Err(error) if !error.leaves_open() => {}
            // The repository was unknown before. Another push may have created it and not reported that yet.
            Ok(None) | Err(_) => self.auth.repository_changed(registry, name),
        }
    }
}

/// All services. They share one foundation and one set of caches.
#[derive(Clone)]
pub struct Services {
    blobs: BlobService,
    uploads: UploadService,
    manifests: ManifestService,
    images: ImageService,
    lifecycle: LifecycleService,
    pulls: PullService,
    triggers: TriggerService,
    catalog: CatalogService,
    emptying: EmptyingService,
    servers: ServerService,
    health: HealthService,
    accounts: AccountService,
    audit_log: AuditLogService,
    explain: explain::ExplainService,
    sts: sts::StsService,
    cam: cam::CamService,
    personal: PersonalService,
    instances: instances::InstanceService,
    limits: ManifestLimits,
    base: Arc<Foundation>,
    nested_names: bool,
}

/// Limits for reading a manifest from a request.
#[derive(Clone, Copy, Debug)]
pub struct ManifestLimits {
    /// The largest manifest, in bytes.
    pub manifest_bytes: usize,
    /// How long the client may pause.
    pub body_timeout: Duration,
}

impl Services {
    /// Creates the services.
    pub fn new(
        meta: MetaStore,
        store: Arc<dyn BlobStore>,
        auth: Auth,
        clock: Arc<dyn Clock>,
        params: ServiceParams,
    ) -> Self {
        let limits = ManifestLimits { manifest_bytes: params.manifest_bytes, body_timeout: params.body_timeout };
        let nested_names = params.nested_names;
        let budget = TransferBudget::new(params.buffer_budget);
        let timing = Timing::new(Arc::clone(&clock), params.grace);
        let foundation = Arc::new(Foundation { meta, store, auth, clock, params, budget, timing });
        let caches = Arc::new(cache::Caches::new(foundation.params.manifest_cache_bytes));
        let images = ImageService::new(Arc::clone(&foundation), Arc::clone(&caches));
        Self {
            blobs: BlobService::new(Arc::clone(&foundation), Arc::clone(&caches)),
            uploads: UploadService::new(Arc::clone(&foundation), Arc::clone(&caches)),
            manifests: ManifestService::new(Arc::clone(&foundation), caches, images.clone()),
            images,
            lifecycle: LifecycleService::new(Arc::clone(&foundation)),
            pulls: PullService::new(Arc::clone(&foundation)),
            triggers: TriggerService::new(Arc::clone(&foundation)),
            catalog: CatalogService::new(Arc::clone(&foundation)),
            emptying: EmptyingService::new(Arc::clone(&foundation)),
            servers: ServerService::new(Arc::clone(&foundation)),
            health: HealthService::new(Arc::clone(&foundation)),
            accounts: AccountService::new(foundation.meta.clone()),
            audit_log: AuditLogService::new(foundation.meta.clone()),
            explain: explain::ExplainService::new(foundation.meta.clone(), foundation.auth.clone()),
            sts: sts::StsService::new(Arc::clone(&foundation)),
            cam: cam::CamService::new(Arc::clone(&foundation)),
            personal: PersonalService::new(Arc::clone(&foundation)),
            instances: instances::InstanceService::new(Arc::clone(&foundation)),
            limits,
            base: foundation,
            nested_names,
        }
    }

    /// Returns whether a repository of this registry may have this name. Names in an instance may have any number of
    /// parts.
    pub fn allows_name(&self, registry: RegistryId, name: &RepositoryName) -> bool {
        self.nested_names || registry != RegistryId::PERSONAL || !name.name().contains('/')
    }

    /// The service for blobs.
    pub fn blobs(&self) -> &BlobService {
        &self.blobs
    }

    /// The service for uploads of blobs.
    pub fn uploads(&self) -> &UploadService {
        &self.uploads
    }

    /// The service for manifests and tags.
    pub fn manifests(&self) -> &ManifestService {
        &self.manifests
    }

    /// The service for images.
    pub fn images(&self) -> &ImageService {
        &self.images
    }

    /// The service for lifecycle rules.
    pub fn lifecycle(&self) -> &LifecycleService {
        &self.lifecycle
    }

    /// The service that counts pulls.
    pub fn pulls(&self) -> &PullService {
        &self.pulls
    }

    /// The service for application triggers.
    pub fn triggers(&self) -> &TriggerService {
        &self.triggers
    }

    /// The service for the catalog.
    pub fn catalog(&self) -> &CatalogService {
        &self.catalog
    }

    /// The service that removes the content of deleted repositories and instances.
    pub fn emptying(&self) -> &EmptyingService {
        &self.emptying
    }

    /// The service that reports the state of this server to commands.
    pub fn servers(&self) -> &ServerService {
        &self.servers
    }

    /// The service that checks whether the stores answer.
    pub fn health(&self) -> &HealthService {
        &self.health
    }

    /// Returns the service for accounts.
    pub fn accounts(&self) -> &AccountService {
        &self.accounts
    }

    /// Returns the service that reads the audit log.
    pub fn audit_log(&self) -> &AuditLogService {
        &self.audit_log
    }

    /// Returns the service that explains decisions.
    pub fn explain(&self) -> &explain::ExplainService {
        &self.explain
    }

    /// Returns the service for temporary credentials.
    pub fn sts(&self) -> &sts::StsService {
        &self.sts
    }

    /// The service for access management.
    pub fn cam(&self) -> &cam::CamService {
        &self.cam
    }

    /// The service for the personal edition.
    pub fn personal(&self) -> &PersonalService {
        &self.personal
    }

    /// The service for enterprise instances.
    pub fn instances(&self) -> &instances::InstanceService {
        &self.instances
    }

    /// Describes an action of `actor`.
    pub fn act(&self, actor: Actor, action: impl Into<String>) -> Act {
        Act::new(Arc::new(actor), action, self.base.timing.clone())
    }

    /// Returns the hits and misses of the content caches.
    pub fn cache_lookups(&self) -> [(&'static str, (u64, u64)); 3] {
        self.manifests.cache_lookups()
    }

    /// Returns the limits for reading a manifest.
    pub fn manifest_limits(&self) -> ManifestLimits {
        self.limits
    }

    /// Drops all cached content, because another process has changed something.
    pub fn forget(&self) {
        self.manifests.forget();
    }
}
