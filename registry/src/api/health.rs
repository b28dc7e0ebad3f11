//! `/healthz` and `/readyz`.

use std::time::Duration;

use actix_web::HttpResponse;
use serde_json::json;

use super::call::Call;
use super::error::ApiResult;

/// How long a probe may take before it counts as failed.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// The process lives.
#[expect(clippy::unnecessary_wraps, reason = "every operation gives the same type")]
pub fn live() -> ApiResult {
    Ok(HttpResponse::Ok().json(json!({ "status": "ok" })))
}

/// Database, schema and blob store answer, every loop of the process runs, and the process is not shutting down. Which of them
/// fails is said; why, only the log says.
pub async fn ready(call: &Call<'_>) -> ApiResult {
    let state = call.state;
    let probe =
        async |name: &str, result: Result<Result<(), roadstead_storage::Error>, tokio::time::error::Elapsed>| {
            let outcome = result.map_err(|_| "timeout".to_owned()).and_then(|r| r.map_err(|e| e.to_string()));
            if let Err(reason) = &outcome {
                tracing::warn!(probe = name, reason, "not ready");
            }
            outcome.is_ok()
        };
    let database = probe("database", tokio::time::timeout(PROBE_TIMEOUT, state.meta.ping()).await).await;
    let migrations = probe("migrations", tokio::time::timeout(PROBE_TIMEOUT, state.meta.check_schema()).await).await;
    let store = probe("store", tokio::time::timeout(PROBE_TIMEOUT, state.store.ping()).await).await;
    let (down, draining) = (state.health.down(), state.is_draining());
    let ready = database && migrations && store && down.is_empty() && !draining;
    let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    let status = if ready { "ok" } else { "unavailable" };
    Ok(response.json(json!({
        "status": status, "database": database, "migrations": migrations, "store": store, "down": down, "draining": draining,
    })))
}
