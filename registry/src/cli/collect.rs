//! `roadstead garbage-collect`: deletes unfinished uploads that have expired, and stored objects that the database does
//! not know.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use roadstead_config::{ORPHAN_AGE_MIN, Settings};
use roadstead_gc::{Collected, Params, Removal, Witness};
use roadstead_service::audit;
use roadstead_storage::meta::MetaStore;
use roadstead_types::SystemClock;
use serde_json::{Value, json};

use super::{Context, Outcome, print_lines, system};
use crate::bootstrap::{self, DataDirLock};

#[derive(Args)]
pub struct CollectArgs {
    /// List what would be removed and why, but remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Minimum age of stored objects that the database does not know; by default the setting gc.orphan_age. Less than
    /// 1h only without a server
    #[arg(long, value_parser = humantime::parse_duration, alias = "grace")]
    orphan_age: Option<Duration>,
}

/// Runs `roadstead garbage-collect`.
pub async fn run(context: &Context, args: &CollectArgs) -> Outcome {
    let settings = &context.settings;
    let orphan_age = args.orphan_age.unwrap_or(settings.gc.orphan_age);
    // A missing database or store means that the data directory is wrong, so this must not create one.
    let meta = context.meta(!args.dry_run).await?;
    let store = bootstrap::open_existing_store(settings).await?;
    let _alone = alone_if_needed(settings, orphan_age, args.dry_run)?;
    let collector = bootstrap::open_collector(&meta, &store, Arc::new(SystemClock));
    let params = Params { orphan_age, dry_run: args.dry_run };
    let mut onlooker = Onlooker { context, meta: &meta, dry_run: args.dry_run, removals: Vec::new(), recorded: Ok(()) };
    let outcome = collector.run(params, &mut onlooker).await;
    let Onlooker { removals, recorded, .. } = onlooker;
    meta.close().await;
    tell(context, args, &removals)?;
    recorded?;
    Ok(outcome.map(drop).map_err(anyhow::Error::from)?)
}

/// Keeps what was removed, and records each batch in the audit log.
struct Onlooker<'a> {
    context: &'a Context,
    meta: &'a MetaStore,
    dry_run: bool,
    removals: Vec<Removal>,
    /// The first failure to record a batch.
    recorded: anyhow::Result<()>,
}

impl Witness for Onlooker<'_> {
    async fn see(&mut self, removals: Vec<Removal>) {
        if !self.dry_run {
            let mut batch = Collected::default();
            removals.iter().for_each(|removal| batch.add(removal));
            let recorded = record(self.context, self.meta, &batch).await;
            if self.recorded.is_ok() {
                self.recorded = recorded;
            }
        }
        self.removals.extend(removals);
    }
}

/// Records removals in the audit log. They are many changes, so they share no transaction.
async fn record(context: &Context, meta: &MetaStore, gone: &Collected) -> anyhow::Result<()> {
    let act = context.act(None, Collected::ACTION, &gone.to_string());
    let recorded = audit::record(meta, &system(), &act).await;
    recorded.with_context(|| format!("the removal of {gone} is not in the audit log"))
}

fn tell(context: &Context, args: &CollectArgs, removals: &[Removal]) -> anyhow::Result<()> {
    if context.json {
        let items: Vec<Value> = removals
            .iter()
            .map(|r| json!({ "item": r.item.to_string(), "reason": r.reason.to_string(), "size_bytes": r.size }))
            .collect();
        let record = json!({ "dry_run": args.dry_run, "items": items });
        return print_lines([format!("{record:#}")]);
    }
    let verb = if args.dry_run { "would remove" } else { "removed" };
    let lines = removals.iter().map(|r| format!("{verb} {}: {} ({} bytes)", r.item, r.reason, r.size));
    print_lines(lines.chain([format!("{verb} {} items", removals.len())]))
}

/// Takes the lock of the data directory if the age is below the minimum. A sweep would then take bytes that a running
/// server has just written and not yet recorded, so no server may run or start.
fn alone_if_needed(settings: &Settings, orphan_age: Duration, dry_run: bool) -> anyhow::Result<Option<DataDirLock>> {
    if dry_run || orphan_age >= ORPHAN_AGE_MIN {
        return Ok(None);
    }
    let lock = bootstrap::lock_data_dir(settings);
    lock.map(Some).context("--orphan-age below 1h can remove data that a running server needs: stop the server first")
}
