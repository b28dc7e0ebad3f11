//! The schema, in steps. A released step is never changed: add another one.

use std::borrow::Cow;

use futures::future::BoxFuture;
use sqlx::error::BoxDynError;
use sqlx::migrate::{MigrateError, Migration, MigrationSource, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Connection as _, SqlSafeStr as _};
use uuid::Uuid;

use super::sql::SqlResult as _;
use super::{Engine, MetaStore};
use crate::{Error, Result};

/// Version, name and text of every step, in order.
const STEPS: &[(i64, &str, &str)] = &[
    (1, "accounts", include_str!("../../migrations/0001_accounts.sql")),
    (2, "repositories", include_str!("../../migrations/0002_repositories.sql")),
    (3, "personal", include_str!("../../migrations/0003_personal.sql")),
    (4, "cam", include_str!("../../migrations/0004_cam.sql")),
    (5, "images", include_str!("../../migrations/0005_images.sql")),
    (6, "instances", include_str!("../../migrations/0006_instances.sql")),
    (7, "audit", include_str!("../../migrations/0007_audit.sql")),
    (8, "instance token secrets", include_str!("../../migrations/0008_instance_token_secrets.sql")),
    (9, "identity providers", include_str!("../../migrations/0009_identity_providers.sql")),
    (10, "uploads go with accounts", include_str!("../../migrations/0010_uploads_go_with_accounts.sql")),
    (11, "repositories made", include_str!("../../migrations/0011_repositories_made.sql")),
    (12, "audit of dry runs", include_str!("../../migrations/0012_audit_of_dry_runs.sql")),
    (13, "jobs", include_str!("../../migrations/0013_jobs.sql")),
    (14, "outbox", include_str!("../../migrations/0014_outbox.sql")),
    (15, "change log", include_str!("../../migrations/0015_change_log.sql")),
    (16, "condemned", include_str!("../../migrations/0016_condemned.sql")),
    (17, "artifact types without case", include_str!("../../migrations/0017_artifact_types_without_case.sql")),
    (19, "format of object keys", include_str!("../../migrations/0019_format_of_object_keys.sql")),
    (20, "servers", include_str!("../../migrations/0020_servers.sql")),
    (21, "what nobody reads", include_str!("../../migrations/0021_what_nobody_reads.sql")),
    (22, "objects", include_str!("../../migrations/0022_objects.sql")),
    (23, "indexes of references", include_str!("../../migrations/0023_indexes_of_references.sql")),
    (24, "shown by namespaces", include_str!("../../migrations/0024_shown_by_namespaces.sql")),
    (25, "rows by key", include_str!("../../migrations/0025_rows_by_key.sql")),
];

/// The steps in the dialect of an engine. Nothing else differs between the two engines.
#[derive(Clone, Copy, Debug)]
struct Steps(Engine);

impl Steps {
    fn render(self, text: &str) -> String {
        let words: [(&str, &str); 4] = match self.0 {
            Engine::Sqlite => [
                // An id is never used again, even after its row was deleted.
                ("{id}", "INTEGER PRIMARY KEY AUTOINCREMENT"),
                ("{blob}", "BLOB"),
                ("{text}", "TEXT"),
                ("{by key}", " WITHOUT ROWID"),
            ],
            // Names are compared and sorted byte by byte, whatever the locale of the database.
            Engine::Postgres => [
                ("{id}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
                ("{blob}", "BYTEA"),
                ("{text}", "TEXT COLLATE \"C\""),
                ("{by key}", ""),
            ],
        };
        words.iter().fold(text.to_owned(), |text, (word, dialect)| text.replace(word, dialect))
    }
}

impl MigrationSource<'static> for Steps {
    fn resolve(self) -> BoxFuture<'static, std::result::Result<Vec<Migration>, BoxDynError>> {
        let step = move |&(version, name, text): &(i64, &'static str, &str)| {
            let sql = AssertSqlSafe(self.render(text)).into_sql_str();
            Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql, false)
        };
        let steps = STEPS.iter().map(step).collect();
        Box::pin(async move { Ok(steps) })
    }
}

fn known_version() -> i64 {
    STEPS.last().map_or(0, |&(version, ..)| version)
}

/// The number of the lock under which the schema of a PostgreSQL database changes.
const SCHEMA_LOCK: i64 = 0x726f_6164;

impl MetaStore {
    /// Brings the schema up to date, and returns the number of steps that this took. Of several processes that do so
    /// at the same time, one works and the others wait.
    ///
    /// # Errors
    /// `SchemaNewer` when a newer release has changed the schema.
    pub async fn migrate(&self) -> Result<u32> {
        let mut migrator = Migrator::new(Steps(self.engine())).await.map_err(failed)?;
        // The lock of sqlx ends before the transaction below is committed.
        migrator.set_locking(false);
        let mut connection = self.lone_connection().await?;
        // One transaction for all steps. The transactions of sqlx become savepoints in it. On SQLite it is a lock by itself.
        let mut transaction = self.begin(&mut connection, "lock the schema").await?;
        if self.engine() == Engine::Postgres {
            let lock = sqlx::query("SELECT 1 FROM pg_advisory_xact_lock($1)").bind(SCHEMA_LOCK);
            lock.execute(&mut *transaction).await.op("lock the schema")?;
        }
        let before = applied(&mut transaction, self.engine()).await?.refuse_newer()?.count;
        migrator.run_direct(None, &mut *transaction, false).await.map_err(failed)?;
        name(&mut transaction).await?;
        let after = applied(&mut transaction, self.engine()).await?.count;
        transaction.commit().await.op("commit the schema")?;
        connection.close().await.op("close the connection")?;
        Ok(u32::try_from(after - before).unwrap_or(0))
    }

    /// Checks that the schema is the one of this release.
    ///
    /// # Errors
    /// `SchemaNewer`, `SchemaOlder`.
    pub async fn check_schema(&self) -> Result<()> {
        let mut connection = self.reader().acquire().await.op("connect to the database")?;
        let found = applied(&mut connection, self.engine()).await?.refuse_newer()?;
        let all = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
        if found.count == all { Ok(()) } else { Err(Error::SchemaOlder) }
    }
}

/// Gives the database its id, once.
async fn name(connection: &mut sqlx::AnyConnection) -> Result<()> {
    let insert = sqlx::query("INSERT INTO identity (id, store_id) VALUES (1, $1) ON CONFLICT (id) DO NOTHING");
    insert.bind(Uuid::new_v4().to_string()).execute(connection).await.op("name the database")?;
    Ok(())
}

struct Applied {
    count: i64,
    newest: i64,
}

impl Applied {
    fn refuse_newer(self) -> Result<Self> {
        let known = known_version();
        if self.newest > known { Err(Error::SchemaNewer { found: self.newest, known }) } else { Ok(self) }
    }
}

async fn applied(connection: &mut sqlx::AnyConnection, engine: Engine) -> Result<Applied> {
    let table_exists = match engine {
        Engine::Sqlite => "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'",
        Engine::Postgres => {
            "SELECT COUNT(*) FROM pg_catalog.pg_tables \
             WHERE schemaname = current_schema() AND tablename = '_sqlx_migrations'"
        }
    };
    let tables: i64 = sqlx::query_scalar(table_exists).fetch_one(&mut *connection).await.op("look for the schema")?;
    if tables == 0 {
        return Ok(Applied { count: 0, newest: 0 });
    }
    let (count, newest) = sqlx::query_as("SELECT COUNT(*), COALESCE(MAX(version), 0) FROM _sqlx_migrations")
        .fetch_one(connection)
        .await
        .op("read the schema version")?;
    Ok(Applied { count, newest })
}

fn failed(error: MigrateError) -> Error {
    match error {
        MigrateError::VersionMissing(found) => Error::SchemaNewer { found, known: known_version() },
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
            let outcome: sqlx::Result<()> = Err(source);
            outcome.op("migrate the schema").err().unwrap_or(Error::SchemaOlder)
        }
        other => Error::Backend { op: "migrate the schema", source: Box::new(other) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadstead_types::{Algorithm, Hasher};

    /// A database that has taken a step refuses a program in which the step is another one.
    /// `(cd storage/migrations && sha256sum [0-9]*.sql >SHA256SUMS)` adds new steps.
    #[test]
    fn steps_stay_as_they_were_merged() {
        let sums = include_str!("../../migrations/SHA256SUMS");
        let merged: Vec<(&str, i64)> = sums
            .lines()
            .map(|line| line.split_once("  ").unwrap())
            .map(|(sum, file)| (sum, file.split('_').next().unwrap().parse().unwrap()))
            .collect();
        assert_eq!(merged.len(), STEPS.len());
        for (&(version, name, text), &(sum, of)) in STEPS.iter().zip(&merged) {
            let mut hasher = Hasher::new(Algorithm::Sha256);
            hasher.update(text.as_bytes());
            assert_eq!((hasher.finish().as_str(), version), (&*format!("sha256:{sum}"), of), "{name}");
        }
    }
}
