//! An action in the list of the cloud API.

use futures::future::LocalBoxFuture;
use roadstead_policy::{Effect, Row};

use super::attempt::Attempt;
use super::call::CloudCall;
use super::open::OpenCall;
use crate::wire::error::CloudResult;
use crate::wire::params::Parameters;

type SignedRun = for<'a> fn(&'a CloudCall<'a>, Attempt<'a>) -> LocalBoxFuture<'a, CloudResult<Vec<u8>>>;

/// Runs an action that nobody signed.
pub(crate) type OpenRun = for<'a> fn(&'a OpenCall<'a>, Attempt<'a>) -> LocalBoxFuture<'a, CloudResult<Vec<u8>>>;

/// How an action runs. It gives the JSON of the answer.
pub(crate) enum Run {
    /// For whoever signed it.
    Signed(SignedRun),
    /// For anybody: see [`OpenAction`](super::open::OpenAction).
    Open(OpenRun),
}

/// An action in the list.
pub(crate) struct Registered {
    /// Its row in the table of actions.
    pub row: &'static Row,
    /// Runs it.
    pub run: Run,
    /// The names of its parameters.
    pub parameters: fn() -> &'static [&'static str],
}

/// Whether an action changes anything.
pub(crate) fn writes(row: &Row) -> bool {
    row.effect == Some(Effect::Writes)
}

impl Registered {
    /// An attempt with these parameters. An action that has a parameter `DryRun` of its own decides itself what that means.
    pub(crate) fn attempt<'a>(&self, parameters: &'a Parameters) -> Attempt<'a> {
        let has_own = (self.parameters)().contains(&"DryRun");
        Attempt { parameters, dry_run: !has_own && parameters.dry_run() }
    }
}
