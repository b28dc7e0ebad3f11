//! `roadstead explain`: says whether a user may do something, and why.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use roadstead_auth::Read;
use roadstead_policy::Layer;
use roadstead_policy::explain::Question;
use roadstead_service::records::Account;
use roadstead_storage::meta::MetaStore;
use roadstead_types::{SystemClock, Uin};
use serde_json::{Value, json};

use super::opened::find;
use super::{Context, Failure, Outcome, print_lines, system};
use crate::bootstrap;
use roadstead_service::explain::{ExplainService, Explanation};

#[derive(Args)]
pub struct ExplainArgs {
    /// Uin of the user
    #[arg(long)]
    uin: Uin,
    /// Action of the user: pull, push, create-repository, delete-tag..., or a name such as ccr:push or cam:GetUser
    #[arg(long)]
    action: String,
    /// Resource of the action: NAMESPACE/NAME[:TAG], NAMESPACE, or six pieces such as qcs::cam:::groupid/7
    #[arg(long, default_value = "*")]
    resource: String,
    /// Id of an instance, if the resource is in one; by default the personal edition
    #[arg(long, value_name = "tcr-...")]
    instance: Option<String>,
    /// Address that the request would come from
    #[arg(long, value_name = "ADDR", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    ip: IpAddr,
}

/// Runs `roadstead explain`.
pub async fn run(context: &Context, args: &ExplainArgs) -> Outcome {
    let meta = context.meta(false).await?;
    let answered = answer(context, &meta, &args.uin, args).await;
    meta.close().await;
    let (account, explanation) = answered?;
    if context.json {
        return Ok(print_lines([format!("{:#}", record(&account, &explanation))])?);
    }
    Ok(print(&account, &explanation)?)
}

async fn answer(
    context: &Context,
    meta: &MetaStore,
    uin: &Uin,
    args: &ExplainArgs,
) -> Result<(Account, Explanation), Failure> {
    let system = system::<Read>();
    let found = async {
        let accounts = context.accounts(meta);
        let account = find(&accounts, uin).await?;
        let owner =
            accounts.account(&system, account.owner).await?.with_context(|| format!("{uin} belongs to nobody"))?;
        anyhow::Ok((account, owner))
    };
    let (account, owner) = found.await?;
    let question = Question::new(&args.action, &args.resource, args.instance.as_deref(), &owner.uin);
    let question = question.map_err(|e| Failure::Usage(e.into()))?;
    let sealer = bootstrap::open_sealer(&context.settings, meta).await?;
    let auth = bootstrap::open_auth(&context.settings, meta, sealer, Arc::new(SystemClock)).await?;
    let explained = ExplainService::new(meta.clone(), auth).of_any(&system, &account, &question, args.ip).await;
    let explanation = explained.map_err(anyhow::Error::new)?;
    Ok((account, explanation))
}

fn layer(layer: Layer) -> &'static str {
    match layer {
        Layer::Identity => "policy",
        Layer::Boundary => "boundary",
        Layer::Session => "session",
    }
}

fn record(account: &Account, explanation: &Explanation) -> Value {
    let looked = explanation.policies.iter().map(|looked| {
        json!({ "kind": layer(looked.layer), "id": looked.id, "name": looked.name, "statements": looked.statements })
    });
    let policy = explanation.statement.as_ref().and_then(|statement| statement.policy.as_ref());
    json!({
        "uin": account.uin.as_str(),
        "allowed": explanation.allowed,
        "effect": explanation.effect(),
        "reason": explanation.reason,
        "policy_id": policy.map(|(id, _)| id),
        "policy_name": policy.map(|(_, name)| name),
        "statement": explanation.statement.as_ref().map(|statement| statement.index),
        "actions": explanation.actions,
        "resources": explanation.resources,
        "policies": looked.collect::<Vec<_>>(),
    })
}

fn print(account: &Account, explanation: &Explanation) -> anyhow::Result<()> {
    let word = if explanation.allowed { "allowed" } else { "denied" };
    let on = if explanation.resources.is_empty() { "*".to_owned() } else { explanation.resources.join(", ") };
    let looked = explanation.policies.iter().map(|looked| {
        let (id, name, statements) = (looked.id, &looked.name, looked.statements);
        format!("  looked at   {} {id} {name}, statements: {statements}", layer(looked.layer))
    });
    let head = [
        format!("{word}: {}", explanation.reason),
        format!("  user        {} ({})", account.uin, account.name),
        format!("  checked as  {}", explanation.actions.join(", ")),
        format!("  on          {on}"),
    ];
    print_lines(head.into_iter().chain(looked))
}
