//! Reads a request before its sender is known.

use std::borrow::Cow;
use std::collections::HashSet;

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, web};

use super::code::Code;
use super::error::CloudError;
use super::language::Language;
use super::multipart;
use super::parameter_error::ParameterError;
use super::params::{Parameters, check_values};
use super::said::Said;
use roadstead_http::Call;
use roadstead_http::body::{Collected, collect};
use roadstead_http::error::{ApiError, Code as RegistryCode};

/// The largest query of a GET, in bytes.
const MAX_QUERY: usize = 32 << 10;
/// The largest form, in bytes.
const MAX_FORM: usize = 1 << 20;
/// The largest body of a request that is signed in a header, in bytes.
const MAX_BODY: usize = 10 << 20;

/// The format of the parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// In the query.
    Query,
    /// In a URL-encoded form.
    Encoded,
    /// In a multipart form.
    Multipart,
    /// In a JSON body.
    Json,
    /// No parameters, only bytes.
    Bytes,
}

pub(crate) type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

fn text<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

impl Form {
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, CloudError> {
        if request.method() == Method::GET {
            return if request.query_string().len() > MAX_QUERY {
                Err(Code::RequestSizeLimitExceeded.into())
            } else {
                Ok(Self::Query)
            };
        }
        if request.method() != Method::POST {
            return Err(Code::UnsupportedProtocol.into());
        }
        let kind = text(request, header::CONTENT_TYPE.as_str()).unwrap_or("application/json");
        let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Ok(match essence.as_str() {
            "application/x-www-form-urlencoded" => Self::Encoded,
            "multipart/form-data" => Self::Multipart,
            "application/octet-stream" => Self::Bytes,
            _ => Self::Json,
        })
    }

    /// Reads the body, if it contains the parameters.
    pub(crate) async fn body<'a>(
        self,
        call: &Call<'a>,
        payload: web::Payload,
    ) -> Result<Option<Collected<'a>>, CloudError> {
        let limit = match self {
            Self::Query => return Ok(None),
            // The form is parsed before its sender is known, and takes many times its length in memory.
            Self::Encoded => MAX_FORM,
            Self::Multipart | Self::Json | Self::Bytes => MAX_BODY,
        };
        let too_large = || ApiError::from(RegistryCode::BodyTooLarge);
        collect(call, payload, limit, too_large).await.map(Some).map_err(|error| Said::from(&error).into())
    }

    /// Returns the parameters as pairs, if they are written as such.
    pub(crate) fn pairs<'a>(self, request: &'a HttpRequest, body: &'a [u8]) -> Pairs<'a> {
        match self {
            Self::Query => url::form_urlencoded::parse(request.query_string().as_bytes()).collect(),
            Self::Encoded => url::form_urlencoded::parse(body).collect(),
            Self::Multipart | Self::Json | Self::Bytes => Vec::new(),
        }
    }

    pub(crate) fn parameters(
        self,
        request: &HttpRequest,
        pairs: &Pairs<'_>,
        body: &[u8],
    ) -> Result<Parameters, ParameterError> {
        match self {
            Self::Query | Self::Encoded => Parameters::flat(pairs.iter().map(|(name, value)| (&**name, &**value))),
            Self::Json => {
                check_values(body)?;
                Parameters::json(body)
            }
            Self::Multipart => {
                check_values(body)?;
                let kind = text(request, header::CONTENT_TYPE.as_str()).unwrap_or_default();
                Parameters::parts(multipart::parse(kind, body)?)
            }
            Self::Bytes => Err(ParameterError::said("no action takes a body of bytes", "没有接口接受二进制请求体")),
        }
    }
}

/// The parts that every request has.
#[derive(Debug)]
pub(crate) struct Common<'a> {
    /// The name of the action.
    pub action: &'a str,
    /// The version of the API.
    pub version: &'a str,
}

/// Returns the language that a request asks for.
pub(crate) fn language(request: &HttpRequest, pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Language {
    Language::of(text(request, "x-tc-language").or_else(|| pair(pairs, "Language")))
}

fn pair<'a>(pairs: &'a [(Cow<'_, str>, Cow<'_, str>)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref())
}

impl<'a> Common<'a> {
    /// Reads the values that the signature covers. If the signature is among the parameters, it does not cover headers,
    /// so headers are ignored.
    pub(crate) fn of(request: &'a HttpRequest, pairs: &'a [(Cow<'_, str>, Cow<'_, str>)]) -> Result<Self, CloudError> {
        let in_header = text(request, header::AUTHORIZATION.as_str());
        let is_tc3 = in_header.is_some_and(|value| value.starts_with("TC3-HMAC-SHA256"));
        let unsigned = || pair(pairs, "Signature").is_none();
        let in_headers = is_tc3 || (unsigned() && (in_header.is_some() || text(request, "x-tc-action").is_some()));
        let needed = |of_header: &'static str, of_pair: &'static str| {
            let found = if in_headers { text(request, of_header) } else { pair(pairs, of_pair) };
            let name = if in_headers { of_header } else { of_pair };
            found.filter(|value| !value.is_empty()).ok_or_else(|| ParameterError::Missing(name.to_owned()))
        };
        Ok(Self { action: needed("X-TC-Action", "Action")?, version: needed("X-TC-Version", "Version")? })
    }
}

/// The host names of this server for a request.
#[derive(Debug)]
pub(crate) struct Hosts {
    /// The names that the client may have signed, the likeliest first.
    pub signed: Vec<String>,
    /// The name under which clients reach this server.
    pub own: String,
}

impl Hosts {
    /// Returns the host of the request and the host under which the client is known to reach this server, each with and
    /// without its port. The official SDK for Node.js sends the port and does not sign it.
    pub(crate) fn of(call: &Call<'_>) -> Self {
        let request = call.request;
        let sent = text(request, header::HOST.as_str()).or_else(|| request.uri().authority().map(|a| a.as_str()));
        let known = call.origin().ok().map(|origin| origin.host);
        let own = known.clone().or_else(|| sent.map(ToOwned::to_owned)).unwrap_or_default();
        let mut signed: Vec<String> = sent.map(ToOwned::to_owned).into_iter().chain(known).collect();
        let bare: Vec<String> = signed.iter().filter_map(|host| Some(without_port(host)?.to_owned())).collect();
        signed.extend(bare);
        let mut seen = HashSet::new();
        signed.retain(|host| seen.insert(host.clone()));
        Self { signed, own }
    }
}

/// Returns a host without its port, if it has one.
fn without_port(host: &str) -> Option<&str> {
    let (host, port) = host.rsplit_once(':')?;
    (!port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())).then_some(host)
}
