//! The audit log of changes and refusals.

pub(super) mod event;

use sqlx::AssertSqlSafe;

use super::MetaStore;
use super::row::get;
use super::sql::SqlResult as _;
use super::unit::{Outcome, unit};
use crate::Result;
use event::{AuditEvent, AuditOutcome};
use roadstead_types::{AccountId, Timestamp};

/// The place where a page of events begins: after the event with this time and number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AuditCursor {
    /// The time of the last event of the page before.
    pub at: Timestamp,
    /// Its number.
    pub id: i64,
}

/// A filter for events. The latest come first.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditQuery<'a> {
    /// Only events that concern this main account.
    pub owner: Option<AccountId>,
    /// Only events at or after this time.
    pub since: Option<Timestamp>,
    /// Only events before this time.
    pub until: Option<Timestamp>,
    /// Only events by this uin.
    pub uin: Option<&'a str>,
    /// Only events with this action.
    pub action: Option<&'a str>,
    /// Only events with this outcome.
    pub outcome: Option<AuditOutcome>,
    /// Only events after this one in the list.
    pub after: Option<AuditCursor>,
    /// The most events to return.
    pub limit: u32,
}

impl MetaStore {
    /// Saves events, all of them or none.
    pub async fn record_audit_events(&self, events: &[AuditEvent]) -> Result<()> {
        let now = events.iter().map(|event| event.at).max().unwrap_or_default();
        unit!(self.upkeep(now, "write the audit log"), |u| event::write(u, events).await.map(Outcome::Done))
    }

    /// Returns matching events with their places, the latest first.
    pub async fn audit_events(&self, query: &AuditQuery<'_>) -> Result<Vec<(AuditCursor, AuditEvent)>> {
        let sql = select(query);
        let after = query.after.unwrap_or(AuditCursor { at: Timestamp::from_millis(i64::MAX), id: i64::MAX });
        let mut statement = sqlx::query(AssertSqlSafe(sql))
            .bind(query.since.map_or(i64::MIN, Timestamp::as_millis))
            .bind(query.until.map_or(i64::MAX, Timestamp::as_millis))
            .bind(after.at.as_millis())
            .bind(after.id)
            .bind(i64::from(query.limit));
        if let Some(owner) = query.owner {
            statement = statement.bind(owner.get());
        }
        for text in [query.uin, query.action].into_iter().flatten() {
            statement = statement.bind(event::storable(text));
        }
        let rows = statement.fetch_all(self.reader()).await.op("read the audit log")?;
        let place = |event: &AuditEvent, id| AuditCursor { at: event.at, id };
        rows.iter().map(|row| event::read(row).and_then(|event| Ok((place(&event, get(row, "id")?), event)))).collect()
    }

    /// Deletes the oldest events before `before`, at most `limit` of them. Returns their number.
    pub async fn delete_audit_events(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let delete = sqlx::query(
            "DELETE FROM audit_events WHERE id IN \
             (SELECT id FROM audit_events WHERE at < $1 ORDER BY at, id LIMIT $2)",
        );
        let delete = delete.bind(before.as_millis()).bind(i64::from(limit));
        Ok(delete.execute(self.writer()).await.op("shorten the audit log")?.rows_affected())
    }
}

/// Returns the SQL of a query. It consists of the fixed texts here, so there are few different statements.
fn select(query: &AuditQuery<'_>) -> String {
    let mut sql =
        "SELECT id, at, owner_id, uin, principal, source, action, resource, address, user_agent, request_id, \
                   outcome, code, repeated, dry_run FROM audit_events WHERE at >= $1 AND at < $2 AND (at, id) < ($3, $4)"
            .to_owned();
    let mut number = 5;
    let columns =
        [("owner_id", query.owner.is_some()), ("uin", query.uin.is_some()), ("action", query.action.is_some())];
    for (column, _) in columns.iter().filter(|(_, wanted)| *wanted) {
        number += 1;
        sql.push_str(&format!(" AND {column} = ${number}"));
    }
    if let Some(outcome) = query.outcome {
        sql.push_str(&format!(" AND outcome = {}", outcome.number()));
    }
    sql.push_str(" ORDER BY at DESC, id DESC LIMIT $5");
    sql
}
