//! Opens the parts that the settings name: data directory, stores, identities.

use std::fs::{File, OpenOptions};
use std::io::IsTerminal;
use std::num::NonZeroU32;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::sync::Arc;

use anyhow::{Context, ensure};
use roadstead_auth::{Accounts, Argon2Params, Auth, AuthParams, Sealer};
use roadstead_config::{DatabaseLocation, Driver, LogFormat, Settings};
use roadstead_gc::Collector;
use roadstead_service::NameService;
use roadstead_storage::Error as StorageError;
use roadstead_storage::blob::{BlobStore, FsBlobStore, MemoryBlobStore};
use roadstead_storage::meta::{MetaParams, MetaStore, Quotas, Timing, sqlite_url};
use roadstead_types::{Clock, SystemClock};
use tracing_appender::non_blocking::WorkerGuard;

use crate::server::telemetry;

/// Starts logging. Dropping the guard writes the lines that are still queued.
pub fn start_log(settings: &Settings) -> anyhow::Result<WorkerGuard> {
    let text = match settings.log.format {
        LogFormat::Text => true,
        LogFormat::Json => false,
        LogFormat::Auto => std::io::stderr().is_terminal(),
    };
    telemetry::start(&settings.log.level, text)
}

/// Creates the data directory, readable by its owner only, if it is missing.
pub fn make_data_dir(settings: &Settings) -> anyhow::Result<()> {
    let dir = &settings.data_dir;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.with_context(|| format!("cannot make the data directory {}", dir.display()))
}

/// The lock of the data directory. While it is held, no server starts on the directory.
#[derive(Debug)]
pub struct DataDirLock {
    _file: File,
}

/// Keeps a second server off the same data directory. The second server would not see the changes of the first one.
pub fn lock_data_dir(settings: &Settings) -> anyhow::Result<DataDirLock> {
    let path = settings.data_dir.join("lock");
    let open = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = open.with_context(|| format!("cannot open {}", path.display()))?;
    let dir = settings.data_dir.display();
    file.try_lock().map_err(|_| anyhow::anyhow!("a server, or a command that needs it alone, is using {dir}"))?;
    Ok(DataDirLock { _file: file })
}

fn meta_params(settings: &Settings) -> anyhow::Result<MetaParams> {
    let url = match settings.database_location() {
        DatabaseLocation::Given(url) => url.expose().to_owned(),
        DatabaseLocation::Kept(path) => sqlite_url(&std::path::absolute(&path)?),
    };
    Ok(MetaParams {
        url,
        max_connections: settings.database.max_connections,
        busy_timeout: settings.database.busy_timeout,
        process: format!("{:032x}", rand::random::<u128>()),
        quotas: Quotas {
            namespaces: settings.quotas.namespaces,
            repositories: settings.quotas.repositories,
            triggers: settings.quotas.triggers,
        },
    })
}

async fn connect(settings: &Settings) -> anyhow::Result<MetaStore> {
    MetaStore::open(&meta_params(settings)?).await.context("cannot open the database")
}

async fn migrate(meta: &MetaStore, _alone: &DataDirLock) -> anyhow::Result<()> {
    let count = meta.migrate().await?;
    if count > 0 {
        tracing::info!(migrations = count, "database migrated");
    }
    Ok(())
}

/// Connects to the database, creates it if it is missing, and migrates its schema. No other server may run meanwhile, because
/// a server of an older release does not know the new schema.
pub async fn open_migrated_meta(settings: &Settings, alone: &DataDirLock) -> anyhow::Result<MetaStore> {
    let meta = connect(settings).await?;
    migrate(&meta, alone).await?;
    Ok(meta)
}

/// Does the same for a command, which may run beside a server. It migrates only if none runs.
pub async fn open_meta(settings: &Settings) -> anyhow::Result<MetaStore> {
    let meta = connect(settings).await?;
    match meta.check_schema().await {
        Err(StorageError::SchemaOlder) => {
            let alone =
                lock_data_dir(settings).context("the schema of the database is older: stop the server first")?;
            migrate(&meta, &alone).await?;
        }
        checked => checked?,
    }
    Ok(meta)
}

/// Connects to the database of a registry that exists. This creates nothing and migrates nothing.
pub async fn open_existing_meta(settings: &Settings) -> anyhow::Result<MetaStore> {
    if let DatabaseLocation::Kept(path) = settings.database_location() {
        let there = path.try_exists().with_context(|| format!("cannot look for {}", path.display()))?;
        ensure!(
            there,
            "there is no registry in {}: {} is missing. Is the data directory right? `roadstead serve` makes a registry",
            settings.data_dir.display(),
            path.display()
        );
    }
    let meta = MetaStore::open_existing(&meta_params(settings)?).await.context("cannot open the database")?;
    meta.check_schema().await?;
    Ok(meta)
}

/// Opens the blob store that the settings name.
pub async fn open_store(settings: &Settings) -> anyhow::Result<Arc<dyn BlobStore>> {
    Ok(match settings.storage.driver {
        Driver::Fs => {
            let root = settings.storage_root();
            Arc::new(FsBlobStore::open(root.clone()).await.with_context(|| format!("cannot open {}", root.display()))?)
        }
        Driver::Memory => Arc::new(MemoryBlobStore::new(Arc::new(SystemClock))),
    })
}

/// Opens an existing blob store, for commands, which must not create one.
pub async fn open_existing_store(settings: &Settings) -> anyhow::Result<Arc<dyn BlobStore>> {
    if settings.storage.driver == Driver::Fs {
        let root = settings.storage_root();
        let there = root.try_exists().with_context(|| format!("cannot look for {}", root.display()))?;
        ensure!(there, "there is no blob store {}: is the data directory right?", root.display());
    }
    open_store(settings).await
}

fn argon2(settings: &Settings) -> Argon2Params {
    let chosen = &settings.auth.argon2;
    Argon2Params { memory_kib: chosen.memory_kib, iterations: chosen.iterations, parallelism: chosen.parallelism }
}

/// Creates the service for the namespaces and repositories of all accounts.
pub fn open_names(settings: &Settings, meta: &MetaStore) -> NameService {
    NameService::new(meta.clone(), settings.quotas.reserved_namespaces.clone())
}

/// Describes when acts happen, and when to review what they leave behind.
pub fn timing(settings: &Settings, clock: Arc<dyn Clock>) -> Timing {
    Timing::new(clock, settings.gc.grace)
}

/// Opens the accounts, for commands that change them.
pub fn open_accounts(settings: &Settings, meta: &MetaStore, sealer: Sealer, clock: Arc<dyn Clock>) -> Accounts {
    Accounts::new(meta.clone(), argon2(settings), sealer, clock)
}

/// Opens identities and permissions.
pub async fn open_auth(
    settings: &Settings,
    meta: &MetaStore,
    sealer: Sealer,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Auth> {
    let auth = &settings.auth;
    let positive = |n: u32| NonZeroU32::new(n).context("login limits must not be 0");
    let params = AuthParams {
        issuer: auth.issuer.clone(),
        token_lifetime: auth.token_lifetime,
        refresh_token_lifetime: auth.refresh_token_lifetime,
        leeway: auth.leeway,
        signing_key_rotation: auth.signing_key_rotation,
        argon2: argon2(settings),
        password_cache_ttl: auth.password_cache_ttl,
        login_attempts_per_minute: positive(auth.login_attempts)?,
        login_attempts_per_address_per_minute: positive(auth.login_attempts_per_address)?,
        token_cache_entries: settings.cache.tokens,
        repository_cache_entries: settings.cache.repositories,
        anonymous_pull: auth.anonymous_pull,
        max_scopes: settings.limits.token_scopes as usize,
        faithful: settings.cloud_api.faithful,
        readonly: settings.maintenance.readonly,
        region: auth.region.as_str().into(),
        instance_domain: settings.instances.domain.parse().context("instances.domain")?,
    };
    Ok(Auth::open(meta.clone(), params, sealer, clock).await?)
}

/// Creates the collector of these stores.
pub fn open_collector(meta: &MetaStore, store: &Arc<dyn BlobStore>, clock: Arc<dyn Clock>) -> Collector {
    Collector::new(meta.clone(), Arc::clone(store), clock)
}
