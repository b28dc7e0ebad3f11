//! Signatures of cloud API requests: TC3-HMAC-SHA256 in a header ([`tc3`]), HmacSHA1 and HmacSHA256 among the parameters
//! ([`v1`]). Pure: no I/O, no clock; the secret and the present moment are given.
//!
//! A client signs what it believes to send, and it is not always right: in what case a header value is signed, how a Boolean
//! is spelt, which host it reaches us under. Where a document or an official client is known to differ, both spellings are
//! tried; nothing that is tried widens what a signature is good for.

pub(crate) mod date;
pub(crate) mod tc3;
pub(crate) mod v1;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use roadstead_types::Timestamp;

/// How far the time of a request may be from ours.
const WINDOW: Duration = Duration::from_secs(5 * 60);

/// A request, as far as a signature covers it.
#[derive(Clone, Copy)]
pub struct SignedRequest<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// What follows the `?` of the target, as it was received.
    pub query: &'a str,
    /// The hosts that the client may have signed: the `Host` header as it was received, with its port, then other names of
    /// this server.
    pub hosts: &'a [&'a str],
    /// The value of a header, as it was received, by its name in lower case; of the first one, where there are several.
    pub header: &'a dyn Fn(&str) -> Option<&'a [u8]>,
    /// The body.
    pub body: &'a [u8],
    /// The decoded parameters: of the query of a GET, of the form of a POST.
    pub pairs: &'a [(Cow<'a, str>, Cow<'a, str>)],
}

impl fmt::Debug for SignedRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRequest")
            .field("method", &self.method)
            .field("hosts", &self.hosts)
            .finish_non_exhaustive()
    }
}

impl<'a> SignedRequest<'a> {
    fn header_text(&self, name: &str) -> Option<&'a str> {
        std::str::from_utf8((self.header)(name)?).ok()
    }

    fn pair(&self, name: &str) -> Option<&'a str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref())
    }
}

/// Why a signature is not good.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// A parameter is missing without which there is no signature.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    /// A parameter of the signature is malformed.
    #[error("the parameter {0} is malformed")]
    Malformed(&'static str),
    /// The secret id has not the form of one.
    #[error("the secret id is not that of an API key")]
    InvalidSecretId,
    /// There is no such key, or it or its account has been disabled.
    #[error("the secret id does not exist")]
    SecretIdNotFound,
    /// The signature does not belong to the request and the key.
    #[error("the signature does not match")]
    Mismatch,
    /// The time of the request is too far from ours.
    #[error("the signature has expired")]
    Expired,
    /// The token of temporary credentials is wrong or has expired.
    #[error("the token is wrong or has expired")]
    Token,
    /// Too many signatures from this network were not good.
    #[error("too many attempts")]
    Throttled {
        /// When to try again.
        retry_after: Duration,
    },
    /// It could not be found out.
    #[error("the store cannot be asked")]
    Unavailable(#[source] roadstead_storage::Error),
}

impl From<roadstead_storage::Error> for SignatureError {
    fn from(error: roadstead_storage::Error) -> Self {
        Self::Unavailable(error)
    }
}

/// A signature that a client makes only once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Once {
    /// Its bytes.
    pub signature: Vec<u8>,
    /// When it has surely expired.
    pub good_until: Timestamp,
}

/// What a request says of its own signature, before the key is known.
#[derive(Debug)]
pub(crate) enum Claim<'a> {
    Tc3(tc3::Tc3<'a>),
    V1(v1::V1<'a>),
}

impl<'a> Claim<'a> {
    /// Reads the claim of a request.
    pub(crate) fn of(request: &SignedRequest<'a>) -> Result<Self, SignatureError> {
        match request.header_text("authorization") {
            Some(value) if value.starts_with(tc3::ALGORITHM) => tc3::Tc3::parse(value, request).map(Self::Tc3),
            // Another scheme, such as `SKIP`, signs nothing.
            _ if request.pair("Signature").is_some() => v1::V1::parse(request).map(Self::V1),
            Some(_) => Err(SignatureError::Mismatch),
            None if (request.header)("x-tc-action").is_some() => Err(SignatureError::Missing("Authorization")),
            None => Err(SignatureError::Missing("Signature")),
        }
    }

    pub(crate) fn secret_id(&self) -> &'a str {
        match self {
            Self::Tc3(claim) => claim.secret_id,
            Self::V1(claim) => claim.secret_id,
        }
    }

    /// The service of the credential scope; v1 has none.
    pub(crate) fn service(&self) -> Option<&'a str> {
        match self {
            Self::Tc3(claim) => Some(claim.service),
            Self::V1(_) => None,
        }
    }

    /// Whether the scope names a service that is served.
    pub(crate) fn is_for_us(&self) -> bool {
        self.service().is_none_or(|service| tc3::SERVICES.contains(&service))
    }

    /// The token of temporary credentials.
    pub(crate) fn token(&self) -> Option<&'a str> {
        match self {
            Self::Tc3(claim) => claim.token,
            Self::V1(claim) => claim.token,
        }
    }

    /// Refuses a time that is too far from `now`.
    pub(crate) fn check_time(&self, now: Timestamp) -> Result<(), SignatureError> {
        let seconds = match self {
            Self::Tc3(claim) => claim.timestamp,
            Self::V1(claim) => claim.timestamp,
        };
        let signed = Timestamp::from_millis(seconds.saturating_mul(1000));
        // The time of the request has no fraction of a second, ours has one.
        let now = Timestamp::from_millis(now.as_secs() * 1000);
        if signed.since(now) > WINDOW || now.since(signed) > WINDOW { Err(SignatureError::Expired) } else { Ok(()) }
    }

    /// The signature with the end of its time, if it comes with a nonce.
    pub(crate) fn once(&self) -> Option<Once> {
        match self {
            Self::Tc3(_) => None,
            Self::V1(claim) => {
                // The second in which it expires counts as a whole.
                let end = claim.timestamp.saturating_add(1).saturating_mul(1000);
                let good_until = Timestamp::from_millis(end).after(WINDOW);
                Some(Once { signature: claim.signature.clone(), good_until })
            }
        }
    }

    /// Whether the signature is that of `secret`. The key that TC3 derives from it is kept in `derived`.
    pub(crate) fn is_signed_with(
        &self,
        request: &SignedRequest<'_>,
        secret: &[u8],
        derived: &tc3::DerivedKeys,
    ) -> bool {
        match self {
            Self::Tc3(claim) => claim.verify(request, &derived.get(secret, claim.date, claim.service)),
            Self::V1(claim) => claim.verify(request, secret),
        }
    }
}

fn tag(key: &hmac::Key, data: &[u8]) -> hmac::Tag {
    hmac::sign(key, data)
}
