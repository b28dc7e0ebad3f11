//! `roadstead account key`: access keys for the cloud API.

use anyhow::{bail, ensure};
use clap::Subcommand;
use roadstead_storage::meta::MetaStore;
use roadstead_types::{SecretId, Uin};
use serde_json::{Value, json};

use super::account::{accounts, find};
use super::{Context, print_done, print_json, print_list, text};

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
pub async fn run(context: &Context, meta: &MetaStore, command: Command) -> anyhow::Result<()> {
    match command {
        Command::List { uin } => list(context, meta, &uin).await,
        Command::Create { uin, description } => create(context, meta, &uin, &description).await,
        Command::Disable { uin, secret_id } => set_active(context, meta, &uin, &secret_id, false).await,
        Command::Enable { uin, secret_id } => set_active(context, meta, &uin, &secret_id, true).await,
        Command::Delete { uin, secret_id } => delete(context, meta, &uin, &secret_id).await,
    }
}

async fn list(context: &Context, meta: &MetaStore, uin: &Uin) -> anyhow::Result<()> {
    let account = find(meta, uin).await?;
    let keys = meta.list_access_keys(account.id).await?.into_iter().map(|key| {
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

async fn create(context: &Context, meta: &MetaStore, uin: &Uin, description: &str) -> anyhow::Result<()> {
    let (accounts, account) = (accounts(context, meta).await?, find(meta, uin).await?);
    let fits = description.len() <= 1024
        && description.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b));
    if !fits {
        bail!("a description has at most 1024 letters, digits and characters of _+=,.@:/-");
    }
    let act = context.act(Some(account.owner), "access-key.create", account.uin.as_str());
    let key = accounts.create_key(&act, account.id, description).await?;
    print_json(&json!({
        "uin": account.uin.as_str(),
        "secret_id": key.secret_id.as_str(),
        "secret_key": key.secret_key,
    }))
}

async fn set_active(context: &Context, meta: &MetaStore, uin: &Uin, id: &SecretId, active: bool) -> anyhow::Result<()> {
    let account = find(meta, uin).await?;
    let action = if active { "access-key.enable" } else { "access-key.disable" };
    let act = context.act(Some(account.owner), action, &target(&account.uin, id));
    let found = meta.set_access_key_active(&act, account.id, id, active).await?;
    done(context, found, uin, id, if active { ("active", "enabled") } else { ("disabled", "disabled") })
}

async fn delete(context: &Context, meta: &MetaStore, uin: &Uin, id: &SecretId) -> anyhow::Result<()> {
    let account = find(meta, uin).await?;
    let act = context.act(Some(account.owner), "access-key.delete", &target(&account.uin, id));
    let found = meta.delete_access_key(&act, account.id, id).await?;
    done(context, found, uin, id, ("deleted", "deleted"))
}

/// Prints what has become of a key: its status, and the same in a sentence.
fn done(context: &Context, found: bool, uin: &Uin, id: &SecretId, (status, done): (&str, &str)) -> anyhow::Result<()> {
    ensure!(found, "the account {uin} has no key {id}");
    let value = json!({ "uin": uin.as_str(), "secret_id": id.as_str(), "status": status });
    print_done(context, format_args!("key {id} of the account {uin} {done}"), &value)
}

/// Names a key and its account for the audit log.
fn target(uin: &Uin, id: &SecretId) -> String {
    format!("{uin} {id}")
}
