//! What of a request goes into the audit log.

use actix_web::http::header;
use roadstead_auth::Identity;
use roadstead_service::records::{Act, AuditEvent, AuditOutcome};
use roadstead_types::{Actor, Source};

use crate::call::{Call, decode_basic};
use crate::error::{ApiError, ApiResult, Code};
use crate::route::Route;

/// An event of this request.
pub fn event(call: &Call<'_>, identity: Option<&Identity>, outcome: AuditOutcome) -> AuditEvent {
    AuditEvent {
        address: call.state.client_rules.address(call.request).to_string(),
        user_agent: call.header(header::USER_AGENT).unwrap_or_default().to_owned(),
        request_id: call.request_id.to_owned(),
        ..call.state.audit.event(identity, outcome)
    }
}

/// That `actor` does what `route` is for.
pub fn act(call: &Call<'_>, actor: Actor, route: Route) -> Act {
    call.state.services.act(actor, route.name()).on(resource(call))
}

/// Takes down that a route of the registry was refused, if it was.
pub fn refused(call: &Call<'_>, route: Route, result: &ApiResult) {
    let code = match result {
        Ok(response) if route == Route::TokenPost && response.status() == Code::Unauthorized.status() => {
            Code::Unauthorized.wire()
        }
        Err(error) if is_denial(call, error) => error.code().wire(),
        Ok(_) | Err(_) => return,
    };
    let identity = call.who.borrow().clone();
    let known = event(call, identity.as_deref(), AuditOutcome::Denied);
    let uin = if identity.is_some() { known.uin.clone() } else { claimed(call).unwrap_or_default() };
    call.state.audit.noted(registry(call, route, AuditEvent { uin, code: code.to_owned(), ..known }));
}

/// An event with what all routes of the registry say alike.
fn registry(call: &Call<'_>, route: Route, event: AuditEvent) -> AuditEvent {
    let source = Source::Registry.name().to_owned();
    AuditEvent { source, action: route.name().to_owned(), resource: resource(call), ..event }
}

/// What a request is about.
fn resource(call: &Call<'_>) -> String {
    let name = call.params.name.unwrap_or_default();
    match call.params.last {
        Some(last) => format!("{name}@{last}"),
        None => name.to_owned(),
    }
}

/// Whether somebody was refused. That a client is asked for credentials, or for a token with another scope, is no refusal.
fn is_denial(call: &Call<'_>, error: &ApiError) -> bool {
    match error.code() {
        Code::Denied => true,
        Code::Unauthorized | Code::TooManyRequests => is_basic(call),
        _ => false,
    }
}

fn credentials<'a>(call: &Call<'a>) -> Option<&'a str> {
    let (scheme, credentials) = call.header(header::AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then_some(credentials)
}

fn is_basic(call: &Call<'_>) -> bool {
    credentials(call).is_some()
}

/// Who somebody claimed to be.
fn claimed(call: &Call<'_>) -> Option<String> {
    let (username, _) = decode_basic(credentials(call)?)?;
    Some(username.chars().take(64).collect())
}
