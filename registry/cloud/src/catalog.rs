//! The catalogue of the cloud API, for documents and tests: every action with its parameters.

use roadstead_policy::Class;

use super::action::registered::writes;
use super::table::{self, ACTIONS};
use super::wire::code::Code;
use super::wire::document;

/// An action of the cloud API.
#[derive(Clone, Copy, Debug)]
pub struct ActionInfo {
    /// The service of the action: `cam`, `sts` or `tcr`.
    pub service: &'static str,
    /// The name of the action.
    pub name: &'static str,
    /// Whether the action changes anything.
    pub writes: bool,
    /// The permissions that the action needs in addition to a valid signature.
    pub class: Class,
    /// The names of the parameters.
    pub parameters: &'static [&'static str],
    /// The API version of the service.
    pub version: &'static str,
}

impl ActionInfo {
    /// Returns the code that this action answers in the spelling of the product document.
    pub fn documented(&self, code: Code) -> Option<&'static str> {
        table::find(Some(self.service), self.version, self.name).ok().map(|action| document::wire(action.row, code))
    }
}

/// Returns every action, sorted by service and name.
pub fn actions() -> impl Iterator<Item = ActionInfo> {
    ACTIONS.iter().map(|action| ActionInfo {
        service: action.row.service.name(),
        name: action.row.name,
        writes: writes(action.row),
        class: action.row.class,
        parameters: (action.parameters)(),
        version: action.row.service.version().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_know_their_parameters() {
        let explain = actions().find(|action| action.name == "ExplainAuthorization").unwrap();
        assert_eq!((explain.service, explain.writes), ("cam", false));
        assert_eq!(explain.parameters, ["TargetUin", "Operation", "Resource", "RegistryId", "SourceIp"]);
        assert!(actions().any(|action| action.parameters.is_empty()));
    }
}
