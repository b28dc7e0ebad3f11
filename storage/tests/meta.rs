//! The metadata suite on every engine.
#![cfg(feature = "testkit")]

use roadstead_storage::testkit::{TestDatabase, meta_suite};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    meta_suite(&TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    match TestDatabase::postgres().await {
        Some(database) => meta_suite(&database).await,
        None => println!("skipped: set ROADSTEAD_TEST_POSTGRES_URL"),
    }
}
