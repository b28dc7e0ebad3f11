//! The public keys of identity providers (RFC 7517), and dummy keys for requests without a provider.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse, RSAKeyParameters};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// The most keys of a provider: enough to replace them one by one.
const MAX_KEYS: usize = 20;
const MAX_KID_BYTES: usize = 256;
/// The bytes of an RSA modulus: 2048 to 4096 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// The public keys of an identity provider.
#[derive(Clone, Debug)]
pub struct ProviderKeys(Vec<ProviderKey>);

#[derive(Clone, Debug)]
struct ProviderKey {
    jwk: Jwk,
    decoding: DecodingKey,
    /// The algorithms that the key may have been used with.
    algorithms: Vec<Algorithm>,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

impl ProviderKeys {
    /// Parses a JSON Web Key Set (RFC 7517, section 5). It may contain only public keys that verify signatures.
    ///
    /// # Errors
    /// A description of the fault.
    pub fn parse(text: &str) -> Result<Self, String> {
        let set: Set = serde_json::from_str(text).map_err(|_| "it is no JSON Web Key Set".to_owned())?;
        if !(1..=MAX_KEYS).contains(&set.keys.len()) {
            return Err(format!("there must be 1 to {MAX_KEYS} keys"));
        }
        let keys: Vec<ProviderKey> = set.keys.into_iter().map(key).collect::<Result<_, _>>()?;
        let kids: Vec<Option<&str>> = keys.iter().map(ProviderKey::kid).collect();
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

    /// Tells whether every key of `others` is here too.
    pub fn contains_all(&self, others: &Self) -> bool {
        others.0.iter().all(|other| self.0.iter().any(|key| key.jwk == other.jwk))
    }

    /// Finds the key that a token names, if the key can be used with this algorithm. A token that names no key can
    /// only be verified if there is just one.
    pub(super) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let key = match (kid, self.0.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(_), keys) => keys.iter().find(|key| key.kid() == kid),
        };
        key.filter(|key| key.algorithms.contains(&algorithm)).map(|key| &key.decoding)
    }
}

impl ProviderKey {
    fn kid(&self) -> Option<&str> {
        self.jwk.common.key_id.as_deref()
    }
}

/// Dummy keys, one of each kind: RSA, P-256, P-384, Ed25519. Their private halves were never kept.
const NOBODYS: &str = r#"{"keys":[
{"kid":"RSA","kty":"RSA","e":"AQAB","n":"69vU583qicTkFJFOsrA0YkSGhefr96VOcqUZvG8lM8jXyIUhrNMR2WNM8qI2MQhjmSNgq_XaX7EdjoZzUzyqsapw_axjmJ9FHamClVAaioo3QIWuDT1-gQYyputLm_Dn9NkQuJ76KaOrrdHU9Lkgx1lnc-1MCNfDETKPiQFBGph6ihFwAgzw3B8Rscmm6UkyuIZnkTKhm5iN715txQ3YlOhCY2byYIQ-YETnf-Zj-wP-58BaWU-3MnDcTDfsj_to34TbZDXwPeXZF0DmsAp07vN67pWBQaSTPnYQAWk8GnLPS13qjSgJXxFASlnGCbiXs-Cox-hdmm68KISzFbnB7w"},
{"kid":"P-256","kty":"EC","crv":"P-256","x":"F-bp4NXvQP_iZDEpk7fwkQ2hogoAIgDVPVIawee4o7I","y":"7X_1DZm8HsCvhnBHFrfVXPRV06ziYEWUAEAS4rBXzOo"},
{"kid":"P-384","kty":"EC","crv":"P-384","x":"-EHA9LV3Nl3R__v0RTe4bbYq4zGvWotE7UsKeRUoKsubDsazaNsLAa91wONwtEIq","y":"KDsUtWvHZ3WJp57V8hEQ1yaeLkXhZsTFg9FeBWmUABbrcQTq_DpjPmqWuiKnlAjN"},
{"kid":"Ed25519","kty":"OKP","crv":"Ed25519","x":"BhdpG3IL3mVlf_QyAqFX8b_rMP0o4yTjWSBVj71S5ew"}]}"#;

static NOBODYS_KEYS: LazyLock<Option<ProviderKeys>> = LazyLock::new(|| ProviderKeys::parse(NOBODYS).ok());

/// Returns a dummy key for tokens with this algorithm, for requests without a provider. So the answer takes as long
/// as with a real key.
pub(super) fn nobodys(algorithm: Algorithm) -> Option<&'static DecodingKey> {
    use Algorithm as A;
    let kid = match algorithm {
        A::RS256 | A::RS384 | A::RS512 | A::PS256 | A::PS384 | A::PS512 => "RSA",
        A::ES256 => "P-256",
        A::ES384 => "P-384",
        A::EdDSA => "Ed25519",
        // Providers cannot have tokens with another algorithm either.
        _ => return None,
    };
    NOBODYS_KEYS.as_ref()?.find(Some(kid), algorithm)
}

fn key(value: Value) -> Result<ProviderKey, String> {
    let wrong = |what: &str| Err(what.to_owned());
    if value.get("d").is_some() {
        return wrong("a key is a private one: give the public half");
    }
    let Ok(jwk) = serde_json::from_value::<Jwk>(value) else { return wrong("a key is not understood") };
    let common = &jwk.common;
    if common.key_id.as_ref().is_some_and(|kid| kid.is_empty() || kid.len() > MAX_KID_BYTES) {
        return Err(format!("a kid has 1 to {MAX_KID_BYTES} bytes"));
    }
    let verifies = common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    if !verifies {
        return wrong("a key is not for signatures");
    }
    if let AlgorithmParameters::RSA(rsa) = &jwk.algorithm
        && !is_sound(rsa)
    {
        return wrong("an RSA key must have 2048 to 4096 bits and a usual exponent");
    }
    let algorithms = algorithms(&jwk);
    if algorithms.is_empty() {
        return wrong("a key must be an RSA key, or on the curves P-256, P-384 or Ed25519, with an algorithm to match");
    }
    let Ok(decoding) = DecodingKey::from_jwk(&jwk) else { return wrong("a key is malformed") };
    Ok(ProviderKey { jwk, decoding, algorithms })
}

fn is_sound(rsa: &RSAKeyParameters) -> bool {
    let (Ok(n), Ok(e)) = (URL_SAFE_NO_PAD.decode(&rsa.n), URL_SAFE_NO_PAD.decode(&rsa.e)) else { return false };
    let n = n.iter().position(|byte| *byte != 0).map_or(&[][..], |start| &n[start..]);
    let full = n.first().is_some_and(|byte| n.len() > *RSA_BYTES.start() || byte & 0x80 != 0);
    RSA_BYTES.contains(&n.len()) && full && matches!(e.as_slice(), [1, 0, 1] | [3])
}

/// Returns the algorithms that a key may have been used with.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_key_of_nobody_for_all_that_providers_use() {
        let all = [
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
            Algorithm::ES256,
            Algorithm::ES384,
            Algorithm::EdDSA,
        ];
        for algorithm in all {
            assert!(nobodys(algorithm).is_some(), "{algorithm:?}");
        }
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            assert!(nobodys(algorithm).is_none(), "{algorithm:?}");
        }
        let known: usize = NOBODYS_KEYS.as_ref().unwrap().0.iter().map(|key| key.algorithms.len()).sum();
        assert_eq!(known, all.len(), "no key has an algorithm that is not among them");
    }
}
