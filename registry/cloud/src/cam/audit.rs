//! The audit log of the caller's account.

use roadstead_auth::{Identity, Read};
use roadstead_policy::actions::cam;
use roadstead_policy::{Service, actions};
use roadstead_service::records::{AuditCursor, AuditEvent, AuditOutcome, AuditQuery};
use roadstead_types::Timestamp;
use serde::{Deserialize, Serialize};

use crate::action::{Action, Allowed, action};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::page;
use roadstead_types::time;

/// Lists the events that concern the caller's main account, the latest first.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeAuditLogs {
    start_time: Option<String>,
    end_time: Option<String>,
    uin: Option<String>,
    operation: Option<String>,
    outcome: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// The answer to [`DescribeAuditLogs`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AuditLogs {
    events: Vec<Event>,
    /// The cursor of the next page. It is absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    time: String,
    uin: String,
    principal: String,
    source: String,
    action: String,
    resource: String,
    #[serde(rename = "SourceIP")]
    address: String,
    user_agent: String,
    request_id: String,
    outcome: &'static str,
    code: String,
    count: u64,
    /// Whether it was a dry run.
    dry_run: bool,
}

impl From<AuditEvent> for Event {
    fn from(event: AuditEvent) -> Self {
        Self {
            time: time::plain(event.at),
            uin: event.uin,
            principal: event.principal,
            source: event.source,
            action: event.action,
            resource: event.resource,
            address: event.address,
            user_agent: event.user_agent,
            request_id: event.request_id,
            outcome: event.outcome.name(),
            code: event.code,
            count: event.repeated,
            dry_run: event.dry_run,
        }
    }
}

fn wrong(name: &str) -> CloudError {
    CloudError::new(Code::InvalidParameterValue, format!("the value of {name} is wrong"))
}

fn moment(name: &str, text: Option<&str>) -> CloudResult<Option<Timestamp>> {
    text.map(|text| time::parse(text).ok_or_else(|| wrong(name))).transpose()
}

/// Returns the full name of an action in events: `service:Action`. The caller may leave out the service.
fn whole_name(operation: String) -> String {
    let services = [Service::Tcr, Service::Cam, Service::Sts];
    let row = services.iter().find_map(|service| actions::find(service.name(), &operation));
    row.map_or(operation, |row| row.full_name().to_owned())
}

/// Selects the events of a request.
pub(crate) struct Wanted {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    uin: Option<String>,
    action: Option<String>,
    outcome: Option<AuditOutcome>,
    after: Option<AuditCursor>,
    limit: u32,
}

fn place(text: &str) -> Option<AuditCursor> {
    let (at, id) = text.split_once('.')?;
    Some(AuditCursor { at: Timestamp::from_millis(at.parse().ok()?), id: id.parse().ok()? })
}

impl Action for DescribeAuditLogs {
    action! { cam::DescribeAuditLogs: Read, Wanted => AuditLogs }
    fn check(self, _: &Identity) -> CloudResult<Wanted> {
        let outcome = self.outcome.as_deref().map(|name| AuditOutcome::from_name(name).ok_or_else(|| wrong("Outcome")));
        Ok(Wanted {
            outcome: outcome.transpose()?,
            after: self.cursor.as_deref().map(|text| place(text).ok_or_else(|| wrong("Cursor"))).transpose()?,
            since: moment("StartTime", self.start_time.as_deref())?,
            until: moment("EndTime", self.end_time.as_deref())?,
            limit: page::window(None, self.limit)?.limit,
            uin: self.uin,
            action: self.operation.map(whole_name),
        })
    }
    async fn run(it: Wanted, call: Allowed<'_, Read>) -> CloudResult<AuditLogs> {
        let query = AuditQuery {
            owner: None,
            since: it.since,
            until: it.until,
            uin: it.uin.as_deref(),
            action: it.action.as_deref(),
            outcome: it.outcome,
            after: it.after,
            limit: it.limit,
        };
        let found = call.services().audit_log().of_account(&call.account(), &query).await?;
        let is_full = found.len() == query.limit as usize;
        let last = found.last().filter(|_| is_full);
        let cursor = last.map(|(cursor, _)| format!("{}.{}", cursor.at.as_millis(), cursor.id));
        Ok(AuditLogs { events: found.into_iter().map(|(_, event)| event.into()).collect(), cursor })
    }
}
