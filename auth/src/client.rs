//! Where a request comes from.

use std::net::IpAddr;

use roadstead_types::{Actor, Source};

/// Where a request comes from, as the audit log tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Client {
    /// The door that the request came in by.
    pub source: Source,
    /// The address of the client.
    pub address: IpAddr,
    /// What the client calls itself.
    pub user_agent: String,
    /// The id of the request, as it stands in answers and logs.
    pub request_id: String,
}

impl Client {
    /// A client of the registry protocol, of which nothing is known but the address.
    pub fn at(address: IpAddr) -> Self {
        Self { source: Source::Registry, address, user_agent: String::new(), request_id: String::new() }
    }

    /// The actor that somebody without credentials is.
    pub fn anonymous(&self) -> Actor {
        let (user_agent, request_id) = (self.user_agent.clone(), self.request_id.clone());
        Actor { address: self.address.to_string(), user_agent, request_id, ..Actor::of("anonymous", self.source) }
    }
}
