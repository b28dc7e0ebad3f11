//! `roadstead repository`: repositories of the personal edition.

use anyhow::{Context as _, bail, ensure};
use clap::{Subcommand, ValueEnum};
use roadstead_auth::Write;
use roadstead_service::NameService;
use roadstead_types::RepositoryName;
use serde_json::{Value, json};

use super::{Context, Outcome, PAGE, print_done, print_list, system, text, until_seen};

#[derive(Subcommand)]
pub enum Command {
    /// List repositories
    List,
    /// Set who may pull from a repository
    Visibility {
        /// NAMESPACE/NAME
        name: RepositoryName,
        /// public: everybody; private: its owner, and sub-accounts whose policies allow it
        visibility: Visibility,
    },
    /// Delete a repository with all its images and tags
    Delete {
        /// NAMESPACE/NAME
        name: RepositoryName,
        /// Delete it for good; without this flag, the command only says what it would delete
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Visibility {
    Public,
    Private,
}

/// Runs `roadstead repository ...`.
pub async fn run(context: &Context, command: Command) -> Outcome {
    let changes = !matches!(command, Command::List);
    let meta = context.meta(changes).await?;
    let names = context.names(&meta);
    let done = match command {
        Command::List => list(context, &names).await,
        Command::Visibility { name, visibility } => set_visibility(context, &names, &name, visibility).await,
        Command::Delete { name, yes } => delete(context, &names, &name, yes).await,
    };
    if done.is_ok() && changes {
        until_seen(&meta).await?;
    }
    meta.close().await;
    Ok(done?)
}

fn word(public: bool) -> &'static str {
    if public { "public" } else { "private" }
}

async fn list(context: &Context, names: &NameService) -> anyhow::Result<()> {
    let mut items: Vec<Value> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = names.repositories(&system(), after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.name.as_str().to_owned());
        items.extend(page.iter().map(|r| json!({ "name": r.name.as_str(), "visibility": word(r.public) })));
    }
    print_list(context, &items, |i| format!("{:7}  {}", text(i, "visibility"), text(i, "name")))
}

async fn set_visibility(
    context: &Context,
    names: &NameService,
    name: &RepositoryName,
    visibility: Visibility,
) -> anyhow::Result<()> {
    let unknown = || format!("there is no repository {name}");
    let (repository, owner) = names.repository(&system::<Write>(), name).await?.with_context(unknown)?;
    let public = matches!(visibility, Visibility::Public);
    let act = context.act(owner, "repository.visibility", &format!("{name} {}", word(public)));
    if !names.set_visibility(&system(), &act, &repository, public).await? {
        bail!(unknown());
    }
    let value = json!({ "name": name.as_str(), "visibility": word(public) });
    print_done(context, format_args!("repository {name} is {}", word(public)), &value)
}

async fn delete(context: &Context, names: &NameService, name: &RepositoryName, yes: bool) -> anyhow::Result<()> {
    let unknown = || format!("there is no repository {name}");
    let (repository, owner) = names.repository(&system::<Write>(), name).await?.with_context(unknown)?;
    ensure!(yes, "this deletes the repository {name} with all its images and tags: add --yes if you mean it");
    let act = context.act(owner, "repository.delete", name.as_str());
    ensure!(names.delete_repository(&system(), &act, &repository).await?, unknown());
    let value = json!({ "name": name.as_str(), "status": "deleted" });
    print_done(context, format_args!("repository {name} deleted"), &value)
}
