//! Tokens of identity providers (OpenID Connect Core 1.0, section 2). They identify people without an account here.
//!
//! The keys, the issuer and the audiences of a provider are set by its main account; nothing is fetched. The key is
//! looked up by its `kid` among them. No other part of the token chooses it, and the key itself limits the
//! algorithms.

mod keys;
pub(crate) mod known;

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, decode};
use roadstead_storage::meta::OidcProvider;
use roadstead_types::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

pub use self::keys::ProviderKeys;
use crate::auth::Auth;
use crate::doubt::Turn;
use crate::signature::SignatureError;
use crate::token::signature_only;

/// A longer token is refused unread.
const MAX_TOKEN_BYTES: usize = 16 << 10;
/// The longest subject.
const MAX_SUBJECT_BYTES: usize = 1024;
/// The identity in a token of an identity provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WebIdentity {
    /// The person, as the provider names it.
    pub subject: String,
    /// The audiences of the token. At least one of them is an audience of the provider.
    pub audiences: Vec<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    nbf: Option<i64>,
    iat: Option<i64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Auth {
    /// Waits for the permission to handle a request with a token. Networks without recent refusals do not wait.
    /// Others do, because only a few of their requests are handled at a time. They are not shut out, because a good
    /// token may come from the same address as many bad ones.
    ///
    /// # Errors
    /// `Throttled` when too many requests wait already.
    pub async fn web_identity_turn(&self, address: IpAddr) -> Result<Turn<'_>, SignatureError> {
        let turn = self.inner.web_identities.doubt.turn(address, self.inner.clock.now()).await;
        turn.map_err(|retry_after| SignatureError::Throttled { retry_after })
    }

    /// Returns the identity in `token`, if this provider made it for one of `audiences`, and it is valid now. One
    /// signature is verified even without a provider or without its key, so that the time does not tell which
    /// providers exist.
    pub fn web_identity(
        &self,
        token: &str,
        provider: Option<&OidcProvider>,
        audiences: &[String],
    ) -> Option<WebIdentity> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let header = URL_SAFE_NO_PAD.decode(token.split_once('.')?.0).ok()?;
        let Header { alg, kid, crit } = serde_json::from_slice(&header).ok()?;
        // A token with critical headers is refused, because this server understands none.
        if crit.is_some() {
            return None;
        }
        let keys = provider.and_then(|provider| self.inner.web_identities.keys(provider));
        let key = keys.as_ref().and_then(|keys| keys.1.find(kid.as_deref(), alg));
        let decoded = decode::<Claims>(token, key.or_else(|| keys::nobodys(alg))?, &signature_only(alg));
        let (provider, _) = provider.zip(key)?;
        let claims = decoded.ok()?.claims;
        let audience = match claims.aud {
            Audience::One(one) => vec![one],
            Audience::Several(several) => several,
        };
        let is_ours = claims.iss == provider.url && audience.iter().any(|one| audiences.contains(one));
        let is_name = (1..=MAX_SUBJECT_BYTES).contains(&claims.sub.len()) && !claims.sub.contains(char::is_control);
        let identity = WebIdentity { subject: claims.sub, audiences: audience };
        (is_ours && is_name && self.is_now(claims.exp, claims.nbf.max(claims.iat))).then_some(identity)
    }

    fn is_now(&self, until: i64, since: Option<i64>) -> bool {
        let (now, leeway) = (self.inner.clock.now(), self.inner.params.leeway);
        let at = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1000));
        now < at(until).after(leeway) && since.is_none_or(|since| now >= at(since).before(leeway))
    }

    /// Counts a request from `address` without a valid identity. Bad signatures of the cloud API are counted
    /// elsewhere.
    ///
    /// # Errors
    /// `Throttled` when there were too many from that network.
    pub fn web_identity_refused(&self, address: IpAddr) -> Result<(), SignatureError> {
        let failed = self.inner.web_identities.doubt.failed(address, self.inner.clock.now());
        failed.map_err(|retry_after| SignatureError::Throttled { retry_after })
    }
}
