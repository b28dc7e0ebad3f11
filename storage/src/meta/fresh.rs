//! A fresh store for unit tests.

use std::time::Duration;

use tempfile::TempDir;

use super::{MetaParams, MetaStore, Quotas, sqlite_url};

/// Makes an empty database in a directory that is deleted with the first value.
pub(super) async fn fresh() -> (TempDir, MetaStore) {
    let directory = tempfile::tempdir().unwrap();
    let params = MetaParams {
        url: sqlite_url(&directory.path().join("a.db")),
        max_connections: 1,
        busy_timeout: Duration::from_secs(1),
        process: "one".to_owned(),
        quotas: Quotas::default(),
    };
    let store = MetaStore::open(&params).await.unwrap();
    store.migrate().await.unwrap();
    (directory, store)
}
