//! Who is on the other end, and under which address it knows us.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header;
use ipnet::IpNet;
use url::Url;

/// How to tell the client's address and our own from a request.
#[derive(Clone, Debug, Default)]
pub struct ClientRules {
    /// What clients see, when it is fixed by the configuration.
    pub external_url: Option<Url>,
    /// Proxies whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether this listener speaks TLS.
    pub tls: bool,
}

/// The origin under which the client reached us.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// `http` or `https`.
    pub scheme: String,
    /// Host, with the port if there is one.
    pub host: String,
}

impl Origin {
    /// `scheme://host`.
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

    /// The address of the client: the peer, or the last hop before the trusted proxies.
    pub fn address(&self, request: &HttpRequest) -> IpAddr {
        let peer = request.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |p| p.ip().to_canonical());
        if self.trusted_proxies.is_empty() || !self.trusts(peer) {
            return peer;
        }
        let mut address = peer;
        let hops: Vec<&str> = request
            .headers()
            .get_all("x-forwarded-for")
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(','))
            .map(str::trim)
            .collect();
        for hop in hops.iter().rev() {
            // What a client made up stands left of what a trusted proxy wrote: stop at the first unknown.
            let Ok(hop) = hop.parse::<IpAddr>() else { break };
            address = hop.to_canonical();
            if !self.trusts(address) {
                break;
            }
        }
        address
    }

    /// The origin under which the client reached the personal edition; `None` when the request does not name a usable host.
    pub fn origin(&self, request: &HttpRequest) -> Option<Origin> {
        if let Some(url) = &self.external_url {
            let host = url.host_str()?;
            let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
            return Some(Origin { scheme: url.scheme().to_owned(), host });
        }
        self.origin_of_instance(request)
    }

    /// The origin under which the client reached an instance, which has a host of its own: that of the request.
    pub fn origin_of_instance(&self, request: &HttpRequest) -> Option<Origin> {
        let scheme = match (self.forwarded(request, "x-forwarded-proto"), &self.external_url) {
            (Some(scheme @ ("http" | "https")), _) => scheme,
            (_, Some(url)) => url.scheme(),
            (_, None) if self.tls => "https",
            (_, None) => "http",
        };
        Some(Origin { scheme: scheme.to_owned(), host: self.host(request)?.to_owned() })
    }

    /// The host that the client asked for, with its port; `None` when the request does not name a usable one.
    pub fn host<'a>(&self, request: &'a HttpRequest) -> Option<&'a str> {
        let own =
            || header_text(request, header::HOST.as_str()).or_else(|| request.uri().authority().map(|a| a.as_str()));
        self.forwarded(request, "x-forwarded-host").or_else(own).filter(|host| is_authority(host))
    }

    /// What the proxy in front wrote into a header, if it is trusted.
    fn forwarded<'a>(&self, request: &'a HttpRequest, name: &str) -> Option<&'a str> {
        if self.trusted_proxies.is_empty() || !request.peer_addr().is_some_and(|p| self.trusts(p.ip().to_canonical())) {
            return None;
        }
        // The last value is what the proxy wrote; the ones before it may be what its client made up.
        let lines = request.headers().get_all(name).filter_map(|line| line.to_str().ok());
        lines.last().and_then(|line| line.rsplit(',').next()).map(str::trim)
    }
}

/// Whether a text is a host with an optional port, so that it may be put into a header.
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
