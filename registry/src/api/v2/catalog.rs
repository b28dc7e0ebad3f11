use serde_json::json;

use super::page::Page;
use crate::api::call::Call;
use crate::api::error::ApiResult;

/// `GET /v2/_catalog`: the repositories that the caller may pull.
pub async fn list(call: &Call<'_>) -> ApiResult {
    let access = call.authorize_catalog().await?;
    let page = Page::of(call)?;
    let mut names = match page.size {
        0 => Vec::new(),
        _ => call.services().repositories().list(&access, page.after.as_deref(), page.probe()).await?,
    };
    let more = page.cut(&mut names);
    let last = names.last().filter(|_| more).map(String::as_str);
    Ok(page.answer(call, last, &[]).json(json!({ "repositories": names })))
}
