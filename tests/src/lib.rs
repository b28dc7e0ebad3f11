//! The harness of the black-box suites: a real registry in this process, and clients that speak HTTP to it.
//!
//! * [`TestRegistry::builder`] starts the server that `roadstead serve` runs, on a free port, over a fresh database and
//!   blob store, with a clock that the test can move. It is built by the same `bootstrap::build` as in production.
//! * [`Client`] is a caller with one kind of credentials. Its methods return an [`Answer`]; `expect` on it is the usual
//!   assertion, and shows the whole answer if it fails.
//! * [`Cloud`] is a caller of the cloud API that signs its requests; `call` returns a [`Reply`], whose `ok` and
//!   `expect` are the usual assertions.
//! * [`Image`] is content to push; [`raw`] is for requests that an ordinary client cannot send.
//! * [`Binary`] is the real executable, for tests that need a process: signals, exit codes, two processes at once.
//!
//! When a registry is dropped, its data is checked. A test fails if it leaves an upload with a running lease, staged
//! bytes without a row, or a row without its object.
//!
//! `ROADSTEAD_TEST_DATABASE=postgres` puts the metadata of every test into a database of its own on the server at
//! `ROADSTEAD_TEST_POSTGRES_URL`; the default is SQLite.
//!
//! To add a suite, add a file in `tests/tests/`, or a module in `tests/tests/api/` if it is about one part of the URL
//! space.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod answer;
mod builder;
mod client;
mod cloud;
mod content;
pub mod houses;
pub mod parameters;
pub mod people;
mod process;
pub mod provider;
pub mod raw;
mod registry;
mod token;
mod verify;

pub use answer::Answer;
pub use builder::{Builder, Database, Store};
pub use client::{Client, Credentials, Request};
pub use cloud::{Cloud, Prepared, Reply, Signing};
pub use content::{Image, digest, digest512, random_bytes};
pub use process::{Binary, Server};
pub use registry::{Account, OWNER_PASSWORD, SERVER_THREAD, TestRegistry};
pub use token::{Tokens, claims};

use std::time::Duration;

/// How long a test waits for another process or thread. The time is generous: it ends a hang, and measures nothing.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Calls `ask` until it returns `Some`, to wait for another process or thread.
///
/// # Panics
/// If that takes longer than [`DEADLINE`].
#[track_caller]
pub fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let waited = tokio::time::timeout(DEADLINE, async {
            loop {
                if let Some(found) = ask().await {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("{caller}: waited in vain: {what}"))
    }
}
