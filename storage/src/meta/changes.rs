//! The log of changes. Through it, the caches of every process learn of changes by other processes (`docs/adr/0005`,
//! `0014`).
//!
//! A unit writes it last. So a transaction that holds the row of a counter never waits for another one. And no reader
//! sees a change before one with a lower number.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::MetaStore;
use super::row::{get, parse};
use super::sql::SqlResult as _;
use crate::{Error, Result};
use roadstead_types::{AccountId, NamespaceName, RegistryId, RepositoryName};

/// How many changes the log keeps. A reader that has missed more must forget everything.
const KEPT: i64 = 10_000;
/// How many entries are read at once. A reader that has missed more must forget everything.
const PAGE: usize = 1_000;

/// The thing that a change concerns, and that caches must forget.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scope {
    /// Everything, for example the keys that sign tokens.
    System,
    /// An account. With a main account go its sub-accounts, keys, groups, roles and policies.
    Account(AccountId),
    /// A registry: its existence, and the data of its instance.
    Registry(RegistryId),
    /// A namespace: its existence, and its data.
    Namespace(RegistryId, NamespaceName),
    /// A repository: its deletion, or its visibility.
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

/// A change in the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The number of the unit that made it. For units of this process see [`Act::change`](super::Act::change).
    pub number: i64,
    /// The thing that it concerns.
    pub scope: Scope,
}

/// The changes since a reader last looked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Changes {
    /// All changes, in order. The reader has then seen everything up to `number`.
    Known {
        /// The value of the counter.
        number: i64,
        /// The changes.
        list: Vec<Change>,
    },
    /// More changes than the log keeps. The reader must forget everything, and has then seen everything up to
    /// `number`.
    TooMany {
        /// The value of the counter.
        number: i64,
    },
}

/// The counters of changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChangeCounters {
    /// Grows with every change of accounts, credentials, policies, instances, namespaces and visibilities, and with
    /// every deleted repository.
    pub changes: i64,
    /// Grows with every new repository.
    pub repositories_made: i64,
}

/// A new repository. A process that has told its caches about it tells the log with [`Made::number`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Made(Arc<OnceLock<i64>>);

impl Made {
    /// Returns the value of [`ChangeCounters::repositories_made`] after it; `None` when it was not committed.
    pub fn number(&self) -> Option<i64> {
        self.0.get().copied()
    }
}

/// Logs the changes of a unit and raises the counters. Returns the number of the change. These are the last
/// statements of a transaction.
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

impl MetaStore {
    /// Returns the counters of changes. They move in the same transactions as the data, so a cache can tell from them
    /// whether it is up to date.
    pub async fn change_counters(&self) -> Result<ChangeCounters> {
        let query = sqlx::query(
            "SELECT c.counter AS changes, m.counter AS made FROM changes c CROSS JOIN repositories_made m \
             WHERE c.id = 1 AND m.id = 1",
        );
        let row = query.fetch_one(self.reader()).await.op("read the change counters")?;
        Ok(ChangeCounters { changes: get(&row, "changes")?, repositories_made: get(&row, "made")? })
    }

    /// Returns the changes since the counter was `number`, or the fact that the reader has missed too many.
    pub async fn changes_since(&self, number: i64) -> Result<Changes> {
        // One statement, so that the counter and the log are from the same moment.
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
        let stands: i64 = get(first, "counter")?;
        if stands == number {
            return Ok(Changes::Known { number, list: Vec::new() });
        }
        let known = if rows.len() > PAGE { None } else { list(&rows, number, stands)? };
        Ok(match known {
            Some(list) => Changes::Known { number: stands, list },
            None => Changes::TooMany { number: stands },
        })
    }
}

/// Reads the entries of all changes after `number`, up to `last`. Every change has at least one. `None` when one has
/// none: it was deleted from the log.
fn list(rows: &[AnyRow], number: i64, last: i64) -> Result<Option<Vec<Change>>> {
    let (mut list, mut reached) = (Vec::with_capacity(rows.len()), number);
    for row in rows {
        let number = get(row, "seq")?;
        if number != reached && number != reached + 1 {
            return Ok(None);
        }
        list.push(Change { number, scope: Scope::read(row, get(row, "scope")?)? });
        reached = number;
    }
    Ok((reached == last).then_some(list))
}
