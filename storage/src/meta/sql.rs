//! Helpers for all statements: classes of errors, retries of transactions, lists.

use std::time::Duration;

use crate::{Error, Result};
use roadstead_types::Thing;

/// Adds the name of the operation to an error of the database.
pub(super) trait SqlResult<T> {
    fn op(self, op: &'static str) -> Result<T>;
}

impl<T> SqlResult<T> for sqlx::Result<T> {
    fn op(self, op: &'static str) -> Result<T> {
        self.map_err(|source| classify(op, source))
    }
}

fn classify(op: &'static str, source: sqlx::Error) -> Error {
    let class = match &source {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::Tls(_) => Class::Unavailable,
        sqlx::Error::Database(error) => error.code().map_or(Class::Other, |code| class_of_code(&code)),
        _ => Class::Other,
    };
    match class {
        Class::Full => Error::Full(Box::new(source)),
        Class::Unavailable | Class::Again => Error::Unavailable { op, source: Box::new(source) },
        Class::Other => Error::Backend { op, source: Box::new(source) },
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    Full,
    Unavailable,
    /// The same transaction may succeed when it is tried again.
    Again,
    Other,
}

/// Classifies an error code. SQLSTATE has five characters; codes of SQLite are numbers whose low byte is the primary
/// code.
fn class_of_code(code: &str) -> Class {
    if code.len() == 5 {
        return match code {
            "53100" => Class::Full,
            // serialization failure, deadlock, lock timeout
            "40001" | "40P01" | "55P03" => Class::Again,
            // a read-only server (after a failover), a statement that a pooler has forgotten
            "25006" | "26000" => Class::Unavailable,
            _ if code.starts_with("08") || code.starts_with("53") || code.starts_with("57") => Class::Unavailable,
            _ => Class::Other,
        };
    }
    match code.parse::<i32>().map(|code| code & 0xff) {
        Ok(13) => Class::Full,
        // SQLITE_BUSY, SQLITE_LOCKED
        Ok(5 | 6) => Class::Again,
        // SQLITE_NOMEM, SQLITE_READONLY, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_PROTOCOL
        Ok(7 | 8 | 10 | 14 | 15) => Class::Unavailable,
        _ => Class::Other,
    }
}

fn database_error(error: &Error) -> Option<&dyn sqlx::error::DatabaseError> {
    let source = match error {
        Error::Unavailable { source, .. } | Error::Backend { source, .. } => source,
        _ => return None,
    };
    source.downcast_ref::<sqlx::Error>()?.as_database_error()
}

/// Turns the violation of a unique constraint into `Conflict`.
pub(super) fn conflict(what: Thing) -> impl FnOnce(Error) -> Error {
    move |error| match database_error(&error) {
        Some(source) if source.is_unique_violation() => Error::Conflict(what),
        _ => error,
    }
}

/// Turns the violation of a foreign key into `Stale`: the referenced row has gone.
pub(super) fn stale(what: Thing) -> impl FnOnce(Error) -> Error {
    move |error| match database_error(&error) {
        Some(source) if source.is_foreign_key_violation() => Error::Stale(what),
        _ => error,
    }
}

/// How often a transaction is tried if others interfere.
const MAX_ATTEMPTS: u32 = 5;

/// Counts the attempts at one transaction.
#[derive(Default)]
pub(super) struct Attempts(u32);

impl Attempts {
    /// Tells whether to try again after `error`, and waits a little before.
    pub(super) async fn again(&mut self, error: &Error) -> bool {
        let code = database_error(error).and_then(|source| source.code());
        self.0 += 1;
        if self.0 >= MAX_ATTEMPTS || code.is_none_or(|code| class_of_code(&code) != Class::Again) {
            return false;
        }
        // The random wait keeps conflicting transactions from meeting again.
        let millis = rand::random_range(1..=10_u64) * u64::from(self.0);
        tokio::time::sleep(Duration::from_millis(millis)).await;
        true
    }
}

/// Tells whether the connection that gave this error must be closed. On a full disk SQLite ends the transaction
/// itself, so that a rollback fails, and after a failed rollback a connection takes no other transaction.
pub(super) fn is_suspect(error: &Error) -> bool {
    error.leaves_open()
}

/// The most values that one statement lists.
const MAX_LIST: usize = 128;

/// Cuts `values` into lists for `IN (...)`. The lists have only a few different lengths, so that few statements are
/// prepared. The last value is repeated to fill a list.
pub(super) fn lists<T: Clone>(values: &[T]) -> impl Iterator<Item = Vec<T>> {
    values.chunks(MAX_LIST).map(|chunk| {
        let length = [1, 4, 16, 64].into_iter().find(|&length| chunk.len() <= length).unwrap_or(MAX_LIST);
        let mut list = chunk.to_vec();
        if let Some(last) = chunk.last() {
            list.resize(length, last.clone());
        }
        list
    })
}

/// Returns `count` placeholders: `$first, $first+1, ...`.
pub(super) fn placeholders(first: usize, count: usize) -> String {
    let names: Vec<String> = (first..first + count).map(|number| format!("${number}")).collect();
    names.join(", ")
}

/// Returns the start of a keyset page. It cuts the text at a NUL, which no name has and PostgreSQL refuses.
pub(super) fn page_start(after: Option<&str>) -> &str {
    after.unwrap_or_default().split('\0').next().unwrap_or_default()
}

/// Tells whether the database can store a text.
pub(super) fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tell_what_to_do() {
        for (code, class) in [
            ("40001", Class::Again),
            ("40P01", Class::Again),
            ("53100", Class::Full),
            ("53300", Class::Unavailable),
            ("57P01", Class::Unavailable),
            ("08006", Class::Unavailable),
            ("25006", Class::Unavailable),
            ("26000", Class::Unavailable),
            ("23505", Class::Other),
            ("5", Class::Again),
            ("261", Class::Again),
            ("13", Class::Full),
            ("778", Class::Unavailable),
            ("2067", Class::Other),
            ("", Class::Other),
        ] {
            assert_eq!(class_of_code(code), class, "{code}");
        }
    }

    #[test]
    fn lists_hold_everything_in_few_lengths() {
        let mut lengths = std::collections::BTreeSet::new();
        for count in 0..400 {
            let values: Vec<usize> = (0..count).collect();
            let mut listed: Vec<usize> = Vec::new();
            for list in lists(&values) {
                lengths.insert(list.len());
                listed.extend(list);
            }
            listed.dedup();
            assert_eq!(listed, values);
        }
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [1, 4, 16, 64, 128]);
        assert_eq!(placeholders(3, 2), "$3, $4");
    }

    #[test]
    fn a_page_starts_before_a_nul() {
        assert_eq!((page_start(None), page_start(Some("a")), page_start(Some("a\0b"))), ("", "a", "a"));
    }
}
