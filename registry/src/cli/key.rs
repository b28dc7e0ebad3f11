//! `roadstead account key`: access keys for the cloud API.

use anyhow::bail;
use clap::Subcommand;
use roadstead_service::Error;
use roadstead_types::{SecretId, Thing, Uin};
use serde_json::{Value, json};

use super::opened::{Opened, find};
use super::{Context, print_done, print_json, print_list, system, text};

#[derive(Subcommand)]
pub enum Command {
    /// List the access keys of an account, without their secret halves
    List {
        /// Uin of the account
        #[arg(long)]
        uin: Uin,
    },
    /// Make an access key; prints both halves as JSON, once
    Create {
        /// Uin of the account
        #[arg(long)]
        uin: Uin,
        /// What the key is for: letters, digits and characters of _+=,.@:/-
        #[arg(long, default_value = "")]
        description: String,
    },
    /// Make an access key unusable; its temporary credentials end
    Disable {
        /// Uin of the account
        #[arg(long)]
        uin: Uin,
        /// Id of the key
        secret_id: SecretId,
    },
    /// Make a disabled access key usable again
    Enable {
        /// Uin of the account
        #[arg(long)]
        uin: Uin,
        /// Id of the key
        secret_id: SecretId,
    },
    /// Delete an access key, for good
    Delete {
        /// Uin of the account
        #[arg(long)]
        uin: Uin,
        /// Id of the key
        secret_id: SecretId,
    },
}

impl Command {
    pub fn changes(&self) -> bool {
        !matches!(self, Self::List { .. })
    }
}

/// Runs `roadstead account key ...`.
pub async fn run(context: &Context, opened: &Opened<'_>, command: Command) -> anyhow::Result<()> {
    match command {
        Command::List { uin } => list(context, opened, &uin).await,
        Command::Create { uin, description } => create(context, opened, &uin, &description).await,
        Command::Disable { uin, secret_id } => set_active(context, opened, &uin, &secret_id, false).await,
        Command::Enable { uin, secret_id } => set_active(context, opened, &uin, &secret_id, true).await,
        Command::Delete { uin, secret_id } => delete(context, opened, &uin, &secret_id).await,
    }
}

async fn list(context: &Context, opened: &Opened<'_>, uin: &Uin) -> anyhow::Result<()> {
    let account = find(&opened.accounts, uin).await?;
    let keys = opened.accounts.keys(&system(), &account).await?.into_iter().map(|key| {
        json!({
            "secret_id": key.secret_id.as_str(),
            "status": if key.active { "active" } else { "disabled" },
            "description": key.description,
        })
    });
    let items: Vec<Value> = keys.collect();
    print_list(context, &items, |i| {
        format!("{}  {:8}  {}", text(i, "secret_id"), text(i, "status"), text(i, "description"))
    })
}

async fn create(context: &Context, opened: &Opened<'_>, uin: &Uin, description: &str) -> anyhow::Result<()> {
    let account = find(&opened.accounts, uin).await?;
    let act = context.act(Some(account.owner), "access-key.create", account.uin.as_str());
    let credentials = opened.credentials(context).await?;
    let key = credentials.create_key(&system(), &act, &account, description).await?;
    print_json(&json!({
        "uin": account.uin.as_str(),
        "secret_id": key.secret_id.as_str(),
        "secret_key": key.secret_key,
    }))
}

async fn set_active(
    context: &Context,
    opened: &Opened<'_>,
    uin: &Uin,
    id: &SecretId,
    active: bool,
) -> anyhow::Result<()> {
    let account = find(&opened.accounts, uin).await?;
    let action = if active { "access-key.enable" } else { "access-key.disable" };
    let act = context.act(Some(account.owner), action, &target(&account.uin, id));
    let set = opened.accounts.set_key_active(&system(), &act, &account, id, active).await;
    done(context, set, uin, id, if active { ("active", "enabled") } else { ("disabled", "disabled") })
}

async fn delete(context: &Context, opened: &Opened<'_>, uin: &Uin, id: &SecretId) -> anyhow::Result<()> {
    let account = find(&opened.accounts, uin).await?;
    let act = context.act(Some(account.owner), "access-key.delete", &target(&account.uin, id));
    let deleted = opened.accounts.delete_key(&system(), &act, &account, id).await;
    done(context, deleted, uin, id, ("deleted", "deleted"))
}

/// Prints what has become of a key: its status, and the same in a sentence.
fn done(
    context: &Context,
    outcome: Result<(), Error>,
    uin: &Uin,
    id: &SecretId,
    (status, done): (&str, &str),
) -> anyhow::Result<()> {
    match outcome {
        Err(Error::Unknown(Thing::AccessKey)) => bail!("the account {uin} has no key {id}"),
        outcome => outcome?,
    }
    let value = json!({ "uin": uin.as_str(), "secret_id": id.as_str(), "status": status });
    print_done(context, format_args!("key {id} of the account {uin} {done}"), &value)
}

/// Names a key and its account for the audit log.
fn target(uin: &Uin, id: &SecretId) -> String {
    format!("{uin} {id}")
}
