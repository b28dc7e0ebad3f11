//! The input of one run of an action.

use crate::wire::params::Parameters;

/// The input of one run of an action.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    /// The parameters of the request.
    pub parameters: &'a Parameters,
    /// Whether this is a dry run.
    pub dry_run: bool,
}
