//! Stores the data of Roadstead: blobs in a blob store, everything else in SQL.
//!

//! * [`blob`] holds the bytes of blobs: a [`blob::BlobStore`] on files or in memory.
//! * [`meta`] holds everything else in SQL: a [`meta::MetaStore`] on SQLite or PostgreSQL.
//! * `testkit` (feature) is the suite that every blob store and every metadata engine passes, with stores that fail
//!   on purpose.
//!
//! This crate knows nothing of HTTP, of permissions, or of configuration files. Its callers decide whether a call is
//! allowed.
//!
//! To add a blob store, implement [`blob::BlobStore`] and run `testkit::blob_suite` on it. Write every SQL statement
//! once, with `$1` placeholders: both engines run the same text (`docs/adr/0002`).

#![deny(missing_docs)]

pub mod blob;
pub mod cache;
mod error;
pub mod meta;
#[cfg(feature = "testkit")]
mod points;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use error::{Error, Result};
