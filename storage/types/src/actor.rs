//! Who does something.

use crate::AccountId;

/// Who does something, and from where. It is made once for a request, a command or a run of a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// The main account that it belongs to, if that is known.
    pub owner: Option<AccountId>,
    /// The uin of who it is; may be empty.
    pub uin: String,
    /// What it is: `root`, `user`, `role/NAME`, `federation/NAME`, `token`, `anonymous`, `operator`, `server`.
    pub principal: String,
    /// Which door it came in by.
    pub source: Source,
    /// The address of the client.
    pub address: String,
    /// What the client calls itself.
    pub user_agent: String,
    /// The id of the request.
    pub request_id: String,
}

impl Actor {
    /// The operator of the machine, by a command.
    pub fn operator(user_agent: impl Into<String>) -> Self {
        Self { user_agent: user_agent.into(), ..Self::of("operator", Source::Cli) }
    }

    /// The server itself, by a job.
    pub fn server() -> Self {
        Self::of("server", Source::Job)
    }

    /// Somebody without an account.
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

/// The doors of the registry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Source {
    /// The registry protocol and the token service.
    Registry,
    /// The cloud API.
    Cloud,
    /// A command.
    Cli,
    /// A job: the server does it by itself.
    Job,
    /// The web console.
    Console,
}

impl Source {
    /// Its name in the audit log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registry => "docker",
            Self::Cloud => "cloud",
            Self::Cli => "command",
            Self::Job => "job",
            Self::Console => "console",
        }
    }
}
