//! Verifies signatures of the methods HmacSHA1 and HmacSHA256, which are parameters of the request.

use std::borrow::Cow;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{SignatureError, SignedRequest};

/// The parameters that sign a request.
#[derive(Debug)]
pub(crate) struct V1<'a> {
    pub secret_id: &'a str,
    pub timestamp: i64,
    pub token: Option<&'a str>,
    algorithm: hmac::Algorithm,
    pub signature: Vec<u8>,
}

/// Parses a decimal number of digits only.
pub(super) fn number(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

impl<'a> V1<'a> {
    pub(crate) fn parse(request: &SignedRequest<'a>) -> Result<Self, SignatureError> {
        let needed = |name| request.pair(name).ok_or(SignatureError::Missing(name));
        let secret_id = needed("SecretId")?;
        let timestamp = number(needed("Timestamp")?).ok_or(SignatureError::Malformed("Timestamp"))?;
        // Clients draw it from all 63-bit numbers.
        needed("Nonce")?.parse::<u64>().map_err(|_| SignatureError::Malformed("Nonce"))?;
        let algorithm = match request.pair("SignatureMethod") {
            Some("HmacSHA256") => hmac::HMAC_SHA256,
            _ => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        };
        // A plus sign that was not escaped has become a space.
        let signature = needed("Signature")?.replace(' ', "+");
        let signature = BASE64_STANDARD.decode(signature).map_err(|_| SignatureError::Mismatch)?;
        let token = request.pair("Token").filter(|token| !token.is_empty());
        Ok(Self { secret_id, timestamp, token, algorithm, signature })
    }

    /// Tells whether `secret` made the signature.
    pub(crate) fn verify(&self, request: &SignedRequest<'_>, secret: &[u8]) -> bool {
        let key = hmac::Key::new(self.algorithm, secret);
        let mut pairs: Vec<(Cow<'_, str>, &str)> = request
            .pairs
            .iter()
            .filter(|(name, _)| name != "Signature")
            .map(|(name, value)| (Cow::Borrowed(name.as_ref()), value.as_ref()))
            .collect();
        if self.is_signature_of(request, &mut pairs, &key) {
            return true;
        }
        // The official asynchronous client signs `True` and sends `true`.
        if request.method == "GET" && pairs.iter().any(|(_, value)| matches!(*value, "true" | "false")) {
            for (_, value) in &mut pairs {
                *value = match *value {
                    "true" => "True",
                    "false" => "False",
                    other => other,
                };
            }
            return self.is_signature_of(request, &mut pairs, &key);
        }
        false
    }

    fn is_signature_of(
        &self,
        request: &SignedRequest<'_>,
        pairs: &mut [(Cow<'_, str>, &str)],
        key: &hmac::Key,
    ) -> bool {
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        if self.fits(request, pairs, key) {
            return true;
        }
        // For names of parameters with an underscore, official clients sign a dot and send the underscore.
        if !pairs.iter().any(|(name, _)| name.contains('_')) {
            return false;
        }
        for (name, _) in pairs.iter_mut() {
            if name.contains('_') {
                *name = Cow::Owned(name.replace('_', "."));
            }
        }
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        self.fits(request, pairs, key)
    }

    fn fits(&self, request: &SignedRequest<'_>, pairs: &[(Cow<'_, str>, &str)], key: &hmac::Key) -> bool {
        request.hosts.iter().any(|host| {
            let mut context = hmac::Context::with_key(key);
            for part in [request.method, host, "/?"] {
                context.update(part.as_bytes());
            }
            for (index, (name, value)) in pairs.iter().enumerate() {
                for part in [if index == 0 { "" } else { "&" }, name, "=", value] {
                    context.update(part.as_bytes());
                }
            }
            constant_time::verify_slices_are_equal(context.sign().as_ref(), &self.signature).is_ok()
        })
    }
}
