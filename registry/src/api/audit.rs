//! What of a request goes into the audit log.

use actix_web::http::header;
use roadstead_auth::Identity;
use roadstead_storage::meta::{AuditEvent, AuditOutcome};

use super::call::{Call, decode_basic};
use super::error::{ApiError, ApiResult, Code};
use super::operation::Operation;

/// An event of this request.
pub fn event(call: &Call<'_>, identity: Option<&Identity>, outcome: AuditOutcome) -> AuditEvent {
    AuditEvent {
        address: call.state.client_rules.address(call.request).to_string(),
        user_agent: call.header(header::USER_AGENT).unwrap_or_default().to_owned(),
        request_id: call.request_id.to_owned(),
        ..call.state.audit.event(identity, outcome)
    }
}

/// Takes down what an operation of the registry has changed, or was refused.
pub async fn registry(call: &Call<'_>, operation: Operation, result: &ApiResult) {
    let (outcome, code) = match result {
        Ok(response) if changes(operation) && response.status().is_success() => (AuditOutcome::Done, ""),
        Ok(response) if operation == Operation::TokenPost && response.status() == Code::Unauthorized.status() => {
            (AuditOutcome::Denied, Code::Unauthorized.wire())
        }
        Err(error) if is_denial(call, error) => (AuditOutcome::Denied, error.code().wire()),
        Ok(_) | Err(_) => return,
    };
    let identity = call.who.borrow().clone();
    let known = event(call, identity.as_deref(), outcome);
    let uin = if identity.is_some() { known.uin.clone() } else { claimed(call).unwrap_or_default() };
    let name = call.params.name.unwrap_or_default();
    let resource = match call.params.last {
        Some(last) => format!("{name}@{last}"),
        None => name.to_owned(),
    };
    let (source, action) = ("docker".to_owned(), operation.name().to_owned());
    let event = AuditEvent { uin, source, action, resource, code: code.to_owned(), ..known };
    match outcome {
        AuditOutcome::Done => call.state.audit.done(event).await,
        AuditOutcome::Denied | AuditOutcome::Failed => call.state.audit.noted(event),
    }
}

/// Whether an operation changes what others see. Uploads do not: a manifest does, which comes last.
fn changes(operation: Operation) -> bool {
    matches!(operation, Operation::ManifestPut | Operation::ManifestDelete | Operation::BlobDelete)
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
