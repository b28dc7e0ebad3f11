//! Uploads of blobs: sessions, chunks, and mounts from other repositories.

use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpResponse, HttpResponseBuilder, web};
use roadstead_auth::{Access, Push};
use roadstead_types::{Algorithm, Digest, RepositoryName, UploadId};

use super::CONTENT_DIGEST;
use super::range::chunk;
use roadstead_http::Call;
use roadstead_http::audit::act;
use roadstead_http::body::incoming;
use roadstead_http::error::{ApiError, ApiResult, Code};
use roadstead_http::route::Route;
use roadstead_service::Error;

const UPLOAD_UUID: HeaderName = HeaderName::from_static("docker-upload-uuid");
const CHUNK_MIN_LENGTH: HeaderName = HeaderName::from_static("oci-chunk-min-length");

fn session(mut response: HttpResponseBuilder, access: &Access<Push>, id: UploadId, offset: u64) -> HttpResponse {
    response
        .insert_header((header::LOCATION, location(access.repository(), id)))
        .insert_header((header::RANGE, range(offset)))
        .insert_header((UPLOAD_UUID, id.to_string()))
        .finish()
}

fn location(repository: &RepositoryName, id: UploadId) -> String {
    format!("/v2/{repository}/blobs/uploads/{id}")
}

/// Formats the range of an upload as `0-LAST`. An empty upload has `0-0`, as in the examples of the specification.
fn range(offset: u64) -> String {
    format!("0-{}", offset.saturating_sub(1))
}

fn created(access: &Access<Push>, digest: &Digest) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v2/{}/blobs/{digest}", access.repository())))
        .insert_header((CONTENT_DIGEST, digest.as_str()))
        .finish()
}

/// Adds the offset of the upload to the error of a refused chunk, so that the client can continue from there.
fn with_position(error: Error, access: &Access<Push>, id: UploadId) -> ApiError {
    let offset = match &error {
        Error::Range { offset } => Some(*offset),
        _ => None,
    };
    let error = ApiError::from(error);
    match offset {
        Some(offset) => error
            .with_header(header::RANGE, &range(offset))
            .with_header(header::LOCATION, &location(access.repository(), id)),
        None => error,
    }
}

fn parse_digest(text: &str) -> Result<Digest, ApiError> {
    text.parse().map_err(|e: roadstead_types::DigestError| ApiError::new(Code::DigestInvalid, e.to_string()))
}

/// `POST /v2/<name>/blobs/uploads/`: starts a session, receives a whole blob (`digest`), or links a blob of another
/// repository (`mount`, with or without `from`) (distribution-spec, "Pushing blobs", "Mounting a blob").
pub async fn start(call: &Call<'_>, payload: web::Payload) -> ApiResult {
    let access = call.authorize::<Push>().await?;
    if let Some(text) = call.query_value("mount") {
        let digest = parse_digest(&text)?;
        if mount(call, &access, &digest).await? {
            return Ok(created(&access, &digest));
        }
    } else if let Some(text) = call.query_value("digest") {
        let digest = parse_digest(&text)?;
        call.services()
            .uploads()
            .upload(&act(call, access.actor(), Route::UploadStart), &access, &digest, incoming(payload))
            .await?;
        return Ok(created(&access, &digest));
    }
    let algorithm = match call.query_value("digest-algorithm") {
        Some(name) => {
            name.parse().map_err(|_| ApiError::new(Code::DigestInvalid, "digest-algorithm must be sha256 or sha512"))?
        }
        None => Algorithm::Sha256,
    };
    let id = call.services().uploads().start(&access, algorithm).await?;
    let mut response = HttpResponse::Accepted();
    let min = call.state.limits.chunk_min_bytes;
    if min > 0 {
        response.insert_header((CHUNK_MIN_LENGTH, min.to_string()));
    }
    Ok(session(response, &access, id, 0))
}

/// Links the blob from the repository `from`, or without `from` from any repository that the caller may pull from. If
/// that is impossible for any reason, the client uploads the blob instead and learns nothing about other repositories.
async fn mount(call: &Call<'_>, to: &Access<Push>, digest: &Digest) -> Result<bool, ApiError> {
    let caller = call.caller().await?;
    let blobs = call.services().blobs();
    let act = act(call, to.actor(), Route::UploadStart);
    let mounted = match call.query_value("from") {
        Some(from) => {
            let Ok(from) = from.parse::<RepositoryName>() else { return Ok(false) };
            let Some(from) = call.authorize_source(&caller, to.repository(), &from).await? else {
                return Ok(false);
            };
            blobs.mount(&act, to, &from, digest).await?
        }
        None => blobs.mount_from_any(&act, to, &caller, digest).await?,
    };
    Ok(mounted.is_some())
}

/// `GET /v2/<name>/blobs/uploads/<id>`: returns the offset of the upload.
pub async fn status(call: &Call<'_>) -> ApiResult {
    let access = call.authorize::<Push>().await?;
    let id = call.upload_id()?;
    let offset = call.services().uploads().status(&access, id).await?;
    Ok(session(HttpResponse::NoContent(), &access, id, offset))
}

/// `PATCH /v2/<name>/blobs/uploads/<id>`: receives a chunk, with a range or as a stream without one.
pub async fn patch(call: &Call<'_>, payload: web::Payload) -> ApiResult {
    let access = call.authorize::<Push>().await?;
    let id = call.upload_id()?;
    let range = chunk(call)?;
    let appended = call.services().uploads().append(&access, id, range, incoming(payload)).await;
    let offset = appended.map_err(|e| with_position(e, &access, id))?;
    Ok(session(HttpResponse::Accepted(), &access, id, offset))
}

/// `PUT /v2/<name>/blobs/uploads/<id>?digest=`: receives the last bytes, if any, and the digest of the whole blob.
pub async fn put(call: &Call<'_>, payload: web::Payload) -> ApiResult {
    let access = call.authorize::<Push>().await?;
    let id = call.upload_id()?;
    let text = call.query_value("digest");
    let digest =
        parse_digest(&text.ok_or_else(|| ApiError::new(Code::DigestInvalid, "the digest parameter is missing"))?)?;
    let range = chunk(call)?;
    // A body without a length may still be chunked. Only a length of 0 proves that there is no body.
    let empty = call.header(header::CONTENT_LENGTH) == Some("0")
        || (!call.request.headers().contains_key(header::CONTENT_LENGTH)
            && !call.request.headers().contains_key(header::TRANSFER_ENCODING)
            && call.request.version() < actix_web::http::Version::HTTP_2);
    let body = (!empty).then(|| incoming(payload));
    let act = act(call, access.actor(), Route::UploadPut);
    let finished = call.services().uploads().finish(&act, &access, id, range, body, &digest).await;
    finished.map_err(|e| with_position(e, &access, id))?;
    Ok(created(&access, &digest))
}

/// `DELETE /v2/<name>/blobs/uploads/<id>`: cancels the upload.
pub async fn cancel(call: &Call<'_>) -> ApiResult {
    let access = call.authorize::<Push>().await?;
    let id = call.upload_id()?;
    call.services().uploads().cancel(&access, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
