//! Tokens of identity providers (OpenID Connect Core 1.0, section 2): who somebody is that has no account here.
//!
//! The provider's keys, issuer and audiences are those that its main account wrote down; nothing is fetched. The key is
//! found by its `kid` among them, and by nothing else that the token says; which algorithms it may have been used with is a
//! matter of the key.

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

/// A longer token is refused unseen.
const MAX_TOKEN_BYTES: usize = 16 << 10;
/// The longest subject.
const MAX_SUBJECT_BYTES: usize = 1024;
/// Whom a token is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WebIdentity {
    /// Who it is, as the provider calls it.
    pub subject: String,
    /// Whom the token is for: one of them is one of those that the provider may speak to.
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
    /// Lets a request with a token begin. Networks that nobody had to be refused from of late do not wait. Others are still
    /// heard, because a good token may come from the same address as many bad ones; but only so many of all of them at a time.
    ///
    /// # Errors
    /// `Throttled` when too many wait already.
    pub async fn web_identity_turn(&self, address: IpAddr) -> Result<Turn<'_>, SignatureError> {
        let turn = self.inner.web_identities.doubt.turn(address, self.inner.clock.now()).await;
        turn.map_err(|retry_after| SignatureError::Throttled { retry_after })
    }

    /// Whom `token` is about, if this provider made it for one of `audiences`, and it is not out of date. One signature is
    /// verified, also where there is no provider or it has no such key: which providers there are is not to be timed.
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
        // What must be understood is not.
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

    /// Counts somebody at `address` whom nobody vouched for. Signatures that are not good are counted elsewhere.
    ///
    /// # Errors
    /// `Throttled` when there were too many from that network.
    pub fn web_identity_refused(&self, address: IpAddr) -> Result<(), SignatureError> {
        let failed = self.inner.web_identities.doubt.failed(address, self.inner.clock.now());
        failed.map_err(|retry_after| SignatureError::Throttled { retry_after })
    }
}
