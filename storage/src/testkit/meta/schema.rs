//! The behaviour of the schema and the connections in every metadata store.

use sqlx::{AssertSqlSafe, Row as _};

use crate::Error;
use crate::meta::{Engine, MetaStore};
use crate::testkit::TestDatabase;

/// Steps that depend on each other are there together: of a server that runs meanwhile, no statement comes between two of them.
pub(super) async fn a_migration_that_fails_leaves_nothing(database: &TestDatabase) {
    let store = MetaStore::open(&database.params("first")).await.unwrap();
    // A late step stumbles over it.
    sqlx::query("CREATE TABLE servers (id BIGINT)").execute(store.writer()).await.unwrap();
    let failed = store.migrate().await;
    assert!(failed.is_err(), "{failed:?}");
    let accounts = sqlx::query("SELECT id FROM accounts").fetch_all(store.reader()).await;
    assert!(accounts.is_err(), "the first steps were kept");
    sqlx::query("DROP TABLE servers").execute(store.writer()).await.unwrap();
    store.close().await;
}

/// A server of a release whose keys have no format would find none of its objects in the database, and sweep them all.
pub(super) async fn an_older_server_finds_no_objects(database: &TestDatabase) {
    let store = database.open("one").await;
    for statement in [
        "SELECT object_key FROM blobs WHERE object_key IN ('sha256/ab/abcd')",
        "INSERT INTO blobs (digest, object_key, size, state, lease_until, created_at) VALUES ('', '', 0, 0, 0, 0)",
    ] {
        let outcome = sqlx::query(statement).execute(store.writer()).await;
        assert!(outcome.is_err(), "{statement}");
    }
    store.close().await;
}

/// To delete a row, the database looks for rows that refer to it. (The tables are the same on every engine.)
pub(super) async fn every_reference_is_found_by_an_index(database: &TestDatabase) {
    let store = database.open("one").await;
    if store.engine() == Engine::Sqlite {
        // No registry is ever deleted.
        let references = sqlx::query_as(
            "SELECT m.name, f.\"from\" FROM sqlite_master m, pragma_foreign_key_list(m.name) f \
             WHERE m.type = 'table' AND f.\"table\" <> 'registries'",
        );
        let references: Vec<(String, String)> = references.fetch_all(store.reader()).await.unwrap();
        assert!(references.len() > 30, "{references:?}");
        for (table, column) in references {
            let explain = format!("EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE {column} = 1");
            let plan = sqlx::query(AssertSqlSafe(explain)).fetch_all(store.reader()).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
            assert!(plan.iter().all(|step| step.starts_with("SEARCH")), "{table}.{column}: {plan:?}");
        }
    }
    store.close().await;
}

pub(super) async fn steps_run_once_and_newer_ones_are_refused(database: &TestDatabase) {
    let store = MetaStore::open(&database.params("first")).await.unwrap();
    assert!(matches!(store.check_schema().await, Err(Error::SchemaOlder)));
    // Of several processes at once, one works and the others wait.
    let stores = futures::future::join_all((0..4).map(|number| {
        let params = database.params(&format!("process-{number}"));
        async move { MetaStore::open(&params).await.unwrap() }
    }))
    .await;
    let runs = futures::future::join_all(stores.iter().map(MetaStore::migrate)).await;
    assert!(runs.iter().all(Result::is_ok), "{runs:?}");
    assert!(runs.iter().any(|run| matches!(run, Ok(steps) if *steps > 0)));
    assert_eq!(store.migrate().await.unwrap(), 0);
    store.check_schema().await.unwrap();
    store.ping().await.unwrap();
    let insert = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT 9999, description, success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
    sqlx::query(insert).execute(store.writer()).await.unwrap();
    assert!(matches!(store.check_schema().await, Err(Error::SchemaNewer { found: 9999, .. })));
    assert!(matches!(store.migrate().await, Err(Error::SchemaNewer { found: 9999, .. })));
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 9999").execute(store.writer()).await.unwrap();
    store.check_schema().await.unwrap();
    assert!(store.pool_stats().size >= 1);
    for store in stores.iter().chain([&store]) {
        store.close().await;
    }
}

/// An administrator may have set such defaults for the database, to make something else faster.
pub(super) async fn defaults_of_the_server_weaken_nothing(database: &TestDatabase) {
    let store = database.open("one").await;
    if store.engine() == Engine::Postgres {
        let name: String =
            sqlx::query_scalar("SELECT current_database()::text").fetch_one(store.reader()).await.unwrap();
        let settings =
            [("synchronous_commit", "on", "off"), ("default_transaction_isolation", "read committed", "serializable")];
        for (setting, _, weak) in settings {
            let alter = format!("ALTER DATABASE {name} SET {setting} = '{weak}'");
            sqlx::raw_sql(AssertSqlSafe(alter)).execute(store.writer()).await.unwrap();
        }
        let fresh = database.open("two").await;
        for (setting, expected, _) in settings {
            let show = format!("SELECT current_setting('{setting}')");
            let value: String = sqlx::query_scalar(AssertSqlSafe(show)).fetch_one(fresh.writer()).await.unwrap();
            assert_eq!(value, expected, "{setting}");
        }
        fresh.close().await;
        for (setting, ..) in settings {
            let reset = format!("ALTER DATABASE {name} RESET {setting}");
            sqlx::raw_sql(AssertSqlSafe(reset)).execute(store.writer()).await.unwrap();
        }
    }
    store.close().await;
}

/// The URL holds the password of the database.
pub(super) async fn nothing_shows_the_url(database: &TestDatabase) {
    let mut params = database.params("one");
    let store = MetaStore::open(&params).await.unwrap();
    let shown = format!("{store:?}");
    assert!(!shown.contains("roadstead_test_") && !shown.contains("roadstead.db"), "{shown}");
    store.close().await;
    params.url = "postgres://roadstead:hunter2@database/roadstead".to_owned();
    let shown = format!("{params:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}
