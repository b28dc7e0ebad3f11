//! The rights that an action needs, and things that were looked up before they were known.

use roadstead_policy::Request;

/// The rights that an action needs. The class of the action's row tells how they count.
#[derive(Debug, Default)]
pub struct Needs {
    /// All of these must be allowed.
    pub(crate) requests: Vec<Request>,
    /// None of these may be denied.
    pub(crate) not_denied: Vec<Request>,
}

impl Needs {
    /// Makes needs for which the signature is enough, also in a session.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Also needs that no policy denies this request. No policy has to allow it.
    #[must_use]
    pub fn unless_denied(mut self, request: Request) -> Self {
        self.not_denied.push(request);
        self
    }

    /// Returns the things that the rights are about, for the audit log.
    pub fn subjects(&self) -> String {
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

/// Something that was looked up, and to which the caller has the right.
/// [`Auth::permit`](crate::Auth::permit) makes it, and nothing else does.
#[derive(Debug)]
pub struct Permitted<T>(T);

impl<T> Permitted<T> {
    pub(crate) fn new(found: T) -> Self {
        Self(found)
    }

    pub(crate) fn into_inner(self) -> T {
        self.0
    }

    /// Returns what was found.
    pub fn get(&self) -> &T {
        &self.0
    }

    /// Replaces what was found by something that follows from it and needs no other right.
    pub fn map<U>(self, made: impl FnOnce(T) -> U) -> Permitted<U> {
        Permitted(made(self.0))
    }

    /// Joins two things.
    pub fn and<U>(self, other: Permitted<U>) -> Permitted<(T, U)> {
        Permitted((self.0, other.0))
    }
}

impl<T> Permitted<Option<T>> {
    /// Requires that something was found. The caller learns that nothing was only after the right was checked.
    ///
    /// # Errors
    /// `missing`, if nothing was found.
    pub fn ok_or<E>(self, missing: E) -> Result<Permitted<T>, E> {
        self.0.map(Permitted).ok_or(missing)
    }
}
