//! `[server]`: the listener, proxies in front of it, time limits and TLS.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de::Error};
use url::Url;

use super::{Invalid, above_zero, seconds};
use crate::section::{Kind, section, value};

/// The headers in which a reverse proxy says whom a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeaders {
    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

value! {
    ProxyHeaders, Kind::Choice(&["x-forwarded", "forwarded"]), |headers| match headers {
        ProxyHeaders::XForwarded => "x-forwarded".to_owned(),
        ProxyHeaders::Forwarded => "forwarded".to_owned(),
    };
}

section! {
    /// The listener: its address, the proxies that it trusts, and its time limits.
    pub struct Server {
        /// Address and port to listen on. With port 0 the system chooses a free port; the line `listening on` shows it.
        pub listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 5000)),
        /// The URL that clients see: scheme and host without a path, for example `https://registry.example.com`.
        /// Without it, answers use the `Host` of the request, or the host that a trusted proxy names.
        pub external_url: Option<Url> = None,
        /// TLS on the listener itself.
        pub tls: Tls = Tls::default(),
        /// Networks or addresses of reverse proxies. The server believes their headers. In the environment: separated by
        /// commas.
        #[serde(deserialize_with = "networks")]
        pub trusted_proxies: Vec<IpNet> = Vec::new(),
        /// The headers that these proxies set: `x-forwarded` for `X-Forwarded-For`, `X-Forwarded-Proto` and
        /// `X-Forwarded-Host`, or `forwarded` for `Forwarded` (RFC 7239). The server ignores the others, because a client can
        /// send them through the proxy.
        pub proxy_headers: ProxyHeaders = ProxyHeaders::XForwarded,
        /// How long running requests may take to finish after SIGTERM.
        #[serde(with = "humantime_serde")]
        pub shutdown_timeout: Duration = seconds(30),
        /// Worker threads; 0 means one for each core.
        pub workers: usize = 0,
        /// The most connections that this process holds at the same time; more wait in the queue of the system.
        pub max_connections: usize = 25_000,
        /// How long a client may take to send the head of a request.
        #[serde(with = "humantime_serde")]
        pub header_timeout: Duration = seconds(10),
        /// How long a connection may stay open without a request.
        #[serde(with = "humantime_serde")]
        pub idle_timeout: Duration = seconds(75),
        /// How long a client may send no byte of a body, or accept no byte of an answer, before the server ends the
        /// request.
        #[serde(with = "humantime_serde")]
        pub body_timeout: Duration = seconds(60),
        /// Write one log line for each request.
        pub log_requests: bool = true,
    }
}

section! {
    /// Certificate and key of the listener: both, or none for plain HTTP.
    pub struct Tls {
        /// File with the certificate chain in PEM, the server's own certificate first. Read again when it changes.
        pub cert: Option<PathBuf> = None,
        /// File with the private key in PEM.
        pub key: Option<PathBuf> = None,
    }
}

impl Server {
    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        if let Some(url) = &self.external_url {
            external_url(url).map_err(|problem| ("external_url", problem.to_owned()))?;
        }
        match (&self.tls.cert, &self.tls.key) {
            (Some(_), None) => return Err(("tls.cert", "needs `server.tls.key` beside it".to_owned())),
            (None, Some(_)) => return Err(("tls.key", "needs `server.tls.cert` beside it".to_owned())),
            _ => {}
        }
        above_zero(&[
            ("max_connections", self.max_connections == 0),
            ("header_timeout", self.header_timeout.is_zero()),
            ("idle_timeout", self.idle_timeout.is_zero()),
            ("body_timeout", self.body_timeout.is_zero()),
        ])
    }
}

fn external_url(url: &Url) -> Result<(), &'static str> {
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("must start with http:// or https:// and name a host");
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("must end after the host: a registry cannot live under a path");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or a password");
    }
    Ok(())
}

/// Reads a list of networks; a single address is a network too.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let network = |text: String| {
        let single = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse::<IpNet>()
            .or_else(|_| single())
            .map_err(|_| D::Error::custom(format!("`{text}` is neither an address nor a network such as 10.0.0.0/8")))
    };
    Vec::<String>::deserialize(deserializer)?.into_iter().map(network).collect()
}
