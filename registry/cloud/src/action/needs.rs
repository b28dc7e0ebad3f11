//! The permissions that an action needs.

use roadstead_policy::Request;

use crate::wire::error::{CloudError, CloudResult};

/// The permissions that an action needs. The class of the action's row says when they are checked.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// All of these requests must be allowed.
    pub(super) requests: Vec<Request>,
    /// None of these requests may be denied.
    pub(super) not_denied: Vec<Request>,
}

impl Needs {
    /// A valid signature is enough, even in a session.
    pub(crate) fn nothing() -> Self {
        Self::default()
    }

    /// Adds a request that no policy may deny. No policy needs to allow it.
    pub(crate) fn unless_denied(mut self, request: Request) -> Self {
        self.not_denied.push(request);
        self
    }

    /// Returns the resources of the requests, for the audit log.
    pub(super) fn subjects(&self) -> String {
        let mut subjects: Vec<&str> = self.requests.iter().filter_map(Request::subject).collect();
        subjects.dedup();
        subjects.join(" ")
    }
}

impl From<Request> for Needs {
    fn from(request: Request) -> Self {
        [request].into()
    }
}

impl<const N: usize> From<[Request; N]> for Needs {
    fn from(requests: [Request; N]) -> Self {
        requests.into_iter().collect()
    }
}

impl FromIterator<Request> for Needs {
    fn from_iter<I: IntoIterator<Item = Request>>(requests: I) -> Self {
        Self { requests: requests.into_iter().collect(), not_denied: Vec::new() }
    }
}

/// Something that was looked up and that the caller has a permission for. Only
/// [`CloudCall::grant`](super::call::CloudCall::grant) creates one.
#[derive(Debug)]
pub(crate) struct Permitted<T>(T);

impl<T> Permitted<T> {
    pub(super) fn new(found: T) -> Self {
        Self(found)
    }

    /// Returns the thing.
    pub(super) fn into_inner(self) -> T {
        self.0
    }

    /// Borrows the thing.
    pub(crate) fn get(&self) -> &T {
        &self.0
    }

    /// Derives another thing that needs no further permission.
    pub(crate) fn map<U>(self, made: impl FnOnce(T) -> U) -> Permitted<U> {
        Permitted(made(self.0))
    }

    /// Combines two things.
    pub(crate) fn and<U>(self, other: Permitted<U>) -> Permitted<(T, U)> {
        Permitted((self.0, other.0))
    }
}

impl<T> Permitted<Option<T>> {
    /// Requires the thing to exist. A caller learns that it is missing only after the permission check.
    pub(crate) fn ok_or(self, missing: impl Into<CloudError>) -> CloudResult<Permitted<T>> {
        self.0.map(Permitted).ok_or_else(|| missing.into())
    }
}

impl<T> FromIterator<Permitted<T>> for Permitted<Vec<T>> {
    fn from_iter<I: IntoIterator<Item = Permitted<T>>>(all: I) -> Self {
        Self(all.into_iter().map(Permitted::into_inner).collect())
    }
}
