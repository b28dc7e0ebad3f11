//! Commands that maintain an installation: collection, migration, master key, settings.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use roadstead_config::{Key, MasterKey, ORPHAN_AGE_MIN, Settings};
use roadstead_gc::{Params, Removal};
use roadstead_storage::meta::{AuditEvent, MetaStore};
use roadstead_types::SystemClock;
use serde_json::{Value, json};

use super::{Context, Outcome, print_json, print_line, print_lines};
use crate::bootstrap;
use roadstead_service::audit::Collected;

#[derive(Args)]
pub struct CollectArgs {
    /// List what would be removed and why, but remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Minimum age of stored bytes without a row; by default the setting gc.orphan_age. Less than 1h only without a
    /// server
    #[arg(long, value_parser = humantime::parse_duration)]
    grace: Option<Duration>,
}

/// Runs `roadstead garbage-collect`.
pub async fn collect(context: &Context, args: &CollectArgs) -> Outcome {
    let settings = &context.settings;
    let orphan_age = args.grace.unwrap_or(settings.gc.orphan_age);
    // A missing database or store means that the data directory is wrong, so this must not create one.
    let meta = bootstrap::open_existing_meta(settings).await?;
    let store = bootstrap::open_existing_store(settings).await?;
    let _alone = alone_if_needed(settings, orphan_age, args.dry_run)?;
    let collector = bootstrap::open_collector(&meta, &store, Arc::new(SystemClock));
    let params = Params { orphan_age, dry_run: args.dry_run };
    let mut removals: Vec<Removal> = Vec::new();
    let mut gone = Collected::default();
    let seen = |removal: &Removal| {
        gone.add(removal);
        removals.push(removal.clone());
    };
    let outcome = collector.run(params, seen).await;
    // The removals are recorded even if the run failed later.
    let noted = match args.dry_run || gone.is_empty() {
        true => Ok(()),
        false => collected(context, &meta, &gone).await,
    };
    meta.close().await;
    tell(context, args, &removals)?;
    noted?;
    Ok(outcome.map(drop).map_err(anyhow::Error::from)?)
}

/// Records the removals in the audit log. They are many changes, so they share no transaction.
async fn collected(context: &Context, meta: &MetaStore, gone: &Collected) -> anyhow::Result<()> {
    let act = context.act(None, Collected::ACTION, &gone.to_string());
    Ok(meta.record_audit_events(&[AuditEvent::done(&act, act.now())]).await?)
}

fn tell(context: &Context, args: &CollectArgs, removals: &[Removal]) -> Outcome {
    if context.json {
        let items: Vec<Value> = removals
            .iter()
            .map(|r| json!({ "item": r.item.to_string(), "reason": r.reason.to_string(), "size_bytes": r.size }))
            .collect();
        let record = json!({ "dry_run": args.dry_run, "items": items });
        return Ok(print_lines([format!("{record:#}")])?);
    }
    let verb = if args.dry_run { "would remove" } else { "removed" };
    let lines = removals.iter().map(|r| format!("{verb} {}: {} ({} bytes)", r.item, r.reason, r.size));
    Ok(print_lines(lines.chain([format!("{verb} {} items", removals.len())]))?)
}

/// Takes the lock of the data directory if the age is below the minimum. A sweep would then take bytes that a running
/// server has just written and not yet recorded, so no server may run or start.
fn alone_if_needed(settings: &Settings, orphan_age: Duration, dry_run: bool) -> anyhow::Result<Option<File>> {
    if dry_run || orphan_age >= ORPHAN_AGE_MIN {
        return Ok(None);
    }
    let lock = bootstrap::lock_data_dir(settings);
    lock.map(Some).context("--grace below 1h can remove data that a running server needs: stop the server first")
}

/// Runs `roadstead migrate`.
pub async fn migrate(context: &Context) -> Outcome {
    bootstrap::make_data_dir(&context.settings)?;
    let meta = bootstrap::open_meta(&context.settings).await?;
    meta.close().await;
    Ok(print_line(format_args!("the schema of the database is up to date"))?)
}

#[derive(Args)]
pub struct RotateArgs {
    /// File with the next master key: 32 bytes, or their base64; required if the key comes from the settings, random
    /// otherwise
    #[arg(long, value_name = "FILE")]
    new_key_file: Option<PathBuf>,
}

/// Runs `roadstead rotate-master-key`.
pub async fn rotate_master_key(context: &Context, args: &RotateArgs) -> Outcome {
    let settings = &context.settings;
    let key = args.new_key_file.as_deref().map(Key::from_file).transpose().map_err(anyhow::Error::from)?;
    // A running server would keep using the old key from its memory.
    let _alone = bootstrap::lock_data_dir(settings).context("stop the server first")?;
    let meta = bootstrap::open_existing_meta(settings).await?;
    let outcome = bootstrap::rotate_master_key(settings, &meta, key, &context.act(None, "master-key.rotate", "")).await;
    meta.close().await;
    let count = outcome?;
    let advice = match settings.master_key() {
        MasterKey::Given(_) | MasterKey::Printed(_) => {
            "; put the new key in the place of the old one before the next start"
        }
        MasterKey::Kept(_) => "",
    };
    if context.json {
        return Ok(print_json(&json!({ "resealed": count.unwrap_or_default() }))?);
    }
    Ok(match count {
        Some(count) => print_line(format_args!("{count} secrets are sealed with the new master key{advice}")),
        None => print_line(format_args!("everything is sealed with that master key already{advice}")),
    }?)
}

/// Runs `roadstead check-config`.
pub fn check_config(context: &Context) -> Outcome {
    let entries = context.settings.entries();
    if context.json {
        let pairs: serde_json::Map<String, Value> =
            entries.into_iter().map(|e| (e.key.to_string(), Value::from(e.value.to_string()))).collect();
        return Ok(print_lines([format!("{:#}", Value::Object(pairs))])?);
    }
    Ok(print_lines(entries.iter().map(|entry| format!("{} = {}", entry.key, entry.value)))?)
}
