//! Commands that maintain an installation: migration, master key, settings.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use roadstead_config::{Key, MasterKey};
use serde_json::{Value, json};

use super::{Context, Outcome, print_done, print_lines};
use crate::bootstrap;

/// Runs `roadstead migrate`.
pub async fn migrate(context: &Context) -> Outcome {
    bootstrap::make_data_dir(&context.settings)?;
    let meta = bootstrap::open_meta(&context.settings).await?;
    meta.close().await;
    let value = json!({ "schema": "up to date" });
    Ok(print_done(context, format_args!("the schema of the database is up to date"), &value)?)
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
    let meta = context.meta(true).await?;
    // A running server would keep using the old key from its memory.
    let _alone = bootstrap::lock_data_dir(settings).context("stop the server first")?;
    let outcome = bootstrap::rotate_master_key(settings, &meta, key, &context.act(None, "master-key.rotate", "")).await;
    meta.close().await;
    let count = outcome?;
    let advice = match settings.master_key() {
        MasterKey::Given(_) | MasterKey::Printed(_) => {
            "; put the new key in the place of the old one before the next start"
        }
        MasterKey::Kept(_) => "",
    };
    let value = json!({ "resealed": count.unwrap_or_default() });
    let sentence = match count {
        Some(count) => format!("{count} secrets are sealed with the new master key{advice}"),
        None => format!("everything is sealed with that master key already{advice}"),
    };
    Ok(print_done(context, format_args!("{sentence}"), &value)?)
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
