//! Clients of the cloud API, which sign their requests. They are written from the document, not from the code of the
//! server.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use roadstead_types::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::Answer;

/// How requests are signed and sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signing {
    /// TC3-HMAC-SHA256 over JSON.
    Tc3Post,
    /// TC3-HMAC-SHA256 over a query.
    Tc3Get,
    /// HmacSHA256 in a form.
    Sha256Post,
    /// HmacSHA256 in a query.
    Sha256Get,
    /// HmacSHA1 in a form.
    Sha1Post,
    /// HmacSHA1 in a query.
    Sha1Get,
}

impl Signing {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Tc3Post, Self::Tc3Get, Self::Sha256Post, Self::Sha256Get, Self::Sha1Post, Self::Sha1Get];

    fn method(self) -> &'static str {
        match self {
            Self::Tc3Post | Self::Sha256Post | Self::Sha1Post => "POST",
            Self::Tc3Get | Self::Sha256Get | Self::Sha1Get => "GET",
        }
    }
}

/// A caller of the cloud API.
#[derive(Clone, Debug)]
pub struct Cloud {
    http: reqwest::Client,
    base: String,
    clock: Arc<dyn Clock>,
    secret_id: String,
    secret_key: String,
    token: Option<String>,
    language: Option<String>,
    signing: Signing,
}

/// A signed request. A test may change it before it is sent.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The headers. `Host` is among them only if it differs from the usual one.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Prepared {
    /// Sets a header, and replaces an existing one.
    pub fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    /// Removes a header.
    pub fn remove(&mut self, name: &str) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }
}

/// The next nonce: a number of 63 bits that no other request has.
static NONCE: AtomicI64 = AtomicI64::new(i64::MAX);

/// The version of the API of a service.
fn version(service: &str) -> &'static str {
    match service {
        "cam" => "2019-01-16",
        "sts" => "2018-08-13",
        _ => "2019-09-24",
    }
}

fn sha256(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hash(body: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, body))
}

/// `Filters.0.Values.1=x`, as the official SDKs write lists and objects.
fn flatten(name: &str, value: &Value, pairs: &mut Vec<(String, String)>) {
    let below = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match value {
        Value::Null => {}
        Value::Object(map) => map.iter().for_each(|(key, value)| flatten(&below(key), value, pairs)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, value)| flatten(&below(&index.to_string()), value, pairs));
        }
        Value::Bool(value) => pairs.push((name.to_owned(), if *value { "True" } else { "False" }.to_owned())),
        Value::String(text) => pairs.push((name.to_owned(), text.clone())),
        Value::Number(number) => pairs.push((name.to_owned(), number.to_string())),
    }
}

fn encode(pairs: &[(String, String)]) -> String {
    reqwest::Url::parse_with_params("http://h/", pairs).unwrap().query().unwrap_or_default().to_owned()
}

impl Cloud {
    pub(crate) fn new(http: reqwest::Client, base: String, clock: Arc<dyn Clock>, key: (String, String)) -> Self {
        let (secret_id, secret_key) = key;
        Self { http, base, clock, secret_id, secret_key, token: None, language: None, signing: Signing::Tc3Post }
    }

    /// A caller of the registry at `base` (`http://host:port`), with the clock of this machine.
    pub fn at(base: &str, secret_id: &str, secret_key: &str) -> Self {
        let key = (secret_id.to_owned(), secret_key.to_owned());
        Self::new(crate::client::plain_http(), base.to_owned(), Arc::new(SystemClock), key)
    }

    /// A client of the same registry with another key.
    #[must_use]
    pub fn with_key(&self, secret_id: &str, secret_key: &str) -> Self {
        Self { secret_id: secret_id.to_owned(), secret_key: secret_key.to_owned(), token: None, ..self.clone() }
    }

    /// A client of the same registry with temporary credentials.
    #[must_use]
    pub fn with_token(&self, secret_id: &str, secret_key: &str, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.with_key(secret_id, secret_key) }
    }

    /// The same caller with another kind of signature.
    #[must_use]
    pub fn with_signing(&self, signing: Signing) -> Self {
        Self { signing, ..self.clone() }
    }

    /// The same caller with this language.
    #[must_use]
    pub fn with_language(&self, language: &str) -> Self {
        Self { language: Some(language.to_owned()), ..self.clone() }
    }

    /// The public half of its key.
    pub fn secret_id(&self) -> &str {
        &self.secret_id
    }

    /// The secret half of its key.
    pub fn secret_key(&self) -> &str {
        &self.secret_key
    }

    /// The host that it signs.
    pub fn host(&self) -> &str {
        self.base.split_once("://").unwrap().1
    }

    /// Calls an action of `tcr`, `cam` or `sts`.
    pub async fn call(&self, service: &str, action: &str, parameters: Value) -> Reply {
        self.send(self.prepare(service, action, &parameters)).await
    }

    /// A signed request for an action.
    pub fn prepare(&self, service: &str, action: &str, parameters: &Value) -> Prepared {
        match self.signing {
            Signing::Tc3Post => self.tc3(service, action, String::new(), Bytes::from(parameters.to_string())),
            Signing::Tc3Get => {
                let mut pairs = Vec::new();
                flatten("", parameters, &mut pairs);
                self.tc3(service, action, encode(&pairs), Bytes::new())
            }
            _ => self.v1(service, action, parameters),
        }
    }

    fn tc3(&self, service: &str, action: &str, query: String, body: Bytes) -> Prepared {
        let method = self.signing.method();
        let kind = if method == "GET" { "application/x-www-form-urlencoded" } else { "application/json" };
        let timestamp = self.clock.now().as_secs().to_string();
        let mut prepared = Prepared {
            method: method.to_owned(),
            target: if query.is_empty() { "/".to_owned() } else { format!("/?{query}") },
            headers: Vec::new(),
            body,
        };
        prepared.set("Content-Type", kind);
        prepared.set("X-TC-Action", action);
        prepared.set("X-TC-Version", version(service));
        prepared.set("X-TC-Timestamp", &timestamp);
        if let Some(token) = &self.token {
            prepared.set("X-TC-Token", token);
        }
        if let Some(language) = &self.language {
            prepared.set("X-TC-Language", language);
        }
        self.sign(service, &mut prepared);
        prepared
    }

    /// Signs a request with TC3-HMAC-SHA256, without other changes.
    pub fn sign(&self, service: &str, prepared: &mut Prepared) {
        let header = |name: &str| {
            let found = prepared.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let timestamp = header("X-TC-Timestamp");
        let date = utc_date(timestamp.parse().unwrap_or(0));
        let (method, kind) = (&prepared.method, header("Content-Type"));
        let query = prepared.target.split_once('?').filter(|_| method == "GET").map_or("", |(_, query)| query);
        let host = Some(header("Host")).filter(|host| !host.is_empty()).unwrap_or_else(|| self.host().to_owned());
        let canonical = format!(
            "{method}\n/\n{query}\ncontent-type:{kind}\nhost:{host}\n\ncontent-type;host\n{}",
            hash(&prepared.body)
        );
        let scope = format!("{date}/{service}/tc3_request");
        let text = format!("TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{}", hash(canonical.as_bytes()));
        let key = sha256(&sha256(&sha256(format!("TC3{}", self.secret_key).as_bytes(), &date), service), "tc3_request");
        let signature = hex::encode(sha256(&key, &text));
        let value = format!(
            "TC3-HMAC-SHA256 Credential={}/{scope}, SignedHeaders=content-type;host, Signature={signature}",
            self.secret_id
        );
        prepared.set("Authorization", &value);
    }

    fn v1(&self, service: &str, action: &str, parameters: &Value) -> Prepared {
        let mut pairs = Vec::new();
        flatten("", parameters, &mut pairs);
        let is_sha1 = matches!(self.signing, Signing::Sha1Get | Signing::Sha1Post);
        let mut common = json!({
            "Action": action,
            "Nonce": NONCE.fetch_sub(1, Ordering::Relaxed),
            "Timestamp": self.clock.now().as_secs(),
            "Version": version(service),
            "SecretId": self.secret_id,
            "SignatureMethod": if is_sha1 { "HmacSHA1" } else { "HmacSHA256" },
        });
        if let Some(token) = &self.token {
            common["Token"] = json!(token);
        }
        if let Some(language) = &self.language {
            common["Language"] = json!(language);
        }
        flatten("", &common, &mut pairs);
        let signature = self.signature(&pairs);
        pairs.push(("Signature".to_owned(), signature));
        let text = encode(&pairs);
        let method = self.signing.method().to_owned();
        let headers = vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        match method.as_str() {
            "GET" => Prepared { method, target: format!("/?{text}"), headers, body: Bytes::new() },
            _ => Prepared { method, target: "/".to_owned(), headers, body: Bytes::from(text) },
        }
    }

    /// The signature over the parameters `pairs`.
    pub fn signature(&self, pairs: &[(String, String)]) -> String {
        let mut sorted: Vec<_> = pairs.iter().map(|(name, value)| (name.replace('_', "."), value)).collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        let joined: Vec<String> = sorted.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let source = format!("{}{}/?{}", self.signing.method(), self.host(), joined.join("&"));
        let is_sha1 = matches!(self.signing, Signing::Sha1Get | Signing::Sha1Post);
        let algorithm = if is_sha1 { hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY } else { hmac::HMAC_SHA256 };
        let key = hmac::Key::new(algorithm, self.secret_key.as_bytes());
        BASE64_STANDARD.encode(hmac::sign(&key, source.as_bytes()))
    }

    /// Sends a request unchanged.
    pub async fn send(&self, prepared: Prepared) -> Reply {
        let Prepared { method, target, headers, body } = prepared;
        let name = format!("{method} {}", target.split('?').next().unwrap_or_default());
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{target}", self.base)).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        Reply { answer: Answer::of(name, response).await }
    }
}

/// The date of a time, computed by counting days.
fn utc_date(seconds: i64) -> String {
    let mut days = seconds / 86_400;
    let is_leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let mut year = 1970;
    while days >= 365 + i64::from(is_leap(year)) {
        days -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let lengths = [31, 28 + i64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    format!("{year}-{:02}-{:02}", month + 1, days + 1)
}

/// An answer of the cloud API. Every answer must have the form that the official SDKs can read.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The answer.
    pub answer: Answer,
}

impl Reply {
    /// The `Response` member.
    #[track_caller]
    pub fn response(&self) -> Value {
        let answer = &self.answer;
        assert_eq!(answer.status, 200, "{answer}");
        assert_eq!(answer.header("content-type"), "application/json", "{answer}");
        let response = answer.json()["Response"].clone();
        assert_eq!(response["RequestId"].as_str().map(str::len), Some(36), "{answer}");
        assert_eq!(response["RequestId"], answer.header("x-request-id"), "{answer}");
        response
    }

    /// Returns the `Response` member without its `RequestId`, if the answer is not an error.
    #[track_caller]
    pub fn ok(&self) -> Value {
        let mut response = self.response();
        assert!(response.get("Error").is_none(), "{}", self.answer);
        response.as_object_mut().unwrap().remove("RequestId");
        response
    }

    /// The code of the error, or "" if the answer is not an error.
    #[track_caller]
    pub fn code(&self) -> String {
        self.response()["Error"]["Code"].as_str().unwrap_or_default().to_owned()
    }

    /// The message of the error, or "" if the answer is not an error.
    #[track_caller]
    pub fn message(&self) -> String {
        self.response()["Error"]["Message"].as_str().unwrap_or_default().to_owned()
    }

    /// The id of the request.
    #[track_caller]
    pub fn request_id(&self) -> String {
        self.response()["RequestId"].as_str().unwrap_or_default().to_owned()
    }

    /// Returns the reply if it is this error.
    #[track_caller]
    pub fn expect(self, code: &str) -> Self {
        assert_eq!(self.code(), code, "{}", self.answer);
        self
    }
}
