//! The actor of an operation.

use crate::AccountId;

/// The actor of an operation, and its client. One is made for each request, command and run of a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// The main account that it belongs to, if that is known.
    pub owner: Option<AccountId>,
    /// The uin of the actor; may be empty.
    pub uin: String,
    /// The kind: `root`, `user`, `role/NAME`, `federation/NAME`, `token`, `anonymous`, `operator`, `server`.
    pub principal: String,
    /// The interface that the operation came in by.
    pub source: Source,
    /// The address of the client.
    pub address: String,
    /// The name that the client gives itself (`User-Agent`).
    pub user_agent: String,
    /// The id of the request.
    pub request_id: String,
}

impl Actor {
    /// Makes the actor of a command: the operator of the machine.
    pub fn operator(user_agent: impl Into<String>) -> Self {
        Self { user_agent: user_agent.into(), ..Self::of("operator", Source::Cli) }
    }

    /// Makes the actor of a job: the server itself.
    pub fn server() -> Self {
        Self::of("server", Source::Job)
    }

    /// Makes an actor without an account.
    pub fn of(principal: &str, source: Source) -> Self {
        Self {
            owner: None,
            uin: String::new(),
            principal: principal.to_owned(),
            source,
            address: String::new(),
            user_agent: String::new(),
            request_id: String::new(),
        }
    }
}

/// The interfaces of the registry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Source {
    /// The registry protocol and the token service.
    Registry,
    /// The cloud API.
    Cloud,
    /// A command.
    Cli,
    /// A job of the server.
    Job,
}

impl Source {
    /// Its name in the audit log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registry => "docker",
            Self::Cloud => "cloud",
            Self::Cli => "command",
            Self::Job => "job",
        }
    }
}
