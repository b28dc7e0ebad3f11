//! The contract of an action.
//!
//! An action is the type of its parameters, declared as
//! `#[derive(Deserialize)] #[serde(rename_all = "PascalCase", deny_unknown_fields)]`. It goes three steps: `check` makes values
//! of the parameters, `needs` says which rights the values take, `run` does it with the same values. Nothing is parsed, looked
//! up or decided twice.

use roadstead_auth::Identity;
use roadstead_policy::{Row, op};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::allowed::Allowed;
use super::call::CloudCall;
use super::needs::{Needs, Permitted};
use crate::wire::error::CloudResult;

/// An action whose rights are known from its parameters.
pub(crate) trait Action: DeserializeOwned + 'static {
    /// Its row in the table of actions.
    const ROW: &'static Row;
    /// What the parameters say, checked.
    type Checked;
    /// The answer without the `RequestId`: an object with names in Pascal case, or `()`.
    type Output: Serialize;

    /// Checks the parameters, before any right is. `by` is the caller.
    fn check(self, by: &Identity) -> CloudResult<Self::Checked>;

    /// The rights that it takes: by default the action on everything, and what continuous integration takes on top.
    fn needs(_: &Self::Checked) -> Needs {
        if op::is_continuous(Self::ROW) {
            return op::continuous(Self::ROW).into_iter().collect();
        }
        Self::ROW.on_everything().into()
    }

    /// What the audit log says it is about, when that is not what the rights are about. No secrets.
    fn target(_: &Self::Checked) -> Option<String> {
        None
    }

    /// Does it, for a caller who has the rights.
    async fn run(checked: Self::Checked, call: Allowed<'_>) -> CloudResult<Self::Output>;
}

/// An action whose rights depend on something that must be looked up: a user by name, a role by number.
pub(crate) trait Lookup: DeserializeOwned + 'static {
    /// Its row in the table of actions.
    const ROW: &'static Row;
    /// What the parameters say, checked.
    type Checked;
    /// What was looked up.
    type Found;
    /// The answer: see [`Action::Output`].
    type Output: Serialize;

    /// Checks the parameters: see [`Action::check`].
    fn check(self, by: &Identity) -> CloudResult<Self::Checked>;

    /// What the audit log says it is about, before anything is looked up. No secrets.
    fn target(checked: &Self::Checked) -> String;

    /// Looks up what the request names, and refuses a caller who lacks the right to it. Something that does not exist is
    /// refused like something that is not allowed, unless the caller may do the action to everything.
    async fn resolve(checked: &Self::Checked, call: &CloudCall<'_>) -> CloudResult<Permitted<Self::Found>>;

    /// Does it, for a caller who has the rights.
    async fn run(checked: Self::Checked, found: Self::Found, call: Allowed<'_>) -> CloudResult<Self::Output>;
}
