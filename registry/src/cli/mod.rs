//! The command line. Exit codes: 0 done, 1 failed, 2 bad usage or configuration.

mod account;
mod audit;
mod collect;
mod doctor;
mod explain;
mod job;
mod key;
mod maintenance;
mod namespace;
mod opened;
mod repository;
mod serve;

use std::fmt;
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use roadstead_auth::place::System;
use roadstead_auth::{Access, Mode, Operator};
use roadstead_config::{Overrides, Settings};
use roadstead_service::{AccountService, NameService};
use roadstead_storage::meta::{Act, MetaStore};
use roadstead_types::{AccountId, Actor, Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::bootstrap;

/// A self-hosted container image registry.
#[derive(Parser)]
#[command(name = "roadstead", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args, Clone)]
struct Common {
    /// Settings file in TOML; without it, the defaults and the environment apply
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "ROADSTEAD_CONFIG",
        hide_env_values = true,
        display_order = 100
    )]
    config: Option<PathBuf>,
    /// Directory of all data [env: ROADSTEAD_DATA_DIR]
    #[arg(long, global = true, value_name = "DIR", display_order = 101)]
    data_dir: Option<PathBuf>,
    /// Address to listen on [env: ROADSTEAD_LISTEN]
    #[arg(long, global = true, value_name = "ADDR", display_order = 102)]
    listen: Option<SocketAddr>,
    /// Print JSON, for programs
    #[arg(long, global = true, display_order = 103)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    Serve,
    /// Accounts: passwords, states, quotas, access keys
    #[command(subcommand)]
    Account(account::Command),
    /// The audit log
    #[command(subcommand)]
    Audit(audit::Command),
    /// Namespaces
    #[command(subcommand)]
    Namespace(namespace::Command),
    /// Repositories
    #[command(subcommand)]
    Repository(repository::Command),
    /// Background jobs
    #[command(subcommand)]
    Job(job::Command),
    /// Delete unfinished uploads that have expired, and stored objects that the database does not know; safe while
    /// servers run
    GarbageCollect(collect::CollectArgs),
    /// Bring the schema of the database up to date
    Migrate,
    /// Seal the secrets in the database with another master key; no server may be running
    RotateMasterKey(maintenance::RotateArgs),
    /// Check the settings and print those in force
    CheckConfig,
    /// Check data directory, blob store, database, master key and clock, and push and pull through the external URL
    Doctor(doctor::DoctorArgs),
    /// Say whether a user may do something, and which statement of which policy decides
    Explain(explain::ExplainArgs),
    /// Print the version
    Version,
}

/// The reason why a command fails.
enum Failure {
    /// Exit code 2.
    Usage(anyhow::Error),
    /// Exit code 1.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

type Outcome = Result<(), Failure>;

/// The context of every command.
struct Context {
    settings: Settings,
    json: bool,
}

impl Context {
    /// Describes an action of the operator on `resource`, which belongs to the main account `owner`.
    fn act(&self, owner: Option<AccountId>, action: &str, resource: &str) -> Act {
        operator_act(&self.settings, owner, action, resource)
    }

    /// Opens the database of a registry, which must exist: with a wrong path, a command must not make another one. A
    /// command that `changes` something is refused while the registry is read-only.
    async fn meta(&self, changes: bool) -> anyhow::Result<MetaStore> {
        if changes {
            self.refuse_if_readonly()?;
        }
        bootstrap::open_existing_meta(&self.settings).await
    }

    /// Refuses a command that changes something while the registry is read-only.
    fn refuse_if_readonly(&self) -> anyhow::Result<()> {
        if self.settings.maintenance.readonly {
            anyhow::bail!("the registry is read-only for maintenance: unset maintenance.readonly first");
        }
        Ok(())
    }

    /// The service for the accounts of this installation.
    fn accounts(&self, meta: &MetaStore) -> AccountService {
        AccountService::new(meta.clone())
    }

    /// The service for the namespaces and repositories of all accounts.
    fn names(&self, meta: &MetaStore) -> NameService {
        bootstrap::open_names(&self.settings, meta)
    }
}

/// Returns the proof of commands that they may do everything in this installation.
fn system<E: Mode>() -> Access<E, System> {
    Operator::new(operator_actor(None)).system()
}

/// Names the operator, who works on what belongs to the main account `owner`.
fn operator_actor(owner: Option<AccountId>) -> Actor {
    Actor { owner, ..Actor::operator(format!("roadstead/{}", env!("CARGO_PKG_VERSION"))) }
}

/// Describes an action of the operator on `resource`, which belongs to the main account `owner`.
fn operator_act(settings: &Settings, owner: Option<AccountId>, action: &str, resource: &str) -> Act {
    let actor = operator_actor(owner);
    Act::new(Arc::new(actor), action, bootstrap::timing(settings, Arc::new(SystemClock))).on(resource)
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    crate::server::process::prepare();
    let cli = Cli::parse();
    let result = actix_web::rt::System::new().block_on(run(cli));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(error)) => complain(&error, 2),
        Err(Failure::Failed(error)) => complain(&error, 1),
    }
}

fn complain(error: &anyhow::Error, code: u8) -> ExitCode {
    // If standard error is closed, there is no other way to report the error.
    let _ = writeln!(std::io::stderr(), "roadstead: {error:#}");
    ExitCode::from(code)
}

async fn run(cli: Cli) -> Outcome {
    let Cli { common, command } = cli;
    if matches!(command, Command::Version) {
        return Ok(version(common.json)?);
    }
    let overrides = Overrides { data_dir: common.data_dir, listen: common.listen };
    let settings = Settings::load(common.config.as_deref(), roadstead_config::environment(), overrides);
    let settings = settings.map_err(|e| Failure::Usage(e.into()))?;
    let context = Context { settings, json: common.json };
    // When the command ends, the guard writes the lines that are still queued.
    let _logs = bootstrap::start_log(&context.settings).map_err(Failure::Usage)?;
    match command {
        Command::Serve => serve::run(&context).await,
        Command::Account(command) => account::run(&context, command).await,
        Command::Audit(command) => audit::run(&context, command).await,
        Command::Namespace(command) => namespace::run(&context, command).await,
        Command::Repository(command) => repository::run(&context, command).await,
        Command::Job(command) => job::run(&context, command).await,
        Command::GarbageCollect(args) => collect::run(&context, &args).await,
        Command::Migrate => maintenance::migrate(&context).await,
        Command::RotateMasterKey(args) => maintenance::rotate_master_key(&context, &args).await,
        Command::CheckConfig => maintenance::check_config(&context),
        Command::Doctor(args) => doctor::run(&context, &args).await,
        Command::Explain(args) => explain::run(&context, &args).await,
        Command::Version => Ok(()),
    }
}

fn version(json: bool) -> anyhow::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    match json {
        true => print_json(&json!({ "version": version })),
        false => print_line(format_args!("roadstead {version}")),
    }
}

/// Prints one line to standard output.
fn print_line(line: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Prints a value as JSON.
fn print_json(value: &Value) -> anyhow::Result<()> {
    print_line(format_args!("{value:#}"))
}

/// Prints output that the command can produce again. A reader that stops early, such as `head`, is no failure here.
/// Results of changes are printed with [`print_line`], where it is one.
fn print_lines(lines: impl IntoIterator<Item = String>) -> anyhow::Result<()> {
    for line in lines {
        match writeln!(std::io::stdout(), "{line}") {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
            written => written?,
        }
    }
    Ok(())
}

/// Prints what a command has done: as JSON, or as a sentence.
fn print_done(context: &Context, sentence: fmt::Arguments<'_>, value: &Value) -> anyhow::Result<()> {
    if context.json { print_json(value) } else { print_line(sentence) }
}

/// Prints a list as JSON, or one line per item.
fn print_list(context: &Context, items: &[Value], line: impl Fn(&Value) -> String) -> anyhow::Result<()> {
    if context.json {
        return print_lines([format!("{:#}", Value::from(items.to_vec()))]);
    }
    print_lines(items.iter().map(line))
}

/// Returns a text member of a value, for output to people.
fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

/// How long a command waits for servers. A killed server still counts as running for a while.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often a command checks whether servers have seen its change.
const LOOK: Duration = Duration::from_millis(30);

/// Waits until every running server has seen the change of a command, because the next line of a script may rely on it.
async fn until_seen(meta: &MetaStore) -> anyhow::Result<()> {
    let number = meta.change_counters().await?.changes;
    let seen = async {
        while meta.servers_behind(number, SystemClock.now()).await? > 0 {
            tokio::time::sleep(LOOK).await;
        }
        anyhow::Ok(())
    };
    match tokio::time::timeout(PATIENCE, seen).await {
        Ok(seen) => seen?,
        Err(_) => tracing::warn!("the change is made, but a server has not confirmed it yet"),
    }
    Ok(())
}

/// The number of rows per query, for commands that read all rows.
const PAGE: u32 = 500;
