//! The audit log of changes and refusals.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::row::{get, size, time};
use super::sql::SqlResult as _;
use super::unit::{Outcome, unit};
use super::{Act, MetaStore};
use crate::{Error, Result};
use roadstead_types::{AccountId, Timestamp};

/// The outcome of a request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AuditOutcome {
    /// It was done.
    Done,
    /// It was refused.
    Denied,
    /// It was tried, and failed.
    Failed,
}

impl AuditOutcome {
    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }

    /// Returns the outcome with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Done, Self::Denied, Self::Failed].into_iter().find(|outcome| outcome.name() == name)
    }

    fn number(self) -> i64 {
        match self {
            Self::Done => 0,
            Self::Denied => 1,
            Self::Failed => 2,
        }
    }
}

/// An event of the audit log. Texts are cut at [`AuditEvent::MAX_TEXT`] characters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditEvent {
    /// When it happened.
    pub at: Timestamp,
    /// The main account that it concerns, if that is known.
    pub owner: Option<AccountId>,
    /// The uin of the caller, proved or only claimed; may be empty.
    pub uin: String,
    /// The kind of the caller: `root`, `user`, `role/NAME`, `federation/NAME`, `token`, `anonymous`, `operator`,
    /// `server`.
    pub principal: String,
    /// The interface that it came in by: `cloud`, `docker`, `command`, or `job` for the server's own work.
    pub source: String,
    /// The action, for example `tcr:CreateNamespacePersonal` or `manifest.put`.
    pub action: String,
    /// The resource of the action.
    pub resource: String,
    /// The address of the client.
    pub address: String,
    /// The name that the client gives itself (`User-Agent`).
    pub user_agent: String,
    /// The id of the request.
    pub request_id: String,
    /// The outcome.
    pub outcome: AuditOutcome,
    /// The code of the answer, if it was an error.
    pub code: String,
    /// The number of similar events that this one stands for.
    pub repeated: u64,
    /// Whether it was only a dry run, which changes nothing.
    pub dry_run: bool,
}

impl AuditEvent {
    /// The most characters of one text.
    pub const MAX_TEXT: usize = 512;

    /// Makes the event that `act` was done at `at`.
    pub fn done(act: &Act, at: Timestamp) -> Self {
        let actor = act.actor().clone();
        Self {
            at,
            owner: actor.owner,
            uin: actor.uin,
            principal: actor.principal,
            source: actor.source.name().to_owned(),
            action: act.action().to_owned(),
            resource: act.resource().to_owned(),
            address: actor.address,
            user_agent: actor.user_agent,
            request_id: actor.request_id,
            outcome: AuditOutcome::Done,
            code: String::new(),
            repeated: 1,
            dry_run: act.is_dry_run(),
        }
    }
}

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
        unit!(self.upkeep(now, "write the audit log"), |u| write(u, events).await.map(Outcome::Done))
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
            statement = statement.bind(storable(text));
        }
        let rows = statement.fetch_all(self.reader()).await.op("read the audit log")?;
        rows.iter().map(event).collect()
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

/// Makes a text storable: removes NUL, and cuts it to the greatest length.
fn storable(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(AuditEvent::MAX_TEXT).collect()
}

/// Writes events.
pub(super) async fn write(tx: &mut AnyConnection, events: &[AuditEvent]) -> Result<()> {
    for event in events {
        let insert = sqlx::query(
            "INSERT INTO audit_events (at, owner_id, uin, principal, source, action, resource, address, user_agent, \
             request_id, outcome, code, repeated, dry_run) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        );
        let insert = insert
            .bind(event.at.as_millis())
            .bind(event.owner.map(AccountId::get))
            .bind(storable(&event.uin))
            .bind(storable(&event.principal))
            .bind(storable(&event.source))
            .bind(storable(&event.action))
            .bind(storable(&event.resource))
            .bind(storable(&event.address))
            .bind(storable(&event.user_agent))
            .bind(storable(&event.request_id))
            .bind(event.outcome.number())
            .bind(storable(&event.code))
            .bind(i64::try_from(event.repeated).unwrap_or(i64::MAX))
            .bind(i64::from(event.dry_run));
        insert.execute(&mut *tx).await.op("write the audit log")?;
    }
    Ok(())
}

fn event(row: &AnyRow) -> Result<(AuditCursor, AuditEvent)> {
    let owner: Option<i64> = get(row, "owner_id")?;
    let outcome = match get(row, "outcome")? {
        0_i64 => AuditOutcome::Done,
        1 => AuditOutcome::Denied,
        2 => AuditOutcome::Failed,
        other => {
            return Err(Error::Corrupt { table: "audit_events", column: "outcome", value: other.to_string() });
        }
    };
    let at = time(row, "at")?;
    let event = AuditEvent {
        at,
        owner: owner.map(AccountId::new),
        uin: get(row, "uin")?,
        principal: get(row, "principal")?,
        source: get(row, "source")?,
        action: get(row, "action")?,
        resource: get(row, "resource")?,
        address: get(row, "address")?,
        user_agent: get(row, "user_agent")?,
        request_id: get(row, "request_id")?,
        outcome,
        code: get(row, "code")?,
        repeated: size(row, "audit_events", "repeated")?,
        dry_run: get::<i64>(row, "dry_run")? != 0,
    };
    Ok((AuditCursor { at, id: get(row, "id")? }, event))
}
