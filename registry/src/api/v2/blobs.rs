use actix_web::body::MessageBody;
use actix_web::http::header;
use actix_web::{HttpResponse, HttpResponseBuilder};
use roadstead_auth::{Delete, Probe, Pull};
use roadstead_types::Digest;

use super::CONTENT_DIGEST;
use super::range::{none_match, requested};
use crate::api::audit::act;
use crate::api::body::{HeadBody, SizedBody};
use crate::api::call::Call;
use crate::api::error::ApiResult;
use crate::api::operation::Operation;

/// Content that is named by its digest never changes; who may read it can, so shared caches must not keep it.
const CACHE_CONTROL: &str = "private, max-age=31536000, immutable";

fn describe(response: &mut HttpResponseBuilder, digest: &Digest, etag: &str) {
    response
        .content_type("application/octet-stream")
        .insert_header((CONTENT_DIGEST, digest.as_str()))
        .insert_header((header::ETAG, etag))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CACHE_CONTROL, CACHE_CONTROL));
}

/// `HEAD /v2/<name>/blobs/<digest>` (distribution-spec, "Checking if content exists in the registry").
pub async fn head(call: &Call<'_>) -> ApiResult {
    let access = call.authorize::<Probe>().await?;
    let digest = call.digest()?;
    let blob = call.services().blobs().stat(&access, &digest).await?;
    let mut response = HttpResponse::Ok();
    describe(&mut response, &digest, &format!("\"{digest}\""));
    Ok(response.body(HeadBody(blob.size).boxed()))
}

/// `GET /v2/<name>/blobs/<digest>` (distribution-spec, "Pulling blobs"), whole or one range of it.
pub async fn get(call: &Call<'_>) -> ApiResult {
    let access = call.authorize::<Pull>().await?;
    let digest = call.digest()?;
    let blob = call.services().blobs().get(&access, &digest).await?;
    let etag = format!("\"{digest}\"");
    if none_match(call, &etag) {
        let mut response = HttpResponse::NotModified();
        return Ok(response
            .insert_header((header::ETAG, etag))
            .insert_header((CONTENT_DIGEST, digest.as_str()))
            .finish());
    }
    let (mut response, range) = match requested(call, blob.size, &etag)? {
        None => (HttpResponse::Ok(), 0..blob.size),
        Some(range) => {
            let mut response = HttpResponse::PartialContent();
            let content_range = format!("bytes {}-{}/{}", range.start, range.end - 1, blob.size);
            response.insert_header((header::CONTENT_RANGE, content_range));
            (response, range)
        }
    };
    describe(&mut response, &digest, &etag);
    let size = range.end - range.start;
    let stream = call.services().blobs().read(&access, &blob, range).await?;
    Ok(response.body(SizedBody::new(size, stream)))
}

/// `DELETE /v2/<name>/blobs/<digest>` (distribution-spec, "Deleting Blobs").
pub async fn delete(call: &Call<'_>) -> ApiResult {
    let access = call.authorize::<Delete>().await?;
    let digest = call.digest()?;
    call.services().blobs().delete(&access, &digest, &act(call, access.actor(), Operation::BlobDelete)).await?;
    Ok(HttpResponse::Accepted().finish())
}
