//! `roadstead namespace`: namespaces of the personal edition.

use anyhow::{Context as _, bail};
use clap::Subcommand;
use roadstead_storage::meta::MetaStore;
use roadstead_types::{AccountId, NamespaceName, RegistryId, Uin};
use serde_json::{Value, json};

use super::{Context, Outcome, PAGE, account, print_line, print_list, text, until_seen};

#[derive(Subcommand)]
pub enum Command {
    /// Make a namespace; it must exist before a push
    Create {
        /// Name of the namespace
        name: NamespaceName,
        /// Uin of its owner; without it, the owner account of the first start
        #[arg(long)]
        owner: Option<Uin>,
    },
    /// List namespaces
    List {
        /// Only those of this uin
        #[arg(long)]
        owner: Option<Uin>,
    },
    /// Delete a namespace without repositories
    Delete {
        /// Name of the namespace
        name: NamespaceName,
    },
}

/// `roadstead namespace ...`.
pub async fn run(context: &Context, command: Command) -> Outcome {
    let changes = !matches!(command, Command::List { .. });
    let meta = context.meta(changes).await?;
    let done = match command {
        Command::Create { name, owner } => create(context, &meta, &name, owner.as_ref()).await,
        Command::List { owner } => list(context, &meta, owner.as_ref()).await,
        Command::Delete { name } => delete(context, &meta, &name).await,
    };
    meta.close().await;
    if changes {
        until_seen().await;
    }
    Ok(done?)
}

async fn owner_id(meta: &MetaStore, uin: Option<&Uin>) -> anyhow::Result<AccountId> {
    if let Some(uin) = uin {
        return Ok(account::find(meta, uin).await?.id);
    }
    let library = meta.namespace(RegistryId::PERSONAL, "library").await?;
    let library =
        library.context("there is no owner account yet: run `roadstead serve` once, or name one with --owner")?;
    Ok(library.owner)
}

async fn create(context: &Context, meta: &MetaStore, name: &NamespaceName, owner: Option<&Uin>) -> anyhow::Result<()> {
    let owner = owner_id(meta, owner).await?;
    let act = context.act(Some(owner), "namespace.create", name.as_str());
    meta.create_namespace(&act, RegistryId::PERSONAL, name, owner).await?;
    print_line(format_args!("namespace {name} created"))
}

async fn list(context: &Context, meta: &MetaStore, owner: Option<&Uin>) -> anyhow::Result<()> {
    let owner = match owner {
        Some(uin) => Some(account::find(meta, uin).await?.id),
        None => None,
    };
    let mut items: Vec<Value> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = meta.list_namespaces(RegistryId::PERSONAL, owner, after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.name.as_str().to_owned());
        for namespace in &page {
            let owner = meta.account(namespace.owner).await?;
            let uin = owner.as_ref().map(|o| o.uin.as_str());
            items.push(json!({ "name": namespace.name.as_str(), "owner": uin }));
        }
    }
    print_list(context, &items, |i| format!("{}  {}", text(i, "owner"), text(i, "name")))
}

async fn delete(context: &Context, meta: &MetaStore, name: &NamespaceName) -> anyhow::Result<()> {
    let namespace = meta.namespace(RegistryId::PERSONAL, name.as_str()).await?;
    let act = context.act(namespace.map(|namespace| namespace.owner), "namespace.delete", name.as_str());
    if !meta.delete_namespace(&act, RegistryId::PERSONAL, name).await? {
        bail!("there is no namespace {name}");
    }
    print_line(format_args!("namespace {name} deleted"))
}
