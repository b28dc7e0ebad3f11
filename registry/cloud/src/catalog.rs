//! What the cloud API consists of, for documents and tests: every action with the names of its parameters.

use roadstead_policy::Class;

use super::action::registered::writes;
use super::table::{self, ACTIONS};
use super::wire::code::Code;
use super::wire::document;

/// An action of the cloud API.
#[derive(Clone, Copy, Debug)]
pub struct ActionInfo {
    /// The service that it belongs to: `cam`, `sts` or `tcr`.
    pub service: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Whether it changes anything.
    pub writes: bool,
    /// What it asks for, apart from a good signature.
    pub class: Class,
    /// The names of its parameters.
    pub parameters: &'static [&'static str],
    /// The version of the API of its service.
    pub version: &'static str,
}

impl ActionInfo {
    /// What the product document calls a code, in the answer of this action.
    pub fn documented(&self, code: Code) -> Option<&'static str> {
        table::find(Some(self.service), self.version, self.name).ok().map(|action| document::wire(action.row, code))
    }
}

/// Every action, sorted by service and name.
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
