//! Everything but the bytes of blobs: accounts, names, the graph of manifests, uploads, leases.
//!
//! One SQL text runs on SQLite and on PostgreSQL (`docs/adr/0002`): `$1` placeholders, `BIGINT` for numbers, times
//! (milliseconds) and booleans, `ON CONFLICT`, `RETURNING`. To lock a row, a transaction runs `UPDATE ... RETURNING`
//! on it. That takes a row lock on PostgreSQL; on SQLite the one writer has the whole database anyway.
//! All transactions take their locks in one order: see `locks`.

mod accounts;
mod act;
mod audit;
mod blobs;
mod cam;
mod catalog;
mod changes;
mod condemned;
mod duplicate;
mod durable;
mod favorites;
#[cfg(test)]
mod fresh;
mod images;
mod instances;
mod jobs;
mod keys;
#[cfg(feature = "testkit")]
mod kit;
mod lifecycle;
mod locks;
mod manifests;
mod migrations;
mod model;
mod namespaces;
mod outbox;
mod personal;
mod pulls;
mod quotas;
mod repositories;
mod review;
mod row;
mod schedules;
mod sealed;
mod search;
mod servers;
mod sessions;
mod sql;
mod statement;
mod sweep;
mod tags;
mod tokens;
mod trigger_log;
mod triggers;
mod unit;
mod uploads;

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Connection as _, Transaction};

pub use accounts::NewAccount;
pub use act::{Act, Timing};
pub use audit::event::{AuditEvent, AuditOutcome};
pub use audit::{AuditCursor, AuditQuery};
pub use cam::{
    Attached, Entity, Group, Holder, Member, NewAccessKey, NewOidcProvider, NewPolicy, NewRole, NewUser, OidcProvider,
    Policy, PolicyCounts, PolicySummary, Role, StoredPolicies, StoredPolicy, User, UserChange, UserProfile, limits,
};
pub use changes::{Change, ChangeCounters, Changes, Made, Scope};
pub use duplicate::{DuplicateImage, Duplicated};
pub use images::{TagFilter, TaggedImage};
pub use instances::{
    Edition, Instance, InstanceChange, InstanceNamespace, InstanceRepository, InstanceToken, NamespaceSettings,
    NewInstance, NewInstanceToken, Payment, RepositoryOrder, RepositoryQuery, ResourceTag, Texts,
};
pub use jobs::{
    ClaimedJob, EMPTY_REGISTRY, EMPTY_REPOSITORY, Job, JobCount, JobEnd, JobLease, JobQuery, JobState, NewJob,
};
pub use lifecycle::{LifecycleKind, LifecycleRule, LifecycleScope};
pub use model::{
    AccessKey, Account, AccountStatus, Blob, CommitBlob, Committed, Lease, Namespace, NewRefreshToken, NewUpload,
    PutManifest, PutOutcome, Readable, Referrer, Referrers, RefreshToken, Repository, Rotation, SigningKey,
    StoredManifest, Upload, UploadLease,
};
pub use outbox::{Event, Happened, KeyChange};
pub use personal::{
    Among, NamespaceDetail, NamespaceSearch, NewNamespace, NewRepository, Order, QuotaKind, Quotas, RepositoryDetail,
    RepositorySearch,
};
pub use review::{Review, ReviewTarget};
pub use schedules::Schedule;
pub use sealed::{Sealed, SealedKind};
pub use sessions::{ProviderVersion, RoleVersion};
pub use trigger_log::{TriggerRun, TriggerRunOrder, TriggerRunPage};
pub use triggers::{InvokeMethod, Trigger, TriggerFilter, TriggerSpec, Workload};

use crate::{Error, Result};
use sql::SqlResult as _;

/// The parameters of the database.
#[derive(Clone)]
pub struct MetaParams {
    /// `sqlite:PATH` (see [`sqlite_url`]) or `postgres://...`.
    pub url: String,
    /// The greatest number of connections. On SQLite, of the reading ones; there is one more for writing.
    pub max_connections: u32,
    /// How long to wait for the lock of another writer, or for a connection.
    pub busy_timeout: Duration,
    /// A random id of this process, which holds its leases.
    pub process: String,
    /// The default quotas of a main account.
    pub quotas: Quotas,
}

// The URL may hold a password.
impl fmt::Debug for MetaParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url: _, max_connections, busy_timeout, process, quotas } = self;
        f.debug_struct("MetaParams")
            .field("max_connections", max_connections)
            .field("busy_timeout", busy_timeout)
            .field("process", process)
            .field("quotas", quotas)
            .finish_non_exhaustive()
    }
}

/// Returns the URL of the SQLite database in the file `path`, with any characters.
pub fn sqlite_url(path: &Path) -> String {
    let mut url = String::from("sqlite:");
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

/// A database engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// SQLite, in this process.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// The state of the connection pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolStats {
    /// Open connections.
    pub size: u32,
    /// Idle connections.
    pub idle: u32,
}

/// The metadata store. Cheap to clone; all clones share their connections.
#[derive(Clone)]
pub struct MetaStore {
    inner: Arc<Inner>,
}

// The connection options may hold a password.
impl fmt::Debug for MetaStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetaStore").field("engine", &self.inner.engine).finish_non_exhaustive()
    }
}

struct Inner {
    engine: Engine,
    options: AnyConnectOptions,
    /// One connection on SQLite, the same pool as `reader` on PostgreSQL.
    writer: AnyPool,
    reader: AnyPool,
    /// The write-ahead log of SQLite, which durable commits wait for. PostgreSQL waits by itself.
    log: Option<durable::Log>,
    busy_timeout: Duration,
    process: String,
    quotas: Quotas,
    /// Whether every connection is checked before it is used.
    wary: Arc<AtomicBool>,
}

static DRIVERS: Once = Once::new();

/// A connection that was idle for less time than this is used without checking whether it still works.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

impl MetaStore {
    /// Connects to the database. A missing SQLite file is created. No migrations run.
    ///
    /// # Errors
    /// `Unavailable` when no connection can be made, `Backend` for a malformed URL.
    pub async fn open(params: &MetaParams) -> Result<Self> {
        Self::connect(params, "rwc").await
    }

    /// Opens the database like [`open`](Self::open), but does not create a missing file.
    ///
    /// # Errors
    /// Those of `open`; `Unavailable` or `Backend` when the file is missing.
    pub async fn open_existing(params: &MetaParams) -> Result<Self> {
        Self::connect(params, "rw").await
    }

    /// Connects. `mode` is the mode of an SQLite file if the URL has none.
    async fn connect(params: &MetaParams, mode: &str) -> Result<Self> {
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        let (engine, url) = engine_of(&params.url, mode)?;
        let options: AnyConnectOptions = url.parse().op("parse the database URL")?;
        let wary = Arc::new(AtomicBool::new(false));
        let pool = |max: u32| pool_options(engine, params.busy_timeout, Arc::clone(&wary)).max_connections(max.max(1));
        let (writer, reader) = match engine {
            Engine::Sqlite => {
                // The writer connects first, because it creates the file and enables the write-ahead log.
                let writer = pool(1).min_connections(1).connect_with(options.clone()).await;
                let reader = pool(params.max_connections).connect_lazy_with(options.clone());
                (writer.op("open the database")?, reader)
            }
            Engine::Postgres => {
                let pool = pool(params.max_connections).connect_with(options.clone()).await;
                let pool = pool.op("connect to the database")?;
                (pool.clone(), pool)
            }
        };
        let log = match engine {
            Engine::Sqlite => {
                let file = sqlx::query_scalar("SELECT file FROM pragma_database_list WHERE name = 'main'");
                let file: String = file.fetch_one(&writer).await.op("find the database file")?;
                (!file.is_empty()).then(|| durable::Log::of(&file))
            }
            Engine::Postgres => None,
        };
        let (busy_timeout, process, quotas) = (params.busy_timeout, params.process.clone(), params.quotas);
        let inner = Inner { engine, options, writer, reader, log, busy_timeout, process, quotas, wary };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Returns the engine.
    pub fn engine(&self) -> Engine {
        self.inner.engine
    }

    /// Returns the numbers of connections.
    pub fn pool_stats(&self) -> PoolStats {
        let pools: &[&AnyPool] = match self.inner.engine {
            Engine::Sqlite => &[&self.inner.writer, &self.inner.reader],
            Engine::Postgres => &[&self.inner.reader],
        };
        PoolStats {
            size: pools.iter().map(|pool| pool.size()).sum(),
            idle: pools.iter().map(|pool| u32::try_from(pool.num_idle()).unwrap_or(u32::MAX)).sum(),
        }
    }

    /// Checks that the database answers.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(self.reader()).await.op("ping the database")?;
        self.inner.log.as_ref().map_or(Ok(()), durable::Log::check)
    }

    /// Checks every connection before each use from now on, however short it was idle. For programs that end threads
    /// with their own runtimes: connections that were opened there end with them.
    pub fn trust_no_connection(&self) {
        self.inner.wary.store(true, Ordering::Relaxed);
    }

    /// Closes all connections. Later calls fail.
    pub async fn close(&self) {
        self.inner.reader.close().await;
        self.inner.writer.close().await;
    }

    pub(crate) fn reader(&self) -> &AnyPool {
        &self.inner.reader
    }

    pub(crate) fn writer(&self) -> &AnyPool {
        &self.inner.writer
    }

    fn default_quotas(&self) -> &Quotas {
        &self.inner.quotas
    }

    /// Returns the random id of this process.
    fn process(&self) -> &str {
        &self.inner.process
    }

    /// Returns a connection for writing.
    async fn writing(&self, op: &'static str) -> Result<PoolConnection<Any>> {
        self.inner.writer.acquire().await.op(op)
    }

    /// Begins a writing transaction. On SQLite it takes the write lock at once, so that it never has to start over
    /// halfway.
    async fn begin<'a>(&self, connection: &'a mut AnyConnection, op: &'static str) -> Result<Transaction<'a, Any>> {
        // What cannot become durable is not committed either: others would see it although its caller gets an error.
        self.inner.log.as_ref().map_or(Ok(()), durable::Log::check)?;
        match self.inner.engine {
            Engine::Sqlite => connection.begin_with("BEGIN IMMEDIATE").await.op(op),
            Engine::Postgres => connection.begin().await.op(op),
        }
    }

    /// Returns when everything that was committed before survives a loss of power. A promise to a client waits for
    /// this, and so does every [`unit::unit!`]. Data that only has to survive the end of the process does not wait.
    async fn durable(&self) -> Result<()> {
        match &self.inner.log {
            Some(log) => log.wait().await,
            None => Ok(()),
        }
    }

    /// Opens a separate connection, outside the pools.
    async fn lone_connection(&self) -> Result<AnyConnection> {
        let mut connection = AnyConnection::connect_with(&self.inner.options).await.op("connect to the database")?;
        prepare(&mut connection, self.inner.engine, self.inner.busy_timeout).await.op("prepare the connection")?;
        if self.inner.engine == Engine::Sqlite {
            // Commits on this connection do not wait for the log, so let SQLite sync it.
            let full = sqlx::raw_sql("PRAGMA synchronous = FULL").execute(&mut connection).await;
            full.op("prepare the connection")?;
        }
        Ok(connection)
    }
}

fn engine_of(url: &str, mode: &str) -> Result<(Engine, String)> {
    if url.starts_with("sqlite:") {
        let separator = if url.contains('?') { '&' } else { '?' };
        let mode = if url.contains("mode=") { String::new() } else { format!("{separator}mode={mode}") };
        Ok((Engine::Sqlite, format!("{url}{mode}")))
    } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        Ok((Engine::Postgres, url.to_owned()))
    } else {
        // The URL itself may hold a password, so it is not repeated.
        let source = "a database URL begins with sqlite: or postgres:".into();
        Err(Error::Backend { op: "parse the database URL", source })
    }
}

fn pool_options(engine: Engine, busy_timeout: Duration, wary: Arc<AtomicBool>) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .acquire_timeout(busy_timeout.max(Duration::from_secs(1)))
        .test_before_acquire(false)
        .before_acquire(move |connection, meta| {
            let trusted = meta.idle_for <= TRUSTED_IDLE && !wary.load(Ordering::Relaxed);
            Box::pin(async move {
                if engine == Engine::Postgres && !trusted {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| Box::pin(async move { prepare(connection, engine, busy_timeout).await }))
}

async fn prepare(connection: &mut AnyConnection, engine: Engine, busy_timeout: Duration) -> sqlx::Result<()> {
    match engine {
        Engine::Sqlite => {
            // The timeout is set first, because enabling the log may already have to wait for another process.
            let pragmas = format!(
                "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
                 PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384; \
                 PRAGMA journal_size_limit = 67108864;",
                busy_timeout.as_millis()
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(pragmas)).execute(connection).await?;
        }
        Engine::Postgres => {
            // Defaults of a role or a server must not weaken the guarantees here.
            let settings = format!(
                "SET lock_timeout = {}; SET TIME ZONE 'UTC'; SET default_transaction_isolation = 'read committed'; \
                 SELECT set_config('synchronous_commit', 'on', false) \
                 WHERE current_setting('synchronous_commit') = 'off';",
                busy_timeout.as_millis()
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(settings)).execute(connection).await?;
        }
    }
    Ok(())
}
