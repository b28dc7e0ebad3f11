//! One request on its way to a handler.

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

/// A request, its route and what it was sent with. Handlers get at the services and at rights only through it.
pub struct Call<'a> {
    /// The request.
    pub request: &'a HttpRequest,
    /// What the process serves with.
    pub state: &'a ApiState,
    /// The variable parts of the path.
    pub params: Params<'a>,
    /// The id of the request, as it stands in answers and logs.
    pub request_id: &'a str,
    /// The registry that the request's host belongs to.
    pub registry: RegistryId,
    /// Who makes it, once that is known.
    pub who: RefCell<Option<Arc<Identity>>>,
}

/// What is wrong with a nested name where there are none.
const TWO_PARTS: &str = "a repository name has exactly two parts here: NAMESPACE/NAME";
/// The right to push may be missing for two reasons, and which one it is must not show.
const PUSH_DENIED: &str = "requested access to the resource is denied: the namespace does not exist, or this account may not \
    push to it; create the namespace first, or ask its owner for the right to push";
/// The most pairs of a query that are looked at.
const MAX_QUERY_PAIRS: usize = 200;

impl<'a> Call<'a> {
    /// The services.
    pub fn services(&self) -> &'a Services {
        &self.state.services
    }

    /// The registry that the request's host belongs to.
    pub fn registry(&self) -> RegistryId {
        self.registry
    }

    /// The repository in the path. A name that is refused is an unknown one, with the reason: clients try again after
    /// `400 NAME_INVALID`, and do not show its text.
    pub fn repository(&self) -> Result<RepositoryName, ApiError> {
        let text = self.params.name.unwrap_or_default();
        let name: RepositoryName =
            text.parse().map_err(|e: roadstead_types::NameError| ApiError::new(Code::NameUnknown, e.to_string()))?;
        if !self.services().allows_name(self.registry(), &name) {
            return Err(ApiError::new(Code::NameUnknown, TWO_PARTS));
        }
        Ok(name)
    }

    /// The reference in the path.
    pub fn reference(&self) -> Result<Reference, ApiError> {
        self.last_param(|text| if text.contains(':') { Code::DigestInvalid } else { Code::TagInvalid })
    }

    /// The digest in the path.
    pub fn digest(&self) -> Result<Digest, ApiError> {
        self.last_param(|_| Code::DigestInvalid)
    }

    /// The upload in the path. What is no id is an unknown one.
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

    /// The pairs of the query, decoded.
    pub fn query(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> {
        url::form_urlencoded::parse(self.request.query_string().as_bytes()).take(MAX_QUERY_PAIRS)
    }

    /// The first value of a key of the query.
    pub fn query_value(&self, key: &str) -> Option<Cow<'a, str>> {
        self.query().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// A header, if it is there and is text.
    pub fn header(&self, name: header::HeaderName) -> Option<&'a str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// The origin under which the client reached us.
    pub fn origin(&self) -> Result<ClientOrigin, ApiError> {
        let rules = &self.state.client_rules;
        let origin = match self.registry {
            RegistryId::PERSONAL => rules.origin(self.request),
            _ => rules.origin_of_instance(self.request),
        };
        origin.ok_or_else(|| ApiError::new(Code::BadRequest, "the Host header is missing or malformed"))
    }

    /// The service that tokens are for: the host that clients use.
    pub fn service(&self) -> Result<String, ApiError> {
        Ok(self.origin()?.host)
    }

    /// Where the request comes from; `source` is the door.
    pub fn client(&self, source: Source) -> Arc<Client> {
        Arc::new(Client {
            source,
            address: self.state.client_rules.address(self.request),
            user_agent: self.header(header::USER_AGENT).unwrap_or_default().to_owned(),
            request_id: self.request_id.to_owned(),
        })
    }

    /// Who is calling. Credentials that are wrong are an error, also where none are needed: falling back to anonymous
    /// would hide from the client that its credentials do not work.
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

    /// What is answered to credentials that were not accepted.
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

    /// Refuses the request before its body is read, where its handler would.
    pub async fn admit(&self, route: Route) -> Result<(), ApiError> {
        match route.required() {
            Required::Repository(RightName::Push) => self.authorize::<Push>().await.map(drop),
            Required::Repository(_) | Required::Credentials | Required::Catalog => self.caller().await.map(drop),
            // What they need is in the body.
            Required::Nothing | Required::Signature => Ok(()),
        }
    }

    /// Proves the right `R` to the repository in the path.
    pub async fn authorize<R: ContentRight>(&self) -> Result<Access<R>, ApiError> {
        let repository = self.repository()?;
        let caller = self.caller().await?;
        self.authorize_caller(&caller, &repository).await
    }

    /// Proves the right `R` of a caller to a repository.
    pub async fn authorize_caller<R: ContentRight>(
        &self,
        caller: &Caller,
        repository: &RepositoryName,
    ) -> Result<Access<R>, ApiError> {
        let proof = self.state.auth.authorize::<R>(caller, self.registry(), repository).await;
        proof.map_err(|denied| {
            let mut scope = format!("repository:{repository}:{}", docker_actions::<R>());
            // A mount reads its source: clients that follow the challenge to the letter must be told of both.
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

    /// Proves the right to delete a tag or a manifest of the repository in the path.
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

    /// Proves the right to read the source of a mount; `None` for a caller who has none. A caller who has it, and whose token
    /// only lacks the scope, is told which token to get.
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

    /// Proves the right to list repositories.
    pub async fn authorize_catalog(&self) -> Result<CatalogAccess, ApiError> {
        let caller = self.caller().await?;
        // Clients send credentials only when they are asked for them, and without them see less than they may.
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

/// What a client must ask a token for, to have the right `R`.
fn docker_actions<R: ContentRight>() -> &'static str {
    match R::NAME {
        RightName::Pull | RightName::Probe => "pull",
        RightName::Push => "pull,push",
        RightName::Delete => "delete",
    }
}

/// User name and password of a Basic credential (RFC 7617).
pub fn decode_basic(credentials: &str) -> Option<(String, zeroize::Zeroizing<String>)> {
    let bytes = BASE64_STANDARD.decode(credentials.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (username, password) = text.split_once(':')?;
    Some((username.to_owned(), zeroize::Zeroizing::new(password.to_owned())))
}
