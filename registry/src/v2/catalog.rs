//! The list of repositories.

use serde_json::json;

use super::page::Page;
use roadstead_http::Call;
use roadstead_http::error::ApiResult;
use roadstead_service::Listed;

/// `GET /v2/_catalog`: lists the repositories that the caller may see.
pub async fn list(call: &Call<'_>) -> ApiResult {
    let access = call.authorize_catalog().await?;
    let page = Page::of(call)?;
    let Listed { names, next } = call.services().catalog().list(&access, page.after.as_deref(), page.size).await?;
    Ok(page.answer(call, next.as_deref(), &[]).json(json!({ "repositories": names })))
}
