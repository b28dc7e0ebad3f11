use actix_web::http::header::HeaderName;
use roadstead_auth::Pull;
use roadstead_storage::meta::Referrer;
use roadstead_storage::types::{Digest, media_types};
use serde_json::{Value, json};

use super::page::Page;
use crate::api::call::Call;
use crate::api::error::{ApiError, ApiResult, Code};

const FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");
/// The most bytes of descriptors in one answer: clients take manifests of 4 MiB, and an index of referrers is one.
const MAX_ANSWER_BYTES: usize = 3 << 20;

/// `GET /v2/<name>/referrers/<digest>` (distribution-spec, "Listing Referrers").
pub async fn list(call: &Call<'_>) -> ApiResult {
    let access = call.authorize::<Pull>().await?;
    let subject = call.digest()?;
    let page = Page::of(call)?;
    let artifact_type = call.query_value("artifactType").filter(|t| !t.is_empty());
    let after: Option<Digest> = match &page.after {
        Some(last) => Some(last.parse().map_err(|_| ApiError::new(Code::PageInvalid, "last is not a digest"))?),
        None => None,
    };
    let manifests = call.services().manifests();
    let mut found =
        manifests.referrers(&access, &subject, artifact_type.as_deref(), after.as_ref(), page.probe()).await?;
    let mut more = page.cut(&mut found) && page.size > 0;
    let mut bytes = 0;
    let descriptors: Vec<Value> = found.iter().map(descriptor).collect();
    let fitting = descriptors.iter().take_while(|d| {
        bytes += d.to_string().len();
        bytes <= MAX_ANSWER_BYTES
    });
    // One descriptor always fits, so that the list goes on.
    let kept = fitting.count().max(1).min(descriptors.len());
    more |= kept < descriptors.len();
    let last = found[..kept].last().filter(|_| more).map(|r| r.digest.as_str());
    let extra: Vec<(&str, &str)> = artifact_type.iter().map(|t| ("artifactType", t.as_ref())).collect();
    let mut response = page.answer(call, last, &extra);
    if artifact_type.is_some() {
        response.insert_header((FILTERS_APPLIED, "artifactType"));
    }
    let index = json!({ "schemaVersion": 2, "mediaType": media_types::OCI_INDEX, "manifests": descriptors[..kept] });
    Ok(response.content_type(media_types::OCI_INDEX).body(index.to_string()))
}

fn descriptor(referrer: &Referrer) -> Value {
    let mut value =
        json!({ "mediaType": referrer.media_type, "digest": referrer.digest.as_str(), "size": referrer.size });
    if let Some(artifact_type) = &referrer.artifact_type {
        value["artifactType"] = json!(artifact_type);
    }
    if !referrer.annotations.is_empty() {
        value["annotations"] = json!(referrer.annotations);
    }
    value
}
