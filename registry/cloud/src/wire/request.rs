//! What a request says, before anybody knows who sent it.

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

/// The largest query of a GET.
const MAX_QUERY: usize = 32 << 10;
/// The largest form.
const MAX_FORM: usize = 1 << 20;
/// The largest body that is signed in a header.
const MAX_BODY: usize = 10 << 20;

/// How the parameters are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// In the query.
    Query,
    /// In a form.
    Encoded,
    /// In a multipart form.
    Multipart,
    /// In JSON.
    Json,
    /// Not at all: bytes.
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

    /// The body, if the parameters are in it.
    pub(crate) async fn body<'a>(
        self,
        call: &Call<'a>,
        payload: web::Payload,
    ) -> Result<Option<Collected<'a>>, CloudError> {
        let limit = match self {
            Self::Query => return Ok(None),
            // Taken apart before it is known who sent it, a form costs many times its length.
            Self::Encoded => MAX_FORM,
            Self::Multipart | Self::Json | Self::Bytes => MAX_BODY,
        };
        let too_large = || ApiError::from(RegistryCode::BodyTooLarge);
        collect(call, payload, limit, too_large).await.map(Some).map_err(|error| Said::from(&error).into())
    }

    /// The parameters as pairs, where they are.
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

/// What every request says.
#[derive(Debug)]
pub(crate) struct Common<'a> {
    /// The name of the action.
    pub action: &'a str,
    /// The version of the API.
    pub version: &'a str,
}

/// The language that a request asks for.
pub(crate) fn language(request: &HttpRequest, pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Language {
    Language::of(text(request, "x-tc-language").or_else(|| pair(pairs, "Language")))
}

fn pair<'a>(pairs: &'a [(Cow<'_, str>, Cow<'_, str>)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref())
}

impl<'a> Common<'a> {
    /// From where the signature covers them: of a request that is signed among its parameters, headers say nothing.
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

/// The names of this server that a request speaks of.
#[derive(Debug)]
pub(crate) struct Hosts {
    /// Those that the client may have signed, the likeliest first.
    pub signed: Vec<String>,
    /// The one under which clients reach us.
    pub own: String,
}

impl Hosts {
    /// The host that was sent, and the one under which the client is known to reach us; both also without their port, which
    /// the official SDK for Node.js sends and does not sign.
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

/// A host without its port, if it has one.
fn without_port(host: &str) -> Option<&str> {
    let (host, port) = host.rsplit_once(':')?;
    (!port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())).then_some(host)
}
