//! Bearer tokens of docker (docker registry "Token Authentication Specification" and "OAuth2 token authentication").

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use roadstead_auth::{AuthenticationError, Caller, Identity, IssuedToken, Scope};
use roadstead_types::Source;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

use roadstead_http::Call;
use roadstead_http::body::collect;
use roadstead_http::error::{ApiError, ApiResult, Code};

/// The largest form of a token request, in bytes. Such forms are short, except for their scopes.
const MAX_FORM_BYTES: usize = 64 << 10;

fn scopes<'a>(call: &Call<'_>, texts: impl Iterator<Item = &'a str>) -> Result<Vec<Scope>, ApiError> {
    let max = call.state.limits.max_scopes;
    Scope::parse_all(texts, max)
        .map_err(|_| ApiError::new(Code::BadRequest, format!("at most {max} scopes in one token")))
}

fn answer(token: &IssuedToken, refresh_token: Option<&str>, granted: Option<String>) -> HttpResponse {
    let issued_at = rfc3339(token.issued_at.as_secs());
    let mut body = json!({
        "token": token.token,
        "access_token": token.token,
        "expires_in": token.expires_in.as_secs(),
        "issued_at": issued_at,
    });
    if let Some(refresh_token) = refresh_token {
        body["refresh_token"] = json!(refresh_token);
    }
    if let Some(granted) = granted {
        body["scope"] = json!(granted);
        body["token_type"] = json!("Bearer");
    }
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}

/// Formats seconds since the epoch as in RFC 3339.
fn rfc3339(seconds: i64) -> String {
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    humantime::format_rfc3339_seconds(at).to_string()
}

/// Returns the service that the token is for. A client repeats the service of the challenge. A token for another
/// service would be useless, because this registry would refuse it.
fn checked_service(call: &Call<'_>, asked: Option<&str>) -> Result<String, ApiError> {
    let own = call.service()?;
    match asked {
        Some(asked) if asked != own => {
            Err(ApiError::new(Code::BadRequest, "the service parameter does not name this registry"))
        }
        _ => Ok(own),
    }
}

/// `GET /service/token`: issues a token for Basic credentials, or an anonymous one. Scopes that the caller may not have
/// are left out without an error.
///
/// This never issues a refresh token, not even for `offline_token=true`: docker keeps its first refresh token forever
/// and ignores newer ones, so rotation would treat docker as a thief.
pub async fn get(call: &Call<'_>) -> ApiResult {
    let caller = call.caller().await?;
    if caller.token.is_some() {
        return Err(ApiError::new(Code::Unauthorized, "use Basic credentials to get a token, not a token"));
    }
    let asked = call.query_value("service").filter(|service| !service.is_empty());
    let service = checked_service(call, asked.as_deref())?;
    let texts: Vec<_> = call.query().filter(|(k, _)| k == "scope").map(|(_, v)| v).collect();
    let scopes = scopes(call, texts.iter().map(AsRef::as_ref))?;
    let auth = &call.state.auth;
    let registry = call.registry();
    let token = auth.issue(registry, &caller, &service, &scopes).await.map_err(not_issued)?;
    Ok(answer(&token, None, None))
}

fn not_issued(error: roadstead_auth::Error) -> ApiError {
    use roadstead_auth::Error as E;
    match error {
        // One token cannot hold everything that the caller asked for, so the caller must request fewer scopes.
        too_much @ (E::TokenTooLarge | E::TooManyScopes { .. }) => {
            ApiError::new(Code::BadRequest, too_much.to_string())
        }
        E::Storage(source) => roadstead_service::Error::from(source).into(),
        other => ApiError::internal(other),
    }
}

/// Builds an OAuth2 error (RFC 6749, section 5.2).
fn oauth_error(error: &str, description: &str) -> HttpResponse {
    let mut response = match error {
        "invalid_grant" => HttpResponse::Unauthorized(),
        _ => HttpResponse::BadRequest(),
    };
    // Docker clients read `errors`, OAuth2 clients read `error`.
    let errors: Value = json!([{ "code": "UNAUTHORIZED", "message": description }]);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    response.json(json!({ "error": error, "error_description": description, "errors": errors }))
}

/// `POST /service/token`: issues a token in the OAuth2 form, for a password or a refresh token.
pub async fn post(call: &Call<'_>, payload: web::Payload) -> ApiResult {
    let too_large = || ApiError::new(Code::BodyTooLarge, "the form is too large");
    let body = collect(call, payload, MAX_FORM_BYTES, too_large).await?;
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let field = |name: &str| form.get(name).map(String::as_str).filter(|v| !v.is_empty());
    let (Some(grant), Some(_)) = (field("grant_type"), field("service")) else {
        return Ok(oauth_error("invalid_request", "grant_type and service are required"));
    };
    let service = checked_service(call, field("service"))?;
    let scopes = scopes(call, field("scope").into_iter())?;
    let client = field("client_id").unwrap_or_default();
    let signed_in = match grant {
        "password" => {
            let (Some(username), Some(password)) = (field("username"), field("password")) else {
                return Ok(oauth_error("invalid_request", "username and password are required"));
            };
            let offline = field("access_type") == Some("offline");
            with_password(call, username, password, offline.then_some((service.as_str(), client))).await
        }
        "refresh_token" => {
            let Some(token) = field("refresh_token") else {
                return Ok(oauth_error("invalid_request", "refresh_token is required"));
            };
            call.state.auth.redeem_refresh_token(call.registry(), token, &service, client).await
        }
        _ => return Ok(oauth_error("unsupported_grant_type", "grant_type must be password or refresh_token")),
    };
    let (identity, refresh) = match signed_in {
        Ok(signed_in) => signed_in,
        Err(AuthenticationError::BadCredentials) => {
            return Ok(oauth_error("invalid_grant", "the credentials are wrong, expired or revoked"));
        }
        Err(error) => return Err(call.refused(error)),
    };
    let caller = Caller::identified(Some(identity), None, call.client(Source::Registry));
    let token = call.state.auth.issue(call.registry(), &caller, &service, &scopes).await.map_err(not_issued)?;
    let granted = token.granted.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    Ok(answer(&token, refresh.as_deref(), Some(granted)))
}

type SignedIn = (Arc<Identity>, Option<String>);

/// Signs in with a password. `offline` names the service and client of the requested refresh token.
async fn with_password(
    call: &Call<'_>,
    username: &str,
    password: &str,
    offline: Option<(&str, &str)>,
) -> Result<SignedIn, AuthenticationError> {
    let auth = &call.state.auth;
    let address = call.state.client_rules.address(call.request);
    let identity = auth.basic(call.registry(), username, password, address).await?;
    // A session gets no refresh token, because the session ends. Its credential can be used again.
    let refresh = match offline.filter(|_| identity.session.is_none()) {
        Some((service, client)) => {
            let issued = auth.issue_refresh_token(call.registry(), &identity, service, client).await;
            issued.map_err(AuthenticationError::from)?
        }
        None => None,
    };
    Ok((identity, refresh))
}

/// `GET /service/jwks`: serves the public halves of the signing keys (RFC 7517), so that others can verify tokens.
#[expect(clippy::unnecessary_wraps, reason = "every operation gives the same type")]
pub fn jwks(call: &Call<'_>) -> ApiResult {
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=300")).json(call.state.auth.jwks()))
}
