//! The cloud API 3.0: `POST /` and `GET /`, signed requests for actions of the services `tcr`, `cam` and `sts`.
//!
//! To add an action, add its row to `auth/policy/src/actions.rs`, write its type with [`Action`](action::Action), and
//! add the type to `table.rs`. Names, classes, explanations, the catalogue and the document are derived from the row.
//!
//! Every answer has the status 200 and the content type `application/json` without a charset. With any other, the
//! official SDKs lose the error code, or do not notice the error.

mod action;
mod cam;
pub mod catalog;
mod state;
mod sts;
mod table;
mod tcr;
mod wire;

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};
use futures::FutureExt;
use roadstead_auth::{Signed, SignedRequest};
use roadstead_types::Source;
use serde_json::json;

use self::action::CloudCall;
use self::action::open::OpenCall;
use self::action::registered::{Registered, Run};
use self::action::trace::Trace;
use self::wire::code::Code;
use self::wire::dialect::Dialect;
use self::wire::error::{CloudError, CloudResult};
use self::wire::language::Language;
use self::wire::parameter_error::ParameterError;
use self::wire::params::Parameters;
use self::wire::request::{Common, Form, Hosts, Pairs};
use self::wire::said::Said;
use roadstead_http::Call;
use roadstead_http::error::{ApiError, chain};
use roadstead_http::router::{self, Match};

pub use self::state::{CloudSettings, CloudState};
pub use self::wire::{code, document};

/// The longest name of an unknown action that is written to the audit log.
const MAX_NAME: usize = 100;

/// The largest body of an unsigned request, in bytes. Such a request may have to wait for its turn.
const MAX_OPEN_BODY: usize = 64 << 10;

/// Returns whether a request is meant for the cloud API. Its path is `/`, or its client was configured with an endpoint
/// that contains a path or a scheme and sends that in the `Host`.
pub fn is_meant(request: &HttpRequest) -> bool {
    let path = request.uri().path();
    let has_odd_host = || request.headers().get(header::HOST).is_some_and(|host| host.as_bytes().contains(&b'/'));
    path == "/" || (has_odd_host() && matches!(router::find(&Method::GET, path), Match::NotFound))
}

/// Creates a request id in the format that clients of the cloud know.
pub fn request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Answers a request.
pub async fn serve(call: &Call<'_>, cloud: &CloudState, payload: web::Payload) -> HttpResponse {
    let language = RefCell::new(wire::request::language(call.request, &[]));
    let trace = Trace::default();
    let handled = AssertUnwindSafe(handle(call, cloud, payload, &language, &trace)).catch_unwind().await;
    let outcome = handled.unwrap_or_else(|_| Err(CloudError::internal("an action panicked")));
    let dialect = trace.action.get().map_or(Dialect::Enterprise, |action| Dialect::of(action.row));
    let outcome = outcome.map_err(|error| error.said(dialect));
    trace.write(call, outcome.as_ref().err()).await;
    match outcome {
        Ok(output) => succeeded(&output, call.request_id),
        Err(error) => failed(call, cloud, &error, language.into_inner(), trace.action.get()),
    }
}

async fn handle(
    call: &Call<'_>,
    cloud: &CloudState,
    payload: web::Payload,
    language: &RefCell<Language>,
    trace: &Trace,
) -> CloudResult<Vec<u8>> {
    let form = Form::of(call.request)?;
    let collected = form.body(call, payload).await?;
    let body: &[u8] = collected.as_ref().map_or(&[], |body| body);
    let pairs = form.pairs(call.request, body);
    *language.borrow_mut() = wire::request::language(call.request, &pairs);
    let common = Common::of(call.request, &pairs)?;
    let parameters = || form.parameters(call.request, &pairs, body);
    if let Some((action, run)) = table::find_open(common.version, common.action) {
        *trace.name.borrow_mut() = action.row.full_name().to_owned();
        if body.len() > MAX_OPEN_BODY {
            return Err(Code::RequestSizeLimitExceeded.into());
        }
        let address = call.state.client_rules.address(call.request);
        let parameters = parameters()?;
        let attempt = action.attempt(&parameters);
        trace.dry_run.set(attempt.dry_run);
        // An unsigned action may have to wait, and must not hold a share of the memory budget meanwhile.
        drop(pairs);
        drop(collected);
        let output = run(&OpenCall { state: call.state, cloud, address, subject: &trace.subject }, attempt).await?;
        trace.action.set(Some(action));
        return Ok(output);
    }
    *trace.name.borrow_mut() = common.action.chars().take(MAX_NAME).collect();
    let hosts = Hosts::of(call);
    let signed = signed(call, &hosts, body, &pairs, trace).await?;
    let action = table::find(signed.service.as_deref(), common.version, common.action)?;
    trace.action.set(Some(action));
    run_signed(call, cloud, action, &signed, parameters, &hosts.own, trace).await
}

/// Runs a signed action. The parameters are parsed only after the rate limit was checked.
async fn run_signed(
    call: &Call<'_>,
    cloud: &CloudState,
    action: &Registered,
    signed: &Signed,
    parameters: impl FnOnce() -> Result<Parameters, ParameterError>,
    host: &str,
    trace: &Trace,
) -> CloudResult<Vec<u8>> {
    let Some(identity) = &signed.caller.identity else { return Err(CloudError::internal("nobody signed")) };
    cloud.rate.check(identity.share(), action.row.name)?;
    let parameters = parameters()?;
    let attempt = action.attempt(&parameters);
    trace.dry_run.set(attempt.dry_run);
    let permissions = call.state.auth.permissions(&signed.caller).await?;
    let cloud_call = CloudCall {
        state: call.state,
        cloud,
        caller: &signed.caller,
        identity,
        key: signed.key.as_ref(),
        once: signed.once.as_ref(),
        permissions: &permissions,
        request_id: call.request_id,
        host,
        row: action.row,
        dry_run: attempt.dry_run,
        subject: &trace.subject,
    };
    match action.run {
        Run::Signed(run) => run(&cloud_call, attempt).await,
        Run::Open(_) => Err(CloudError::internal("an unsigned action was run like a signed one")),
    }
}

/// Verifies the signature of a request. If it is invalid, the audit event names the owner of the key.
async fn signed(call: &Call<'_>, hosts: &Hosts, body: &[u8], pairs: &Pairs<'_>, trace: &Trace) -> CloudResult<Signed> {
    let candidates: Vec<&str> = hosts.signed.iter().map(String::as_str).collect();
    let headers = call.request.headers();
    let request = SignedRequest {
        method: call.request.method().as_str(),
        query: call.request.query_string(),
        hosts: &candidates,
        header: &|name| headers.get(name).map(header::HeaderValue::as_bytes),
        body,
        pairs,
    };
    let signed = call.state.auth.signed(&request, &call.client(Source::Cloud)).await;
    trace.subject.note_identity(match &signed {
        Ok(signed) => signed.caller.identity.clone(),
        Err(_) => call.state.auth.holder(&request),
    });
    Ok(signed?)
}

fn answer(body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "application/json")).body(body)
}

/// Wraps the JSON object of an output in the envelope of an answer.
fn succeeded(output: &[u8], request_id: &str) -> HttpResponse {
    let members = output.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or_default();
    let mut body = Vec::with_capacity(output.len() + 80);
    body.extend_from_slice(b"{\"Response\":{");
    body.extend_from_slice(members);
    if !members.is_empty() {
        body.push(b',');
    }
    body.extend_from_slice(b"\"RequestId\":\"");
    body.extend_from_slice(request_id.as_bytes());
    body.extend_from_slice(b"\"}}");
    answer(body)
}

fn failed(
    call: &Call<'_>,
    cloud: &CloudState,
    error: &Said,
    language: Language,
    action: Option<&Registered>,
) -> HttpResponse {
    let request_id = call.request_id;
    if let Some(source) = error.source() {
        tracing::error!(request.id = %request_id, error = %chain(source), code = error.code().wire(), "request failed");
    }
    let action = action.filter(|_| cloud.settings.document_spelling);
    let wire = action.map_or(error.code().wire(), |action| document::wire(action.row, error.document_code()));
    envelope(wire, error, request_id, language)
}

fn envelope(wire: &str, error: &Said, request_id: &str, language: Language) -> HttpResponse {
    let error = json!({ "Code": wire, "Message": error.text(language) });
    answer(json!({ "Response": { "Error": error, "RequestId": request_id } }).to_string().into_bytes())
}

/// Answers a request that failed before an action was found. The codes of such early errors need no translation,
/// because the tables of the document list only errors of actions.
pub fn refused(request: &HttpRequest, error: &ApiError, request_id: &str) -> HttpResponse {
    let error = Said::from(error);
    envelope(error.code().wire(), &error, request_id, wire::request::language(request, &[]))
}
