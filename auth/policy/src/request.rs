//! A request to the policies: an operation with its possible actions and resources.

use std::fmt;
use std::sync::Arc;

use roadstead_types::Uin;

use super::known::ActionSet;
use super::row::Row;

/// One operation on one thing. A statement matches it if one of the actions **and** one of the resources match. The
/// functions of [`op`](super::op) make requests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    pub(super) actions: ActionSet,
    /// The service of the resources, as [`one_class`] returns it.
    pub(super) service: String,
    /// The paths. If there is none, the operation has no resource, and only statements on everything match.
    pub(super) resources: Vec<String>,
    /// Paths that may name this thing or another one. Only denials are matched with them.
    pub(super) doubtful: Vec<String>,
    /// The account that the resources belong to, if it is not the caller's.
    pub(super) owner: Option<Uin>,
    pub(super) public_pull: bool,
    /// The tags of the resource, each as `key&value`.
    pub(super) resource_tags: Arc<[String]>,
    /// The tags that the request wants to set, each as `key&value`.
    pub(super) request_tags: Vec<String>,
}

impl Request {
    /// Makes a request with only these names of actions, and not with every name that the actions have.
    pub(super) fn named(service: &str, names: &[&str], resources: Vec<String>) -> Self {
        let mut request = Self::new(service, &[], resources);
        for name in names {
            request.actions.insert(name);
        }
        request
    }

    /// Makes a request that any of the actions covers. `service` is the one of the resources.
    pub(super) fn new(service: &str, actions: &[&'static Row], resources: Vec<String>) -> Self {
        let mut set = ActionSet::default();
        for name in actions.iter().flat_map(|row| row.names()) {
            set.insert(name);
        }
        let service = one_class(service).to_owned();
        let (owner, public_pull, doubtful) = (None, false, Vec::new());
        let (resource_tags, request_tags) = (Arc::default(), Vec::new());
        Self { actions: set, service, resources, doubtful, owner, public_pull, resource_tags, request_tags }
    }

    /// Adds a path that may name this thing or another one.
    #[must_use]
    pub(super) fn perhaps_named(mut self, path: Option<String>) -> Self {
        self.doubtful.extend(path);
        self
    }

    /// Sets whether this is a pull from a public repository. That is allowed unless a statement denies it.
    #[must_use]
    pub fn public_pull(mut self, public: bool) -> Self {
        self.public_pull = public;
        self
    }

    /// Sets the account that owns the resources. By default it is the account of the caller.
    #[must_use]
    pub fn owned_by(mut self, owner: &Uin) -> Self {
        self.owner = Some(owner.clone());
        self
    }

    /// Sets the tags of the resource, each as `key&value`: `qcs:resource_tag` and `qcs:tag` of conditions.
    #[must_use]
    pub fn tagged(mut self, tags: &Arc<[String]>) -> Self {
        self.resource_tags = Arc::clone(tags);
        self
    }

    /// Sets the tags that the request wants to set, each as `key&value`: `qcs:request_tag` of conditions.
    #[must_use]
    pub fn setting_tags(mut self, tags: Vec<String>) -> Self {
        self.request_tags = tags;
        self
    }

    /// Returns the names that the operation is checked under, as `service:name`. Any one of them is enough.
    pub fn actions(&self) -> Vec<String> {
        self.actions.names().map(str::to_owned).collect()
    }

    /// Returns the thing without the type of the resource, for people who read a log.
    pub fn subject(&self) -> Option<&str> {
        let path = self.resources.first()?;
        Some(path.split_once('/').map_or(path.as_str(), |(_, name)| name).trim_end_matches('/'))
    }

    /// Returns the paths of the resources that it is checked on. Any one of them is enough. If there is none, only
    /// `*` matches.
    pub fn resources(&self) -> &[String] {
        &self.resources
    }
}

/// An operation on things whose names are not known yet. The policies return the names for which it is allowed or
/// denied.
#[derive(Clone, Debug)]
pub struct NameRequest {
    /// Its resources are those that every one of the things is in.
    pub(super) request: Request,
    /// The texts before and after the name in the paths of the resources.
    pub(super) around: Vec<(String, &'static str)>,
}

impl NameRequest {
    /// Sets the tags of the things.
    #[must_use]
    pub fn tagged(self, tags: &Arc<[String]>) -> Self {
        Self { request: self.request.tagged(tags), ..self }
    }

    /// Returns the operation on the thing with this name.
    pub fn on(&self, name: &str) -> Request {
        let named = self.around.iter().map(|(before, after)| format!("{before}{name}{after}"));
        let resources = named.chain(self.request.resources.iter().cloned()).collect();
        Request { resources, ..self.request.clone() }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = self.resources.first().map_or("*", String::as_str);
        write!(f, "{} on {on}", self.actions().join(" or "))
    }
}

/// Returns a common name for services that share resources: `ccr`, `ccb` and `tcr` are one, and `ccs` and `tke`
/// another.
pub(super) fn one_class(service: &str) -> &str {
    match service {
        "ccr" | "ccb" => "tcr",
        "ccs" => "tke",
        other => other,
    }
}
