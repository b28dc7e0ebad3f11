//! Databases for tests, which are deleted afterwards.

use std::time::Duration;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};
use uuid::Uuid;

use crate::meta::{MetaParams, MetaStore, Quotas, sqlite_url};

/// The URL of a PostgreSQL server on which tests may make databases.
const SERVER: &str = "ROADSTEAD_TEST_POSTGRES_URL";
/// When it is 1, a suite that cannot run is a failure.
const REQUIRE: &str = "ROADSTEAD_TEST_REQUIRE";

/// An empty database, which is deleted when this is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    home: Home,
}

#[derive(Debug)]
enum Home {
    /// A directory, which is removed when it is dropped.
    Sqlite(#[expect(dead_code, reason = "held for its destructor")] tempfile::TempDir),
    Postgres {
        server: String,
        name: String,
    },
}

impl TestDatabase {
    /// Makes an SQLite file in a temporary directory.
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { url: sqlite_url(&directory.path().join("roadstead.db")), home: Home::Sqlite(directory) }
    }

    /// Makes a database on the server that `ROADSTEAD_TEST_POSTGRES_URL` names; `None` when it names none.
    ///
    /// # Panics
    /// When it names none and `ROADSTEAD_TEST_REQUIRE` is 1, and when the server does not make the database.
    pub async fn postgres() -> Option<Self> {
        let Ok(server) = std::env::var(SERVER) else {
            let required = std::env::var(REQUIRE).is_ok_and(|value| value == "1");
            assert!(!required, "{REQUIRE} is 1, but {SERVER} is not set");
            return None;
        };
        let name = format!("roadstead_test_{}", Uuid::new_v4().simple());
        // The locale of the server must not matter, so the one of its template is used.
        administer(&server, format!("CREATE DATABASE {name}")).await;
        let mut options: AnyConnectOptions = server.parse().unwrap();
        options.database_url.set_path(&name);
        let url = options.database_url.to_string();
        Some(Self { url, home: Home::Postgres { server, name } })
    }

    /// Makes a PostgreSQL database if there is a server, else an SQLite file.
    pub async fn any() -> Self {
        Self::postgres().await.unwrap_or_else(Self::sqlite)
    }

    /// Returns its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the parameters for a process named `process`.
    pub fn params(&self, process: &str) -> MetaParams {
        MetaParams {
            url: self.url.clone(),
            max_connections: 8,
            busy_timeout: Duration::from_secs(20),
            process: process.to_owned(),
            quotas: Quotas::default(),
        }
    }

    /// Blocks all writes to it.
    pub async fn hold_writes(&self) -> HeldWrites {
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(&self.url).await.unwrap();
        let sql = match self.home {
            Home::Sqlite(_) => "BEGIN IMMEDIATE",
            Home::Postgres { .. } => LOCK_ALL,
        };
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        HeldWrites(connection)
    }

    /// Returns how many transactions were aborted because of deadlocks. Only those of closed connections are counted.
    pub async fn deadlocks(&self) -> i64 {
        match self.home {
            Home::Sqlite(_) => 0,
            Home::Postgres { .. } => {
                let mut connection = AnyConnection::connect(&self.url).await.unwrap();
                let count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
                sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap()
            }
        }
    }

    /// Opens it as the process named `process`, and brings its schema up to date.
    pub async fn open(&self, process: &str) -> MetaStore {
        let store = MetaStore::open(&self.params(process)).await.unwrap();
        store.migrate().await.unwrap();
        store
    }
}

/// Blocks all writes to a database, until it is released or dropped. Reads are not affected.
#[derive(Debug)]
pub struct HeldWrites(AnyConnection);

impl HeldWrites {
    /// Ends the block.
    pub async fn release(mut self) {
        sqlx::raw_sql("ROLLBACK").execute(&mut self.0).await.unwrap();
        self.0.close().await.unwrap();
    }
}

const LOCK_ALL: &str = "BEGIN; DO $$ DECLARE name text; BEGIN \
     FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP \
     EXECUTE format('LOCK TABLE %I IN SHARE MODE', name); END LOOP; END $$";

async fn administer(server: &str, sql: String) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(server).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Home::Postgres { server, name } = &self.home {
            let (server, sql) = (server.clone(), format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
            // This may run in a runtime, which must not block on another one.
            let dropped = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(administer(&server, sql));
            })
            .join();
            if dropped.is_err() {
                tracing::warn!(database = name, "a test database was not dropped");
            }
        }
    }
}
