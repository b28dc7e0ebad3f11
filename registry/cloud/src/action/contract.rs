//! The contract of an action.
//!
//! An action is the type of its parameters, declared with
//! `#[derive(Deserialize)] #[serde(rename_all = "PascalCase", deny_unknown_fields)]`.
//!
//! The `impl` begins with [`action!`] or [`lookup!`], which name its row and its types.
//!
//! It runs in three steps: `check` parses and checks the parameters, `needs` names the permissions that they require,
//! and `run` does the work. All steps use the same values, so nothing is parsed, looked up or decided twice.

use roadstead_auth::{Identity, Mode, Needs, Permitted};
use roadstead_policy::{Row, op};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::allowed::Allowed;
use super::call::CloudCall;
use crate::wire::error::CloudResult;

/// An action whose required permissions follow from its parameters.
pub(crate) trait Action: DeserializeOwned + 'static {
    /// The row of the action in the table of actions.
    const ROW: &'static Row;
    /// `Write` if it changes something that is stored, `Read` if it does not. It is the right that services are shown.
    type Mode: Mode;
    /// The checked parameters.
    type Checked;
    /// The answer without the `RequestId`: an object with names in Pascal case, or `()`.
    type Output: Serialize;

    /// Checks the parameters, before any permission is checked. `by` is the caller.
    fn check(self, by: &Identity) -> CloudResult<Self::Checked>;

    /// Returns the required permissions. By default, this is the action on all resources. An action of continuous
    /// integration also needs its counterpart in another service.
    fn needs(_: &Self::Checked) -> Needs {
        if op::is_continuous(Self::ROW) {
            return op::continuous(Self::ROW).into_iter().collect();
        }
        Self::ROW.on_everything().into()
    }

    /// Returns the target for the audit log, if it differs from the resources of the permissions. It must contain no
    /// secrets.
    fn target(_: &Self::Checked) -> Option<String> {
        None
    }

    /// Runs the action, for a caller who has the permissions.
    async fn run(checked: Self::Checked, call: Allowed<'_, Self::Mode>) -> CloudResult<Self::Output>;
}

/// An action whose required permissions depend on something that must be looked up, such as a user by name or a role by
/// number.
pub(crate) trait Lookup: DeserializeOwned + 'static {
    /// The row of the action in the table of actions.
    const ROW: &'static Row;
    /// `Write` if it changes something that is stored, `Read` if it does not. It is the right that services are shown.
    type Mode: Mode;
    /// The checked parameters.
    type Checked;
    /// The thing that was looked up.
    type Found;
    /// The answer: see [`Action::Output`].
    type Output: Serialize;

    /// Checks the parameters: see [`Action::check`].
    fn check(self, by: &Identity) -> CloudResult<Self::Checked>;

    /// Returns the target for the audit log, before anything is looked up. It must contain no secrets.
    fn target(checked: &Self::Checked) -> String;

    /// Looks up the thing that the request names, and refuses a caller who lacks the permission for it. A missing thing
    /// is refused like a forbidden one, unless the caller may do the action to all resources.
    async fn resolve(checked: &Self::Checked, call: &CloudCall<'_>) -> CloudResult<Permitted<Self::Found>>;

    /// Runs the action, for a caller who has the permissions.
    async fn run(
        checked: Self::Checked,
        found: Self::Found,
        call: Allowed<'_, Self::Mode>,
    ) -> CloudResult<Self::Output>;
}

/// Declares the row and the types of an [`Action`]: `action! { row: mode, checked => output }`.
macro_rules! action {
    ($row:path: $mode:ty, $checked:ty => $output:ty) => {
        const ROW: &'static roadstead_policy::Row = &$row;
        type Mode = $mode;
        type Checked = $checked;
        type Output = $output;
    };
}
pub(crate) use action;

/// Declares the row and the types of a [`Lookup`]: `lookup! { row: mode, checked => found => output }`.
macro_rules! lookup {
    ($row:path: $mode:ty, $checked:ty => $found:ty => $output:ty) => {
        const ROW: &'static roadstead_policy::Row = &$row;
        type Mode = $mode;
        type Checked = $checked;
        type Found = $found;
        type Output = $output;
    };
}
pub(crate) use lookup;
