//! Errors of a store, by what the caller can do about them.

use std::error::Error as StdError;

use roadstead_types::{Counted, Digest, Thing};

/// The result of a call to a store.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of a store, by what the caller can do about it. A missing row is not an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The thing exists already, and belongs to someone.
    #[error("{0} exists already")]
    Conflict(Thing),
    /// The thing cannot be deleted, because something is in it or refers to it.
    #[error("{0} is still in use")]
    InUse(Thing),
    /// A manifest cannot be deleted, because an index of its repository lists it.
    #[error("the index {index} lists the manifest")]
    Listed {
        /// One of these indexes.
        index: Digest,
    },
    /// The thing is protected from deletion.
    #[error("{0} is protected from deletion")]
    Protected(Thing),
    /// The limit is reached.
    #[error("no more than {limit} {what}")]
    LimitReached {
        /// The counted things.
        what: Counted,
        /// The limit.
        limit: u64,
    },
    /// A manifest refers to content that is not in its repository.
    #[error("{} blobs and {} manifests are missing", blobs.len(), manifests.len())]
    MissingReferences {
        /// The missing blobs.
        blobs: Vec<Digest>,
        /// The missing manifests.
        manifests: Vec<Digest>,
    },
    /// The thing was deleted or changed by another request in the meantime: read it again.
    #[error("{0} has changed in the meantime")]
    Stale(Thing),
    /// The change would have succeeded, but was only tried: see [`Act::tried`](crate::meta::Act::tried).
    #[error("it was only tried")]
    DryRun,
    /// The disk, the bucket or the quota of the store is full.
    #[error("the store is full")]
    Full(#[source] Box<dyn StdError + Send + Sync>),
    /// The store cannot be reached, or is too busy. Trying again later may help.
    #[error("the store is not available ({op})")]
    Unavailable {
        /// The operation that failed.
        op: &'static str,
        /// The error of the store.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The database was written by a newer release.
    #[error("the database has schema version {found}, this release knows up to {known}: run the newer release")]
    SchemaNewer {
        /// The version of the database.
        found: i64,
        /// The latest version that this binary knows.
        known: i64,
    },
    /// Migrations have not been run.
    #[error("the database has pending migrations: run `roadstead migrate`")]
    SchemaOlder,
    /// A stored value breaks a rule of the store.
    #[error("corrupt row in {table}.{column}: {value:?}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The value, as text.
        value: String,
    },
    /// Any other error of a store.
    #[error("store failure ({op})")]
    Backend {
        /// The operation that failed.
        op: &'static str,
        /// The error of the store.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl Error {
    /// Adds the name of the operation to an input/output error. A full disk and a lack of file descriptors (in the
    /// process or on the machine) become their own errors.
    pub fn io(op: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| match (source.kind(), source.raw_os_error()) {
            (std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded, _) => Self::Full(Box::new(source)),
            (_, Some(ENFILE | EMFILE)) => Self::Unavailable { op, source: Box::new(source) },
            _ => Self::Backend { op, source: Box::new(source) },
        }
    }
}

/// Too many open files on the machine. (On every Unix.)
const ENFILE: i32 = 23;
/// Too many open files in the process.
const EMFILE: i32 = 24;

impl Error {
    /// Tells whether a write may have been committed in spite of this error. Then caches must forget the rows that it
    /// concerns. After every other error it is certain that nothing was changed.
    pub fn leaves_open(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Unavailable { .. } | Self::Backend { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_and_output_fail_in_different_ways() {
        let error = |number| Error::io("test")(std::io::Error::from_raw_os_error(number));
        assert!(matches!(error(EMFILE), Error::Unavailable { op: "test", .. }));
        assert!(matches!(error(ENFILE), Error::Unavailable { .. }));
        // ENOSPC, EIO
        assert!(matches!(error(28), Error::Full(_)));
        assert!(matches!(error(5), Error::Backend { .. }));
    }
}
