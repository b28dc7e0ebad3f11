//! Verifies signatures of the method TC3-HMAC-SHA256.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::{constant_time, digest, hmac};
use zeroize::Zeroizing;

use super::date::utc_date;
use super::{SignatureError, SignedRequest, tag};

/// The scheme of the `Authorization` header.
pub(crate) const ALGORITHM: &str = "TC3-HMAC-SHA256";

/// The end of a credential scope.
const TERMINATOR: &str = "tc3_request";

/// The payload that clients may sign in place of the body.
const UNSIGNED_PAYLOAD: &[u8] = b"UNSIGNED-PAYLOAD";

/// The most headers that one signature covers.
const MAX_HEADERS: usize = 32;

/// The services that a scope may name. A signature is valid only for the service that it names.
pub(super) const SERVICES: [&str; 4] = ["tcr", "cam", "sts", "tke"];

/// A parsed `Authorization` header.
#[derive(Debug)]
pub(crate) struct Tc3<'a> {
    pub secret_id: &'a str,
    pub date: &'a str,
    pub service: &'a str,
    pub timestamp: i64,
    pub token: Option<&'a str>,
    signed_headers: &'a str,
    signature: [u8; 32],
    timestamp_text: &'a str,
}

impl<'a> Tc3<'a> {
    /// Parses the header, and checks what can be checked without the key.
    pub(crate) fn parse(value: &'a str, request: &SignedRequest<'a>) -> Result<Self, SignatureError> {
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        let members = value.strip_prefix(ALGORITHM).ok_or(SignatureError::Mismatch)?;
        for member in members.split(',') {
            let (name, value) = member.trim().split_once('=').ok_or(SignatureError::Malformed("Authorization"))?;
            let place = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(SignatureError::Malformed("Authorization")),
            };
            if place.replace(value).is_some() {
                return Err(SignatureError::Malformed("Authorization"));
            }
        }
        let (Some(credential), Some(signed_headers), Some(signature)) = (credential, signed_headers, signature) else {
            return Err(SignatureError::Malformed("Authorization"));
        };
        let [secret_id, date, service, TERMINATOR] = *credential.split('/').collect::<Vec<_>>() else {
            return Err(SignatureError::Malformed("Authorization"));
        };
        let timestamp_text = request.header_text("x-tc-timestamp").ok_or(SignatureError::Missing("X-TC-Timestamp"))?;
        let timestamp = super::v1::number(timestamp_text).ok_or(SignatureError::Malformed("X-TC-Timestamp"))?;
        let claim = Self {
            secret_id,
            date,
            service,
            timestamp,
            token: request.header_text("x-tc-token").filter(|token| !token.is_empty()),
            signed_headers,
            signature: hex(signature).ok_or(SignatureError::Mismatch)?,
            timestamp_text,
        };
        if claim.is_plausible() { Ok(claim) } else { Err(SignatureError::Mismatch) }
    }

    /// Tells whether the date fits the time, and the required headers are signed.
    fn is_plausible(&self) -> bool {
        let names = || self.signed_headers.split(';');
        utc_date(self.timestamp).is_some_and(|date| date == self.date)
            && names().count() <= MAX_HEADERS
            && ["content-type", "host"].iter().all(|needed| names().any(|name| name.eq_ignore_ascii_case(needed)))
    }

    /// Tells whether `key`, derived for the day and the service of the scope, made the signature.
    pub(crate) fn verify(&self, request: &SignedRequest<'_>, key: &hmac::Key) -> bool {
        let payload = payload_hash(request);
        request.hosts.iter().any(|host| {
            // Official clients sign the values as they send them, but the document asks for lower case.
            let raw = self.canonical_headers(request, host.as_bytes());
            let Some(raw) = raw else { return false };
            let lower = raw.to_ascii_lowercase();
            self.is_signature_of(request, &raw, &payload, key)
                || (lower != raw && self.is_signature_of(request, &lower, &payload, key))
        })
    }

    /// Returns `name:value` and a line feed for each signed header; `None` when one of them is missing.
    fn canonical_headers(&self, request: &SignedRequest<'_>, host: &[u8]) -> Option<Vec<u8>> {
        let mut lines = Vec::with_capacity(128);
        for name in self.signed_headers.split(';') {
            let lower = name.to_ascii_lowercase();
            let value = if lower == "host" { host } else { (request.header)(&lower)? };
            lines.extend_from_slice(lower.as_bytes());
            lines.push(b':');
            lines.extend_from_slice(value.trim_ascii());
            lines.push(b'\n');
        }
        Some(lines)
    }

    fn is_signature_of(&self, request: &SignedRequest<'_>, headers: &[u8], payload: &str, key: &hmac::Key) -> bool {
        let mut canonical = digest::Context::new(&digest::SHA256);
        // The path is always "/", and a POST has no query, whatever its target says.
        let query = if request.method == "GET" { request.query } else { "" };
        for part in [request.method, "\n/\n", query, "\n"] {
            canonical.update(part.as_bytes());
        }
        canonical.update(headers);
        for part in ["\n", self.signed_headers, "\n", payload] {
            canonical.update(part.as_bytes());
        }
        let mut text = String::with_capacity(160);
        for part in [ALGORITHM, "\n", self.timestamp_text, "\n", self.date, "/", self.service, "/", TERMINATOR, "\n"] {
            text.push_str(part);
        }
        push_hex(&mut text, canonical.finish().as_ref());
        let expected = tag(key, text.as_bytes());
        constant_time::verify_slices_are_equal(expected.as_ref(), &self.signature).is_ok()
    }
}

fn payload_hash(request: &SignedRequest<'_>) -> String {
    let unsigned = (request.header)("x-tc-content-sha256") == Some(UNSIGNED_PAYLOAD);
    let payload = match request.method {
        _ if unsigned => UNSIGNED_PAYLOAD,
        "GET" => b"",
        _ => request.body,
    };
    let mut text = String::with_capacity(64);
    push_hex(&mut text, digest::digest(&digest::SHA256, payload).as_ref());
    text
}

/// The keys that were derived from one secret, by day and service. To derive one costs three signatures.
#[derive(Default)]
pub(crate) struct DerivedKeys(Mutex<Vec<(String, String, hmac::Key)>>);

/// How many derived keys of one secret are kept: two days, around midnight, for every service.
const MAX_DERIVED: usize = 2 * SERVICES.len();

impl DerivedKeys {
    pub(crate) fn get(&self, secret: &[u8], date: &str, service: &str) -> hmac::Key {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., key)) = keys.iter().find(|(d, s, _)| d == date && s == service) {
            return key.clone();
        }
        let key = derive(secret, date, service);
        if keys.len() >= MAX_DERIVED {
            keys.remove(0);
        }
        keys.push((date.to_owned(), service.to_owned(), key.clone()));
        key
    }
}

fn derive(secret: &[u8], date: &str, service: &str) -> hmac::Key {
    let first = Zeroizing::new([b"TC3", secret].concat());
    let key = |bytes: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
    let of_date = tag(&key(&first), date.as_bytes());
    let of_service = tag(&key(of_date.as_ref()), service.as_bytes());
    key(tag(&key(of_service.as_ref()), TERMINATOR.as_bytes()).as_ref())
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
}

fn hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
