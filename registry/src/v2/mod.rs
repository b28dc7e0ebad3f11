//! The OCI distribution endpoints: one file per kind of resource and one function per operation. Each function reads
//! the request, calls one service and builds the answer.

pub mod blobs;
mod byteranges;
pub mod catalog;
pub mod manifests;
mod page;
mod range;
pub mod referrers;
pub mod tags;
pub mod uploads;

use actix_web::HttpResponse;
use actix_web::http::header::HeaderName;
use roadstead_auth::Denied;
use serde_json::json;

use roadstead_http::Call;
use roadstead_http::error::ApiResult;

pub(crate) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// `GET /v2/` (distribution-spec, "Determining Support"): tells a client whether its credentials are valid.
pub async fn base(call: &Call<'_>) -> ApiResult {
    let caller = call.caller().await?;
    if !caller.credentials_presented {
        return Err(call.challenge(Denied::Unauthenticated.into(), None));
    }
    Ok(HttpResponse::Ok().json(json!({})))
}
