//! Lists the referrers of a manifest.

use actix_web::http::header::HeaderName;
use roadstead_auth::Pull;
use roadstead_service::records::Referrer;
use roadstead_types::{Digest, media_types};

use super::page::Page;
use roadstead_http::Call;
use roadstead_http::error::{ApiError, ApiResult, Code};

const FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");
/// The most bytes of descriptors in one answer. The answer is an index, and clients accept manifests of up to 4 MiB.
const MAX_ANSWER_BYTES: u64 = 3 << 20;

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
    let found = manifests
        .referrers(&access, &subject, artifact_type.as_deref(), after.as_ref(), page.size, MAX_ANSWER_BYTES)
        .await?;
    let extra: Vec<(&str, &str)> = artifact_type.iter().map(|t| ("artifactType", t.as_ref())).collect();
    let mut response = page.answer(call, found.next.as_ref().map(Digest::as_str), &extra);
    if artifact_type.is_some() {
        response.insert_header((FILTERS_APPLIED, "artifactType"));
    }
    Ok(response.content_type(media_types::OCI_INDEX).body(index(&found.list)))
}

/// Builds the index. The descriptors are stored as JSON and inserted unchanged.
fn index(referrers: &[Referrer]) -> String {
    let length: usize = referrers.iter().map(|r| r.descriptor.len() + 1).sum();
    let mut text = String::with_capacity(length + 128);
    text.push_str(r#"{"schemaVersion":2,"mediaType":""#);
    text.push_str(media_types::OCI_INDEX);
    text.push_str(r#"","manifests":["#);
    for (number, referrer) in referrers.iter().enumerate() {
        if number > 0 {
            text.push(',');
        }
        text.push_str(&referrer.descriptor);
    }
    text.push_str("]}");
    text
}
