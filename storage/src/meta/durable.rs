//! Making commits durable together.
//!
//! On SQLite a commit only writes the write-ahead log (`synchronous=NORMAL`), and gives the writer to the next transaction
//! at once. Who promises something to a client waits here until the log is on the disk: one sync serves all that were
//! committed before it began, where syncs inside of the one writer would come one after the other. A checkpoint in between
//! does no harm: SQLite syncs the log before it, and the database before the log is used again.

use std::fs::File;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

use crate::{Error, Result};

/// The log of a database, and what of it is on the disk.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    /// How many have asked so far.
    asked: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// So many of those who asked have their commits on the disk.
    served: u64,
    failed: bool,
}

impl Log {
    /// The log of the database in the file `database`.
    pub(super) fn of(database: &str) -> Self {
        Self { path: PathBuf::from(format!("{database}-wal")), asked: AtomicU64::new(0), state: Mutex::default() }
    }

    /// Returns when everything that was committed before the call is on the disk.
    pub(super) async fn wait(&self) -> Result<()> {
        let ticket = self.asked.fetch_add(1, Ordering::SeqCst);
        let mut state = self.state.lock().await;
        if state.failed {
            return Err(unavailable("a sync of the log failed before; the server must be started again".into()));
        }
        if state.served > ticket {
            return Ok(());
        }
        let served = self.asked.load(Ordering::SeqCst);
        let path = self.path.clone();
        let synced = tokio::task::spawn_blocking(move || sync(&path)).await;
        match synced {
            Ok(Ok(())) => {
                state.served = served;
                Ok(())
            }
            Ok(Err(error)) => {
                // The kernel tells of a lost page once, and the next sync would find nothing wrong.
                state.failed = true;
                Err(match Error::io("sync the log of the database")(error) {
                    Error::Backend { op, source } => Error::Unavailable { op, source },
                    full => full,
                })
            }
            Err(error) => Err(unavailable(error.into())),
        }
    }
}

fn unavailable(source: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Unavailable { op: "sync the log of the database", source }
}

/// Opened anew each time: the file is another one after all connections were closed.
fn sync(path: &std::path::Path) -> std::io::Result<()> {
    match File::open(path) {
        Ok(log) => log.sync_data(),
        // The last connection was closed: everything is in the database, and that is synced.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_sync_serves_all_who_asked_before_it() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("a.db");
        let log = Log::of(database.to_str().unwrap());
        // No log is no failure.
        log.wait().await.unwrap();
        std::fs::write(&log.path, b"frames").unwrap();
        let waiting = futures::future::join_all((0..10).map(|_| log.wait())).await;
        assert!(waiting.into_iter().all(|outcome| outcome.is_ok()));
        let state = log.state.lock().await;
        assert!(!state.failed && state.served == 11);
    }

    #[tokio::test]
    async fn after_a_failed_sync_nothing_is_promised() {
        let directory = tempfile::tempdir().unwrap();
        // A path below a file cannot be opened.
        std::fs::write(directory.path().join("file"), b"").unwrap();
        let log = Log::of(directory.path().join("file/a.db").to_str().unwrap());
        assert!(log.wait().await.is_err());
        assert!(matches!(log.wait().await, Err(Error::Unavailable { .. })));
    }
}
