//! The behaviours of the metadata store on every engine, one in each test.
#![cfg(feature = "testkit")]

use roadstead_storage::for_each_meta_behaviour;

macro_rules! on_sqlite {
    ($($name:ident)*) => {
        mod sqlite {
            use roadstead_storage::testkit::{TestDatabase, meta};

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    meta::$name(&TestDatabase::sqlite()).await;
                }
            )*
        }
    };
}

macro_rules! on_postgres {
    ($($name:ident)*) => {
        mod postgres {
            use roadstead_storage::testkit::{TestDatabase, meta};

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    match TestDatabase::postgres().await {
                        Some(database) => meta::$name(&database).await,
                        None => println!("skipped: set ROADSTEAD_TEST_POSTGRES_URL"),
                    }
                }
            )*
        }
    };
}

for_each_meta_behaviour!(on_sqlite);
for_each_meta_behaviour!(on_postgres);
