//! Lists the tags of a repository.

use roadstead_auth::Pull;
use roadstead_types::Tag;
use serde_json::json;

use super::page::Page;
use roadstead_http::Call;
use roadstead_http::error::ApiResult;

/// `GET /v2/<name>/tags/list` (distribution-spec, "Listing Tags"), in byte order.
pub async fn list(call: &Call<'_>) -> ApiResult {
    let access = call.authorize::<Pull>().await?;
    let page = Page::of(call)?;
    // The query also runs if n is 0, so that an unknown repository is always reported.
    let mut tags = call.services().manifests().tags(&access, page.after.as_deref(), page.probe()).await?;
    let more = page.cut(&mut tags) && page.size > 0;
    let tags: Vec<&str> = tags.iter().map(Tag::as_str).collect();
    let last = tags.last().copied().filter(|_| more);
    Ok(page.answer(call, last, &[]).json(json!({ "name": access.repository().as_str(), "tags": tags })))
}
