//! What access management does not do, as the cloud API says it.

use roadstead_service::cam::Error;
use roadstead_types::Counted;

use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;

impl From<Error> for CloudError {
    fn from(error: Error) -> Self {
        use Error as E;
        match error {
            E::UserUnknown => Code::ResourceNotFoundUserNotExist.into(),
            E::GroupUnknown => Code::ResourceNotFoundGroupNotExist.into(),
            E::PolicyUnknown => Code::InvalidParameterPolicyIdNotExist.into(),
            E::RoleUnknown => Code::InvalidParameterRoleNotExist.into(),
            E::ProviderUnknown => Code::ResourceNotFoundIdentityNotExist.into(),
            E::KeyUnknown => Code::ResourceNotFoundSecretNotExist.into(),
            E::KeyOfAnother => Code::OperationDeniedUinNotMatch.into(),
            E::KeysOfOwner => Code::OperationDeniedSubUin.into(),
            E::UserNameTaken => Code::InvalidParameterSubUserNameInUse.into(),
            E::GroupNameTaken => Code::InvalidParameterGroupNameInUse.into(),
            E::PolicyNameTaken => Code::FailedOperationPolicyNameInUse.into(),
            E::RoleNameTaken => Code::InvalidParameterRoleNameInUse.into(),
            E::ProviderNameTaken => Code::InvalidParameterIdentityNameInUse.into(),
            E::Full { what, most } => full(what, most),
            E::UserHasKeys => Code::OperationDeniedHaveKeys.into(),
            E::PolicyIsBoundary => {
                let message = "the policy is a permission boundary; take the boundary away first";
                Self::new(Code::FailedOperationUnmodifiable, message)
            }
            E::PolicyIsPreset => Self::new(Code::InvalidParameterPolicyIdError, "a preset policy cannot be changed"),
            E::UserName(rule) => Self::new(Code::InvalidParameterUserNameIllegal, rule),
            E::Password(rule) => Self::new(Code::InvalidParameterPasswordViolatedRules, rule),
            E::PolicyName => named(Code::InvalidParameterPolicyNameError, "policy"),
            E::RoleName => named(Code::InvalidParameterRoleNameError, "role"),
            E::ProviderName => named(Code::InvalidParameterValueNameError, "provider"),
            E::ProviderUrl => {
                let message = "IdentityUrl must be https://HOST[/PATH], without user, query and fragment";
                Self::new(Code::InvalidParameterValueIdentityUrlError, message)
            }
            E::ProviderKeys(problem) => {
                Self::new(Code::InvalidParameterValueIdentityKeyError, format!("IdentityKey: {problem}"))
            }
            E::Description => Code::InvalidParameterDescriptionLengthOverlimit.into(),
            E::Tag(problem) => Self::new(Code::InvalidParameterTagParamError, problem),
            E::TooManyTags => Code::InvalidParameterTagLimitExceeded.into(),
            E::Parameter(problem) => Self::new(Code::InvalidParameterParamError, problem),
            E::Document(error) => {
                let code = Code::ALL.iter().find(|code| code.wire() == error.code);
                Self::new(code.copied().unwrap_or(Code::InvalidParameterPolicyDocumentError), error.message)
            }
            E::Storage(error) => error.into(),
            E::Other(error) => Self::internal(error),
        }
    }
}

fn named(code: Code, what: &str) -> CloudError {
    CloudError::new(code, format!("the name of a {what} is 1 to 128 letters, digits and characters of +=,.@_-"))
}

fn full(what: Counted, most: u64) -> CloudError {
    let (code, things) = match what {
        Counted::Users => (Code::InvalidParameterSubUserFull, "sub-accounts in an account"),
        Counted::Groups => (Code::InvalidParameterGroupFull, "groups in an account"),
        Counted::GroupsOfUser => (Code::InvalidParameterUserGroupFull, "groups for one user"),
        Counted::UsersOfGroup => (Code::InvalidParameterGroupUserFull, "users in one group"),
        Counted::Policies => (Code::FailedOperationPolicyFull, "policies in an account"),
        Counted::Attachments => (Code::InvalidParameterAttachmentFull, "policies for one user, group or role"),
        Counted::Roles => (Code::InvalidParameterRoleFull, "roles in an account"),
        Counted::Providers => (Code::LimitExceededIdentityFull, "identity providers in an account"),
        Counted::AccessKeys => (Code::OperationDeniedAccessKeyOverLimit, "access keys for one account"),
        Counted::Namespaces
        | Counted::Repositories
        | Counted::Triggers
        | Counted::Instances
        | Counted::InstanceTokens => return CloudError::limit(what, most),
    };
    CloudError::new(code, format!("there may be no more than {most} {things}"))
}

#[cfg(test)]
mod tests {
    use roadstead_policy::{Author, Policy, Use};

    use super::*;

    #[test]
    fn a_wrong_document_keeps_its_code() {
        let uin = "100000000001".parse().unwrap();
        let author = Author { owner_uin: &uin, app_id: 1 };
        for (text, code) in [
            ("{", Code::InvalidParameterPolicyDocumentError),
            (r#"{"version":"1.0","statement":[]}"#, Code::InvalidParameterVersionError),
        ] {
            let error = Policy::parse(text, Use::Identity, &author).unwrap_err();
            assert_eq!(CloudError::from(Error::Document(error)).code(), code, "{text}");
        }
    }
}
