use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use roadstead_auth::Accounts;
use roadstead_storage::meta::{Account, AccountStatus, MetaStore};
use roadstead_storage::types::{Clock, SystemClock, Uin};
use serde_json::{Value, json};

use super::{Context, Outcome, PAGE, print_json, print_line, print_list, text, until_seen};
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
        uin: String,
        /// Read the password from standard input instead of making one
        #[arg(long)]
        password_stdin: bool,
    },
    /// Shut an account out; its tokens and sessions end
    Disable {
        /// Uin of the account
        uin: String,
    },
    /// Let a disabled account in again
    Enable {
        /// Uin of the account
        uin: String,
    },
}

/// `roadstead account ...`.
pub async fn run(context: &Context, command: Command) -> Outcome {
    bootstrap::make_data_dir(&context.settings)?;
    let meta = bootstrap::open_meta(&context.settings, true).await?;
    bootstrap::check_master_key(&context.settings, &meta).await?;
    let accounts = bootstrap::open_accounts(&context.settings, &meta, Arc::new(SystemClock))?;
    let is_list = matches!(command, Command::List);
    let done = match command {
        Command::Create { name, password_stdin } => create(&accounts, &name, password_stdin).await,
        Command::List => list(context, &meta).await,
        Command::Password { uin, password_stdin } => password(&meta, &accounts, &uin, password_stdin).await,
        Command::Disable { uin } => set_status(&meta, &uin, AccountStatus::Disabled).await,
        Command::Enable { uin } => set_status(&meta, &uin, AccountStatus::Active).await,
    };
    meta.close().await;
    if !is_list {
        until_seen().await;
    }
    Ok(done?)
}

fn from_stdin(wanted: bool) -> anyhow::Result<Option<String>> {
    wanted.then(|| bootstrap::read_password(std::io::stdin())).transpose()
}

async fn create(accounts: &Accounts, name: &str, password_stdin: bool) -> anyhow::Result<()> {
    let password = from_stdin(password_stdin)?;
    let made = accounts.create(name, password.as_deref(), None).await?;
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

async fn list(context: &Context, meta: &MetaStore) -> anyhow::Result<()> {
    let mut items: Vec<Value> = Vec::new();
    let mut after: Option<Uin> = None;
    loop {
        let page = meta.list_accounts(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.uin.clone());
        items.extend(page.iter().map(|a| {
            let status = match a.status {
                AccountStatus::Active => "active",
                AccountStatus::Disabled => "disabled",
            };
            json!({ "uin": a.uin.as_str(), "name": a.name, "status": status })
        }));
    }
    print_list(context, &items, |i| format!("{}  {:8}  {}", text(i, "uin"), text(i, "status"), text(i, "name")))
}

/// The account with this uin.
pub async fn find(meta: &MetaStore, uin: &str) -> anyhow::Result<Account> {
    let uin: Uin = uin.parse()?;
    meta.account_by_uin(&uin).await?.with_context(|| format!("there is no account {uin}"))
}

async fn password(meta: &MetaStore, accounts: &Accounts, uin: &str, password_stdin: bool) -> anyhow::Result<()> {
    let account = find(meta, uin).await?;
    match from_stdin(password_stdin)? {
        Some(password) => accounts.set_password(account.id, &password).await?,
        None => {
            let password = roadstead_auth::generate_password();
            accounts.set_password(account.id, &password).await?;
            print_json(&json!({ "username": account.uin.as_str(), "password": password.as_str() }))?;
        }
    }
    Ok(())
}

async fn set_status(meta: &MetaStore, uin: &str, status: AccountStatus) -> anyhow::Result<()> {
    let account = find(meta, uin).await?;
    if !meta.set_account_status(account.id, status, SystemClock.now()).await? {
        bail!("there is no account {uin}");
    }
    print_line(format_args!("done"))
}
