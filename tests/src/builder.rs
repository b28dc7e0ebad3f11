//! The builder of a registry for a test.

use std::sync::Arc;
use std::time::Duration;

use roadstead_config::{ByteSize, Driver, FirstCredentials, Secret, Settings};
use roadstead_storage::blob::{BlobStore, MemoryBlobStore};
use roadstead_storage::testkit::TestDatabase;
use roadstead_types::{Clock, ManualClock, SystemClock};

use crate::registry::{OWNER_PASSWORD, Stage, TestRegistry};

/// The store of the metadata.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Database {
    /// A file below the data directory.
    Sqlite,
    /// A database of its own on the server at `ROADSTEAD_TEST_POSTGRES_URL`.
    Postgres,
}

impl Database {
    /// The database that `ROADSTEAD_TEST_DATABASE` names; SQLite by default.
    pub fn from_environment() -> Self {
        match std::env::var("ROADSTEAD_TEST_DATABASE").as_deref() {
            Err(_) | Ok("" | "sqlite") => Self::Sqlite,
            Ok("postgres") => Self::Postgres,
            Ok(other) => panic!("ROADSTEAD_TEST_DATABASE must be sqlite or postgres, not {other:?}"),
        }
    }
}

/// The store of the blobs.
#[derive(Clone)]
pub enum Store {
    /// Files below the data directory.
    Fs,
    /// The memory of the process.
    Memory,
    /// A store that the test made.
    Custom(Arc<dyn BlobStore>),
}

/// Builds a registry. The defaults are the database of the environment, files for blobs, and a clock that stands still.
#[must_use]
pub struct Builder {
    database: Database,
    store: Store,
    clock: Option<Arc<ManualClock>>,
    other_clock: Option<Arc<dyn Clock>>,
    settings: Settings,
}

impl Builder {
    pub(crate) fn new() -> Self {
        let mut settings = Settings::default();
        settings.server.listen = "127.0.0.1:0".parse().unwrap();
        settings.server.workers = 2;
        settings.server.shutdown_timeout = Duration::from_secs(5);
        settings.server.log_requests = false;
        settings.storage.buffer_budget = ByteSize::mib(8);
        settings.database.max_connections = 6;
        // Passwords are cheap, and tries are not limited. The suite about throttling sets limits.
        settings.auth.argon2.memory_kib = 8;
        settings.auth.argon2.iterations = 1;
        settings.auth.login_attempts = 100_000;
        settings.auth.login_attempts_per_address = 100_000;
        let clock = Some(Arc::new(ManualClock::new(SystemClock.now())));
        Self { database: Database::from_environment(), store: Store::Fs, clock, other_clock: None, settings }
    }

    /// The database.
    pub fn database(self, database: Database) -> Self {
        Self { database, ..self }
    }

    /// The blob store.
    pub fn store(self, store: Store) -> Self {
        Self { store, ..self }
    }

    /// Sets a clock that the test has made. Without it, the clock is [`TestRegistry::clock`].
    pub fn clock(self, clock: Arc<ManualClock>) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// Uses the clock of the machine, for tests with a second process on the same data.
    pub fn system_clock(self) -> Self {
        Self { clock: None, ..self }
    }

    /// Sets a clock of another type.
    pub fn any_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock: None, other_clock: Some(clock), ..self }
    }

    /// Changes the settings.
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Starts the registry. Returns `None` if it needs PostgreSQL and the environment names no server.
    ///
    /// # Panics
    /// If it does not start, or if `ROADSTEAD_TEST_REQUIRE=1` requires PostgreSQL and the environment names no server.
    pub async fn try_start(self) -> Option<TestRegistry> {
        let Self { database, store, clock, other_clock, mut settings } = self;
        let data = tempfile::tempdir().unwrap();
        settings.data_dir = data.path().join("data");
        let database = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(TestDatabase::postgres().await?),
        };
        if let Some(database) = &database {
            settings.database.url = Some(Secret::new(database.url()));
        }
        let manual = clock.clone();
        let clock: Arc<dyn Clock> = match (clock, other_clock) {
            (Some(clock), _) => clock,
            (None, Some(clock)) => clock,
            (None, None) => Arc::new(SystemClock),
        };
        let store: Option<Arc<dyn BlobStore>> = match store {
            Store::Fs => None,
            Store::Memory => {
                settings.storage.driver = Driver::Memory;
                Some(Arc::new(MemoryBlobStore::new(Arc::clone(&clock))))
            }
            Store::Custom(store) => Some(store),
        };
        settings.validate().unwrap();
        let bootstrap = FirstCredentials { password: Some(Secret::new(OWNER_PASSWORD)), ..FirstCredentials::default() };
        Some(TestRegistry::start(Stage { settings, bootstrap, clock, manual, store, database, data }).await)
    }

    /// Starts the registry.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start(self) -> TestRegistry {
        self.try_start().await.expect("ROADSTEAD_TEST_DATABASE=postgres needs ROADSTEAD_TEST_POSTGRES_URL")
    }
}

impl TestRegistry {
    /// Makes a builder.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Starts a registry with the defaults of the builder.
    pub async fn new() -> Self {
        Self::builder().start().await
    }
}
