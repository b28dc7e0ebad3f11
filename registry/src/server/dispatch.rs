//! Processes every request: finds the route, applies limits, calls the handler, writes the access log and metrics.

use std::cell::RefCell;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use futures::FutureExt;
use roadstead_types::RegistryId;
use tracing::Instrument as _;

use super::health;
use super::state::ServerState;
use crate::{token, v2};
use roadstead_cloud as cloud;
use roadstead_http::Call;
use roadstead_http::InFlight;
use roadstead_http::audit;
use roadstead_http::body::{Observed, without_body};
use roadstead_http::error::{ApiError, ApiResult, Code, chain};
use roadstead_http::route::{Required, Route};
use roadstead_http::router::{self, Match};

/// The header with the request id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// A new request, and the data for its answer and log line.
struct Arrival {
    started: Instant,
    is_cloud: bool,
    request_id: String,
    in_flight: InFlight,
}

impl Arrival {
    fn of(request: &HttpRequest) -> Self {
        let is_cloud = cloud::is_meant(request);
        Self {
            started: Instant::now(),
            is_cloud,
            request_id: if is_cloud { cloud::request_id() } else { request_id(request) },
            in_flight: InFlight::of(request),
        }
    }

    /// Returns a span that carries the request id, so that every log line names its request, even those of database
    /// statements.
    fn span(&self) -> tracing::Span {
        tracing::debug_span!("request", request.id = %self.request_id)
    }

    /// Builds the answer, which is logged and counted after it was sent.
    fn answer(
        self,
        request: HttpRequest,
        state: web::Data<ServerState>,
        route: Option<Route>,
        result: ApiResult,
    ) -> HttpResponse {
        let request_id = self.request_id;
        let mut response = result.unwrap_or_else(|error| {
            if let Some(source) = error.source() {
                tracing::error!(request.id = %request_id, error = %chain(source), code = error.code().wire(), "request failed");
            }
            if self.is_cloud { cloud::refused(&request, &error, &request_id) } else { error.response(&request_id) }
        });
        finish_headers(&request, &mut response, &request_id);
        if request.method() == Method::HEAD {
            response = without_body(response);
        }
        // Only these fields are kept while the answer is being sent, not the whole request with its headers.
        let seen = Seen {
            address: state.client_rules.address(&request),
            method: request.method().clone(),
            path: request.uri().path().chars().take(MAX_LOGGED_PATH).collect(),
            state: state.into_inner(),
            route,
            started: self.started,
            request_id,
            _in_flight: self.in_flight,
        };
        drop(request);
        let status = response.status();
        response
            .map_body(|_, body| Observed::new(body, status, move |status, bytes| seen.report(status, bytes)).boxed())
    }
}

/// The only handler that actix calls.
pub async fn entry(request: HttpRequest, payload: web::Payload, state: web::Data<ServerState>) -> HttpResponse {
    let arrival = Arrival::of(&request);
    let (route, result) = if arrival.in_flight.is_too_many() {
        (None, Err(Code::Unavailable.into()))
    } else if request.method().is_safe() && !arrival.is_cloud {
        routed(&request, payload, &state, &arrival.request_id).instrument(arrival.span()).await
    } else {
        // actix drops the handler when the connection is reset. A request that changes something runs in a task of its
        // own, so that the steps after a commit still run, such as dropping cached data or releasing a lease.
        let (request, state, id) = (request.clone(), state.clone(), arrival.request_id.clone());
        let work = async move { routed(&request, payload, &state, &id).await };
        let task = actix_web::rt::spawn(work.instrument(arrival.span()));
        task.await.unwrap_or_else(|error| (None, Err(ApiError::internal(error))))
    };
    arrival.answer(request, state, route, result)
}

/// Marks a request that [`admit`] has already counted.
pub struct Admitted;

/// Decides what to send to a client that waits for `100 Continue`: that answer, or the error that the request would
/// get. A client with wrong credentials therefore need not send its body.
pub async fn admit(request: HttpRequest, state: web::Data<ServerState>) -> HttpResponse {
    let arrival = Arrival::of(&request);
    let path = if arrival.is_cloud { "/" } else { request.uri().path() };
    let Match::Found(route, params) = router::find(request.method(), path) else {
        return HttpResponse::Continue().finish();
    };
    let admitted = async {
        state.check_rate(&request)?;
        let registry = registry(&request, &state, route).await?;
        let (request_id, who) = (arrival.request_id.as_str(), RefCell::default());
        let call = Call { request: &request, state: &state.api, params, request_id, registry, who };
        let result = call.admit(route).await.map(|()| HttpResponse::Continue().finish());
        audit::refused(&call, route, &result);
        result
    };
    match admitted.instrument(arrival.span()).await {
        Ok(response) => response,
        Err(error) => {
            let mut response = arrival.answer(request.clone(), state.clone(), Some(route), Err(error));
            // The client may still send the body, so this connection cannot be reused.
            response.head_mut().set_connection_type(ConnectionType::Close);
            response
        }
    }
}

async fn routed(
    request: &HttpRequest,
    payload: web::Payload,
    state: &ServerState,
    request_id: &str,
) -> (Option<Route>, ApiResult) {
    let path = if cloud::is_meant(request) { "/" } else { request.uri().path() };
    let found = router::find(request.method(), path);
    // Probes are not limited: an orchestrator would restart a busy server that answers 429.
    let is_probe = matches!(found, Match::Found(Route::Healthz | Route::Readyz, _));
    let is_exempt = is_probe || request.extensions().contains::<Admitted>();
    if !is_exempt && let Err(error) = state.check_rate(request) {
        return (None, Err(error));
    }
    match found {
        Match::Found(route, params) => {
            let registry = match registry(request, state, route).await {
                Ok(registry) => registry,
                Err(error) => return (Some(route), Err(error)),
            };
            let call = Call { request, state: &state.api, params, request_id, registry, who: RefCell::default() };
            let handled = AssertUnwindSafe(handle(route, &call, state, payload)).catch_unwind().await;
            let result = handled.unwrap_or_else(|_| Err(ApiError::internal("a handler panicked")));
            if route.required() != Required::Signature {
                audit::refused(&call, route, &result);
            }
            (Some(route), result)
        }
        Match::MethodNotAllowed(methods) => {
            let allow: Vec<&str> = methods.iter().map(|m| m.as_str()).collect();
            (None, Err(ApiError::from(Code::Unsupported).with_header(header::ALLOW, &allow.join(", "))))
        }
        Match::NotFound => (None, Err(Code::NotFound.into())),
    }
}

/// Returns the registry that the host of the request belongs to. Routes for which it does not matter do not read the
/// database, so probes work without it.
async fn registry(request: &HttpRequest, state: &ServerState, route: Route) -> Result<RegistryId, ApiError> {
    match (route, state.client_rules.host(request)) {
        (Route::Healthz | Route::Readyz | Route::Jwks, _) | (_, None) => Ok(RegistryId::PERSONAL),
        (_, Some(host)) => Ok(state.auth.registry_of(host).await.map_err(roadstead_service::Error::from)?),
    }
}

async fn handle(route: Route, call: &Call<'_>, state: &ServerState, payload: web::Payload) -> ApiResult {
    match route {
        Route::Base => v2::base(call).await,
        Route::CatalogList => v2::catalog::list(call).await,
        Route::TagList => v2::tags::list(call).await,
        Route::ManifestHead => v2::manifests::head(call).await,
        Route::ManifestGet => v2::manifests::get(call).await,
        Route::ManifestPut => v2::manifests::put(call, payload).await,
        Route::ManifestDelete => v2::manifests::delete(call).await,
        Route::BlobHead => v2::blobs::head(call).await,
        Route::BlobGet => v2::blobs::get(call).await,
        Route::BlobDelete => v2::blobs::delete(call).await,
        Route::UploadStart => v2::uploads::start(call, payload).await,
        Route::UploadStatus => v2::uploads::status(call).await,
        Route::UploadPatch => v2::uploads::patch(call, payload).await,
        Route::UploadPut => v2::uploads::put(call, payload).await,
        Route::UploadCancel => v2::uploads::cancel(call).await,
        Route::ReferrerList => v2::referrers::list(call).await,
        Route::TokenGet => token::get(call).await,
        Route::TokenPost => token::post(call, payload).await,
        Route::Jwks => token::jwks(call),
        Route::CloudGet | Route::CloudPost => Ok(cloud::serve(call, &state.cloud, payload).await),
        Route::Healthz => health::live(),
        Route::Readyz => health::ready(state).await,
    }
}

fn finish_headers(request: &HttpRequest, response: &mut HttpResponse, request_id: &str) {
    let headers = response.headers_mut();
    if request.uri().path().starts_with("/v2") {
        headers.insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
        // Pushed content is served unchanged. This header keeps a browser from running it.
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
}

/// Returns the request id of the client if it is harmless, or else a new one.
fn request_id(request: &HttpRequest) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|v| v.to_str().ok());
    let harmless = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    match given.filter(harmless) {
        Some(id) => id.to_owned(),
        None => format!("{:032x}", rand::random::<u128>()),
    }
}

/// The data about a request that is logged after its answer was sent or broken off.
struct Seen {
    state: Arc<ServerState>,
    route: Option<Route>,
    started: Instant,
    request_id: String,
    address: IpAddr,
    method: Method,
    path: String,
    _in_flight: InFlight,
}

/// The longest path in the log. Longer ones are cut.
const MAX_LOGGED_PATH: usize = 1024;

impl Seen {
    fn report(&self, status: StatusCode, bytes: u64) {
        let elapsed = self.started.elapsed();
        let operation = self.route.map_or("none", Route::name);
        self.state.metrics.request(operation, status.as_u16(), elapsed, bytes);
        let quiet = matches!(self.route, Some(Route::Healthz | Route::Readyz)) && status.is_success();
        if !self.state.log_requests || quiet {
            return;
        }
        // The path is logged without its query, which can contain secrets.
        tracing::info!(
            request.id = %self.request_id,
            client.address = %self.address,
            http.method = %self.method,
            http.path = %self.path,
            http.status = status.as_u16(),
            operation,
            size_bytes = bytes,
            duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            "request"
        );
    }
}
