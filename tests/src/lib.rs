//! The harness of the black-box suites: a real registry in this process, and clients that speak HTTP to it.
//!
//! * [`TestRegistry::builder`] starts the server that `roadstead serve` runs, on a free port, over a fresh database and
//!   blob store, with a clock that the test can move. It is built by the same `bootstrap::build` as in production.
//! * [`Client`] is a caller with one kind of credentials. Its verbs give an [`Answer`]; `expect` on it is the usual
//!   assertion, and says the whole answer when it fails.
//! * [`Cloud`] is a caller of the cloud API, who signs; `call` gives a [`Reply`], whose `ok` and `expect` are the usual
//!   assertions.
//! * [`Image`] is content to push; [`raw`] is for requests that a polite client cannot send.
//! * [`Binary`] is the real executable, for what only a process can show: signals, exit codes, two processes at once.
//!
//! A registry that is dropped is checked: an upload that is still leased, staged bytes without a row, or a row without
//! its object fail the test that left them behind.
//!
//! `ROADSTEAD_TEST_DATABASE=postgres` puts the metadata of every test into a database of its own on the server at
//! `ROADSTEAD_TEST_POSTGRES_URL`; the default is SQLite.
//!
//! To add a suite: a file in `tests/tests/`, or a module in `tests/tests/api/` when it is about one part of the URL space.

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

/// How long anything in another process or thread may take before a test gives up on it. Generous: it bounds a hang, it
/// measures nothing.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Asks again and again until the answer is `Some`, for what another process or thread does in its own time.
///
/// # Panics
/// When it has not happened after [`DEADLINE`].
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
        waited.await.unwrap_or_else(|_| panic!("{caller}: it never happened: {what}"))
    }
}
