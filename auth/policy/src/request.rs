//! What is asked of the policies: an operation, as candidate actions and candidate resources.

use std::fmt;

use roadstead_types::Uin;

use super::known::ActionSet;

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
    pub(super) fn new(service: &str, actions: &[&str], resources: Vec<String>) -> Self {
        let (mut set, mut unlisted) = (ActionSet::default(), Vec::new());
        for action in actions {
            if !set.insert(action) {
                unlisted.push(action.to_ascii_lowercase());
            }
        }
        let service = one_class(service).to_owned();
        let doubtful = Vec::new();
        Self { actions: set, unlisted, service, resources, doubtful, owner: None, public_pull: false }
    }

    /// Adds a path that may name the thing, or another one.
    #[must_use]
    pub(super) fn perhaps_named(mut self, path: Option<String>) -> Self {
        self.doubtful.extend(path);
        self
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

    /// The paths of the resources that it is checked on, any one of which suffices. None: only `*`.
    pub fn resources(&self) -> &[String] {
        &self.resources
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
