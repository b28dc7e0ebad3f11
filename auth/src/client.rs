//! The client of a request.

use std::net::IpAddr;

use roadstead_types::{Actor, Source};

/// The client of a request, as the audit log describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Client {
    /// The interface that the request came in by.
    pub source: Source,
    /// The address of the client.
    pub address: IpAddr,
    /// The name that the client gives itself (`User-Agent`).
    pub user_agent: String,
    /// The id of the request in answers and logs.
    pub request_id: String,
}

impl Client {
    /// Makes a client of the registry protocol of which only the address is known.
    pub fn at(address: IpAddr) -> Self {
        Self { source: Source::Registry, address, user_agent: String::new(), request_id: String::new() }
    }

    /// Returns the actor for a request without credentials.
    pub fn anonymous(&self) -> Actor {
        let (user_agent, request_id) = (self.user_agent.clone(), self.request_id.clone());
        Actor { address: self.address.to_string(), user_agent, request_id, ..Actor::of("anonymous", self.source) }
    }
}
