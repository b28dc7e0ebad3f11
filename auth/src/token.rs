//! Makes and verifies bearer tokens.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use roadstead_types::{AccountId, Clock, RegistryId, RepositoryName, SecretId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::identity::{Grant, Identity, TokenGrants};
use crate::keys::{Keys, Signer};
use crate::packed::Packed;
use crate::random;
use crate::right::RightName;
use crate::scope::{Scope, ScopeKind};
use crate::session::{Bound, SealedSession};
use crate::session::{Session, SessionKind};

/// The most bytes of a token. Proxies accept header lines of 8 KiB, including `Authorization: Bearer`.
pub const MAX_TOKEN_BYTES: usize = 7680;
/// The most bytes of claims that name repositories in the standard claim `access`. Longer ones are packed.
const MAX_PLAIN_CLAIMS: usize = 3072;

/// A new token.
#[derive(Clone)]
pub struct IssuedToken {
    /// The token itself: a secret.
    pub token: String,
    /// How long it is valid.
    pub expires_in: Duration,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// The granted part of the scopes that were asked for.
    pub granted: Vec<Grant>,
}

impl std::fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("IssuedToken");
        debug.field("expires_in", &self.expires_in).field("issued_at", &self.issued_at).field("granted", &self.granted);
        debug.finish_non_exhaustive()
    }
}

/// A token whose signature and form have been verified. Its times and its account are checked on every use.
pub(crate) struct VerifiedToken {
    pub audience: String,
    pub not_before: Timestamp,
    pub expires_at: Timestamp,
    /// The account and the version of its credentials; `None` for an anonymous token.
    pub account: Option<(AccountId, i64)>,
    /// The registry token that the account signed in with.
    pub instance_token: Option<HadWith>,
    /// The session that signed in. It limits the rights of its account.
    pub bound: Option<Bound>,
    pub grants: Arc<TokenGrants>,
}

/// The registry token that a client exchanged for a bearer token.
pub(crate) struct HadWith {
    /// Its row, or 0 if it has none.
    pub row: i64,
    /// When it expires.
    pub expires_at: Timestamp,
    /// The access key that made it.
    pub key: Option<SecretId>,
}

/// The claims of a token (RFC 7519, section 4.1; docker registry token specification). All are required. Times are
/// whole seconds.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: String,
    access: Vec<Grant>,
    roadstead: Private,
}

/// Claims that only this registry reads.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Private {
    /// The registry.
    registry: i64,
    /// The account, and the version of its credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<(i64, i64)>,
    /// The registry token that the account signed in with: its row, or 0, and its end in milliseconds. It is checked
    /// again on every request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instance_token: Option<(i64, i64)>,
    /// The access key that made this token. It is checked again too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// The session that signed in. Everything that it depends on is checked again too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<SealedSession>,
    /// The time of issue in milliseconds, because a namespace may be made in the same second.
    issued_at: i64,
    /// The repositories, if there are too many for `access`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repositories: Option<Packed>,
}

impl Claims {
    /// Writes the claims. Repositories are packed if they would take too many bytes.
    fn write(&mut self) -> Result<Vec<u8>> {
        let written =
            |claims: &Self| serde_json::to_vec(claims).map_err(|_| Error::Crypto { op: "write the claims of a token" });
        let json = written(self)?;
        if json.len() <= MAX_PLAIN_CLAIMS {
            return Ok(json);
        }
        self.roadstead.repositories = Some(Packed::take(&mut self.access));
        written(self)
    }
}

/// The content of a token to be made.
pub(crate) struct NewToken<'a> {
    pub issuer: &'a str,
    pub registry: RegistryId,
    pub identity: Option<&'a Identity>,
    pub service: &'a str,
    pub granted: Vec<Grant>,
    pub lifetime: Duration,
    pub now: Timestamp,
}

impl NewToken<'_> {
    /// Signs the token.
    pub(crate) fn sign(self, signer: &Signer) -> Result<IssuedToken> {
        let (instance_token, key, origin) = match self.identity.and_then(|identity| identity.session.as_deref()) {
            None => (None, None, None),
            Some(Session { kind: SessionKind::InstanceToken { token, key, .. }, expires_at, .. }) => {
                (Some((*token, expires_at.as_millis())), key.as_ref().map(ToString::to_string), None)
            }
            Some(Session { kind: SessionKind::Role { .. } | SessionKind::Federation { .. }, origin, .. }) => {
                // Without the origin, the token would lose the limits of the session.
                (None, None, Some(origin.as_deref().ok_or(Error::Session)?.clone()))
            }
        };
        let issued_at = self.now.as_secs();
        // A token ends with the session that it is issued to.
        let session = self.identity.and_then(|identity| identity.session.as_ref());
        let lifetime = session.map_or(self.lifetime, |session| self.lifetime.min(session.expires_at.since(self.now)));
        let lifetime_secs = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        let mut claims = Claims {
            iss: self.issuer.to_owned(),
            sub: self.identity.map(|identity| identity.uin.as_str().to_owned()).unwrap_or_default(),
            aud: self.service.to_owned(),
            exp: issued_at.saturating_add(lifetime_secs),
            nbf: issued_at,
            iat: issued_at,
            jti: random::token::<16>(),
            access: self.granted.clone(),
            roadstead: Private {
                registry: self.registry.get(),
                account: self.identity.map(|identity| (identity.account.get(), identity.credential_version)),
                instance_token,
                key,
                session: origin,
                issued_at: self.now.as_millis(),
                repositories: None,
            },
        };
        let token = signer.sign(&claims.write()?)?;
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Error::TokenTooLarge);
        }
        let expires_in = Duration::from_secs(lifetime.as_secs());
        Ok(IssuedToken { token, expires_in, issued_at: self.now, granted: self.granted })
    }
}

/// Verifies the signature and the form of `token`; `None` when anything about it is wrong. Times are not checked.
///
/// The key is looked up by its `kid` among ours. No other header (`jwk`, `jku`, `x5c`) chooses it, and the algorithm
/// is fixed.
pub(crate) async fn verify(token: &str, keys: &Keys, issuer: &str) -> Result<Option<VerifiedToken>> {
    if token.len() > MAX_TOKEN_BYTES {
        return Ok(None);
    }
    let Ok(header) = decode_header(token) else { return Ok(None) };
    let (Algorithm::ES256, Some(kid)) = (header.alg, header.kid) else { return Ok(None) };
    let Some(verifier) = keys.verifier(&kid).await? else { return Ok(None) };
    let decoded = decode::<Claims>(token, &verifier.key, &signature_only(Algorithm::ES256));
    let Ok(claims) = decoded.map(|decoded| decoded.claims) else { return Ok(None) };
    Ok(if claims.iss == issuer { VerifiedToken::of(claims) } else { None })
}

/// Makes rules that check only the signature and the algorithm. The claims are checked here: their times against the
/// given clock, and required claims by the type of the claims.
pub(crate) fn signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

impl VerifiedToken {
    fn of(claims: Claims) -> Option<Self> {
        let at = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1000));
        let expires_at = at(claims.exp);
        let packed = claims.roadstead.repositories.unwrap_or_default();
        let grants = TokenGrants {
            registry: RegistryId::new(claims.roadstead.registry),
            issued_at: Timestamp::from_millis(claims.roadstead.issued_at),
            expires_at,
            access: claims.access.into_iter().chain(packed.grants()).collect(),
        };
        let key: Option<SecretId> = claims.roadstead.key.map(|key| key.parse()).transpose().ok()?;
        let had_with = |(row, end)| HadWith { row, expires_at: Timestamp::from_millis(end), key };
        Some(Self {
            audience: claims.aud,
            not_before: at(claims.nbf.max(claims.iat)),
            expires_at,
            instance_token: claims.roadstead.instance_token.map(had_with),
            bound: claims.roadstead.session.map(|origin| Bound::of(origin).ok_or(())).transpose().ok()?,
            account: claims.roadstead.account.map(|(account, version)| (AccountId::new(account), version)),
            grants: Arc::new(grants),
        })
    }

    /// Tells whether the token is for this registry and service, and valid now.
    pub(crate) fn fits(&self, registry: RegistryId, service: &str, leeway: Duration, clock: &dyn Clock) -> bool {
        let now = clock.now();
        self.grants.registry == registry
            && self.audience == service
            && now < self.expires_at.after(leeway)
            && now >= self.not_before.before(leeway)
    }
}

/// The requested scopes, merged by resource: the actions of repeated scopes are added up.
pub(crate) struct Wanted {
    /// Repositories in the order in which they were first named.
    pub repositories: Vec<(RepositoryName, BTreeSet<String>)>,
    /// Whether the listing of repositories is requested.
    pub catalog: bool,
}

impl Wanted {
    pub(crate) fn of(scopes: &[Scope]) -> Self {
        let mut wanted = Self { repositories: Vec::new(), catalog: false };
        for scope in scopes {
            match &scope.kind {
                ScopeKind::Repository(name) => {
                    let Ok(name) = name.parse::<RepositoryName>() else { continue };
                    let actions = scope.actions.iter().cloned();
                    match wanted.repositories.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, known)) => known.extend(actions),
                        None => wanted.repositories.push((name, actions.collect())),
                    }
                }
                ScopeKind::Registry(name) => wanted.catalog |= name == "catalog" && scope.actions.contains("*"),
                ScopeKind::Other => {}
            }
        }
        wanted
    }
}

/// Returns the words of a scope that may be granted, out of those in `wanted`. `may` decides about a right.
pub(crate) fn grantable(wanted: &BTreeSet<String>, may: impl Fn(RightName) -> bool) -> Vec<String> {
    let everything = RightName::ALL.into_iter().all(&may);
    let asked = |word: &str| wanted.contains(word) || wanted.contains("*");
    let words = [("pull", RightName::Pull), ("push", RightName::Push), ("delete", RightName::Delete)];
    let mut granted: Vec<String> =
        words.iter().filter(|(word, right)| asked(word) && may(*right)).map(|(word, _)| (*word).to_owned()).collect();
    if everything && wanted.contains("*") {
        granted.push("*".to_owned());
    }
    granted
}
