//! The rules of the registry, free of HTTP types.
//!
//! Every service function takes the proof of the right that it needs ([`roadstead_auth::Access`]), and asks the stores by
//! what the proof names, never by what the request said.

pub mod audit;
mod blobs;
mod cache;
pub mod cam;
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
mod repositories;
mod servers;
mod transfer;
mod triggers;
mod uploads;

use std::sync::Arc;
use std::time::Duration;

use roadstead_auth::{Access, Auth, Push};
use roadstead_storage::Error as StorageError;
use roadstead_storage::blob::BlobStore;
use roadstead_storage::meta::{Act, Made, MetaStore, Scope, Timing};
use roadstead_types::{Actor, Clock, RegistryId, RepositoryId, RepositoryName};

pub use blobs::{BlobRange, BlobService};
pub use error::{Error, Input, Result};
pub use health::{Figures, HealthService, Probes};
pub use images::{ImageService, WholeImage};
pub use jobs::JobService;
pub use lifecycle::LifecycleService;
pub use manifests::{CachedManifest, ManifestService, Pushed};
pub use names::NameService;
pub use personal::{PersonalService, RepositoryFilter};
pub use pulls::PullService;
pub use repositories::{Listed, RepositoryService};
pub use servers::ServerService;
pub use transfer::{Body, BodyError, TransferBudget};
pub use triggers::{TriggerDraft, TriggerService};
pub use uploads::{ChunkRange, Finished, UploadService};

/// What the services need to know of the configuration.
#[derive(Clone, Debug)]
pub struct ServiceParams {
    /// How long an unfinished upload is kept after its last byte.
    pub upload_ttl: Duration,
    /// How long content stays after a client was told that it is there.
    pub lease: Duration,
    /// How long after a reference is dropped its target is reviewed.
    pub grace: Duration,
    /// Bytes of all transfers together that may be in memory.
    pub buffer_budget: usize,
    /// The longest time without a byte from a client that is sending.
    pub body_timeout: Duration,
    /// The largest manifest, in bytes.
    pub manifest_bytes: usize,
    /// Bytes of manifests kept in memory.
    pub manifest_cache_bytes: usize,
    /// Names that nobody may take for a namespace.
    pub reserved_namespaces: Vec<String>,
    /// Whether names of repositories may have more than two parts in the personal edition.
    pub nested_names: bool,
}

/// What all services stand on.
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
    /// Takes everything out of a repository that was deleted, in small parts, as long as `goes_on` says so. False when something
    /// is left.
    async fn empty_repository(
        &self,
        id: RepositoryId,
        goes_on: impl Fn() -> bool + Send + Sync,
    ) -> std::result::Result<bool, StorageError> {
        const CHUNK: u32 = 500;
        let act = Act::new(Arc::new(Actor::server()), "repository.empty", self.timing.clone());
        loop {
            if !goes_on() {
                return Ok(false);
            }
            if self.meta.empty_repository(&act, id, CHUNK).await?.is_none() {
                return Ok(true);
            }
        }
    }

    /// After a write: forgets what it concerns, unless it is sure that nothing was changed. `found` says whether a write that
    /// ended well has changed something.
    fn forget<T>(&self, scope: &Scope, outcome: &std::result::Result<T, StorageError>, found: impl FnOnce(&T) -> bool) {
        if outcome.as_ref().map_or_else(StorageError::leaves_open, found) {
            self.auth.changed(scope);
        }
    }

    /// After a push: tells who remembers repositories if it has made one, or may have.
    fn pushed(&self, access: &Access<Push>, made: std::result::Result<Option<&Made>, &StorageError>) {
        let (registry, name) = (access.registry(), access.repository());
        match made {
            Ok(Some(made)) => self.auth.repository_made(registry, name, made),
            Ok(None) if access.repository_id().is_some() => {}
            Err(error) if !error.leaves_open() => {}
            // Where there was no repository it may be another push that has made it, and has not come to say so.
            Ok(None) | Err(_) => self.auth.repository_changed(registry, name),
        }
    }
}

/// All services, sharing one foundation and one set of caches.
#[derive(Clone)]
pub struct Services {
    blobs: BlobService,
    uploads: UploadService,
    manifests: ManifestService,
    images: ImageService,
    lifecycle: LifecycleService,
    pulls: PullService,
    triggers: TriggerService,
    repositories: RepositoryService,
    servers: ServerService,
    health: HealthService,
    cam: cam::CamService,
    personal: PersonalService,
    instances: instances::InstanceService,
    limits: ManifestLimits,
    base: Arc<Foundation>,
    nested_names: bool,
}

/// What a manifest may cost before it is looked at.
#[derive(Clone, Copy, Debug)]
pub struct ManifestLimits {
    /// The largest manifest, in bytes.
    pub manifest_bytes: usize,
    /// The longest time without a byte of it.
    pub body_timeout: Duration,
}

impl Services {
    /// Puts the services together.
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
            repositories: RepositoryService::new(Arc::clone(&foundation)),
            servers: ServerService::new(Arc::clone(&foundation)),
            health: HealthService::new(Arc::clone(&foundation)),
            cam: cam::CamService::new(Arc::clone(&foundation)),
            personal: PersonalService::new(Arc::clone(&foundation)),
            instances: instances::InstanceService::new(Arc::clone(&foundation)),
            limits,
            base: foundation,
            nested_names,
        }
    }

    /// Whether a repository of this registry may have this name. In an instance it may have any number of parts.
    pub fn allows_name(&self, registry: RegistryId, name: &RepositoryName) -> bool {
        self.nested_names || registry != RegistryId::PERSONAL || !name.name().contains('/')
    }

    /// Blobs.
    pub fn blobs(&self) -> &BlobService {
        &self.blobs
    }

    /// Uploads of blobs.
    pub fn uploads(&self) -> &UploadService {
        &self.uploads
    }

    /// Manifests and tags.
    pub fn manifests(&self) -> &ManifestService {
        &self.manifests
    }

    /// Images: tags with what their configs say.
    pub fn images(&self) -> &ImageService {
        &self.images
    }

    /// Clean-up rules.
    pub fn lifecycle(&self) -> &LifecycleService {
        &self.lifecycle
    }

    /// Counts of pulls.
    pub fn pulls(&self) -> &PullService {
        &self.pulls
    }

    /// Application triggers.
    pub fn triggers(&self) -> &TriggerService {
        &self.triggers
    }

    /// Lists of repositories.
    pub fn repositories(&self) -> &RepositoryService {
        &self.repositories
    }

    /// This server, as commands see it.
    pub fn servers(&self) -> &ServerService {
        &self.servers
    }

    /// Whether the stores answer.
    pub fn health(&self) -> &HealthService {
        &self.health
    }

    /// Access management.
    pub fn cam(&self) -> &cam::CamService {
        &self.cam
    }

    /// The personal edition.
    pub fn personal(&self) -> &PersonalService {
        &self.personal
    }

    /// Enterprise instances.
    pub fn instances(&self) -> &instances::InstanceService {
        &self.instances
    }

    /// `actor` does `action`.
    pub fn act(&self, actor: Actor, action: impl Into<String>) -> Act {
        Act::new(Arc::new(actor), action, self.base.timing.clone())
    }

    /// How often the caches of content had an answer, and how often they had to ask the store.
    pub fn cache_lookups(&self) -> [(&'static str, (u64, u64)); 3] {
        self.manifests.cache_lookups()
    }

    /// What a manifest may cost.
    pub fn manifest_limits(&self) -> ManifestLimits {
        self.limits
    }

    /// Forgets everything that is kept in memory, because another process has changed something.
    pub fn forget(&self) {
        self.manifests.forget();
    }
}
