//! Makes several commits durable with one sync.
//!
//! On SQLite a commit only writes to the write-ahead log (`synchronous=NORMAL`), and then the next transaction gets
//! the writer at once. Before it promises something to a client, a request waits here until the log is on the disk.
//! One sync serves all transactions that were committed before it began. Syncs inside the one writer would run one
//! after the other. A checkpoint in between does no harm: SQLite syncs the log before it, and the database before it
//! reuses the log.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Mutex;

use super::MetaStore;
use super::row::get;
use super::sql::SqlResult as _;
use crate::{Error, Result};

/// The log of a database, and how much of it is on the disk.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    /// The number of requests for a sync so far.
    asked: AtomicU64,
    /// Whether a sync has failed.
    failed: Arc<AtomicBool>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// The number of requests whose commits are on the disk.
    served: u64,
    open: Option<Arc<File>>,
}

impl MetaStore {
    /// Moves everything from the log into the database file of SQLite, so that this file alone is a copy of the
    /// database. For a clean stop.
    ///
    /// # Errors
    /// `Unavailable` when others use the database too long. Then the log keeps everything.
    pub async fn empty_log(&self) -> Result<()> {
        if self.inner.log.is_none() {
            return Ok(());
        }
        let emptied = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(self.writer()).await;
        let is_busy: i64 = get(&emptied.op("empty the log of the database")?, "busy")?;
        if is_busy == 0 { Ok(()) } else { Err(unavailable("another connection reads from the log".into())) }
    }
}

impl Log {
    /// Checks that no sync has failed.
    pub(super) fn check(&self) -> Result<()> {
        match self.failed.load(Ordering::SeqCst) {
            true => Err(unavailable("a sync of the log failed before; restart the server".into())),
            false => Ok(()),
        }
    }

    /// Returns the log of the database in the file `database`.
    pub(super) fn of(database: &str) -> Self {
        Self {
            path: PathBuf::from(format!("{database}-wal")),
            asked: AtomicU64::new(0),
            failed: Arc::default(),
            state: Arc::default(),
        }
    }

    /// Returns when everything that was committed before the call is on the disk.
    pub(super) async fn wait(&self) -> Result<()> {
        let ticket = self.asked.fetch_add(1, Ordering::SeqCst);
        let mut state = Arc::clone(&self.state).lock_owned().await;
        self.check()?;
        if state.served > ticket {
            return Ok(());
        }
        let served = self.asked.load(Ordering::SeqCst);
        let (path, failed) = (self.path.clone(), Arc::clone(&self.failed));
        // The thread keeps the lock and notes the outcome itself, because a client may leave and the request end
        // before the sync does.
        let synced = tokio::task::spawn_blocking(move || match sync(&path, state.open.clone()) {
            Synced::Done(open) => {
                (state.open, state.served) = (open, served);
                Ok(())
            }
            Synced::NotOpened(error) => Err(unavailable(error.into())),
            Synced::Failed(error) => {
                // The kernel reports a lost page only once, and the next sync would find nothing wrong.
                failed.store(true, Ordering::SeqCst);
                Err(match Error::io("sync the log of the database")(error) {
                    Error::Backend { op, source } => Error::Unavailable { op, source },
                    full => full,
                })
            }
        });
        synced.await.map_err(|error| unavailable(error.into()))?
    }
}

fn unavailable(source: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Unavailable { op: "sync the log of the database", source }
}

enum Synced {
    /// The log is on the disk, through this file.
    Done(Option<Arc<File>>),
    /// No sync was tried, so nothing is lost.
    NotOpened(io::Error),
    Failed(io::Error),
}

fn sync(path: &Path, open: Option<Arc<File>>) -> Synced {
    let log = match current(path, open) {
        Ok(Some(log)) => log,
        // The last connection was closed. Then everything is in the database, and that is synced.
        Ok(None) => return Synced::Done(None),
        Err(error) => return Synced::NotOpened(error),
    };
    match log.sync_data() {
        Ok(()) => Synced::Done(Some(log)),
        Err(error) => Synced::Failed(error),
    }
}

/// Opens the present log. The open file is kept, because only a file that was open when a page was lost reports the
/// loss. But after all connections were closed, the log is a new file.
fn current(path: &Path, open: Option<Arc<File>>) -> io::Result<Option<Arc<File>>> {
    let there = match std::fs::metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if let Some(open) = open {
        let kept = open.metadata()?;
        if (kept.dev(), kept.ino()) == (there.dev(), there.ino()) {
            return Ok(Some(open));
        }
    }
    match File::open(path) {
        Ok(log) => Ok(Some(Arc::new(log))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
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
        // A missing log is no failure.
        log.wait().await.unwrap();
        std::fs::write(&log.path, b"frames").unwrap();
        let waiting = futures::future::join_all((0..10).map(|_| log.wait())).await;
        assert!(waiting.into_iter().all(|outcome| outcome.is_ok()));
        log.check().unwrap();
        assert_eq!(log.state.lock().await.served, 11);
    }

    #[tokio::test]
    async fn a_failed_sync_counts_though_nobody_waits_for_it() {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::of(directory.path().join("a.db").to_str().unwrap());
        // A device cannot be synced.
        std::os::unix::fs::symlink("/dev/null", &log.path).unwrap();
        let mut request = Box::pin(log.wait());
        assert!(futures::poll!(&mut request).is_pending());
        drop(request);
        // The next one asks when the sync has ended, and could sync this log.
        drop(log.state.lock().await);
        std::fs::remove_file(&log.path).unwrap();
        std::fs::write(&log.path, b"frames").unwrap();
        assert!(matches!(log.wait().await, Err(Error::Unavailable { .. })));
    }

    #[tokio::test]
    async fn a_log_that_was_made_anew_is_opened_anew() {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::of(directory.path().join("a.db").to_str().unwrap());
        let inode = async || log.state.lock().await.open.as_ref().map(|file| file.metadata().unwrap().ino());
        std::fs::write(&log.path, b"frames").unwrap();
        log.wait().await.unwrap();
        let first = inode().await;
        log.wait().await.unwrap();
        assert_eq!(inode().await, first);
        std::fs::write(directory.path().join("new"), b"frames").unwrap();
        std::fs::rename(directory.path().join("new"), &log.path).unwrap();
        log.wait().await.unwrap();
        assert!(first.is_some() && inode().await != first);
        std::fs::remove_file(&log.path).unwrap();
        log.wait().await.unwrap();
        assert_eq!(inode().await, None);
    }

    #[tokio::test]
    async fn a_log_that_cannot_be_opened_can_be_tried_again() {
        let directory = tempfile::tempdir().unwrap();
        // A path below a file cannot be opened.
        let file = directory.path().join("file");
        std::fs::write(&file, b"").unwrap();
        let log = Log::of(file.join("a.db").to_str().unwrap());
        assert!(matches!(log.wait().await, Err(Error::Unavailable { .. })));
        std::fs::remove_file(&file).unwrap();
        log.wait().await.unwrap();
    }
}
