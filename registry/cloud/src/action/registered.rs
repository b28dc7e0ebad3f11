//! An entry in the list of actions.

use futures::future::LocalBoxFuture;
use roadstead_policy::{ActionKind, Row};

use super::attempt::Attempt;
use super::call::CloudCall;
use super::open::OpenCall;
use crate::wire::error::CloudResult;
use crate::wire::params::Parameters;

type SignedRun = for<'a> fn(&'a CloudCall<'a>, Attempt<'a>) -> LocalBoxFuture<'a, CloudResult<Vec<u8>>>;

/// Runs an unsigned action.
pub(crate) type OpenRun = for<'a> fn(&'a OpenCall<'a>, Attempt<'a>) -> LocalBoxFuture<'a, CloudResult<Vec<u8>>>;

/// The function that runs an action. It returns the JSON of the answer.
pub(crate) enum Run {
    /// Runs the action for the account that signed the request.
    Signed(SignedRun),
    /// Runs the action for anybody: see [`OpenAction`](super::open::OpenAction).
    Open(OpenRun),
}

/// An entry in the list of actions.
pub(crate) struct Registered {
    /// The row of the action in the table of actions.
    pub row: &'static Row,
    /// The function that runs the action.
    pub run: Run,
    /// Returns the names of its parameters.
    pub parameters: fn() -> &'static [&'static str],
}

/// Returns whether an action changes anything.
pub(crate) fn writes(row: &Row) -> bool {
    row.kind == Some(ActionKind::Writes)
}

impl Registered {
    /// Creates the input of a run. An action with its own parameter `DryRun` decides itself what that parameter means.
    pub(crate) fn attempt<'a>(&self, parameters: &'a Parameters) -> Attempt<'a> {
        let has_own = (self.parameters)().contains(&"DryRun");
        Attempt { parameters, dry_run: !has_own && parameters.dry_run() }
    }
}
