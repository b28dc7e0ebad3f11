//! Finds out the address of a client, and the URL under which the client reached this server.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header;
use ipnet::IpNet;
use url::Url;

/// Settings for finding the address of the client and the URL of this server from a request.
#[derive(Clone, Debug, Default)]
pub struct ClientRules {
    /// The URL that clients use, if the settings fix it.
    pub external_url: Option<Url>,
    /// Proxies whose `X-Forwarded-*` and `Forwarded` headers are trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether the listener speaks TLS.
    pub tls: bool,
}

/// The origin under which a client reached this server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientOrigin {
    /// `http` or `https`.
    pub scheme: String,
    /// The host, with the port if there is one.
    pub host: String,
}

impl ClientOrigin {
    /// Returns `scheme://host`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }
}

fn header_text<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

impl ClientRules {
    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|net| net.contains(&address))
    }

    /// Returns the address of the client: that of the peer, or of the last hop before the trusted proxies.
    pub fn address(&self, request: &HttpRequest) -> IpAddr {
        let peer = request.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |p| p.ip().to_canonical());
        if self.trusted_proxies.is_empty() || !self.trusts(peer) {
            return peer;
        }
        let mut address = peer;
        let hops: Vec<Option<IpAddr>> = match Forwarded::of(request) {
            Some(forwarded) => forwarded.hops().map(node_address).collect(),
            None => values(request, "x-forwarded-for").map(|hop| hop.parse().ok()).collect(),
        };
        for hop in hops.into_iter().rev() {
            // Entries are added on the right, and the client can make up those on the left. So this stops at the first
            // unknown hop.
            let Some(hop) = hop else { break };
            address = hop.to_canonical();
            if !self.trusts(address) {
                break;
            }
        }
        address
    }

    /// Returns the origin under which the client reached the personal edition, or `None` if the request names no usable
    /// host.
    pub fn origin(&self, request: &HttpRequest) -> Option<ClientOrigin> {
        if let Some(url) = &self.external_url {
            let host = url.host_str()?;
            let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
            return Some(ClientOrigin { scheme: url.scheme().to_owned(), host });
        }
        self.origin_of_instance(request)
    }

    /// Returns the origin under which the client reached an instance. An instance has a host of its own, which is that
    /// of the request.
    pub fn origin_of_instance(&self, request: &HttpRequest) -> Option<ClientOrigin> {
        let scheme = match (self.forwarded_scheme(request), &self.external_url) {
            (Some(scheme), _) => scheme,
            (None, Some(url)) => url.scheme(),
            (None, None) if self.tls => "https",
            (None, None) => "http",
        };
        Some(ClientOrigin { scheme: scheme.to_owned(), host: self.host(request)?.to_owned() })
    }

    /// Returns the host that the client asked for, with its port, or `None` if the request names no usable host.
    pub fn host<'a>(&self, request: &'a HttpRequest) -> Option<&'a str> {
        let own =
            || header_text(request, header::HOST.as_str()).or_else(|| request.uri().authority().map(|a| a.as_str()));
        self.forwarded_host(request).or_else(own).filter(|host| is_authority(host))
    }

    fn is_forwarded(&self, request: &HttpRequest) -> bool {
        !self.trusted_proxies.is_empty() && request.peer_addr().is_some_and(|p| self.trusts(p.ip().to_canonical()))
    }

    /// Returns the scheme that the client used, if a trusted proxy reports it. With several proxies, only the first one
    /// knows it. A client that makes up this value only gets links that do not work.
    fn forwarded_scheme(&self, request: &HttpRequest) -> Option<&'static str> {
        if !self.is_forwarded(request) {
            return None;
        }
        let told = match Forwarded::of(request) {
            Some(forwarded) => forwarded.first("proto"),
            None => values(request, "x-forwarded-proto").next(),
        };
        ["http", "https"].into_iter().find(|scheme| told.is_some_and(|told| told.eq_ignore_ascii_case(scheme)))
    }

    /// Returns the host that the client asked for, if a trusted proxy reports it. Only the last value counts, because a
    /// client can make up the earlier ones.
    fn forwarded_host<'a>(&self, request: &'a HttpRequest) -> Option<&'a str> {
        if !self.is_forwarded(request) {
            return None;
        }
        match Forwarded::of(request) {
            Some(forwarded) => forwarded.last("host"),
            None => values(request, "x-forwarded-host").last(),
        }
    }
}

/// Returns the values of a list header, from all its lines.
fn values<'a>(request: &'a HttpRequest, name: &str) -> impl Iterator<Item = &'a str> {
    let lines = request.headers().get_all(name).filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// The `Forwarded` header (RFC 7239): one element per proxy.
struct Forwarded<'a> {
    elements: Vec<Vec<(&'a str, &'a str)>>,
}

impl<'a> Forwarded<'a> {
    /// Reads the header, unless the request has an `X-Forwarded-*` header. A proxy that writes those passes on the
    /// `Forwarded` header of the client, who can make it up.
    fn of(request: &'a HttpRequest) -> Option<Self> {
        let others = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"];
        if others.iter().any(|name| request.headers().contains_key(*name)) {
            return None;
        }
        let lines = request.headers().get_all(header::FORWARDED).filter_map(|line| line.to_str().ok());
        let elements: Vec<_> = lines.flat_map(|line| split(line, b',')).map(pairs).collect();
        (!elements.is_empty()).then_some(Self { elements })
    }

    fn values(&self, name: &str) -> impl DoubleEndedIterator<Item = Option<&'a str>> {
        let value = move |element: &Vec<(&'a str, &'a str)>| {
            element.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
        };
        self.elements.iter().map(value)
    }

    /// Returns the sender of the request at each proxy.
    fn hops(&self) -> impl Iterator<Item = &'a str> {
        self.values("for").map(Option::unwrap_or_default)
    }

    fn first(&self, name: &str) -> Option<&'a str> {
        self.values(name).flatten().next()
    }

    fn last(&self, name: &str) -> Option<&'a str> {
        self.values(name).flatten().next_back()
    }
}

/// Splits one element into pairs. It only strips quotes: a value with escapes is unusable anyway.
fn pairs(element: &str) -> Vec<(&str, &str)> {
    let halves = split(element, b';').into_iter().filter_map(|pair| pair.split_once('='));
    halves.map(|(name, value)| (name.trim(), value.trim().trim_matches('"'))).collect()
}

/// Splits a text at separators outside quotes.
fn split(text: &str, separator: u8) -> Vec<&str> {
    let (mut parts, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            byte if byte == separator && !quoted => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

/// Parses the address of a node (RFC 7239, section 6): `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]:80`. Other nodes
/// have no address.
fn node_address(node: &str) -> Option<IpAddr> {
    let host = match node.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => node.split_once(':').map_or(node, |(host, _)| host),
    };
    host.parse().ok()
}

/// Returns whether a text is a host with an optional port, so that it is safe in a header.
fn is_authority(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn rules(proxies: &[&str]) -> ClientRules {
        ClientRules { trusted_proxies: proxies.iter().map(|p| p.parse().unwrap()).collect(), ..ClientRules::default() }
    }

    fn request(peer: &str) -> TestRequest {
        TestRequest::get().peer_addr(peer.parse().unwrap()).insert_header(("host", "reg.example:5000"))
    }

    #[test]
    fn forwarded_headers_of_strangers_are_not_believed() {
        let stranger = request("10.9.9.9:1")
            .insert_header(("x-forwarded-for", "1.2.3.4"))
            .insert_header(("x-forwarded-host", "evil"))
            .to_http_request();
        let rules = rules(&["127.0.0.1/32"]);
        assert_eq!(rules.address(&stranger).to_string(), "10.9.9.9");
        assert_eq!(rules.origin(&stranger).unwrap().url(), "http://reg.example:5000");
    }

    #[test]
    fn a_trusted_proxy_names_the_client_and_the_origin() {
        let proxied = request("127.0.0.1:1")
            .insert_header(("x-forwarded-for", "6.6.6.6, 9.9.9.9, 10.0.0.7"))
            .insert_header(("x-forwarded-proto", "https"))
            .insert_header(("x-forwarded-host", "pub.example"))
            .to_http_request();
        let rules = rules(&["127.0.0.1/32", "10.0.0.0/8"]);
        assert_eq!(rules.address(&proxied).to_string(), "9.9.9.9");
        assert_eq!(rules.origin(&proxied).unwrap().url(), "https://pub.example");
    }

    #[test]
    fn the_first_proxy_knows_the_scheme_of_the_client() {
        let proxied = request("127.0.0.1:1").insert_header(("x-forwarded-proto", "HTTPS, http")).to_http_request();
        assert_eq!(rules(&["127.0.0.1/32"]).origin(&proxied).unwrap().scheme, "https");
        assert_eq!(rules(&["10.0.0.0/8"]).origin(&proxied).unwrap().scheme, "http");
    }

    #[test]
    fn the_standard_header_is_read_where_the_others_are_absent() {
        let value =
            "for=6.6.6.6, For=\"[2001:db8::17]:4711\";proto=https;host=\"pub.example:8443\", for=10.0.0.7;by=10.0.0.8";
        let rules = rules(&["127.0.0.1/32", "10.0.0.0/8"]);
        let proxied = request("127.0.0.1:1").insert_header(("forwarded", value)).to_http_request();
        assert_eq!(rules.address(&proxied).to_string(), "2001:db8::17");
        assert_eq!(rules.origin(&proxied).unwrap().url(), "https://pub.example:8443");
        // The header of a stranger is not trusted, and neither is one that the client adds to those of its proxy.
        let stranger = request("9.9.9.9:1").insert_header(("forwarded", value)).to_http_request();
        assert_eq!(rules.address(&stranger).to_string(), "9.9.9.9");
        let both = request("127.0.0.1:1")
            .insert_header(("forwarded", "for=1.2.3.4;host=evil;proto=https"))
            .insert_header(("x-forwarded-for", "8.8.8.8"))
            .to_http_request();
        assert_eq!(rules.address(&both).to_string(), "8.8.8.8");
        assert_eq!(rules.origin(&both).unwrap().url(), "http://reg.example:5000");
    }

    #[test]
    fn nodes_that_are_no_addresses_name_nobody() {
        for (node, address) in [
            ("192.0.2.1", true),
            ("192.0.2.1:80", true),
            ("[::1]", true),
            ("_hidden", false),
            ("unknown", false),
            ("", false),
        ] {
            assert_eq!(node_address(node).is_some(), address, "{node}");
        }
        assert_eq!(pairs("for=\"a;b\"; PROTO = https;x"), [("for", "a;b"), ("PROTO", "https")]);
    }

    #[test]
    fn an_instance_keeps_the_host_of_the_request() {
        let external_url = Some("https://registry.example".parse().unwrap());
        let rules = ClientRules { external_url, ..rules(&["127.0.0.1/32"]) };
        let direct = request("10.9.9.9:1").insert_header(("x-forwarded-host", "evil")).to_http_request();
        assert_eq!(rules.origin(&direct).unwrap().url(), "https://registry.example");
        assert_eq!(rules.origin_of_instance(&direct).unwrap().url(), "https://reg.example:5000");
        let proxied = request("127.0.0.1:1")
            .insert_header(("x-forwarded-host", "evil, team.example"))
            .insert_header(("x-forwarded-proto", "http"))
            .to_http_request();
        assert_eq!(rules.origin_of_instance(&proxied).unwrap().url(), "http://team.example");
        assert_eq!(rules.host(&proxied), Some("team.example"));
    }

    #[test]
    fn a_host_that_could_break_out_of_a_header_is_no_origin() {
        for bad in ["a\"b", "a b", "a,b", "a/b", ""] {
            assert!(!is_authority(bad), "{bad:?}");
        }
        assert!(is_authority("[::1]:5000"));
    }
}
