//! Why a store did not do what was asked, by what the caller can do about it.

use std::error::Error as StdError;

use roadstead_types::{Counted, Digest, Thing};

/// What a store answers.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong in a store, by what the caller can do about it. That something is not there is not an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is there already, and belongs to someone.
    #[error("{0} exists already")]
    Conflict(Thing),
    /// It cannot go, because something is still in it or refers to it.
    #[error("{0} is still in use")]
    InUse(Thing),
    /// It is protected from deletion.
    #[error("{0} is protected from deletion")]
    Protected(Thing),
    /// There are as many as there may be.
    #[error("no more than {limit} {what}")]
    LimitReached {
        /// What is counted.
        what: Counted,
        /// How many there may be.
        limit: u64,
    },
    /// A manifest refers to content that is not in its repository.
    #[error("{} blobs and {} manifests are missing", blobs.len(), manifests.len())]
    MissingReferences {
        /// The blobs.
        blobs: Vec<Digest>,
        /// The manifests.
        manifests: Vec<Digest>,
    },
    /// What the call is about has gone, or was taken by another, in the meantime: read again.
    #[error("{0} has changed in the meantime")]
    Stale(Thing),
    /// It could be done, and was not: it was only tried, see [`Act::tried`](crate::meta::Act::tried).
    #[error("it was only tried")]
    DryRun,
    /// The disk, the bucket or the quota of the store is full.
    #[error("the store is full")]
    Full(#[source] Box<dyn StdError + Send + Sync>),
    /// The store cannot be reached, or is too busy. Trying again later may help.
    #[error("the store is not available ({op})")]
    Unavailable {
        /// What was tried.
        op: &'static str,
        /// What the store said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The database was written by a newer release.
    #[error("the database has schema version {found}, this release knows up to {known}: run the newer release")]
    SchemaNewer {
        /// In the database.
        found: i64,
        /// In this binary.
        known: i64,
    },
    /// Migrations have not been run.
    #[error("the database has pending migrations: run `roadstead migrate`")]
    SchemaOlder,
    /// What is stored breaks a rule that the store keeps.
    #[error("corrupt row in {table}.{column}: {value:?}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The value, as text.
        value: String,
    },
    /// Anything else that a store can say.
    #[error("store failure ({op})")]
    Backend {
        /// What was tried.
        op: &'static str,
        /// What the store said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl Error {
    /// Names the operation that an input/output error comes from, and tells a full disk, and a process or a machine that has
    /// no file descriptors left, from other failures.
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
    /// Whether a write that ended with this may have been committed all the same: then caches forget what it concerns. Every
    /// other error says for sure that nothing was changed.
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
