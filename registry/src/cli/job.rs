//! `roadstead job`: background jobs.

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};
use roadstead_auth::Read;
use roadstead_service::records::{Job, JobQuery, JobState, Schedule};
use roadstead_service::{Error, JobService};
use roadstead_types::{JobId, Timestamp};
use serde_json::{Value, json};

use super::{Context, Outcome, PAGE, print_done, print_json, print_line, print_list, system, text};
use roadstead_types::time;

#[derive(Subcommand)]
pub enum Command {
    /// List jobs, the latest first
    List(ListArgs),
    /// Show one job
    Show {
        /// Number of the job
        id: i64,
    },
    /// List the schedules of jobs that come back regularly
    Schedules,
    /// Cancel a job: a waiting job at once; a running job is told to stop
    Cancel {
        /// Number of the job
        id: i64,
    },
    /// Run a waiting, failed or cancelled job now
    Retry {
        /// Number of the job
        id: i64,
    },
}

#[derive(Args)]
pub struct ListArgs {
    /// Only jobs in this state: waiting, running, done, failed or cancelled
    #[arg(long)]
    state: Option<JobState>,
    /// Only jobs of this kind, for example store.sweep
    #[arg(long)]
    kind: Option<String>,
    /// The most jobs to list
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
}

/// Runs `roadstead job ...`.
pub async fn run(context: &Context, command: Command) -> Outcome {
    let changes = matches!(command, Command::Cancel { .. } | Command::Retry { .. });
    let meta = context.meta(changes).await?;
    let jobs = JobService::new(meta.clone());
    let done = match command {
        Command::List(args) => list(context, &jobs, &args).await,
        Command::Show { id } => show(context, &jobs, JobId::new(id)).await,
        Command::Schedules => schedules(context, &jobs).await,
        Command::Cancel { id } => cancel(context, &jobs, JobId::new(id)).await,
        Command::Retry { id } => retry(context, &jobs, JobId::new(id)).await,
    };
    meta.close().await;
    Ok(done?)
}

async fn list(context: &Context, jobs: &JobService, args: &ListArgs) -> anyhow::Result<()> {
    let mut items: Vec<Value> = Vec::new();
    let mut before: Option<JobId> = None;
    while items.len() < args.limit {
        let limit = u32::try_from(args.limit - items.len()).unwrap_or(PAGE).min(PAGE);
        let query = JobQuery { state: args.state, kind: args.kind.as_deref(), before, limit };
        let page = jobs.list(&system(), &query).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        items.extend(page.iter().map(record));
    }
    print_list(context, &items, line)
}

async fn find(jobs: &JobService, id: JobId) -> anyhow::Result<Job> {
    jobs.find(&system::<Read>(), id).await?.with_context(|| format!("there is no job {id}"))
}

async fn show(context: &Context, jobs: &JobService, id: JobId) -> anyhow::Result<()> {
    let record = record(&find(jobs, id).await?);
    if context.json {
        return print_json(&record);
    }
    for (name, value) in record.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        print_line(format_args!("{name}: {value}"))?;
    }
    Ok(())
}

async fn cancel(context: &Context, jobs: &JobService, id: JobId) -> anyhow::Result<()> {
    let job = find(jobs, id).await?;
    if !jobs.cancel(&system(), &context.act(None, "job.cancel", &id.to_string()), id).await? {
        bail!("job {id} has ended already");
    }
    match job.state {
        JobState::Running => done(context, id, "cancelling", "is told to stop"),
        _ => done(context, id, JobState::Cancelled.as_str(), "cancelled"),
    }
}

async fn retry(context: &Context, jobs: &JobService, id: JobId) -> anyhow::Result<()> {
    let job = find(jobs, id).await?;
    let act = context.act(None, "job.retry", &id.to_string());
    match jobs.retry(&system(), &act, id).await {
        Err(Error::Exists(_)) => {
            bail!("another job for the same work already waits or runs: see `roadstead job list`")
        }
        again => ensure!(again?, "job {id} is {}", job.state.as_str()),
    }
    done(context, id, JobState::Waiting.as_str(), "is due now")
}

/// Prints what has become of a job: its state, and the same in a sentence.
fn done(context: &Context, id: JobId, state: &str, sentence: &str) -> anyhow::Result<()> {
    print_done(context, format_args!("job {id} {sentence}"), &json!({ "id": id.get(), "state": state }))
}

async fn schedules(context: &Context, jobs: &JobService) -> anyhow::Result<()> {
    let record = |schedule: &Schedule| {
        json!({
            "name": schedule.name,
            "rule": schedule.rule,
            "next_run": time::iso(schedule.next_run),
            "last_run": schedule.last_run.map(time::iso),
        })
    };
    let items: Vec<Value> = jobs.schedules(&system()).await?.iter().map(record).collect();
    print_list(context, &items, |item| {
        ["name", "rule", "next_run", "last_run"].map(|name| member(item, name)).join("  ")
    })
}

fn record(job: &Job) -> Value {
    let at = |time: Option<Timestamp>| time.map(time::iso);
    // A payload that is no JSON is shown as it stands.
    let payload = serde_json::from_str(&job.payload).unwrap_or_else(|_| Value::from(job.payload.as_str()));
    json!({
        "id": job.id.get(),
        "kind": job.kind,
        "key": job.key,
        "scope": job.scope,
        "payload": payload,
        "state": if job.is_cancelling { "cancelling" } else { job.state.as_str() },
        "attempts": job.attempts,
        "progress": job.progress,
        "last_error": job.last_error,
        "run_at": time::iso(job.run_at),
        "lease_until": at(job.lease_until),
        "created_at": time::iso(job.created_at),
        "started_at": at(job.started_at),
        "finished_at": at(job.finished_at),
    })
}

fn line(item: &Value) -> String {
    let rest = ["state", "kind", "scope", "run_at", "progress", "last_error"].map(|name| member(item, name));
    format!("{}  {}  x{}", item["id"], rest.join("  "), item["attempts"])
}

/// A text member of a value, for people.
fn member(item: &Value, name: &str) -> String {
    Some(text(item, name)).filter(|text| !text.is_empty()).unwrap_or("-").to_owned()
}
