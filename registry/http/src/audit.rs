//! Builds the audit events of a request.

use actix_web::http::header;
use roadstead_auth::Identity;
use roadstead_service::records::{Act, AuditEvent, AuditOutcome};
use roadstead_types::{Actor, Source};

use crate::call::{Call, decode_basic};
use crate::error::{ApiError, ApiResult, Code};
use crate::route::Route;

/// Creates an event for this request.
pub fn event(call: &Call<'_>, identity: Option<&Identity>, outcome: AuditOutcome) -> AuditEvent {
    AuditEvent {
        address: call.state.client_rules.address(call.request).to_string(),
        user_agent: call.header(header::USER_AGENT).unwrap_or_default().to_owned(),
        request_id: call.request_id.to_owned(),
        ..call.state.audit.event(identity, outcome)
    }
}

/// Describes an action of `actor` on the resource of a request. The route gives the action its name.
pub fn act(call: &Call<'_>, actor: Actor, route: Route) -> Act {
    call.state.services.act(actor, route.name()).on(resource(call))
}

/// Records in the audit log that a request was refused, if it was.
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

/// Adds the fields that all routes of the registry fill in the same way.
fn registry(call: &Call<'_>, route: Route, event: AuditEvent) -> AuditEvent {
    let source = Source::Registry.name().to_owned();
    AuditEvent { source, action: route.name().to_owned(), resource: resource(call), ..event }
}

/// Returns the resource of a request: the repository name and the last variable part of the path.
fn resource(call: &Call<'_>) -> String {
    let name = call.params.name.unwrap_or_default();
    match call.params.last {
        Some(last) => format!("{name}@{last}"),
        None => name.to_owned(),
    }
}

/// Returns whether an error is a refusal. It is none if the client is only asked for credentials or for a token with
/// another scope.
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

/// Returns the user name that the client claims, without checking it.
fn claimed(call: &Call<'_>) -> Option<String> {
    let (username, _) = decode_basic(credentials(call)?)?;
    Some(username.chars().take(64).collect())
}
