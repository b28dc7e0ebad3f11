//! `/healthz` and `/readyz`.

use actix_web::HttpResponse;
use roadstead_service::Probes;
use serde_json::json;

use super::state::ServerState;
use roadstead_http::error::ApiResult;

/// The process lives.
#[expect(clippy::unnecessary_wraps, reason = "every operation gives the same type")]
pub fn live() -> ApiResult {
    Ok(HttpResponse::Ok().json(json!({ "status": "ok" })))
}

/// Database, schema and blob store answer, every loop of the process runs, and the process is not shutting down. Which of them
/// fails is said; why, only the log says.
pub async fn ready(state: &ServerState) -> ApiResult {
    let probes = state.services.health().probe().await;
    let (down, draining) = (state.health.down(), state.is_draining());
    let ready = probes.all() && down.is_empty() && !draining;
    let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    let status = if ready { "ok" } else { "unavailable" };
    let Probes { database, migrations, store } = probes;
    Ok(response.json(json!({
        "status": status, "database": database, "migrations": migrations, "store": store, "down": down, "draining": draining,
    })))
}
