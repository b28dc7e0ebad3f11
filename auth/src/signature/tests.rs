//! Requests of the official SDKs, recorded from the wire, and the numeric examples of the product document.

use proptest::prelude::*;
use serde_json::Value;

use super::tc3::DerivedKeys;
use super::*;

/// A request as it was on the wire.
#[derive(Clone)]
struct Wire {
    method: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    host: String,
}

impl Wire {
    fn parse(raw: &str) -> Self {
        let (head, body) = raw.split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap().split(' ');
        let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap());
        let headers: Vec<_> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let host = headers.iter().find(|(name, _)| name == "host").unwrap().1.clone();
        let query = target.split_once('?').map_or("", |(_, query)| query).to_owned();
        Self { method, query, headers, body: body.as_bytes().to_vec(), host }
    }

    fn header(&mut self, name: &str) -> &mut String {
        &mut self.headers.iter_mut().find(|(known, _)| known == name).unwrap().1
    }

    fn decoded(&self) -> Vec<(String, String)> {
        let text =
            if self.method == "GET" { self.query.clone() } else { String::from_utf8(self.body.clone()).unwrap() };
        let is_form = self.method == "GET" || self.headers.iter().any(|(_, v)| v.ends_with("form-urlencoded"));
        let pairs = text.split('&').filter(|_| is_form).filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (decode(name), decode(value))).collect()
    }

    /// Tells whether `secret` signed it at `now`, and the rest of the claim is valid.
    fn check(&self, secret: &str, now: i64) -> Result<bool, SignatureError> {
        let decoded = self.decoded();
        let pairs: Vec<_> = decoded.iter().map(|(n, v)| (Cow::Borrowed(&**n), Cow::Borrowed(&**v))).collect();
        let header =
            |name: &str| self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_bytes());
        let request = SignedRequest {
            method: &self.method,
            query: &self.query,
            hosts: &[&self.host],
            header: &header,
            body: &self.body,
            pairs: &pairs,
        };
        let claim = Claim::of(&request)?;
        claim.check_time(Timestamp::from_millis(now * 1000))?;
        Ok(claim.is_signed_with(&request, secret.as_bytes(), &DerivedKeys::default()))
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}

const AT: i64 = 1_795_284_096;

fn captures() -> (String, Vec<(String, String, Option<String>)>) {
    let all: Value = serde_json::from_str(include_str!("../../tests/captures.json")).unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let captures = all["captures"].as_array().unwrap();
    let list = captures.iter().map(|c| (text(&c["title"]).unwrap(), text(&c["verify"]).unwrap(), text(&c["raw"])));
    (text(&all["secret_key"]).unwrap(), list.collect())
}

#[test]
fn what_the_sdks_sign_verifies_and_the_rest_does_not() {
    let (secret, captures) = captures();
    let (mut good, mut bad) = (0, 0);
    for (title, verify, raw) in captures {
        // One recorded request never reached a server.
        let Some(raw) = raw else { continue };
        let outcome = Wire::parse(&raw).check(&secret, AT);
        if verify.contains("VERIFIED") {
            assert!(matches!(outcome, Ok(true)), "{title}: {outcome:?}");
            good += 1;
        } else {
            assert!(matches!(outcome, Ok(false) | Err(SignatureError::Mismatch)), "{title}: {outcome:?}");
            bad += 1;
        }
    }
    assert_eq!((good, bad), (37, 2));
}

#[test]
fn what_was_changed_on_the_way_does_not_verify() {
    let (secret, captures) = captures();
    for (title, verify, raw) in captures {
        let Some(raw) = raw.filter(|_| verify.contains("VERIFIED")) else { continue };
        let wire = Wire::parse(&raw);
        let holds = |wire: &Wire| matches!(wire.check(&secret, AT), Ok(true));
        let unsigned_payload = raw.contains("UNSIGNED-PAYLOAD");
        let mut other = wire.clone();
        other.host.push('0');
        assert!(!holds(&other), "{title}: host");
        let mut other = wire.clone();
        other.method = if wire.method == "GET" { "POST" } else { "GET" }.to_owned();
        assert!(!holds(&other), "{title}: method");
        if wire.method == "GET" {
            let mut other = wire.clone();
            other.query.push_str("&A=b");
            assert!(!holds(&other), "{title}: query");
        } else if !unsigned_payload {
            let mut other = wire.clone();
            other.body.extend_from_slice(b"&A=b");
            assert!(!holds(&other), "{title}: body");
        }
        assert!(!matches!(wire.check("another key", AT), Ok(true)), "{title}: key");
        assert!(matches!(wire.check(&secret, AT + 301), Err(SignatureError::Expired)), "{title}: late");
        assert!(matches!(wire.check(&secret, AT - 301), Err(SignatureError::Expired)), "{title}: early");
        assert!(matches!(wire.check(&secret, AT + 300), Ok(true)), "{title}: just in time");
    }
}

const DOCUMENT_KEY: &str = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE";

fn document_tc3(host: &str, signature: &str) -> Wire {
    Wire::parse(&format!(
        "GET /?Limit=10&Offset=0 HTTP/1.1\r\nAuthorization: TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/\
         2018-10-09/cvm/tc3_request, SignedHeaders=content-type;host, Signature={signature}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nHost: {host}\r\nX-TC-Timestamp: 1539084154\r\n\r\n"
    ))
}

#[test]
fn the_examples_of_the_document_are_right_for_one_host_each() {
    for (host, signature) in [
        ("cvm.tencentcloudapi.com", "5da7a33f6993f0614b047e5df4582db9e9bf4672ba50567dba16c6ccf174c474"),
        ("cvm.finance.cloud.tencent.com", "e58ba76f0ad56875e1ef9f67e4930f28ba11e300c6f055aace641b06f433ff1b"),
    ] {
        assert!(document_tc3(host, signature).check(DOCUMENT_KEY, 1_539_084_154).unwrap(), "{host}");
        assert!(!document_tc3("cvm.example.com", signature).check(DOCUMENT_KEY, 1_539_084_154).unwrap());
    }
    for (host, region, signature) in [
        ("cvm.tencentcloudapi.com", "ap-guangzhou", "EliP9YW3pW28FpsEdkXt/%2BWcGeI%3D"),
        ("cvm.finance.cloud.tencent.com", "shjr", "8UAj5grJNx3uGNuyi0M6Gd1f5gY%3D"),
    ] {
        let wire = Wire::parse(&format!(
            "GET /?Action=DescribeInstances&InstanceIds.0=ins-09dx96dg&Limit=20&Nonce=11886&Offset=0&Region={region}&\
             SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&Timestamp=1465185768&Version=2017-03-12&Signature={signature} \
             HTTP/1.1\r\nHost: {host}\r\n\r\n"
        ));
        assert!(wire.check(DOCUMENT_KEY, 1_465_185_768).unwrap(), "{host}");
    }
}

/// Signs as the document describes it, with values in lower case and more headers.
fn signed(headers: &[(&str, &str)], names: &str, canonical: &str, body: &str) -> Wire {
    let payload = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body.as_bytes());
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let text = format!("POST\n/\n\n{canonical}\n{names}\n{}", hex(payload.as_ref()));
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let text = format!("TC3-HMAC-SHA256\n{AT}\n2026-11-21/cam/tc3_request\n{}", hex(hash.as_ref()));
    let key = DerivedKeys::default().get(b"key", "2026-11-21", "cam");
    let signature = hex(hmac::sign(&key, text.as_bytes()).as_ref());
    let mut raw = format!("POST / HTTP/1.1\r\nX-TC-Timestamp: {AT}\r\n");
    for (name, value) in headers {
        raw.push_str(&format!("{name}: {value}\r\n"));
    }
    raw.push_str(&format!(
        "Authorization: TC3-HMAC-SHA256 Credential=AKID/2026-11-21/cam/tc3_request,SignedHeaders={names},\
         Signature={signature}\r\n\r\n{body}"
    ));
    Wire::parse(&raw)
}

#[test]
fn values_may_be_signed_in_lower_case_and_more_headers_may_be_signed() {
    let headers =
        [("Content-Type", "application/json; charset=UTF-8"), ("Host", "REG:5000"), ("X-TC-Action", "GetUser")];
    let two = "content-type:application/json; charset=utf-8\nhost:reg:5000\n";
    assert!(signed(&headers, "content-type;host", two, "{}").check("key", AT).unwrap());
    let three = format!("{two}x-tc-action:getuser\n");
    let wire = signed(&headers, "content-type;host;x-tc-action", &three, "{}");
    assert!(wire.check("key", AT).unwrap());
    let mut other = wire.clone();
    *other.header("x-tc-action") = "DeleteUser".to_owned();
    assert!(!other.check("key", AT).unwrap(), "what is signed cannot be changed");
    let mut other = wire;
    other.headers.retain(|(name, _)| name != "x-tc-action");
    assert!(!other.check("key", AT).unwrap(), "nor left out");
    for names in ["host", "content-type", "x-tc-action"] {
        let wire = signed(&headers, names, "", "{}");
        assert!(matches!(wire.check("key", AT), Err(SignatureError::Mismatch)), "{names} is not enough");
    }
}

#[test]
fn malformed_headers_are_told_from_wrong_ones() {
    let good = document_tc3("h", &"0".repeat(64));
    let outcome = |value: &str| {
        let mut wire = good.clone();
        *wire.header("authorization") = value.to_owned();
        wire.check(DOCUMENT_KEY, 1_539_084_154)
    };
    let scope = "AKID/2018-10-09/tcr/tc3_request";
    for value in [
        "TC3-HMAC-SHA256".to_owned(),
        "TC3-HMAC-SHA256 Credential".to_owned(),
        format!("TC3-HMAC-SHA256 Credential={scope}, Signature=00"),
        format!("TC3-HMAC-SHA256 Credential={scope}, Credential={scope}, SignedHeaders=host, Signature=00"),
        "TC3-HMAC-SHA256 Credential=AKID/tcr/tc3_request, SignedHeaders=content-type;host, Signature=00".to_owned(),
        "TC3-HMAC-SHA256 Credential=AKID/2018-10-09/tcr/aws4_request, SignedHeaders=host, Signature=00".to_owned(),
    ] {
        assert!(matches!(outcome(&value), Err(SignatureError::Malformed("Authorization"))), "{value}");
    }
    let zeros = "0".repeat(64);
    for value in [
        format!("TC3-HMAC-SHA256 Credential={scope}, SignedHeaders=content-type;host, Signature=00"),
        format!("TC3-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={zeros}"),
        format!(
            "TC3-HMAC-SHA256 Credential=AKID/2018-10-10/tcr/tc3_request, SignedHeaders=content-type;host, Signature={zeros}"
        ),
        "SKIP".to_owned(),
        "Basic YTpi".to_owned(),
    ] {
        assert!(matches!(outcome(&value), Err(SignatureError::Mismatch)), "{value}");
    }
    let mut wire = good.clone();
    wire.headers.retain(|(name, _)| name != "x-tc-timestamp");
    assert!(matches!(wire.check(DOCUMENT_KEY, 0), Err(SignatureError::Missing("X-TC-Timestamp"))));
}

#[test]
fn v1_needs_its_parameters() {
    let outcome = |query: &str| Wire::parse(&format!("GET /?{query} HTTP/1.1\r\nHost: h\r\n\r\n")).check("k", AT);
    let full = format!("SecretId=a&Timestamp={AT}&Nonce=9223372036854775807&Signature=AA%3D%3D");
    assert!(matches!(outcome(&full), Ok(false)));
    for name in ["SecretId", "Timestamp", "Nonce", "Signature"] {
        let without: Vec<&str> = full.split('&').filter(|pair| !pair.starts_with(name)).collect();
        let outcome = outcome(&without.join("&"));
        assert!(matches!(outcome, Err(SignatureError::Missing(missing)) if missing == name), "{name}: {outcome:?}");
    }
    for (from, to) in [("Nonce=9223372036854775807", "Nonce=-1"), ("Timestamp=1", "Timestamp=%2B1")] {
        assert!(matches!(outcome(&full.replace(from, to)), Err(SignatureError::Malformed(_))), "{to}");
    }
    assert!(matches!(outcome(&full.replace("AA%3D%3D", "???")), Err(SignatureError::Mismatch)));
}

proptest! {
    #[test]
    fn no_header_is_too_much_for_it(value in "[ -~]{0,200}") {
        let mut wire = document_tc3("h", "00");
        *wire.header("authorization") = format!("TC3-HMAC-SHA256{value}");
        prop_assert!(!matches!(wire.check("k", 1_539_084_154), Ok(true)));
    }
}
