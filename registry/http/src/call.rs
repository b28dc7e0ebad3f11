//! A request on its way to a handler.

use std::borrow::Cow;
use std::cell::RefCell;
use std::str::FromStr;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use roadstead_auth::{
    Access, AuthenticationError, Caller, CatalogAccess, Client, ContentRight, Delete, DeleteTarget, Denied, Identity,
    Pull, Push, RightName,
};
use roadstead_types::{Digest, Reference, RegistryId, RepositoryName, Source, UploadId};

use crate::client::ClientOrigin;
use crate::error::{ApiError, Code};
use crate::route::{Required, Route};
use crate::router::Params;
use crate::state::ApiState;
use roadstead_service::Services;

/// A request with its route parameters and state. Handlers reach the services and permissions only through it.
pub struct Call<'a> {
    /// The request.
    pub request: &'a HttpRequest,
    /// The state that all requests share.
    pub state: &'a ApiState,
    /// The variable parts of the path.
    pub params: Params<'a>,
    /// The id of the request, as shown in answers and logs.
    pub request_id: &'a str,
    /// The registry that the host of the request belongs to.
    pub registry: RegistryId,
    /// The identity of the caller, once it is known.
    pub who: RefCell<Option<Arc<Identity>>>,
}

/// The error text for a nested repository name where nested names are not allowed.
const TWO_PARTS: &str = "a repository name has exactly two parts here: NAMESPACE/NAME";
/// The error text for a missing push permission. It covers two reasons and must not reveal which one applies.
const PUSH_DENIED: &str = "requested access to the resource is denied: the namespace does not exist, or this account may not \
    push to it; create the namespace first, or ask its owner for the right to push";
/// The most query pairs that are read.
const MAX_QUERY_PAIRS: usize = 200;

impl<'a> Call<'a> {
    /// Returns the services.
    pub fn services(&self) -> &'a Services {
        &self.state.services
    }

    /// Returns the registry that the host of the request belongs to.
    pub fn registry(&self) -> RegistryId {
        self.registry
    }

    /// Returns the repository in the path. An invalid name is reported as an unknown repository, together with the
    /// reason: after `400 NAME_INVALID`, clients retry and hide the message.
    pub fn repository(&self) -> Result<RepositoryName, ApiError> {
        let text = self.params.name.unwrap_or_default();
        let name: RepositoryName =
            text.parse().map_err(|e: roadstead_types::NameError| ApiError::new(Code::NameUnknown, e.to_string()))?;
        if !self.services().allows_name(self.registry(), &name) {
            return Err(ApiError::new(Code::NameUnknown, TWO_PARTS));
        }
        Ok(name)
    }

    /// Returns the reference in the path.
    pub fn reference(&self) -> Result<Reference, ApiError> {
        self.last_param(|text| if text.contains(':') { Code::DigestInvalid } else { Code::TagInvalid })
    }

    /// Returns the digest in the path.
    pub fn digest(&self) -> Result<Digest, ApiError> {
        self.last_param(|_| Code::DigestInvalid)
    }

    /// Returns the upload id in the path. An invalid id is reported as an unknown upload.
    pub fn upload_id(&self) -> Result<UploadId, ApiError> {
        let parsed = self.params.last::<UploadId>().and_then(Result::ok);
        parsed.ok_or_else(|| Code::BlobUploadUnknown.into())
    }

    fn last_param<T: FromStr<Err: std::fmt::Display>>(&self, code: impl Fn(&str) -> Code) -> Result<T, ApiError> {
        match self.params.last::<T>() {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => Err(ApiError::new(code(self.params.last.unwrap_or_default()), error.to_string())),
            None => Err(code(self.params.last.unwrap_or_default()).into()),
        }
    }

    /// Returns the decoded pairs of the query.
    pub fn query(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> {
        url::form_urlencoded::parse(self.request.query_string().as_bytes()).take(MAX_QUERY_PAIRS)
    }

    /// Returns the first value of a query key.
    pub fn query_value(&self, key: &str) -> Option<Cow<'a, str>> {
        self.query().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// Returns a header, if it is present and is text.
    pub fn header(&self, name: header::HeaderName) -> Option<&'a str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// Returns the origin under which the client reached this server.
    pub fn origin(&self) -> Result<ClientOrigin, ApiError> {
        let rules = &self.state.client_rules;
        let origin = match self.registry {
            RegistryId::PERSONAL => rules.origin(self.request),
            _ => rules.origin_of_instance(self.request),
        };
        origin.ok_or_else(|| ApiError::new(Code::BadRequest, "the Host header is missing or malformed"))
    }

    /// Returns the service that tokens are issued for: the host that clients use.
    pub fn service(&self) -> Result<String, ApiError> {
        Ok(self.origin()?.host)
    }

    /// Describes the client of the request. `source` is the API that it uses.
    pub fn client(&self, source: Source) -> Arc<Client> {
        Arc::new(Client {
            source,
            address: self.state.client_rules.address(self.request),
            user_agent: self.header(header::USER_AGENT).unwrap_or_default().to_owned(),
            request_id: self.request_id.to_owned(),
        })
    }

    /// Authenticates the caller. Wrong credentials are an error even where none are needed, because treating the caller
    /// as anonymous would hide the problem from the client.
    pub async fn caller(&self) -> Result<Caller, ApiError> {
        let client = self.client(Source::Registry);
        let Some(value) = self.request.headers().get(header::AUTHORIZATION) else {
            return Ok(Caller::anonymous(client));
        };
        let value = value.to_str().map_err(|_| self.challenge(Code::Unauthorized.into(), None))?;
        let (scheme, credentials) = value.split_once(' ').unwrap_or((value, ""));
        let auth = &self.state.auth;
        let result = if scheme.eq_ignore_ascii_case("bearer") {
            let service = self.service()?;
            let verified = auth.bearer(self.registry(), credentials.trim(), &service).await;
            verified.map(|(identity, grants)| Caller::identified(identity, Some(grants), client))
        } else if scheme.eq_ignore_ascii_case("basic") {
            let Some((username, password)) = decode_basic(credentials) else {
                return Err(self.challenge(ApiError::new(Code::Unauthorized, "malformed Basic credentials"), None));
            };
            let checked = auth.basic(self.registry(), &username, &password, client.address).await;
            checked.map(|identity| Caller::identified(Some(identity), None, client))
        } else {
            Err(AuthenticationError::BadCredentials)
        };
        let caller = result.map_err(|error| self.refused(error))?;
        self.who.borrow_mut().clone_from(&caller.identity);
        Ok(caller)
    }

    /// Returns the error for credentials that were not accepted.
    pub fn refused(&self, error: AuthenticationError) -> ApiError {
        match error {
            AuthenticationError::BadCredentials => {
                let error = ApiError::new(Code::Unauthorized, "the credentials are wrong, expired or revoked");
                self.challenge(error, None)
            }
            AuthenticationError::Throttled { retry_after } => {
                let seconds = retry_after.as_secs().max(1).to_string();
                ApiError::new(Code::TooManyRequests, "too many failed logins; wait before the next one")
                    .with_header(header::RETRY_AFTER, &seconds)
            }
            AuthenticationError::Unavailable(source) => roadstead_service::Error::from(source).into(),
        }
    }

    /// Refuses the request before its body is read, if its handler would refuse it.
    pub async fn admit(&self, route: Route) -> Result<(), ApiError> {
        match route.required() {
            Required::Repository(RightName::Push) => self.authorize::<Push>().await.map(drop),
            Required::Repository(_) | Required::Credentials | Required::Catalog => self.caller().await.map(drop),
            // The credentials of these routes are in the body, or none are needed.
            Required::Nothing | Required::Signature => Ok(()),
        }
    }

    /// Proves that the caller has the right `R` to the repository in the path.
    pub async fn authorize<R: ContentRight>(&self) -> Result<Access<R>, ApiError> {
        let repository = self.repository()?;
        let caller = self.caller().await?;
        self.authorize_caller(&caller, &repository).await
    }

    /// Proves that a caller has the right `R` to a repository.
    pub async fn authorize_caller<R: ContentRight>(
        &self,
        caller: &Caller,
        repository: &RepositoryName,
    ) -> Result<Access<R>, ApiError> {
        let proof = self.state.auth.authorize::<R>(caller, self.registry(), repository).await;
        proof.map_err(|denied| {
            let mut scope = format!("repository:{repository}:{}", docker_actions::<R>());
            // A mount reads its source, and some clients request only the scopes in the challenge, so it names both
            // repositories.
            let source = self.query_value("from").and_then(|from| from.parse::<RepositoryName>().ok());
            if let Some(source) = source.filter(|source| R::NAME == RightName::Push && source != repository) {
                scope.push_str(&format!(" repository:{source}:pull"));
            }
            match denied {
                Denied::Forbidden if R::NAME == RightName::Push => ApiError::new(Code::Denied, PUSH_DENIED),
                denied => self.denied(denied, &scope),
            }
        })
    }

    /// Proves that the caller may delete a tag or a manifest of the repository in the path.
    pub async fn authorize_delete(&self, reference: &Reference) -> Result<Access<Delete>, ApiError> {
        let repository = self.repository()?;
        let caller = self.caller().await?;
        let target = match reference {
            Reference::Tag(tag) => DeleteTarget::Tags(std::slice::from_ref(tag), false),
            Reference::Digest(digest) => DeleteTarget::Manifest(digest),
        };
        let proof = self.state.auth.authorize_delete(&caller, self.registry(), &repository, target).await;
        proof.map_err(|denied| {
            let scope = format!("repository:{repository}:{}", docker_actions::<Delete>());
            self.denied(denied, &scope)
        })
    }

    /// Proves that the caller may pull from the source of a mount. Returns `None` if it may not. If the caller may and
    /// only its token lacks the scope, the error tells the client which token to request.
    pub async fn authorize_source(
        &self,
        caller: &Caller,
        target: &RepositoryName,
        source: &RepositoryName,
    ) -> Result<Option<Access<Pull>>, ApiError> {
        match self.state.auth.authorize::<Pull>(caller, self.registry(), source).await {
            Ok(access) => Ok(Some(access)),
            Err(Denied::Unauthenticated | Denied::Forbidden) => Ok(None),
            Err(denied @ (Denied::InsufficientScope | Denied::ReadOnly | Denied::Unavailable(_))) => {
                let scope = format!("repository:{target}:pull,push repository:{source}:pull");
                Err(self.denied(denied, &scope))
            }
        }
    }

    /// Proves that the caller may list repositories.
    pub async fn authorize_catalog(&self) -> Result<CatalogAccess, ApiError> {
        let caller = self.caller().await?;
        // Clients send credentials only when they are asked to. Without credentials, they would see only a part of
        // their repositories.
        if !caller.credentials_presented {
            return Err(self.denied(Denied::Unauthenticated, "registry:catalog:*"));
        }
        let proof = self.state.auth.catalog(&caller, self.registry()).await;
        proof.map_err(|denied| self.denied(denied, "registry:catalog:*"))
    }

    fn denied(&self, denied: Denied, scope: &str) -> ApiError {
        let challenge = match &denied {
            Denied::Unauthenticated => Some((scope, None)),
            Denied::InsufficientScope => Some((scope, Some("insufficient_scope"))),
            Denied::Forbidden | Denied::ReadOnly | Denied::Unavailable(_) => None,
        };
        let error = ApiError::from(denied);
        match challenge {
            Some((scope, reason)) => self.challenge_with(error, Some(scope), reason),
            None => error,
        }
    }

    /// Adds the challenge that tells a client where to get a token (docker token authentication specification).
    pub fn challenge(&self, error: ApiError, scope: Option<&str>) -> ApiError {
        let reason = self.request.headers().contains_key(header::AUTHORIZATION).then_some("invalid_token");
        self.challenge_with(error, scope, reason)
    }

    fn challenge_with(&self, error: ApiError, scope: Option<&str>, reason: Option<&str>) -> ApiError {
        let Ok(origin) = self.origin() else { return error };
        let mut value = format!("Bearer realm=\"{}/service/token\",service=\"{}\"", origin.url(), origin.host);
        if let Some(scope) = scope {
            value.push_str(&format!(",scope=\"{scope}\""));
        }
        if let Some(reason) = reason {
            value.push_str(&format!(",error=\"{reason}\""));
        }
        error.with_header(header::WWW_AUTHENTICATE, &value)
    }
}

/// Returns the actions that a client must request in the scope of its token to get the right `R`.
fn docker_actions<R: ContentRight>() -> &'static str {
    match R::NAME {
        RightName::Pull | RightName::Probe => "pull",
        RightName::Push => "pull,push",
        RightName::Delete => "delete",
    }
}

/// Decodes the user name and password of a Basic credential (RFC 7617).
pub fn decode_basic(credentials: &str) -> Option<(String, zeroize::Zeroizing<String>)> {
    let bytes = BASE64_STANDARD.decode(credentials.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (username, password) = text.split_once(':')?;
    Some((username.to_owned(), zeroize::Zeroizing::new(password.to_owned())))
}
