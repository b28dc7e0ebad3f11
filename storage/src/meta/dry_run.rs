//! Doing something only to see whether it could be done.

use std::ops::Deref;

use crate::{Error, Result};

tokio::task_local! {
    static TRYING: ();
}

/// Runs `work` such that nothing of it is committed: a transaction that writes does all that it would do, and is rolled back
/// where it would be committed. If it found nothing to be changed, it says so; else it answers [`Error::DryRun`]. Whatever
/// would have kept it from being committed comes before.
///
/// What `work` hands to other tasks is not tried, but done: it must not write there.
pub async fn dry_run<T>(work: impl Future<Output = T>) -> T {
    TRYING.scope((), work).await
}

/// Whether what is done here is only tried.
pub(super) fn is_on() -> bool {
    TRYING.try_with(|()| ()).is_ok()
}

/// Asked where a transaction would be committed: whether it is. One that found nothing to be changed is rolled back too, since it
/// may have locked something, and its outcome counts.
pub(super) fn commits(found_nothing: bool) -> Result<bool> {
    match (TRYING.try_with(|()| ()), found_nothing) {
        (Err(_), _) => Ok(true),
        (Ok(()), true) => Ok(false),
        (Ok(()), false) => Err(Error::DryRun),
    }
}

/// What a transaction comes to.
pub(super) struct Outcome<'a, T>(pub &'a T);

impl Outcome<'_, bool> {
    /// `false` is that there is no such thing.
    pub(super) fn found_nothing(&self) -> bool {
        !*self.0
    }
}

impl<T> Outcome<'_, Option<Vec<T>>> {
    /// None of several.
    pub(super) fn found_nothing(&self) -> bool {
        self.0.as_ref().is_none_or(Vec::is_empty)
    }
}

impl<T> Deref for Outcome<'_, T> {
    type Target = AnyOutcome;

    fn deref(&self) -> &AnyOutcome {
        &AnyOutcome
    }
}

/// An outcome of any other type: what it could not do, it says with an error.
pub(super) struct AnyOutcome;

impl AnyOutcome {
    /// Never.
    pub(super) fn found_nothing(&self) -> bool {
        false
    }
}
