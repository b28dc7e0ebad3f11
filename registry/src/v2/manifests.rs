//! Manifests: reads, pushes and deletes them.

use actix_web::body::MessageBody;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpResponse, HttpResponseBuilder, web};
use roadstead_auth::{Delete, Probe, Pull, Push};
use roadstead_types::{Reference, Tag, Thing};

use super::CONTENT_DIGEST;
use super::range::none_match;
use roadstead_http::Call;
use roadstead_http::audit::act;
use roadstead_http::body::{HeadBody, collect};
use roadstead_http::error::{ApiError, ApiResult, Code};
use roadstead_http::route::Route;
use roadstead_service::{CachedManifest, Error};

const OCI_SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
const OCI_TAG: HeaderName = HeaderName::from_static("oci-tag");
/// The most tags of one push. The specification requires at least ten.
const MAX_TAGS: usize = 100;

fn found(manifest: &CachedManifest) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    describe(&mut response, manifest);
    response.content_type(manifest.media_type.as_str());
    response
}

/// Adds the headers that every answer about a manifest has, even a 304.
fn describe(response: &mut HttpResponseBuilder, manifest: &CachedManifest) {
    response
        .insert_header((CONTENT_DIGEST, manifest.digest.as_str()))
        .insert_header((header::ETAG, format!("\"{}\"", manifest.digest)));
}

fn not_modified(call: &Call<'_>, manifest: &CachedManifest) -> Option<HttpResponse> {
    let etag = format!("\"{}\"", manifest.digest);
    none_match(call, &etag).then(|| {
        let mut response = HttpResponse::NotModified();
        describe(&mut response, manifest);
        response.finish()
    })
}

/// `GET /v2/<name>/manifests/<reference>` (distribution-spec, "Pulling manifests").
pub async fn get(call: &Call<'_>) -> ApiResult {
    let access = call.authorize::<Pull>().await?;
    let reference = call.reference()?;
    let manifest = call.services().manifests().get(&access, &reference).await?;
    if let Some(response) = not_modified(call, &manifest) {
        return Ok(response);
    }
    call.services().pulls().count(&access, &reference, &manifest);
    Ok(found(&manifest).body(manifest.content.clone()))
}

/// `HEAD /v2/<name>/manifests/<reference>` (distribution-spec, "Checking if content exists in the registry").
pub async fn head(call: &Call<'_>) -> ApiResult {
    let access = call.authorize::<Probe>().await?;
    let reference = call.reference()?;
    let manifest = call.services().manifests().stat(&access, &reference).await?;
    if let Some(response) = not_modified(call, &manifest) {
        return Ok(response);
    }
    Ok(found(&manifest).body(HeadBody(manifest.content.len() as u64).boxed()))
}

/// `PUT /v2/<name>/manifests/<reference>` (distribution-spec, "Pushing Manifests").
pub async fn put(call: &Call<'_>, payload: web::Payload) -> ApiResult {
    let access = call.authorize::<Push>().await?;
    let reference = call.reference()?;
    let tags = tags(call, &reference)?;
    let params = call.state.services.manifest_limits();
    let too_large = || {
        ApiError::new(Code::ManifestTooLarge, format!("the manifest is larger than {} bytes", params.manifest_bytes))
    };
    let content = collect(call, payload, params.manifest_bytes, too_large).await?;
    let content_type = call.header(header::CONTENT_TYPE);
    let act = act(call, access.actor(), Route::ManifestPut);
    let pushed =
        call.services().manifests().put(&access, &reference, &tags, content_type, content.clone(), &act).await?;
    let mut response = HttpResponse::Created();
    response
        .insert_header((header::LOCATION, format!("/v2/{}/manifests/{}", access.repository(), reference)))
        .insert_header((CONTENT_DIGEST, pushed.digest.as_str()));
    if let Some(subject) = pushed.subject {
        response.insert_header((OCI_SUBJECT, subject.as_str()));
    }
    if !tags.is_empty() {
        let list: Vec<&str> = tags.iter().map(Tag::as_str).collect();
        response.insert_header((OCI_TAG, list.join(", ")));
    }
    Ok(response.finish())
}

/// Returns the `tag` pairs of the query. They are allowed only for a push by digest.
fn tags(call: &Call<'_>, reference: &Reference) -> Result<Vec<Tag>, ApiError> {
    let mut tags = Vec::new();
    for (_, text) in call.query().filter(|(key, _)| key == "tag") {
        let tag =
            text.parse().map_err(|e: roadstead_types::NameError| ApiError::new(Code::TagInvalid, e.to_string()))?;
        tags.push(tag);
    }
    if tags.len() > MAX_TAGS {
        return Err(ApiError::new(Code::UriTooLong, format!("at most {MAX_TAGS} tags in one push")));
    }
    if !tags.is_empty() && matches!(reference, Reference::Tag(_)) {
        return Err(ApiError::new(Code::TagInvalid, "the tag parameter goes with a push by digest"));
    }
    Ok(tags)
}

/// `DELETE /v2/<name>/manifests/<reference>` (distribution-spec, "Deleting tags", "Deleting Manifests").
pub async fn delete(call: &Call<'_>) -> ApiResult {
    let reference = match call.reference() {
        Ok(reference) => reference,
        Err(error) => {
            // Only a caller who may delete something learns that the reference is invalid.
            call.authorize::<Delete>().await?;
            return Err(error);
        }
    };
    let mut attempts = 3;
    loop {
        let access = call.authorize_delete(&reference).await?;
        attempts -= 1;
        let act = act(call, access.actor(), Route::ManifestDelete);
        match call.services().manifests().delete(&access, &reference, &act).await {
            // A new tag was just set on this manifest, so the permission check must cover it, too.
            Err(Error::Gone(Thing::Tag)) if attempts > 0 => {}
            Err(error) => return Err(error.into()),
            Ok(()) => return Ok(HttpResponse::Accepted().finish()),
        }
    }
}
