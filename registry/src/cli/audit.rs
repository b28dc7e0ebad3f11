//! `roadstead audit`: the audit log, and the events that commands add to it.

use std::time::Duration;

use clap::{Args, Subcommand};
use roadstead_service::AuditLogService;
use roadstead_service::records::{AuditCursor, AuditEvent, AuditOutcome, AuditQuery};
use roadstead_types::{Clock, SystemClock, Timestamp};
use serde_json::{Value, json};

use super::{Context, Failure, Outcome, PAGE, print_list, system, text};
use roadstead_types::time;

#[derive(Subcommand)]
pub enum Command {
    /// List changes and refused requests, the latest first
    List(ListArgs),
}

#[derive(Args)]
pub struct ListArgs {
    /// Only events since this time, such as 2026-11-21T22:00:00Z, or this long ago, such as 2h or 7d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only events by this uin
    #[arg(long)]
    uin: Option<String>,
    /// Only events of this action, for example tcr:CreateNamespacePersonal or manifest.put
    #[arg(long)]
    action: Option<String>,
    /// Only refused requests
    #[arg(long)]
    denied: bool,
    /// The most events to list
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
}

/// Runs `roadstead audit ...`.
pub async fn run(context: &Context, command: Command) -> Outcome {
    let Command::List(args) = command;
    let since = args.since.as_deref().map(moment).transpose()?;
    let meta = context.meta(false).await?;
    let listed = list(context, &AuditLogService::new(meta.clone()), &args, since).await;
    meta.close().await;
    Ok(listed?)
}

fn moment(text: &str) -> Result<Timestamp, Failure> {
    if let Some(at) = time::parse(text) {
        return Ok(at);
    }
    let ago: Duration = humantime::parse_duration(text)
        .map_err(|_| Failure::Usage(anyhow::anyhow!("--since is neither a time nor a duration: {text}")))?;
    Ok(SystemClock.now().before(ago))
}

async fn list(
    context: &Context,
    log: &AuditLogService,
    args: &ListArgs,
    since: Option<Timestamp>,
) -> anyhow::Result<()> {
    let mut items: Vec<Value> = Vec::new();
    let mut after: Option<AuditCursor> = None;
    while items.len() < args.limit {
        let limit = u32::try_from(args.limit - items.len()).unwrap_or(PAGE).min(PAGE);
        let query = AuditQuery {
            since,
            uin: args.uin.as_deref(),
            action: args.action.as_deref(),
            outcome: args.denied.then_some(AuditOutcome::Denied),
            after,
            limit,
            ..AuditQuery::default()
        };
        let page = log.all(&system(), &query).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        items.extend(page.iter().map(|(_, event)| record(event)));
    }
    print_list(context, &items, line)
}

fn record(event: &AuditEvent) -> Value {
    json!({
        "time": time::iso(event.at),
        "uin": event.uin,
        "principal": event.principal,
        "source": event.source,
        "action": event.action,
        "resource": event.resource,
        "address": event.address,
        "user_agent": event.user_agent,
        "request_id": event.request_id,
        "outcome": event.outcome.name(),
        "code": event.code,
        "count": event.repeated,
        "dry_run": event.dry_run,
    })
}

fn line(item: &Value) -> String {
    let member = |name: &str| Some(text(item, name)).filter(|text| !text.is_empty()).unwrap_or("-").to_owned();
    let count =
        item["count"].as_u64().filter(|&count| count > 1).map(|count| format!("  x{count}")).unwrap_or_default();
    let members = ["time", "outcome", "uin", "principal", "action", "resource", "address", "code"].map(member);
    let tried = if item["dry_run"] == json!(true) { "  dry run" } else { "" };
    format!("{}{count}{tried}", members.join("  "))
}
