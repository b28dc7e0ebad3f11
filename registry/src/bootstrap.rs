//! Where settings become objects: the only place that sees both.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZeroU32;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actix_web::web;
use anyhow::{Context, ensure};
use governor::Quota;
use roadstead_auth::{Accounts, Argon2Params, Auth, AuthParams, Sealer};
use roadstead_config::{Bootstrap, DatabaseLocation, Driver, Key, MasterKey, Settings};
use roadstead_gc::Collector;
use roadstead_storage::blob::{BlobStore, FsBlobStore, MemoryBlobStore};
use roadstead_storage::meta::{Account, Engine, MetaParams, MetaStore, Quotas, sqlite_url};
use roadstead_storage::types::{Clock, NamespaceName, RegistryId, SystemClock};
use serde_json::{Value, json};

use crate::api::cloud::CloudSettings;
use crate::api::{ApiState, ClientRules, Limits};
use crate::jobs::{self, JobContext, Jobs};
use crate::metrics::Metrics;
use crate::server::{self, Bound, ListenParams};
use crate::service::audit::Audit;
use crate::service::{ServiceParams, Services};
use crate::tls::Certificate;

/// The name of the account that the first start makes.
pub(crate) const OWNER_NAME: &str = "owner";
/// The namespace of the owner account, which everybody else finds taken.
pub(crate) const OWNER_NAMESPACE: &str = "library";

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

/// Makes the data directory, for its owner alone, if it is missing.
pub fn make_data_dir(settings: &Settings) -> anyhow::Result<()> {
    let dir = &settings.data_dir;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.with_context(|| format!("cannot make the data directory {}", dir.display()))
}

/// Connects to the database; with `migrate`, brings its schema up to date, else demands that it is.
pub async fn open_meta(settings: &Settings, migrate: bool) -> anyhow::Result<MetaStore> {
    let url = match settings.database_location() {
        DatabaseLocation::Given(url) => url.expose().to_owned(),
        DatabaseLocation::Kept(path) => sqlite_url(&std::path::absolute(&path)?),
    };
    let params = MetaParams {
        url,
        max_connections: settings.database.max_connections,
        busy_timeout: settings.database.busy_timeout,
        instance: format!("{:032x}", rand::random::<u128>()),
        quotas: Quotas {
            namespaces: settings.quotas.namespaces,
            repositories: settings.quotas.repositories,
            triggers: settings.quotas.triggers,
        },
    };
    let meta = MetaStore::open(&params).await.context("cannot open the database")?;
    if migrate {
        let count = meta.migrate().await?;
        if count > 0 {
            tracing::info!(migrations = count, "database migrated");
        }
    } else {
        meta.check_schema().await?;
    }
    Ok(meta)
}

/// Opens the blob store of the settings.
pub async fn open_store(settings: &Settings) -> anyhow::Result<Arc<dyn BlobStore>> {
    Ok(match settings.storage.driver {
        Driver::Fs => {
            let root = settings.storage_root();
            Arc::new(FsBlobStore::open(root.clone()).await.with_context(|| format!("cannot open {}", root.display()))?)
        }
        Driver::Memory => Arc::new(MemoryBlobStore::new(Arc::new(SystemClock))),
    })
}

/// The key that seals secrets at rest; made on the first start.
pub fn open_sealer(settings: &Settings) -> anyhow::Result<Sealer> {
    let path = match settings.master_key() {
        MasterKey::Given(key) => return Ok(Sealer::new(*key.expose())),
        MasterKey::Kept(path) => path,
    };
    if !path.try_exists().with_context(|| format!("cannot look for {}", path.display()))? {
        write_secret_once(&path, &rand::random::<[u8; 32]>())?;
    }
    read_sealer(&path)
}

fn read_sealer(path: &Path) -> anyhow::Result<Sealer> {
    let mut key = [0; 32];
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    file.read_exact(&mut key).with_context(|| format!("{} does not hold 32 bytes", path.display()))?;
    Ok(Sealer::new(key))
}

/// Where the next master key waits until the database is sealed with it.
fn next_master_key(path: &Path) -> PathBuf {
    path.with_extension("key.next")
}

/// Seals what is in the database with another master key: the one given, or a random one. Returns how many secrets that
/// were. No server may run meanwhile. Killed at any moment, the next start goes on with the key that fits.
pub async fn rotate_master_key(settings: &Settings, meta: &MetaStore, given: Option<Key>) -> anyhow::Result<usize> {
    finish_rotation(settings, meta).await?;
    check_master_key(settings, meta).await?;
    let old = open_sealer(settings)?;
    match settings.master_key() {
        MasterKey::Given(_) => {
            let new = given.context("the master key comes from the settings: name the file of the next one")?;
            Ok(roadstead_auth::reseal(meta, &old, &Sealer::new(*new.expose())).await?)
        }
        MasterKey::Kept(path) => {
            let new = given.map_or_else(rand::random::<[u8; 32]>, |key| *key.expose());
            let next = next_master_key(&path);
            write_secret(&next, &new)?;
            let count = roadstead_auth::reseal(meta, &old, &Sealer::new(new)).await?;
            replace_master_key(&next, &path)?;
            Ok(count)
        }
    }
}

fn replace_master_key(next: &Path, path: &Path) -> anyhow::Result<()> {
    let replace = || {
        std::fs::rename(next, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    replace().with_context(|| format!("cannot replace {}", path.display()))
}

/// Ends a change of the master key that was cut off: the database says which of the two keys it is sealed with. Only for
/// who holds the lock of the data directory: the change may be going on.
async fn finish_rotation(settings: &Settings, meta: &MetaStore) -> anyhow::Result<()> {
    let MasterKey::Kept(path) = settings.master_key() else { return Ok(()) };
    let next = next_master_key(&path);
    if !next.try_exists().with_context(|| format!("cannot look for {}", next.display()))? {
        return Ok(());
    }
    // What was not yet written whole has sealed nothing.
    let fits = match read_sealer(&next) {
        Ok(sealer) => roadstead_auth::opens(meta, &sealer).await? == Some(true),
        Err(_) => false,
    };
    if fits {
        return replace_master_key(&next, &path);
    }
    std::fs::remove_file(&next).with_context(|| format!("cannot remove {}", next.display()))
}

/// Writes a file that only its owner may read, whole or not at all, in the place of the one that is there.
fn write_secret(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let write = || {
        let temporary = write_aside(path, content)?;
        std::fs::rename(&temporary, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Writes a file that only its owner may read, if there is none: of two processes that try, one wins.
fn write_secret_once(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let write = || {
        let temporary = write_aside(path, content)?;
        let linked = std::fs::hard_link(&temporary, path);
        std::fs::remove_file(&temporary)?;
        match linked {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
            _ => File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all(),
        }
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

fn write_aside(path: &Path, content: &[u8]) -> std::io::Result<PathBuf> {
    let temporary = path.with_extension(format!("{:016x}", rand::random::<u64>()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    Ok(temporary)
}

fn argon2(settings: &Settings) -> Argon2Params {
    let chosen = &settings.auth.argon2;
    Argon2Params { memory_kib: chosen.memory_kib, iterations: chosen.iterations, parallelism: chosen.parallelism }
}

/// Refuses to make a new master key in the place of a lost one: it opens nothing of what is there, and what it sealed would
/// be lost in its turn when the old one comes back.
pub async fn check_master_key(settings: &Settings, meta: &MetaStore) -> anyhow::Result<()> {
    let MasterKey::Kept(path) = settings.master_key() else { return Ok(()) };
    let next = next_master_key(&path);
    ensure!(
        !next.try_exists().with_context(|| format!("cannot look for {}", next.display()))?,
        "the master key is being changed; if nobody does so now, start the server, which ends that"
    );
    let there = path.try_exists().with_context(|| format!("cannot look for {}", path.display()))?;
    ensure!(
        there || !meta.has_sealed().await?,
        "{} is missing, and the database holds keys that were sealed with it: restore it (OPERATIONS.md, Backup)",
        path.display()
    );
    Ok(())
}

/// The accounts, for commands that change them.
pub fn open_accounts(settings: &Settings, meta: &MetaStore, clock: Arc<dyn Clock>) -> anyhow::Result<Accounts> {
    Ok(Accounts::new(meta.clone(), argon2(settings), open_sealer(settings)?, clock))
}

/// Identities and permissions.
pub async fn open_auth(settings: &Settings, meta: &MetaStore, clock: Arc<dyn Clock>) -> anyhow::Result<Auth> {
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
        region: auth.region.as_str().into(),
        instance_domain: settings.instances.domain.parse().context("instances.domain")?,
    };
    check_master_key(settings, meta).await?;
    Ok(Auth::open(meta.clone(), params, open_sealer(settings)?, clock).await?)
}

/// The collector, over these stores.
pub fn open_collector(meta: &MetaStore, store: &Arc<dyn BlobStore>, clock: Arc<dyn Clock>) -> Collector {
    Collector::new(meta.clone(), Arc::clone(store), clock)
}

/// Keeps a second server off the same data directory; it would not see what the first one changes.
pub fn lock_data_dir(settings: &Settings) -> anyhow::Result<File> {
    let path = settings.data_dir.join("lock");
    let open = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = open.with_context(|| format!("cannot open {}", path.display()))?;
    file.try_lock().map_err(|_| anyhow::anyhow!("another server is running on {}", settings.data_dir.display()))?;
    Ok(file)
}

/// The first start, as it is written down: `bootstrap.json`. Before the account is made it holds the secrets, so that
/// nobody is locked out by a start that is cut off; it is complete when it has the URL.
struct FirstStart {
    path: PathBuf,
    record: serde_json::Map<String, Value>,
    password_chosen: bool,
}

impl FirstStart {
    fn write(&self) -> anyhow::Result<()> {
        write_secret(&self.path, format!("{:#}\n", Value::from(self.record.clone())).as_bytes())
    }

    fn complete(&mut self, url: &str) -> anyhow::Result<String> {
        self.record.insert("url".into(), json!(url));
        self.write()?;
        let host = url.split_once("://").map_or(url, |(_, host)| host);
        let text = |member: &str| self.record.get(member).and_then(Value::as_str).unwrap_or_default();
        let password = match self.password_chosen {
            true => "the password that you chose".to_owned(),
            false => format!("password {}", text("password")),
        };
        let kept = self.path.display();
        Ok(format!("first start: docker login {host} --username {}, {password} (kept in {kept})", text("username")))
    }
}

/// What an earlier start wrote down, if it was cut off before it was done.
fn unfinished_start(path: &Path) -> anyhow::Result<Option<serde_json::Map<String, Value>>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let record: serde_json::Map<String, Value> =
        serde_json::from_str(&text).with_context(|| format!("{} is not what was written there", path.display()))?;
    Ok((!record.contains_key("url")).then_some(record))
}

/// Makes the owner account and its namespace, if there is no account yet; or ends a first start that was cut off.
async fn first_start(
    settings: &Settings,
    chosen: &Bootstrap,
    meta: &MetaStore,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Option<FirstStart>> {
    let path = settings.data_dir.join("bootstrap.json");
    let owner = meta.account_by_name(OWNER_NAME).await?;
    let unfinished = unfinished_start(&path)?;
    if owner.is_some() && unfinished.is_none() {
        return Ok(None);
    }
    let password_chosen = chosen.password.is_some();
    let mut first = FirstStart { path, record: unfinished.unwrap_or_default(), password_chosen };
    let owner = match owner {
        Some(owner) => owner,
        None => make_owner(settings, chosen, meta, clock, &mut first).await?,
    };
    first.record.insert("uin".into(), json!(owner.uin.as_str()));
    first.record.insert("username".into(), json!(owner.uin.as_str()));
    if meta.namespace(RegistryId::PERSONAL, OWNER_NAMESPACE).await?.is_none() {
        let namespace: NamespaceName = OWNER_NAMESPACE.parse()?;
        meta.create_namespace(RegistryId::PERSONAL, &namespace, owner.id, clock.now()).await?;
    }
    Ok(Some(first))
}

async fn make_owner(
    settings: &Settings,
    chosen: &Bootstrap,
    meta: &MetaStore,
    clock: &Arc<dyn Clock>,
    first: &mut FirstStart,
) -> anyhow::Result<Account> {
    let password = match &chosen.password {
        Some(password) => password.expose().to_owned(),
        None => roadstead_auth::generate_password(),
    };
    let (secret_id, secret_key) = match (&chosen.secret_id, &chosen.secret_key) {
        (Some(id), Some(key)) => (id.expose().parse()?, key.expose().to_owned()),
        _ => (roadstead_auth::generate_secret_id(), roadstead_auth::generate_secret_key()),
    };
    // What the operator chose, the operator knows: it is written nowhere.
    first.record.clear();
    if chosen.password.is_none() {
        first.record.insert("password".into(), json!(password));
    }
    if chosen.secret_id.is_none() {
        first.record.insert("secret_id".into(), json!(secret_id.as_str()));
        first.record.insert("secret_key".into(), json!(secret_key));
    }
    first.write()?;
    let accounts = open_accounts(settings, meta, Arc::clone(clock))?;
    Ok(accounts.create(OWNER_NAME, Some(&password), Some((secret_id, secret_key))).await?.account)
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
    _jobs: Jobs,
    _lock: File,
}

/// Builds a registry from settings: stores, first start, services, background work, listeners. The same constructor serves
/// production and tests.
pub async fn build(settings: &Settings, chosen: &Bootstrap, parts: Parts) -> anyhow::Result<Registry> {
    make_data_dir(settings)?;
    let lock = lock_data_dir(settings)?;
    let clock = parts.clock;
    let meta = open_meta(settings, true).await?;
    finish_rotation(settings, &meta).await?;
    check_master_key(settings, &meta).await?;
    if meta.engine() == Engine::Sqlite {
        // Nobody else can be writing to an upload now: what holds a lease is a process that is gone.
        meta.release_all_upload_leases().await?;
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
    let first = first_start(settings, chosen, &meta, &clock).await?;
    let auth = open_auth(settings, &meta, Arc::clone(&clock)).await?;
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
    let url = match &settings.server.external_url {
        Some(_) => settings.url(),
        None => format!("{}://{}", if certificate.is_some() { "https" } else { "http" }, bound.address),
    };
    let first_start = first.map(|mut first| first.complete(&url)).transpose()?;
    let jobs = jobs::start(JobContext {
        auth,
        services,
        state: Arc::clone(&state),
        collector: open_collector(&meta, &store, clock),
        gc_interval: settings.gc.interval,
        sweep_interval: settings.gc.sweep_interval,
        orphan_age: settings.gc.orphan_age,
        certificate,
        audit_queue,
        audit_keep: settings.audit.keep(),
    });
    Ok(Registry { bound, metrics, state, url, first_start, _jobs: jobs, _lock: lock })
}

fn service_params(settings: &Settings) -> ServiceParams {
    ServiceParams {
        upload_ttl: settings.storage.upload_ttl,
        lease: settings.gc.lease,
        grace: settings.gc.grace,
        buffer_budget: settings.storage.buffer_budget.as_usize(),
        body_timeout: settings.server.body_timeout,
        manifest_bytes: settings.limits.manifest_bytes.as_usize(),
        manifest_cache_bytes: settings.cache.manifests_bytes.as_usize(),
        reserved_namespaces: settings.quotas.reserved_namespaces.clone(),
    }
}

fn limits(settings: &Settings) -> Limits {
    let limits = &settings.limits;
    let rate = NonZeroU32::new(limits.rate_limit_per_second).map(|rate| {
        let burst = NonZeroU32::new(limits.rate_limit_burst).unwrap_or(rate);
        Quota::per_second(rate).allow_burst(burst)
    });
    Limits {
        page_size_max: limits.page_size_max,
        page_size_default: limits.page_size_default,
        rate,
        chunk_min_bytes: limits.chunk_min_bytes.as_u64(),
        max_scopes: limits.token_scopes as usize,
    }
}

fn cloud_settings(settings: &Settings) -> CloudSettings {
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

fn listen_params(settings: &Settings, certificate: Option<Arc<Certificate>>) -> ListenParams {
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

/// Runs a registry until it is told to stop. `ready` is called once it can answer.
pub async fn run(registry: Registry, ready: impl FnOnce(&Registry)) -> anyhow::Result<()> {
    ready(&registry);
    let Registry { bound, metrics, state, _jobs, _lock, .. } = registry;
    let handle = bound.server.handle();
    let counted = state.services.pulls().clone();
    let stopper = actix_web::rt::spawn(server::stop_on_signal(handle, state.clone()));
    let metrics = metrics.map(|m| actix_web::rt::spawn(m.server));
    bound.server.await?;
    state.audit.flush().await;
    if let Err(error) = counted.flush().await {
        tracing::warn!(error = %error, "the last counts of pulls are lost");
    }
    if let Err(error) = state.auth.record_key_uses().await {
        tracing::warn!(error = %error, "the last uses of access keys are lost");
    }
    stopper.abort();
    if let Some(metrics) = metrics {
        metrics.abort();
    }
    Ok(())
}

/// Checks that a text can be a new password's source: one line, not empty.
pub fn read_password(mut input: impl Read) -> anyhow::Result<String> {
    let mut text = String::new();
    input.by_ref().take(4096).read_to_string(&mut text).context("cannot read the password")?;
    let password = text.trim_end_matches(['\r', '\n']);
    ensure!(!password.is_empty(), "the password is empty");
    Ok(password.to_owned())
}
