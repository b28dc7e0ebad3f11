//! The probes `/healthz` and `/readyz`.

use actix_web::HttpResponse;
use roadstead_service::Probes;
use serde_json::json;

use super::state::ServerState;
use roadstead_http::error::ApiResult;

/// Answers that the process is running.
#[expect(clippy::unnecessary_wraps, reason = "every operation gives the same type")]
pub fn live() -> ApiResult {
    Ok(HttpResponse::Ok().json(json!({ "status": "ok" })))
}

/// Answers whether the server is ready: the database, its schema and the blob store answer, every loop runs, and the
/// process is not shutting down. The answer says which check fails. Only the log says why.
pub async fn ready(state: &ServerState) -> ApiResult {
    let probes = state.services.health().probe().await;
    let (down, draining) = (state.health.down(), state.is_draining());
    let ready = probes.all() && down.is_empty() && !draining;
    let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    let status = if ready { "ok" } else { "unavailable" };
    let Probes { database, migrations, store } = probes;
    Ok(response.json(json!({
        "status": status, "database": database, "migrations": migrations, "store": store, "down": down, "draining": draining,
        "readonly": state.auth.is_readonly(),
    })))
}
