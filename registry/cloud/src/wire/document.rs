//! Error codes of the product document that differ from those of the SDKs, for `cloud_api.document_spelling`.

use roadstead_policy::actions::tcr;
use roadstead_policy::{Row, Service};

use super::code::Code;

/// The actions on instances that the document describes.
const INSTANCES: &[&Row] =
    &[&tcr::CreateInstance, &tcr::CreateInstanceToken, &tcr::DescribeInstanceStatus, &tcr::DescribeInstances];
/// The actions whose tables use `InternalServerError` for a fault of the server.
const SERVER_ERROR: &[&Row] =
    &[&tcr::BatchDeleteRepositoryPersonal, &tcr::DeleteApplicationTriggerPersonal, &tcr::DeleteRepositoryPersonal];

/// The spelling of the document, which differs from the SDKs in one letter.
const MISMATCH: &str = "InvalidParameter.ErrNSMismatch";

/// A code of this server, the code of the document, and the actions whose tables contain it.
const PLACES: &[(Code, &str, &[&Row])] = &[
    (
        Code::AuthFailureUnauthorizedOperation,
        Code::InternalErrorErrUnauthorized.wire(),
        &[&tcr::DescribeImageFilterPersonal, &tcr::DescribeImagePersonal],
    ),
    (
        Code::AuthFailureUnauthorizedOperation,
        "InternalServerError.ErrUnauthorized",
        &[
            &tcr::BatchDeleteRepositoryPersonal,
            &tcr::CreateImageLifecyclePersonal,
            &tcr::DeleteImagePersonal,
            &tcr::DeleteNamespacePersonal,
            &tcr::DeleteRepositoryPersonal,
        ],
    ),
    (Code::AuthFailureUnauthorizedOperation, Code::UnauthorizedOperation.wire(), INSTANCES),
    (Code::InternalError, "InternalServerError", SERVER_ERROR),
    (Code::InternalErrorDbError, "InternalServerError", SERVER_ERROR),
    (Code::ResourceNotFound, Code::InternalErrorErrNotExist.wire(), &[&tcr::CreateInstance]),
];

/// Returns the code that the document lists for an error of an action.
pub(crate) fn wire(row: &'static Row, code: Code) -> &'static str {
    if row.service != Service::Tcr {
        return code.wire();
    }
    let fits = |(from, _, actions): &&(Code, &str, &[&Row])| *from == code && actions.contains(&row);
    if let Some((_, wire, _)) = PLACES.iter().find(fits) {
        return wire;
    }
    match code {
        Code::InvalidParameterErrNsMisMatch => MISMATCH,
        // The tables of the personal edition have only one code for faults of the server.
        Code::InternalErrorDbError if row.is_personal() => Code::InternalError.wire(),
        other => other.wire(),
    }
}

#[cfg(test)]
mod tests {
    use roadstead_policy::actions::all;

    use super::*;

    #[test]
    fn faults_are_called_what_the_table_of_the_action_calls_them() {
        for row in all().filter(|row| row.service == Service::Tcr) {
            let wires = [Code::InternalError, Code::InternalErrorDbError].map(|code| wire(row, code));
            let expected = match row.name {
                "BatchDeleteRepositoryPersonal" | "DeleteApplicationTriggerPersonal" | "DeleteRepositoryPersonal" => {
                    ["InternalServerError"; 2]
                }
                name if name.ends_with("Personal") => ["InternalError"; 2],
                _ => ["InternalError", "InternalError.DbError"],
            };
            assert_eq!(wires, expected, "{}", row.name);
        }
        assert_eq!(wire(&tcr::CreateInstance, Code::ResourceNotFound), "InternalError.ErrNotExist");
        assert_eq!(wire(&tcr::DeleteInstance, Code::ResourceNotFound), "ResourceNotFound");
        assert_eq!(wire(&tcr::CreateInstanceToken, Code::InternalErrorUnknown), "InternalError.Unknown");
    }

    #[test]
    fn other_services_keep_their_codes() {
        for row in all().filter(|row| row.service != Service::Tcr) {
            for &code in Code::ALL {
                assert_eq!(wire(row, code), code.wire());
            }
        }
    }
}
