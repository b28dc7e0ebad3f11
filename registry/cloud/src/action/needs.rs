//! The rights that an action takes.

use roadstead_policy::Request;

use crate::wire::error::{CloudError, CloudResult};

/// What must be allowed for an action to run. How it counts is said by the class of the action's row.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// Every one of these must be allowed.
    pub(super) requests: Vec<Request>,
    /// None of these may be denied.
    pub(super) not_denied: Vec<Request>,
}

impl Needs {
    /// The signature is enough, in a session too.
    pub(crate) fn nothing() -> Self {
        Self::default()
    }

    /// The same, and that nothing denies this. No policy has to allow it.
    pub(crate) fn unless_denied(mut self, request: Request) -> Self {
        self.not_denied.push(request);
        self
    }

    /// What the rights are about, for the audit log.
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

/// Something that was looked up, and to which the caller has the right. Only
/// [`CloudCall::grant`](super::call::CloudCall::grant) makes one.
#[derive(Debug)]
pub(crate) struct Permitted<T>(T);

impl<T> Permitted<T> {
    pub(super) fn new(found: T) -> Self {
        Self(found)
    }

    /// What was found.
    pub(super) fn into_inner(self) -> T {
        self.0
    }

    /// Looks at it.
    pub(crate) fn get(&self) -> &T {
        &self.0
    }

    /// Something that follows from it, and takes no other right.
    pub(crate) fn map<U>(self, made: impl FnOnce(T) -> U) -> Permitted<U> {
        Permitted(made(self.0))
    }

    /// Both of two things.
    pub(crate) fn and<U>(self, other: Permitted<U>) -> Permitted<(T, U)> {
        Permitted((self.0, other.0))
    }
}

impl<T> Permitted<Option<T>> {
    /// What must be there. It is said that it is not there only after the right was checked.
    pub(crate) fn ok_or(self, missing: impl Into<CloudError>) -> CloudResult<Permitted<T>> {
        self.0.map(Permitted).ok_or_else(|| missing.into())
    }
}

impl<T> FromIterator<Permitted<T>> for Permitted<Vec<T>> {
    fn from_iter<I: IntoIterator<Item = Permitted<T>>>(all: I) -> Self {
        Self(all.into_iter().map(Permitted::into_inner).collect())
    }
}
