use crate::Error;
use crate::meta::MetaStore;
use crate::testkit::TestDatabase;

pub(super) async fn steps_run_once_and_newer_ones_are_refused(database: &TestDatabase) {
    let store = MetaStore::open(&database.params("first")).await.unwrap();
    assert!(matches!(store.check_schema().await, Err(Error::SchemaOlder)));
    // Several processes at once: one works, the others wait.
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
