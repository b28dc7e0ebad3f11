//! `roadstead namespace`: namespaces of the personal edition.

use anyhow::{Context as _, bail, ensure};
use clap::Subcommand;
use roadstead_auth::{Read, Write};
use roadstead_service::records::Account;
use roadstead_service::{AccountService, Error, NameService};
use roadstead_types::{NamespaceName, Thing, Uin};
use serde_json::{Value, json};

use super::{Context, Outcome, PAGE, opened, print_done, print_list, system, text, until_seen};

#[derive(Subcommand)]
pub enum Command {
    /// Make a namespace; it must exist before a push
    Create {
        /// Name of the namespace
        name: NamespaceName,
        /// Uin of its owner; by default the owner account of the first start
        #[arg(long)]
        owner: Option<Uin>,
        /// Take the name even if it is reserved
        #[arg(long)]
        reserved: bool,
    },
    /// List namespaces
    List {
        /// Only namespaces of this uin
        #[arg(long)]
        owner: Option<Uin>,
    },
    /// Delete a namespace without repositories
    Delete {
        /// Name of the namespace
        name: NamespaceName,
    },
}

/// Runs `roadstead namespace ...`.
pub async fn run(context: &Context, command: Command) -> Outcome {
    let changes = !matches!(command, Command::List { .. });
    let meta = context.meta(changes).await?;
    let (accounts, names) = (context.accounts(&meta), context.names(&meta));
    let done = match command {
        Command::Create { name, owner, reserved } => {
            create(context, &accounts, &names, &name, owner.as_ref(), reserved).await
        }
        Command::List { owner } => list(context, &accounts, &names, owner.as_ref()).await,
        Command::Delete { name } => delete(context, &names, &name).await,
    };
    if done.is_ok() && changes {
        until_seen(&meta).await?;
    }
    meta.close().await;
    Ok(done?)
}

/// Returns the account with this uin, or the account of the first start if no uin is given.
async fn owner_of(accounts: &AccountService, uin: Option<&Uin>) -> anyhow::Result<Account> {
    match uin {
        Some(uin) => opened::find(accounts, uin).await,
        None => opened::owner(accounts).await.context("name an owner with --owner"),
    }
}

async fn create(
    context: &Context,
    accounts: &AccountService,
    names: &NameService,
    name: &NamespaceName,
    owner: Option<&Uin>,
    even_reserved: bool,
) -> anyhow::Result<()> {
    let owner = owner_of(accounts, owner).await?;
    let act = context.act(Some(owner.owner), "namespace.create", name.as_str());
    match names.create_namespace(&system(), &act, &owner, name, even_reserved).await {
        Err(Error::Reserved(_)) => bail!("the name {name} is reserved; with --reserved it is made all the same"),
        Err(Error::Exists(Thing::Namespace)) => bail!("there is a namespace {name} already"),
        made => made?,
    }
    let value = json!({ "name": name.as_str(), "owner": owner.uin.as_str() });
    print_done(context, format_args!("namespace {name} created"), &value)
}

async fn list(
    context: &Context,
    accounts: &AccountService,
    names: &NameService,
    owner: Option<&Uin>,
) -> anyhow::Result<()> {
    let owner = match owner {
        Some(uin) => Some(opened::find(accounts, uin).await?.id),
        None => None,
    };
    let mut items: Vec<Value> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = names.namespaces(&system(), owner, after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.name.as_str().to_owned());
        for namespace in &page {
            let owner = accounts.account(&system::<Read>(), namespace.owner).await?;
            let uin = owner.as_ref().map(|o| o.uin.as_str());
            items.push(json!({ "name": namespace.name.as_str(), "owner": uin }));
        }
    }
    print_list(context, &items, |i| format!("{}  {}", text(i, "owner"), text(i, "name")))
}

async fn delete(context: &Context, names: &NameService, name: &NamespaceName) -> anyhow::Result<()> {
    let namespace = names.namespace(&system::<Write>(), name.as_str()).await?;
    let act = context.act(namespace.map(|namespace| namespace.owner), "namespace.delete", name.as_str());
    match names.delete_namespace(&system(), &act, name).await {
        Err(Error::InUse(_)) => {
            bail!(
                "there are repositories in the namespace {name}: delete them first, with `roadstead repository delete`"
            )
        }
        deleted => ensure!(deleted?, "there is no namespace {name}"),
    }
    let value = json!({ "name": name.as_str(), "status": "deleted" });
    print_done(context, format_args!("namespace {name} deleted"), &value)
}
