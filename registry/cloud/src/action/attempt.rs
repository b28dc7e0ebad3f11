//! One attempt at an action.

use crate::wire::params::Parameters;

/// One attempt at an action.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    /// The parameters of the request.
    pub parameters: &'a Parameters,
    /// Whether the action is only to be tried.
    pub dry_run: bool,
}
