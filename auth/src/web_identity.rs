//! Tokens of identity providers (OpenID Connect Core 1.0, section 2): who somebody is that has no account here.
//!
//! The provider's keys, issuer and audiences are those that its main account wrote down; nothing is fetched. The key is
//! found by its `kid` among them, and by nothing else that the token says; which algorithms it may have been used with is a
//! matter of the key.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse, RSAKeyParameters};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use roadstead_storage::types::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::auth::Auth;
use crate::signature::SignatureError;

/// A longer token is refused unseen.
const MAX_TOKEN_BYTES: usize = 16 << 10;
/// The longest subject.
const MAX_SUBJECT_BYTES: usize = 1024;
/// The most keys of a provider: enough to replace them one by one.
const MAX_KEYS: usize = 20;
const MAX_KID_BYTES: usize = 256;
/// The bytes of an RSA modulus: 2048 to 4096 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// Whom a token is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WebIdentity {
    /// Who it is, as the provider calls it.
    pub subject: String,
    /// Whom the token is for: one of them is one of those that the provider may speak to.
    pub audiences: Vec<String>,
}

/// The public keys of an identity provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProviderKeys(Vec<Jwk>);

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Header {
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

impl ProviderKeys {
    /// Reads a JSON Web Key Set (RFC 7517, section 5). Everything in it must be a public key that signatures are verified with.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let set: Set = serde_json::from_str(text).map_err(|_| "it is no JSON Web Key Set".to_owned())?;
        if !(1..=MAX_KEYS).contains(&set.keys.len()) {
            return Err(format!("there must be 1 to {MAX_KEYS} keys"));
        }
        let keys: Vec<Jwk> = set.keys.into_iter().map(key).collect::<Result<_, _>>()?;
        let kids: Vec<Option<&str>> = keys.iter().map(|key| key.common.key_id.as_deref()).collect();
        for (index, kid) in kids.iter().enumerate() {
            if kids.len() > 1 && kid.is_none() {
                return Err("a key has no kid, and there are several".to_owned());
            }
            if kids.iter().take(index).any(|other| other == kid) {
                return Err("two keys have the same kid".to_owned());
            }
        }
        Ok(Self(keys))
    }

    /// Whether every key of `others` is here too.
    pub fn contains_all(&self, others: &Self) -> bool {
        others.0.iter().all(|key| self.0.contains(key))
    }

    /// The key that a token says it was signed with. One that does not say so can only have been signed with the only key.
    fn find(&self, kid: Option<&str>) -> Option<&Jwk> {
        match (kid, self.0.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(kid), keys) => keys.iter().find(|key| key.common.key_id.as_deref() == Some(kid)),
        }
    }
}

fn key(value: Value) -> Result<Jwk, String> {
    let wrong = |what: &str| Err(what.to_owned());
    if value.get("d").is_some() {
        return wrong("a key is a private one: give the public half");
    }
    let Ok(key) = serde_json::from_value::<Jwk>(value) else { return wrong("a key is not understood") };
    let common = &key.common;
    if common.key_id.as_ref().is_some_and(|kid| kid.is_empty() || kid.len() > MAX_KID_BYTES) {
        return Err(format!("a kid has 1 to {MAX_KID_BYTES} bytes"));
    }
    let verifies = common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    if !verifies {
        return wrong("a key is not for signatures");
    }
    if let AlgorithmParameters::RSA(rsa) = &key.algorithm
        && !is_sound(rsa)
    {
        return wrong("an RSA key must have 2048 to 4096 bits and a usual exponent");
    }
    if algorithms(&key).is_empty() {
        return wrong("a key must be an RSA key, or on the curves P-256, P-384 or Ed25519, with an algorithm to match");
    }
    if DecodingKey::from_jwk(&key).is_err() { wrong("a key is malformed") } else { Ok(key) }
}

fn is_sound(rsa: &RSAKeyParameters) -> bool {
    let (Ok(n), Ok(e)) = (URL_SAFE_NO_PAD.decode(&rsa.n), URL_SAFE_NO_PAD.decode(&rsa.e)) else { return false };
    let n = n.iter().position(|byte| *byte != 0).map_or(&[][..], |start| &n[start..]);
    let full = n.first().is_some_and(|byte| n.len() > *RSA_BYTES.start() || byte & 0x80 != 0);
    RSA_BYTES.contains(&n.len()) && full && matches!(e.as_slice(), [1, 0, 1] | [3])
}

/// What a key may have been used with.
fn algorithms(key: &Jwk) -> Vec<Algorithm> {
    use Algorithm as A;
    let all: &[A] = match &key.algorithm {
        AlgorithmParameters::RSA(_) => &[A::RS256, A::RS384, A::RS512, A::PS256, A::PS384, A::PS512],
        AlgorithmParameters::EllipticCurve(ec) => match ec.curve {
            EllipticCurve::P256 => &[A::ES256],
            EllipticCurve::P384 => &[A::ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => &[A::EdDSA],
        _ => &[],
    };
    let said = key.common.key_algorithm;
    all.iter().copied().filter(|one| said.is_none_or(|said| said == (*one).into())).collect()
}

/// The signature and the algorithm. The claims are checked by hand, against the clock that was given.
fn validation(algorithms: Vec<Algorithm>) -> Option<Validation> {
    let mut validation = Validation::new(*algorithms.first()?);
    validation.algorithms = algorithms;
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    Some(validation)
}

impl Auth {
    /// Whom `token` is about, if a provider with these `keys` made it as this `issuer` for one of `audiences`, and it is not
    /// out of date.
    pub fn web_identity(
        &self,
        token: &str,
        issuer: &str,
        audiences: &[String],
        keys: &ProviderKeys,
    ) -> Option<WebIdentity> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let header = URL_SAFE_NO_PAD.decode(token.split_once('.')?.0).ok()?;
        let Header { kid, crit } = serde_json::from_slice(&header).ok()?;
        // What must be understood is not.
        if crit.is_some() {
            return None;
        }
        let key = keys.find(kid.as_deref())?;
        let decoded = decode::<Claims>(token, &DecodingKey::from_jwk(key).ok()?, &validation(algorithms(key))?);
        let claims = decoded.ok()?.claims;
        let audience = match claims.aud {
            Audience::One(one) => vec![one],
            Audience::Several(several) => several,
        };
        let is_ours = claims.iss == issuer && audience.iter().any(|one| audiences.contains(one));
        let is_name = (1..=MAX_SUBJECT_BYTES).contains(&claims.sub.len()) && !claims.sub.contains(char::is_control);
        let identity = WebIdentity { subject: claims.sub, audiences: audience };
        (is_ours && is_name && self.is_now(claims.exp, claims.nbf.max(claims.iat))).then_some(identity)
    }

    fn is_now(&self, until: i64, since: Option<i64>) -> bool {
        let (now, leeway) = (self.inner.clock.now(), self.inner.params.leeway);
        let at = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1000));
        now < at(until).after(leeway) && since.is_none_or(|since| now >= at(since).before(leeway))
    }

    /// Counts somebody at `address` whom nobody vouched for.
    ///
    /// # Errors
    /// `Throttled` when there were too many from that network.
    pub fn web_identity_refused(&self, address: IpAddr) -> Result<(), SignatureError> {
        let now = self.inner.clock.now();
        let checked = self.inner.failures.check(address, now);
        checked.map_err(|retry_after| SignatureError::Throttled { retry_after })?;
        self.inner.failures.count(address, now);
        Ok(())
    }
}
