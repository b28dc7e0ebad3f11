//! The log of changes, by which the caches of every process learn what others have done (`docs/adr/0005`, `0014`).
//!
//! A unit writes it last: a transaction that has the row of a counter waits for nobody any more, and of two changes the one
//! with the lower number is never seen after the other.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::MetaStore;
use super::row::{get, parse};
use super::sql::SqlResult as _;
use crate::{Error, Result};
use roadstead_types::{AccountId, NamespaceName, RegistryId, RepositoryName};

/// How many of the latest changes the log has. Who has missed more forgets everything.
const KEPT: i64 = 10_000;
/// How many entries are read at once. Who has missed more forgets everything.
const PAGE: usize = 1_000;

/// What a change concerns, and what of it caches are to forget.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scope {
    /// Everything: the keys that sign tokens.
    System,
    /// An account; for a main account its sub-accounts, keys, groups, roles and policies too.
    Account(AccountId),
    /// A registry: whether it is there, and what its instance is.
    Registry(RegistryId),
    /// A namespace: whether it is there, and what it is.
    Namespace(RegistryId, NamespaceName),
    /// A repository: that it has gone, or who may read it.
    Repository(RegistryId, RepositoryName),
}

impl Scope {
    fn columns(&self) -> (i64, i64, &str) {
        match self {
            Self::System => (0, 0, ""),
            Self::Account(id) => (1, id.get(), ""),
            Self::Registry(id) => (2, id.get(), ""),
            Self::Namespace(registry, name) => (3, registry.get(), name.as_str()),
            Self::Repository(registry, name) => (4, registry.get(), name.as_str()),
        }
    }

    fn read(row: &AnyRow, number: i64) -> Result<Self> {
        let id = get(row, "id")?;
        Ok(match number {
            0 => Self::System,
            1 => Self::Account(AccountId::new(id)),
            2 => Self::Registry(RegistryId::new(id)),
            3 => Self::Namespace(RegistryId::new(id), parse(row, "change_log", "name")?),
            4 => Self::Repository(RegistryId::new(id), parse(row, "change_log", "name")?),
            other => return Err(Error::Corrupt { table: "change_log", column: "scope", value: other.to_string() }),
        })
    }
}

/// A change, as the log has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The number of the unit that made it: [`Act::change`](super::Act::change) of the process's own ones.
    pub number: i64,
    /// What it concerns.
    pub scope: Scope,
}

/// What has changed since a reader last looked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Changes {
    /// These, in order. The reader has seen everything up to `number` then.
    Known {
        /// Where the counter stands.
        number: i64,
        /// What has changed.
        list: Vec<Change>,
    },
    /// More than the log tells: the reader forgets everything, and has seen everything up to `number` then.
    TooMany {
        /// Where the counter stands.
        number: i64,
    },
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

/// Writes down what a unit has changed, and moves the counters; gives the number of the change. The last statements of the
/// transaction.
pub(super) async fn write(
    tx: &mut AnyConnection,
    changed: &BTreeSet<Scope>,
    made: Option<&Made>,
) -> Result<Option<i64>> {
    let number = if changed.is_empty() { None } else { Some(log(tx, changed).await?) };
    if let Some(made) = made {
        let bump = "UPDATE repositories_made SET counter = counter + 1 WHERE id = 1 RETURNING counter";
        let number = sqlx::query_scalar(bump).fetch_one(tx).await.op("bump the counter of repositories")?;
        made.0.get_or_init(|| number);
    }
    Ok(number)
}

async fn log(tx: &mut AnyConnection, changed: &BTreeSet<Scope>) -> Result<i64> {
    let bump = sqlx::query_scalar("UPDATE changes SET counter = counter + 1 WHERE id = 1 RETURNING counter");
    let number: i64 = bump.fetch_one(&mut *tx).await.op("bump the change counter")?;
    for scope in changed {
        let (kind, id, name) = scope.columns();
        let insert = sqlx::query("INSERT INTO change_log (seq, scope, id, name) VALUES ($1, $2, $3, $4)");
        insert.bind(number).bind(kind).bind(id).bind(name).execute(&mut *tx).await.op("log a change")?;
    }
    let shorten = sqlx::query("DELETE FROM change_log WHERE seq <= $1").bind(number.saturating_sub(KEPT));
    shorten.execute(tx).await.op("shorten the log of changes")?;
    Ok(number)
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

    /// What has changed since the counter stood at `number`. A reader that has missed too much is told so.
    pub async fn changes_since(&self, number: i64) -> Result<Changes> {
        // One statement, so that the counter and the log are of the same moment.
        let query = sqlx::query(
            "SELECT c.counter, COALESCE(l.seq, 0) AS seq, COALESCE(l.scope, 0) AS scope, COALESCE(l.id, 0) AS id, \
             COALESCE(l.name, '') AS name FROM changes c LEFT JOIN change_log l ON l.seq > $1 WHERE c.id = 1 \
             ORDER BY l.seq, l.scope, l.id, l.name LIMIT $2",
        );
        let query = query.bind(number).bind(i64::try_from(PAGE + 1).unwrap_or(i64::MAX));
        let rows = query.fetch_all(self.reader()).await.op("read the log of changes")?;
        let Some(first) = rows.first() else {
            return Err(Error::Corrupt { table: "changes", column: "id", value: "no row".to_owned() });
        };
        let (stands, oldest): (i64, i64) = (get(first, "counter")?, get(first, "seq")?);
        if stands == number {
            return Ok(Changes::Known { number, list: Vec::new() });
        }
        // Every change has an entry: if the next one is not there, it has been deleted.
        if oldest != number + 1 || rows.len() > PAGE {
            return Ok(Changes::TooMany { number: stands });
        }
        let list = rows
            .iter()
            .map(|row| Ok(Change { number: get(row, "seq")?, scope: Scope::read(row, get(row, "scope")?)? }));
        Ok(Changes::Known { number: stands, list: list.collect::<Result<_>>()? })
    }
}
