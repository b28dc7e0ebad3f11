//! Blobs: checks, reads and deletes them.

use actix_web::body::MessageBody;
use actix_web::http::header;
use actix_web::{HttpResponse, HttpResponseBuilder};
use roadstead_auth::{Delete, Probe, Pull};
use roadstead_types::Digest;

use super::CONTENT_DIGEST;
use super::byteranges::Multipart;
use super::range::{Requested, none_match, requested};
use roadstead_http::Call;
use roadstead_http::audit::act;
use roadstead_http::body::{HeadBody, SizedBody};
use roadstead_http::error::ApiResult;
use roadstead_http::route::Route;
use roadstead_service::BlobRange;

/// Content under a digest never changes, so clients may cache it for long. Shared caches must not, because permissions
/// can change.
const CACHE_CONTROL: &str = "private, max-age=31536000, immutable";

const CONTENT_TYPE: &str = "application/octet-stream";

/// Adds the headers that every answer about a blob has, even a 304.
fn describe(response: &mut HttpResponseBuilder, digest: &Digest, etag: &str) {
    response
        .insert_header((CONTENT_DIGEST, digest.as_str()))
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, CACHE_CONTROL));
}

fn describe_content(response: &mut HttpResponseBuilder, content_type: &str) {
    response.content_type(content_type).insert_header((header::ACCEPT_RANGES, "bytes"));
}

/// `HEAD /v2/<name>/blobs/<digest>` (distribution-spec, "Checking if content exists in the registry").
pub async fn head(call: &Call<'_>) -> ApiResult {
    let access = call.authorize::<Probe>().await?;
    let digest = call.digest()?;
    let blob = call.services().blobs().stat(&access, &digest).await?;
    let mut response = HttpResponse::Ok();
    describe(&mut response, &digest, &format!("\"{digest}\""));
    describe_content(&mut response, CONTENT_TYPE);
    Ok(response.body(HeadBody(blob.size).boxed()))
}

/// `GET /v2/<name>/blobs/<digest>` (distribution-spec, "Pulling blobs"): the whole blob or ranges of it.
pub async fn get(call: &Call<'_>) -> ApiResult {
    let access = call.authorize::<Pull>().await?;
    let digest = call.digest()?;
    let blob = call.services().blobs().get(&access, &digest).await?;
    let etag = format!("\"{digest}\"");
    if none_match(call, &etag) {
        let mut response = HttpResponse::NotModified();
        describe(&mut response, &digest, &etag);
        return Ok(response.finish());
    }
    let (mut response, range) = match requested(call, blob.size, &etag)? {
        Requested::Whole => (HttpResponse::Ok(), 0..blob.size),
        Requested::Part(range) => {
            let mut response = HttpResponse::PartialContent();
            response.insert_header((header::CONTENT_RANGE, content_range(&range, blob.size)));
            (response, range)
        }
        Requested::Parts(ranges) => {
            let parts = Multipart::new(ranges.iter().map(|range| part_head(range, blob.size)));
            let mut response = HttpResponse::PartialContent();
            describe(&mut response, &digest, &etag);
            describe_content(&mut response, &parts.content_type());
            let size = parts.size(ranges.iter().map(|range| range.end - range.start).sum());
            let streams = call.services().blobs().read_parts(&access, &blob, ranges).await?;
            return Ok(response.body(SizedBody::new(size, parts.body(streams))));
        }
    };
    describe(&mut response, &digest, &etag);
    describe_content(&mut response, CONTENT_TYPE);
    let size = range.end - range.start;
    let stream = call.services().blobs().read(&access, &blob, range).await?;
    Ok(response.body(SizedBody::new(size, stream)))
}

fn content_range(range: &BlobRange, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end - 1)
}

fn part_head(range: &BlobRange, size: u64) -> String {
    format!("Content-Type: {CONTENT_TYPE}\r\nContent-Range: {}", content_range(range, size))
}

/// `DELETE /v2/<name>/blobs/<digest>` (distribution-spec, "Deleting Blobs").
pub async fn delete(call: &Call<'_>) -> ApiResult {
    let access = call.authorize::<Delete>().await?;
    let digest = call.digest()?;
    call.services().blobs().delete(&access, &digest, &act(call, access.actor(), Route::BlobDelete)).await?;
    Ok(HttpResponse::Accepted().finish())
}
