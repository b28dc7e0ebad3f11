//! `roadstead account`: main accounts, their passwords, states and quotas.

use std::collections::HashMap;
use std::fmt;
use std::io::Read as _;
use std::str::FromStr;

use anyhow::{Context as _, bail, ensure};
use clap::Subcommand;
use roadstead_auth::{Read, Write};
use roadstead_service::records::{Account, AccountStatus, QuotaKind, Quotas};
use roadstead_service::{AccountService, Error};
use roadstead_storage::meta::MetaStore;
use roadstead_types::{AccountId, Thing, Uin};
use serde_json::{Value, json};

use super::key;
use super::opened::{Opened, find};
use super::{Context, Outcome, PAGE, print_done, print_json, print_line, print_list, system, text, until_seen};
use crate::bootstrap;

#[derive(Subcommand)]
pub enum Command {
    /// Make a main account; prints its uin, password and keys as JSON, once
    Create {
        /// Name of the account
        #[arg(long)]
        name: String,
        /// Read the password from standard input instead of making one
        #[arg(long)]
        password_stdin: bool,
    },
    /// List accounts
    List,
    /// Set a new password; tokens and sessions of the old one end
    Password {
        /// Uin of the account
        uin: Uin,
        /// Read the password from standard input instead of making one
        #[arg(long)]
        password_stdin: bool,
    },
    /// Show the quotas of an account, or set one to a number or `none`; sub-accounts count with their main account
    Quota {
        /// Uin of the main account
        uin: Uin,
        /// Namespaces
        #[arg(long, value_name = "N")]
        namespaces: Option<Quota>,
        /// Repositories, in all of its namespaces together
        #[arg(long, value_name = "N")]
        repositories: Option<Quota>,
        /// Triggers
        #[arg(long, value_name = "N")]
        triggers: Option<Quota>,
    },
    /// Shut an account out; its tokens and sessions end
    Disable {
        /// Uin of the account
        uin: Uin,
    },
    /// Let a disabled account in again
    Enable {
        /// Uin of the account
        uin: Uin,
    },
    /// Access keys for the cloud API
    Key {
        #[command(subcommand)]
        command: key::Command,
    },
}

/// `roadstead account ...`.
pub async fn run(context: &Context, command: Command) -> Outcome {
    let changes = command.changes();
    let meta = match &command {
        Command::Create { name, .. } => open_for(context, name).await?,
        _ => context.meta(changes).await?,
    };
    // Servers read quotas from the database on each use, so no server has to be told.
    let is_quota = matches!(command, Command::Quota { .. });
    let done = carry_out(context, &Opened { meta: &meta, accounts: context.accounts(&meta) }, command).await;
    if done.is_ok() && changes && !is_quota {
        until_seen(&meta).await?;
    }
    meta.close().await;
    Ok(done?)
}

async fn carry_out(context: &Context, opened: &Opened<'_>, command: Command) -> anyhow::Result<()> {
    let accounts = &opened.accounts;
    match command {
        Command::Create { name, password_stdin } => create(context, opened, &name, password_stdin).await,
        Command::List => list(context, accounts).await,
        Command::Password { uin, password_stdin } => password(context, opened, &uin, password_stdin).await,
        Command::Quota { uin, namespaces, repositories, triggers } => {
            let wanted = [
                (QuotaKind::Namespaces, namespaces),
                (QuotaKind::Repositories, repositories),
                (QuotaKind::Triggers, triggers),
            ];
            quota(context, accounts, &uin, &wanted).await
        }
        Command::Key { command } => key::run(context, opened, command).await,
        Command::Disable { uin } => set_status(context, accounts, &uin, AccountStatus::Disabled).await,
        Command::Enable { uin } => set_status(context, accounts, &uin, AccountStatus::Active).await,
    }
}

/// Opens the database for a new account. There may be none yet: accounts may be made before the first start.
async fn open_for(context: &Context, name: &str) -> anyhow::Result<MetaStore> {
    context.refuse_if_readonly()?;
    bootstrap::make_data_dir(&context.settings)?;
    let meta = bootstrap::open_meta(&context.settings).await?;
    if name == bootstrap::OWNER_NAME && context.accounts(&meta).find_by_name(&system::<Write>(), name).await?.is_none()
    {
        meta.close().await;
        bail!("the first `roadstead serve` makes the account `{name}`, with its namespace: choose another name");
    }
    Ok(meta)
}

impl Command {
    fn changes(&self) -> bool {
        match self {
            Self::List => false,
            Self::Quota { namespaces, repositories, triggers, .. } => {
                [namespaces, repositories, triggers].iter().any(|wanted| wanted.is_some())
            }
            Self::Key { command } => command.changes(),
            Self::Create { .. } | Self::Password { .. } | Self::Disable { .. } | Self::Enable { .. } => true,
        }
    }
}

/// A quota: a number, or `none` for no limit.
#[derive(Clone, Copy)]
pub struct Quota(u32);

impl FromStr for Quota {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" { Ok(Self(Quotas::UNLIMITED)) } else { text.parse().map(Self) }
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == Quotas::UNLIMITED { f.write_str("none") } else { self.0.fmt(f) }
    }
}

fn from_stdin(wanted: bool) -> anyhow::Result<Option<String>> {
    wanted.then(|| read_password(std::io::stdin())).transpose()
}

/// Reads a password from a script: strips the line ending and refuses an empty password.
fn read_password(mut input: impl std::io::Read) -> anyhow::Result<String> {
    let mut text = String::new();
    input.by_ref().take(4096).read_to_string(&mut text).context("cannot read the password")?;
    let password = text.trim_end_matches(['\r', '\n']);
    ensure!(!password.is_empty(), "the password is empty");
    Ok(password.to_owned())
}

async fn create(context: &Context, opened: &Opened<'_>, name: &str, password_stdin: bool) -> anyhow::Result<()> {
    let sealer = bootstrap::open_or_make_sealer(&context.settings, opened.meta).await?;
    let credentials = opened.credentials_with(context, sealer);
    let password = from_stdin(password_stdin)?;
    let act = context.act(None, "account.create", "");
    let made = match credentials.create_account(&system(), &act, name, password.as_deref()).await {
        Err(Error::Exists(Thing::Account)) => bail!("there is an account `{name}` already"),
        made => made?,
    };
    let mut record = json!({
        "uin": made.account.uin.as_str(),
        "username": made.account.uin.as_str(),
        "name": made.account.name,
        "secret_id": made.secret_id.as_str(),
        "secret_key": made.secret_key.as_str(),
    });
    if password.is_none() {
        record["password"] = json!(made.password.as_str());
    }
    print_json(&record)
}

async fn list(context: &Context, accounts: &AccountService) -> anyhow::Result<()> {
    let mut items: Vec<Value> = Vec::new();
    let mut owners: HashMap<AccountId, Uin> = HashMap::new();
    let mut after: Option<Uin> = None;
    loop {
        let page = accounts.list(&system(), after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.uin.clone());
        for account in &page {
            let owner = owner(accounts, &mut owners, account).await?;
            items.push(json!({
                "uin": account.uin.as_str(),
                "name": account.name,
                "status": status(account.status),
                "owner": owner.as_str(),
            }));
        }
    }
    print_list(context, &items, |i| {
        let line = format!("{}  {:8}  {}", text(i, "uin"), text(i, "status"), text(i, "name"));
        if i["owner"] == i["uin"] { line } else { format!("{line}  (of {})", text(i, "owner")) }
    })
}

fn status(status: AccountStatus) -> &'static str {
    match status {
        AccountStatus::Active => "active",
        AccountStatus::Disabled => "disabled",
    }
}

/// Returns the uin of the main account that an account belongs to.
async fn owner(
    accounts: &AccountService,
    known: &mut HashMap<AccountId, Uin>,
    account: &Account,
) -> anyhow::Result<Uin> {
    if account.owner == account.id {
        return Ok(account.uin.clone());
    }
    if let Some(uin) = known.get(&account.owner) {
        return Ok(uin.clone());
    }
    let owner = accounts
        .account(&system::<Read>(), account.owner)
        .await?
        .context("the main account of a sub-account is missing")?;
    known.insert(owner.id, owner.uin.clone());
    Ok(owner.uin)
}

async fn password(context: &Context, opened: &Opened<'_>, uin: &Uin, password_stdin: bool) -> anyhow::Result<()> {
    let (credentials, account) = (opened.credentials(context).await?, find(&opened.accounts, uin).await?);
    let act = context.act(Some(account.owner), "account.password", uin.as_str());
    match from_stdin(password_stdin)? {
        Some(password) => {
            credentials.set_password(&system(), &act, &account, &password).await?;
            let value = json!({ "username": account.uin.as_str() });
            print_done(context, format_args!("the password of the account {uin} is changed"), &value)
        }
        None => {
            let password = roadstead_auth::generate_password();
            credentials.set_password(&system(), &act, &account, &password).await?;
            print_json(&json!({ "username": account.uin.as_str(), "password": password.as_str() }))
        }
    }
}

async fn quota(
    context: &Context,
    accounts: &AccountService,
    uin: &Uin,
    wanted: &[(QuotaKind, Option<Quota>)],
) -> anyhow::Result<()> {
    let account = find(accounts, uin).await?;
    if account.owner != account.id {
        bail!("{uin} is a sub-account: it counts with its main account");
    }
    for &(kind, value) in wanted {
        if let Some(value) = value {
            let resource = format!("{uin} {} {value}", kind.name());
            let act = context.act(Some(account.owner), "account.quota", &resource);
            accounts.set_quota(&system(), &act, &account, kind, value.0).await?;
        }
    }
    let quotas = accounts.quotas(&system::<Read>(), &account).await?;
    if context.json {
        let limit = |kind| Some(quotas.of(kind)).filter(|&limit| limit != Quotas::UNLIMITED);
        let values = QuotaKind::ALL.map(|kind| (kind.name().to_owned(), json!(limit(kind))));
        return print_json(&Value::Object(values.into_iter().collect()));
    }
    QuotaKind::ALL
        .iter()
        .try_for_each(|&kind| print_line(format_args!("{:12}  {}", kind.name(), Quota(quotas.of(kind)))))
}

async fn set_status(
    context: &Context,
    accounts: &AccountService,
    uin: &Uin,
    wanted: AccountStatus,
) -> anyhow::Result<()> {
    let account = find(accounts, uin).await?;
    let (action, done) = match wanted {
        AccountStatus::Active => ("account.enable", "enabled"),
        AccountStatus::Disabled => ("account.disable", "disabled"),
    };
    let act = context.act(Some(account.owner), action, uin.as_str());
    accounts.set_status(&system(), &act, &account, wanted).await?;
    let value = json!({ "uin": uin.as_str(), "status": status(wanted) });
    print_done(context, format_args!("account {uin} {done}"), &value)
}
