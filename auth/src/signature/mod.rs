//! Signatures of cloud API requests: TC3-HMAC-SHA256 in a header ([`tc3`]), HmacSHA1 and HmacSHA256 among the
//! parameters ([`v1`]). There is no I/O and no clock: the secret and the current time are given.
//!
//! Clients sometimes sign something else than they send: the case of a header value, the spelling of a Boolean, or
//! the host under which they reach us may differ. Where a document or an official client is known to differ, both
//! spellings are tried. No spelling makes a signature valid for another request.

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

/// The part of a request that a signature covers.
#[derive(Clone, Copy)]
pub struct SignedRequest<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// The query of the target, as it was received.
    pub query: &'a str,
    /// The hosts that the client may have signed: the `Host` header as it was received, with its port, and the other
    /// names of this server.
    pub hosts: &'a [&'a str],
    /// Returns the value of a header as it was received, by its name in lower case. Of repeated headers it is the
    /// first.
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

/// Why a signature is refused.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// A parameter that signatures need is missing.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    /// A parameter of the signature is malformed.
    #[error("the parameter {0} is malformed")]
    Malformed(&'static str),
    /// The secret id does not have the form of one.
    #[error("the secret id is not that of an API key")]
    InvalidSecretId,
    /// The key does not exist, or it or its account has been disabled.
    #[error("the secret id does not exist")]
    SecretIdNotFound,
    /// The signature does not match the request and the key.
    #[error("the signature does not match")]
    Mismatch,
    /// The time of the request is too far from ours.
    #[error("the signature has expired")]
    Expired,
    /// The token of temporary credentials is wrong or has expired.
    #[error("the token is wrong or has expired")]
    Token,
    /// There were too many bad signatures from this network.
    #[error("too many attempts")]
    Throttled {
        /// When to try again.
        retry_after: Duration,
    },
    /// The store could not be asked.
    #[error("the store is not available")]
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
    /// The bytes of the signature.
    pub signature: Vec<u8>,
    /// The time at which it has certainly expired.
    pub good_until: Timestamp,
}

/// The signature that a request claims, before the key is known.
#[derive(Debug)]
pub(crate) enum Claim<'a> {
    Tc3(tc3::Tc3<'a>),
    V1(v1::V1<'a>),
}

impl<'a> Claim<'a> {
    /// Parses the claim of a request.
    pub(crate) fn of(request: &SignedRequest<'a>) -> Result<Self, SignatureError> {
        match request.header_text("authorization") {
            Some(value) if value.starts_with(tc3::ALGORITHM) => tc3::Tc3::parse(value, request).map(Self::Tc3),
            // Other schemes, such as `SKIP`, sign nothing.
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

    /// Returns the service of the credential scope; v1 has none.
    pub(crate) fn service(&self) -> Option<&'a str> {
        match self {
            Self::Tc3(claim) => Some(claim.service),
            Self::V1(_) => None,
        }
    }

    /// Tells whether the scope names a service that this server offers.
    pub(crate) fn is_for_us(&self) -> bool {
        self.service().is_none_or(|service| tc3::SERVICES.contains(&service))
    }

    /// Returns the token of temporary credentials.
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
        // The time of the request is in whole seconds.
        let now = Timestamp::from_millis(now.as_secs() * 1000);
        if signed.since(now) > WINDOW || now.since(signed) > WINDOW { Err(SignatureError::Expired) } else { Ok(()) }
    }

    /// Returns the signature and when it expires, if it covers a nonce.
    pub(crate) fn once(&self) -> Option<Once> {
        match self {
            Self::Tc3(_) => None,
            Self::V1(claim) => {
                // The signature expires at the end of its last second.
                let end = claim.timestamp.saturating_add(1).saturating_mul(1000);
                let good_until = Timestamp::from_millis(end).after(WINDOW);
                Some(Once { signature: claim.signature.clone(), good_until })
            }
        }
    }

    /// Tells whether `secret` made the signature. The key that TC3 derives from it is kept in `derived`.
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
