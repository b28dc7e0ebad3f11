//! Finds out the address of a client, and the URL under which the client reached this server.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header;
use ipnet::IpNet;
use url::Url;

use crate::forwarded::{Fact, ProxyHeaders};

/// Settings for finding the address of the client and the URL of this server from a request.
#[derive(Clone, Debug, Default)]
pub struct ClientRules {
    /// The URL that clients use, if the settings fix it.
    pub external_url: Option<Url>,
    /// Proxies whose headers are trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// The headers that these proxies set.
    pub proxy_headers: ProxyHeaders,
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
        self.client(request).0
    }

    /// Returns the address of the client, and how many values of a header the trusted proxies have written.
    fn client(&self, request: &HttpRequest) -> (IpAddr, usize) {
        let mut address = request.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip().to_canonical());
        if !self.trusts(address) {
            return (address, 0);
        }
        let mut written = 0;
        for hop in self.proxy_headers.values(request, Fact::For) {
            written += 1;
            // If a hop has no address, only the proxy that wrote it is known.
            let Some(hop) = node_address(hop) else { break };
            address = hop.to_canonical();
            if !self.trusts(address) {
                break;
            }
        }
        // A proxy may report other facts without the address.
        (address, written.max(1))
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
        self.told(request, Fact::Host).or_else(own).filter(|host| is_authority(host))
    }

    /// Returns the scheme that the client used, if a trusted proxy reports it.
    fn forwarded_scheme(&self, request: &HttpRequest) -> Option<&'static str> {
        let told = self.told(request, Fact::Proto)?;
        ["http", "https"].into_iter().find(|scheme| told.eq_ignore_ascii_case(scheme))
    }

    /// Returns what the outermost trusted proxy reports of the request. Each proxy adds a value, or replaces the values that
    /// it received.
    fn told<'a>(&self, request: &'a HttpRequest, fact: Fact) -> Option<&'a str> {
        let (_, written) = self.client(request);
        let values = self.proxy_headers.values(request, fact);
        values.into_iter().take(written).rfind(|value| !value.is_empty())
    }
}

/// Parses the address of a node: `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]:80` (RFC 7239, section 6), or `2001:db8::1`
/// as in `X-Forwarded-For`. Other nodes have no address.
fn node_address(node: &str) -> Option<IpAddr> {
    if let Ok(address) = node.parse() {
        return Some(address);
    }
    let host = match node.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => node.split_once(':')?.0,
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
        let proxied = |hops: &str| {
            let request = request("127.0.0.1:1").insert_header(("x-forwarded-proto", "HTTPS, http"));
            request.insert_header(("x-forwarded-for", hops)).to_http_request()
        };
        let scheme = |proxies: &[&str], hops| rules(proxies).origin(&proxied(hops)).unwrap().scheme;
        assert_eq!(scheme(&["127.0.0.1/32", "10.0.0.0/8"], "9.9.9.9, 10.0.0.7"), "https");
        // A single proxy has written a single value: the other one is of the client.
        assert_eq!(scheme(&["127.0.0.1/32"], "10.0.0.7"), "http");
        assert_eq!(scheme(&["10.0.0.0/8"], "9.9.9.9, 10.0.0.7"), "http");
    }

    #[test]
    fn only_the_headers_that_the_proxies_set_are_believed() {
        let value =
            "for=6.6.6.6, For=\"[2001:db8::17]:4711\";proto=https;host=\"pub.example:8443\", for=10.0.0.7;by=10.0.0.8";
        let x_forwarded = rules(&["127.0.0.1/32", "10.0.0.0/8"]);
        let rules = ClientRules { proxy_headers: ProxyHeaders::Forwarded, ..x_forwarded.clone() };
        let proxied = request("127.0.0.1:1").insert_header(("forwarded", value)).to_http_request();
        assert_eq!(x_forwarded.address(&proxied).to_string(), "127.0.0.1");
        assert_eq!(x_forwarded.origin(&proxied).unwrap().url(), "http://reg.example:5000");
        assert_eq!(rules.address(&proxied).to_string(), "2001:db8::17");
        assert_eq!(rules.origin(&proxied).unwrap().url(), "https://pub.example:8443");
        // The header of a stranger is not trusted.
        let stranger = request("9.9.9.9:1").insert_header(("forwarded", value)).to_http_request();
        assert_eq!(rules.address(&stranger).to_string(), "9.9.9.9");
        let both = request("127.0.0.1:1")
            .insert_header(("forwarded", "for=1.2.3.4;host=one.example;proto=https"))
            .insert_header(("x-forwarded-for", "8.8.8.8"))
            .insert_header(("x-forwarded-host", "other.example"))
            .to_http_request();
        assert_eq!(rules.address(&both).to_string(), "1.2.3.4");
        assert_eq!(rules.origin(&both).unwrap().url(), "https://one.example");
        assert_eq!(x_forwarded.address(&both).to_string(), "8.8.8.8");
        assert_eq!(x_forwarded.origin(&both).unwrap().url(), "http://other.example");
    }

    #[test]
    fn nodes_that_are_no_addresses_name_nobody() {
        for (node, address) in [
            ("192.0.2.1", true),
            ("192.0.2.1:80", true),
            ("[::1]", true),
            ("[::1]:80", true),
            ("2001:db8::1", true),
            ("[::1", false),
            ("_hidden", false),
            ("unknown", false),
            ("", false),
        ] {
            assert_eq!(node_address(node).is_some(), address, "{node}");
        }
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
