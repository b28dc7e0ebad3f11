//! `roadstead serve`: runs the server.

use anyhow::Context as _;
use roadstead_config::FirstCredentials;
use serde_json::json;

use super::{Context, Failure, Outcome, print_done};
use crate::bootstrap::{self, Parts};

/// Runs `roadstead serve`.
pub async fn run(context: &Context) -> Outcome {
    let chosen =
        FirstCredentials::from_environment(roadstead_config::environment()).map_err(|e| Failure::Usage(e.into()))?;
    let registry = bootstrap::build(&context.settings, &chosen, Parts::default()).await?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), url = registry.url, "starting");
    if context.settings.maintenance.readonly {
        tracing::warn!("the registry is read-only for maintenance (maintenance.readonly): it changes nothing");
    }
    let scheme = if context.settings.server.tls.cert.is_some() { "https" } else { "http" };
    let mut told = Ok(());
    let run = bootstrap::run(registry, |registry| {
        told = (|| {
            if let Some(first_start) = &registry.first_start {
                print_done(context, format_args!("{first_start}"), &json!({ "first_start": first_start }))?;
            }
            if let Some(metrics) = &registry.metrics {
                let url = format!("http://{}/metrics", metrics.address);
                print_done(context, format_args!("metrics on {url}"), &json!({ "metrics": url }))?;
            }
            let url = format!("{scheme}://{}", registry.bound.address);
            print_done(context, format_args!("listening on {url}"), &json!({ "listening": url }))
        })();
    });
    let result = run.await.context("the server stopped");
    // The server also runs when nobody reads standard output.
    if let Err(error) = told {
        tracing::warn!(error = %error, "standard output is closed");
    }
    tracing::info!("stopped");
    Ok(result?)
}
