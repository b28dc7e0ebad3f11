//! The counters of changes, by which the caches of every process learn what others have done (`docs/adr/0005`).
//!
//! Whoever changes something says so where it does, and the counters move at the end of the transaction: a transaction that
//! has one of their rows waits for nobody any more.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, OnceLock};

use sqlx::AnyConnection;

use super::MetaStore;
use super::row::get;
use super::sql::SqlResult as _;
use crate::{Error, Result};

tokio::task_local! {
    static NOTED: Noted;
}

/// Where the counters of changes stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChangeCounters {
    /// Grows with every change of accounts, credentials, policies, instances, namespaces and visibilities, and with every
    /// repository that is deleted.
    pub changes: i64,
    /// Grows with every repository that is made.
    pub repositories_made: i64,
}

/// That a repository was made. Who has told the caches of its process about it says so with [`Made::number`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Made(Arc<OnceLock<i64>>);

impl Made {
    /// What [`ChangeCounters::repositories_made`] came to by it; `None` when it was not committed.
    pub fn number(&self) -> Option<i64> {
        self.0.get().copied()
    }
}

/// What a transaction has changed so far.
#[derive(Default)]
pub(super) struct Noted {
    changed: Cell<bool>,
    made: RefCell<Option<Made>>,
}

/// Runs the body of a transaction, and gives what it noted with its outcome.
pub(super) async fn noting<T>(body: impl Future<Output = Result<T>>) -> Result<(T, Noted)> {
    let body = async {
        let value = body.await?;
        Ok((value, NOTED.with(|noted| Noted { changed: noted.changed.clone(), made: noted.made.clone() })))
    };
    NOTED.scope(Noted::default(), body).await
}

impl Noted {
    /// Moves the counters of what was noted. The last statement of the transaction, so that nobody holds their rows who waits
    /// for another.
    pub(super) async fn write(self, tx: &mut AnyConnection) -> Result<()> {
        if self.changed.get() {
            let bump = sqlx::query("UPDATE changes SET counter = counter + 1 WHERE id = 1");
            bump.execute(&mut *tx).await.op("bump the change counter")?;
        }
        if let Some(made) = self.made.into_inner() {
            let bump = "UPDATE repositories_made SET counter = counter + 1 WHERE id = 1 RETURNING counter";
            let number = sqlx::query_scalar(bump).fetch_one(tx).await.op("bump the counter of repositories")?;
            made.0.get_or_init(|| number);
        }
        Ok(())
    }
}

/// Notes that something has changed which caches keep: every process is told when the transaction is committed.
pub(super) fn changed() -> Result<()> {
    noted(|noted| noted.changed.set(true))
}

/// Notes that a repository was made, which was not there before: caches keep no more of it than that.
pub(super) fn made() -> Result<Made> {
    noted(|noted| noted.made.borrow_mut().get_or_insert_default().clone())
}

fn noted<T>(note: impl FnOnce(&Noted) -> T) -> Result<T> {
    // A change that no cache hears of is worse than none.
    let outside = |_| Error::Backend { op: "note a change", source: "not in a transaction that writes".into() };
    NOTED.try_with(note).map_err(outside)
}

/// Serves as the lock of what has no row of its own to lock, before anything else is locked.
pub(super) async fn lock(tx: &mut AnyConnection) -> Result<()> {
    let lock = sqlx::query("UPDATE changes SET counter = counter WHERE id = 1");
    lock.execute(tx).await.op("lock the change counter")?;
    Ok(())
}

impl MetaStore {
    /// Where the counters of changes stand. They move in the transactions of the changes: who caches such things looks whether
    /// they have.
    pub async fn change_counters(&self) -> Result<ChangeCounters> {
        let query = sqlx::query(
            "SELECT c.counter AS changes, m.counter AS made FROM changes c CROSS JOIN repositories_made m \
             WHERE c.id = 1 AND m.id = 1",
        );
        let row = query.fetch_one(self.reader()).await.op("read the change counters")?;
        Ok(ChangeCounters { changes: get(&row, "changes")?, repositories_made: get(&row, "made")? })
    }
}
