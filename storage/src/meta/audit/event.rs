//! Events of the audit log, and their rows.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::super::act::Act;
use super::super::row::{get, size, time};
use super::super::sql::SqlResult as _;
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

    pub(super) fn number(self) -> i64 {
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

/// Makes a text storable: removes NUL, and cuts it to the greatest length.
pub(super) fn storable(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(AuditEvent::MAX_TEXT).collect()
}

/// Writes events.
pub(in super::super) async fn write(tx: &mut AnyConnection, events: &[AuditEvent]) -> Result<()> {
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

/// Reads an event from its row.
pub(super) fn read(row: &AnyRow) -> Result<AuditEvent> {
    let owner: Option<i64> = get(row, "owner_id")?;
    let outcome = match get(row, "outcome")? {
        0_i64 => AuditOutcome::Done,
        1 => AuditOutcome::Denied,
        2 => AuditOutcome::Failed,
        other => {
            return Err(Error::Corrupt { table: "audit_events", column: "outcome", value: other.to_string() });
        }
    };
    Ok(AuditEvent {
        at: time(row, "at")?,
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
    })
}
