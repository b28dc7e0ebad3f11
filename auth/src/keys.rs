//! The keys that sign and verify bearer tokens.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use roadstead_storage::meta::{MetaStore, SigningKey};
use roadstead_types::{Clock, Timestamp};
use tokio::sync::Mutex;

use crate::error::{Error, Result};
use crate::seal::Sealer;

/// The algorithm of every key: ECDSA on P-256 with SHA-256 (RFC 7518, section 3.4).
pub(crate) const ALGORITHM: &str = "ES256";

/// How long a replica may still sign with a key that another one has retired.
const SLOW_REPLICA: Duration = Duration::from_secs(3600);

/// How often the keys are read again for an unknown key id, which may be the new key of another replica.
const RELOAD_INTERVAL: Duration = Duration::from_secs(1);

/// The key that signs.
pub(crate) struct Signer {
    /// The first part of every token that this key signs.
    header: String,
    pair: EcdsaKeyPair,
    created_at: Timestamp,
}

/// A key that verifies.
#[derive(Clone)]
pub(crate) struct Verifier {
    pub key: DecodingKey,
    point: Vec<u8>,
    expires_at: Option<Timestamp>,
}

impl Verifier {
    pub(crate) fn is_valid(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// The keys as they were last read.
pub(crate) struct Ring {
    pub signer: Arc<Signer>,
    verifiers: HashMap<String, Verifier>,
}

/// The keys that sign and verify tokens. They live in the database, so that replicas share them.
pub(crate) struct Keys {
    ring: ArcSwap<Ring>,
    reloading: Mutex<Timestamp>,
    meta: MetaStore,
    sealer: Sealer,
    clock: Arc<dyn Clock>,
    rotation: Duration,
    /// The longest lifetime of a token that a retired key signed.
    longest_token: Duration,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

impl Signer {
    /// Signs `claims`, a JSON object: the compact form of RFC 7515, section 7.1.
    pub(crate) fn sign(&self, claims: &[u8]) -> Result<String> {
        let mut token = String::with_capacity(self.header.len() + claims.len() * 4 / 3 + 96);
        token.push_str(&self.header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.pair.sign(&SystemRandom::new(), token.as_bytes());
        let signature = signature.map_err(|_| Error::Crypto { op: "sign a token" })?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
        Ok(token)
    }
}

impl Keys {
    /// Reads the keys, and makes the first one if there is none.
    pub(crate) async fn open(
        meta: MetaStore,
        sealer: Sealer,
        clock: Arc<dyn Clock>,
        rotation: Duration,
        longest_token: Duration,
    ) -> Result<Self> {
        let ring = rotate_if_due(&meta, &sealer, clock.now(), rotation, longest_token, None).await?;
        let (ring, reloading) = (ArcSwap::from_pointee(ring), Mutex::new(clock.now()));
        Ok(Self { ring, reloading, meta, sealer, clock, rotation, longest_token })
    }

    pub(crate) fn signer(&self) -> Arc<Signer> {
        Arc::clone(&self.ring.load().signer)
    }

    /// Returns the key with this id, if it is one of ours. Unknown ids are looked up once a second at most.
    pub(crate) async fn verifier(&self, kid: &str) -> Result<Option<Verifier>> {
        let now = self.clock.now();
        if let Some(found) = self.ring.load().verifiers.get(kid) {
            return Ok(found.is_valid(now).then(|| found.clone()));
        }
        let mut reloaded = self.reloading.lock().await;
        if now.since(*reloaded) >= RELOAD_INTERVAL {
            *reloaded = now;
            self.ring.store(Arc::new(self.read().await?));
        }
        drop(reloaded);
        Ok(self.ring.load().verifiers.get(kid).filter(|found| found.is_valid(now)).cloned())
    }

    async fn read(&self) -> Result<Ring> {
        let current = self.signer();
        let rows = self.meta.signing_keys().await?;
        ring(&rows, &self.sealer, Some(&current))?.ok_or(Error::Corrupt { what: "signing keys: none signs" })
    }

    /// Makes a new key if the present one is old, reads keys that other replicas made, and deletes expired ones.
    pub(crate) async fn maintain(&self) -> Result<()> {
        let (now, current) = (self.clock.now(), self.signer());
        let ring = rotate_if_due(&self.meta, &self.sealer, now, self.rotation, self.longest_token, Some(&current));
        self.ring.store(Arc::new(ring.await?));
        self.meta.delete_expired_signing_keys(now).await?;
        Ok(())
    }

    /// Returns the public keys (RFC 7517, section 5; RFC 7518, section 6.2).
    pub(crate) fn jwks(&self) -> serde_json::Value {
        let (ring, now) = (self.ring.load(), self.clock.now());
        let mut valid: Vec<_> = ring.verifiers.iter().filter(|(_, verifier)| verifier.is_valid(now)).collect();
        valid.sort_by_key(|(kid, _)| *kid);
        let keys: Vec<_> = valid
            .into_iter()
            .filter_map(|(kid, verifier)| {
                let (x, y) = verifier.point.get(1..)?.split_at_checked(32)?;
                let [x, y] = [x, y].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate));
                Some(serde_json::json!({
                    "kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": ALGORITHM, "kid": kid,
                }))
            })
            .collect();
        serde_json::json!({ "keys": keys })
    }
}

/// Returns the ring, after a rotation if one was due. Several replicas may try: one makes the key, all read it.
async fn rotate_if_due(
    meta: &MetaStore,
    sealer: &Sealer,
    now: Timestamp,
    rotation: Duration,
    longest_token: Duration,
    current: Option<&Arc<Signer>>,
) -> Result<Ring> {
    let not_since = now.before(rotation);
    if let Some(ring) = ring(&meta.signing_keys().await?, sealer, current)?
        && ring.signer.created_at > not_since
    {
        return Ok(ring);
    }
    let key = generate(sealer, now)?;
    let old_expire = now.after(longest_token).after(SLOW_REPLICA);
    // One millisecond later than the oldest age: a key of exactly that age is due.
    let unless_since = not_since.after(Duration::from_millis(1));
    if meta.rotate_signing_key(&key, unless_since, old_expire, now).await? {
        tracing::info!(key.id = %key.kid, "made a new key for signing tokens");
    }
    ring(&meta.signing_keys().await?, sealer, current)?.ok_or(Error::Corrupt { what: "signing keys: none signs" })
}

/// Makes the ring of these rows, if one of them may sign.
fn ring(rows: &[SigningKey], sealer: &Sealer, current: Option<&Arc<Signer>>) -> Result<Option<Ring>> {
    let rows = || rows.iter().filter(|row| row.algorithm == ALGORITHM);
    let Some(newest) = rows().filter(|row| row.retired_at.is_none()).max_by_key(|row| row.created_at) else {
        return Ok(None);
    };
    let header = header(&newest.kid);
    let signer = match current {
        Some(current) if current.header == header => Arc::clone(current),
        _ => Arc::new(open(newest, header, sealer)?),
    };
    let verifiers = rows()
        .map(|row| {
            let (point, expires_at) = (row.public.clone(), row.expires_at);
            (row.kid.clone(), Verifier { key: DecodingKey::from_ec_der(&point), point, expires_at })
        })
        .collect();
    Ok(Some(Ring { signer, verifiers }))
}

fn header(kid: &str) -> String {
    // A kid is base64url: nothing in it needs escaping.
    URL_SAFE_NO_PAD.encode(format!(r#"{{"typ":"JWT","alg":"{ALGORITHM}","kid":"{kid}"}}"#))
}

/// The context in which the private half of a signing key is sealed.
pub(crate) fn context(kid: &str) -> String {
    format!("signing-key/{kid}")
}

fn open(row: &SigningKey, header: String, sealer: &Sealer) -> Result<Signer> {
    let private = sealer.open(&context(&row.kid), &row.sealed_private);
    let private = private.map_err(|_| Error::Sealed { what: "the key that signs tokens" })?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &private);
    let pair = pair.map_err(|_| Error::Corrupt { what: "signing key" })?;
    // The public half is stored unsealed beside it, so check that the halves belong together.
    if pair.public_key().as_ref() != row.public || kid_of(&row.public) != row.kid {
        return Err(Error::Corrupt { what: "signing key: its halves do not match" });
    }
    Ok(Signer { header, pair, created_at: row.created_at })
}

fn kid_of(point: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, point))
}

fn generate(sealer: &Sealer, now: Timestamp) -> Result<SigningKey> {
    let failed = |_| Error::Crypto { op: "make a signing key" };
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
    let private = pair.to_pkcs8v1().map_err(failed)?;
    let public = pair.public_key().as_ref().to_vec();
    let kid = kid_of(&public);
    Ok(SigningKey {
        sealed_private: sealer.seal(&context(&kid), private.as_ref())?,
        algorithm: ALGORITHM.to_owned(),
        public,
        kid,
        created_at: now,
        retired_at: None,
        expires_at: None,
    })
}
