//! What is asked of the policies: an operation, as candidate actions and candidate resources.

use std::fmt;

use roadstead_types::Uin;

use super::known::ActionSet;
use super::row::Row;

/// One operation on one thing. A statement speaks of it when one of the actions **and** one of the resources match.
/// The functions of [`op`](super::op) make them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    pub(super) actions: ActionSet,
    /// Actions that are not in the table of known names, as `service:name` in lower case.
    pub(super) unlisted: Vec<String>,
    /// The service of the resources; `ccr` is `tcr` here.
    pub(super) service: String,
    /// The paths. None: the operation has no resource, and only statements on everything speak of it.
    pub(super) resources: Vec<String>,
    /// Paths that may name the thing, or another one: only denials are matched with them.
    pub(super) doubtful: Vec<String>,
    /// The account that the resources belong to, when it is not the caller's.
    pub(super) owner: Option<Uin>,
    pub(super) public_pull: bool,
}

impl Request {
    /// A request that any of the actions covers. `service` is the one of the resources.
    pub(super) fn new(service: &str, actions: &[&'static Row], resources: Vec<String>) -> Self {
        let mut set = ActionSet::default();
        for name in actions.iter().flat_map(|row| row.names()) {
            set.insert(name);
        }
        let service = one_class(service).to_owned();
        let doubtful = Vec::new();
        Self { actions: set, unlisted: Vec::new(), service, resources, doubtful, owner: None, public_pull: false }
    }

    /// Adds a path that may name the thing, or another one.
    #[must_use]
    pub(super) fn perhaps_named(mut self, path: Option<String>) -> Self {
        self.doubtful.extend(path);
        self
    }

    /// An action on everything that is in no table.
    #[cfg(test)]
    pub(super) fn unlisted(service: &str, action: &str) -> Self {
        let unlisted = vec![format!("{service}:{action}").to_ascii_lowercase()];
        Self { unlisted, ..Self::new(service, &[], Vec::new()) }
    }

    /// Whether this is a pull of a repository that everybody may read: allowed then, unless a statement denies it.
    #[must_use]
    pub fn public_pull(mut self, public: bool) -> Self {
        self.public_pull = public;
        self
    }

    /// The resources belong to this account. Without it they belong to the account of the caller.
    #[must_use]
    pub fn owned_by(mut self, owner: &Uin) -> Self {
        self.owner = Some(owner.clone());
        self
    }

    /// The names that the operation is checked under, any one of which suffices: `service:name`.
    pub fn actions(&self) -> Vec<String> {
        self.actions.names().map(str::to_owned).chain(self.unlisted.iter().cloned()).collect()
    }

    /// What it is about, without the type of the resource, for people who read a log.
    pub fn subject(&self) -> Option<&str> {
        let path = self.resources.first()?;
        Some(path.split_once('/').map_or(path.as_str(), |(_, name)| name).trim_end_matches('/'))
    }

    /// The paths of the resources that it is checked on, any one of which suffices. None: only `*`.
    pub fn resources(&self) -> &[String] {
        &self.resources
    }
}

/// An operation on things whose names are not known yet: it is asked which names it is allowed or denied for.
#[derive(Clone, Debug)]
pub struct NameRequest {
    pub(super) request: Request,
    /// What stands before and after the name in the paths of the resources.
    pub(super) around: Vec<(String, &'static str)>,
}

impl NameRequest {
    /// The operation on the thing with this name.
    pub fn on(&self, name: &str) -> Request {
        let resources = self.around.iter().map(|(before, after)| format!("{before}{name}{after}")).collect();
        Request { resources, ..self.request.clone() }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = self.resources.first().map_or("*", String::as_str);
        write!(f, "{} on {on}", self.actions().join(" or "))
    }
}

/// `ccr` and `tcr` are one service as far as resources go.
pub(super) fn one_class(service: &str) -> &str {
    if service == "ccr" { "tcr" } else { service }
}
