//! What is asked of the policies: an operation, as candidate actions and candidate resources.

use std::fmt;
use std::sync::Arc;

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
    /// The service of the resources: see [`one_class`].
    pub(super) service: String,
    /// The paths. None: the operation has no resource, and only statements on everything speak of it.
    pub(super) resources: Vec<String>,
    /// Paths that may name the thing, or another one: only denials are matched with them.
    pub(super) doubtful: Vec<String>,
    /// The account that the resources belong to, when it is not the caller's.
    pub(super) owner: Option<Uin>,
    pub(super) public_pull: bool,
    /// The tags of the resource, each as `key&value`.
    pub(super) resource_tags: Arc<[String]>,
    /// The tags that the request wants to set, each as `key&value`.
    pub(super) request_tags: Vec<String>,
}

impl Request {
    /// The same, with these names of actions only: not with every name that the actions have.
    pub(super) fn named(service: &str, names: &[&str], resources: Vec<String>) -> Self {
        let mut request = Self::new(service, &[], resources);
        for name in names {
            request.actions.insert(name);
        }
        request
    }

    /// A request that any of the actions covers. `service` is the one of the resources.
    pub(super) fn new(service: &str, actions: &[&'static Row], resources: Vec<String>) -> Self {
        let mut set = ActionSet::default();
        for name in actions.iter().flat_map(|row| row.names()) {
            set.insert(name);
        }
        let service = one_class(service).to_owned();
        let (owner, public_pull, doubtful, unlisted) = (None, false, Vec::new(), Vec::new());
        let (resource_tags, request_tags) = (Arc::default(), Vec::new());
        Self { actions: set, unlisted, service, resources, doubtful, owner, public_pull, resource_tags, request_tags }
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

    /// The resource has these tags, each as `key&value`: `qcs:resource_tag` and `qcs:tag` of conditions.
    #[must_use]
    pub fn tagged(mut self, tags: &Arc<[String]>) -> Self {
        self.resource_tags = Arc::clone(tags);
        self
    }

    /// The request wants to set these tags, each as `key&value`: `qcs:request_tag` of conditions.
    #[must_use]
    pub fn setting_tags(mut self, tags: Vec<String>) -> Self {
        self.request_tags = tags;
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
    /// The same on things that have these tags.
    #[must_use]
    pub fn tagged(self, tags: &Arc<[String]>) -> Self {
        Self { request: self.request.tagged(tags), ..self }
    }

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

/// As far as resources go, `ccr`, `ccb` and `tcr` are one service, and `ccs` and `tke` are another.
pub(super) fn one_class(service: &str) -> &str {
    match service {
        "ccr" | "ccb" => "tcr",
        "ccs" => "tke",
        other => other,
    }
}
