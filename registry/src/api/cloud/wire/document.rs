//! The codes of the product document, where the tables of its actions have others than the SDKs: what
//! `cloud_api.document_spelling` is about.

use super::code::Code;
use crate::api::cloud::action::Service;

/// The actions of instances that the document has.
const INSTANCES: &[&str] = &["CreateInstance", "CreateInstanceToken", "DescribeInstanceStatus", "DescribeInstances"];
/// The tables that have `InternalServerError` for a fault of the server.
const SERVER_ERROR: &[&str] =
    &["BatchDeleteRepositoryPersonal", "DeleteApplicationTriggerPersonal", "DeleteRepositoryPersonal"];

/// With another letter than the SDKs.
const MISMATCH: &str = "InvalidParameter.ErrNSMismatch";

/// A code of this server, what is in its place, and in the tables of which actions.
const PLACES: &[(Code, &str, &[&str])] = &[
    (
        Code::AuthFailureUnauthorizedOperation,
        Code::InternalErrorErrUnauthorized.wire(),
        &["DescribeImageFilterPersonal", "DescribeImagePersonal"],
    ),
    (
        Code::AuthFailureUnauthorizedOperation,
        "InternalServerError.ErrUnauthorized",
        &[
            "BatchDeleteRepositoryPersonal",
            "CreateImageLifecyclePersonal",
            "DeleteImagePersonal",
            "DeleteNamespacePersonal",
            "DeleteRepositoryPersonal",
        ],
    ),
    (Code::AuthFailureUnauthorizedOperation, Code::UnauthorizedOperation.wire(), INSTANCES),
    (Code::InternalError, "InternalServerError", SERVER_ERROR),
    (Code::InternalErrorDbError, "InternalServerError", SERVER_ERROR),
    (Code::ResourceNotFound, Code::InternalErrorErrNotExist.wire(), &["CreateInstance"]),
];

/// What the document calls the code, in the answer of an action.
pub(crate) fn wire(service: Service, action: &str, code: Code) -> &'static str {
    if service != Service::Tcr {
        return code.wire();
    }
    let fits = |(from, _, actions): &&(Code, &str, &[&str])| *from == code && actions.contains(&action);
    if let Some((_, wire, _)) = PLACES.iter().find(fits) {
        return wire;
    }
    match code {
        Code::InvalidParameterErrNsMisMatch => MISMATCH,
        // The personal edition has one code for all that is the server's fault.
        Code::InternalErrorDbError if action.ends_with("Personal") => Code::InternalError.wire(),
        other => other.wire(),
    }
}

/// The codes that the document alone has.
pub fn spellings() -> impl Iterator<Item = &'static str> {
    PLACES.iter().map(|(_, wire, _)| *wire).chain([MISMATCH])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::cloud::table::ACTIONS;

    #[test]
    fn faults_are_called_what_the_table_of_the_action_calls_them() {
        for action in ACTIONS.iter().filter(|action| action.service == Service::Tcr) {
            let wires =
                [Code::InternalError, Code::InternalErrorDbError].map(|code| wire(Service::Tcr, action.name, code));
            let expected = match action.name {
                "BatchDeleteRepositoryPersonal" | "DeleteApplicationTriggerPersonal" | "DeleteRepositoryPersonal" => {
                    ["InternalServerError"; 2]
                }
                name if name.ends_with("Personal") => ["InternalError"; 2],
                _ => ["InternalError", "InternalError.DbError"],
            };
            assert_eq!(wires, expected, "{}", action.name);
        }
        assert_eq!(wire(Service::Tcr, "CreateInstance", Code::ResourceNotFound), "InternalError.ErrNotExist");
        assert_eq!(wire(Service::Tcr, "DeleteInstance", Code::ResourceNotFound), "ResourceNotFound");
        assert_eq!(wire(Service::Tcr, "CreateInstanceToken", Code::InternalErrorUnknown), "InternalError.Unknown");
    }

    #[test]
    fn the_actions_are_there_and_other_services_keep_their_codes() {
        for (_, _, actions) in PLACES {
            for name in *actions {
                assert!(ACTIONS.iter().any(|action| action.name == *name), "{name}");
            }
        }
        for action in ACTIONS.iter().filter(|action| action.service != Service::Tcr) {
            for &code in Code::ALL {
                assert_eq!(wire(action.service, action.name, code), code.wire());
            }
        }
    }
}
