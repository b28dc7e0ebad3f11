//! Reads the headers in which proxies report the client: `X-Forwarded-*`, or `Forwarded` (RFC 7239).

use actix_web::HttpRequest;
use actix_web::http::header;

/// The family of headers that the trusted proxies set. The other family is ignored, because a client can send it through a
/// proxy.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum ProxyHeaders {
    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
    #[default]
    XForwarded,
    /// `Forwarded`.
    Forwarded,
}

/// A fact that a proxy reports of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fact {
    /// The sender of the request.
    For,
    /// The scheme of the request.
    Proto,
    /// The host that the request asked for.
    Host,
}

impl ProxyHeaders {
    /// Returns the values of a header, the one of the nearest proxy first. The values that a client sent come last. A value
    /// that is missing or unreadable is empty.
    pub(crate) fn values(self, request: &HttpRequest, fact: Fact) -> Vec<&str> {
        let lines = |name| {
            let mut lines: Vec<&[u8]> = request.headers().get_all(name).map(header::HeaderValue::as_bytes).collect();
            lines.reverse();
            lines.into_iter()
        };
        let list = |name| lines(name).flat_map(|line| line.rsplit(|byte| *byte == b',')).map(text).collect();
        let parameter = |parameter| {
            let elements = lines("forwarded").flat_map(|line| split(line, b','));
            elements.map(|element| value(element, parameter)).collect()
        };
        match (self, fact) {
            (Self::XForwarded, Fact::For) => list("x-forwarded-for"),
            (Self::XForwarded, Fact::Proto) => list("x-forwarded-proto"),
            (Self::XForwarded, Fact::Host) => list("x-forwarded-host"),
            (Self::Forwarded, Fact::For) => parameter("for"),
            (Self::Forwarded, Fact::Proto) => parameter("proto"),
            (Self::Forwarded, Fact::Host) => parameter("host"),
        }
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default().trim()
}

/// Returns a parameter of one element. It only strips quotes: a value with escapes is unusable anyway.
fn value<'a>(element: &'a [u8], parameter: &str) -> &'a str {
    let pairs = split(element, b';').into_iter().filter_map(|pair| text(pair).split_once('='));
    let mut values = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case(parameter));
    values.next().map_or("", |(_, value)| value.trim().trim_matches('"'))
}

/// Splits a line at separators outside quotes, starting at its end. The parts that proxies added come first, so a quote that
/// the client left open does not change them.
fn split(line: &[u8], separator: u8) -> Vec<&[u8]> {
    let (mut parts, mut end, mut quoted) = (Vec::new(), line.len(), false);
    for (at, byte) in line.iter().enumerate().rev() {
        match *byte {
            // A backslash escapes the quote after it, unless another one escapes the backslash.
            b'"' if quoted => {
                let escapes = line[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
                quoted = escapes % 2 == 1;
            }
            b'"' => quoted = true,
            byte if byte == separator && !quoted => {
                parts.push(&line[at + 1..end]);
                end = at;
            }
            _ => {}
        }
    }
    parts.push(&line[..end]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn forwarded(line: &str, fact: Fact) -> Vec<String> {
        let request = TestRequest::get().insert_header((header::FORWARDED, line)).to_http_request();
        ProxyHeaders::Forwarded.values(&request, fact).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn elements_are_read_from_the_end() {
        let line = r#"for="a;b", PROTO = https;for=c;x , by="x\"y\\";host="d,e""#;
        assert_eq!(forwarded(line, Fact::For), ["", "c", "a;b"]);
        assert_eq!(forwarded(line, Fact::Proto), ["", "https", ""]);
        assert_eq!(forwarded(line, Fact::Host), ["d,e", "", ""]);
        for open in [r#"for=a;x=""#, r#"for=a;x="\"#, r#"for="a"#, r#"for=a;x="b\""#] {
            assert_eq!(forwarded(&format!("{open}, for=\"c\""), Fact::For)[0], "c", "{open}");
        }
    }

    #[test]
    fn a_value_that_cannot_be_read_is_empty() {
        let lines = [&b"1.1.1.1, \xff"[..], b"2.2.2.2,\xff, 3.3.3.3"];
        let request = lines.into_iter().fold(TestRequest::get(), |request, line| {
            request.append_header(("x-forwarded-for", header::HeaderValue::from_bytes(line).unwrap()))
        });
        let request = request.to_http_request();
        let values = ProxyHeaders::XForwarded.values(&request, Fact::For);
        assert_eq!(values, ["3.3.3.3", "", "2.2.2.2", "", "1.1.1.1"]);
        assert!(ProxyHeaders::Forwarded.values(&request, Fact::For).is_empty());
    }
}
