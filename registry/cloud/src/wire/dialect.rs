//! Translates service errors into codes of the cloud API. No other place does this.

use std::time::Duration;

use roadstead_auth::Denied;
use roadstead_policy::{PolicyError, Row, Service};
use roadstead_service::{Error, Input};
use roadstead_types::{Counted, Digest, Thing};

use super::code::Code;
use super::language::Phrase;
use super::said::Said;

/// A group of actions with its own error codes. The same refusal has a different code in each group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    /// Access management and temporary credentials.
    Cam,
    /// The personal edition of the registry.
    Personal,
    /// Instances.
    Enterprise,
}

impl Dialect {
    /// Returns the group of an action.
    pub(crate) fn of(row: &Row) -> Self {
        match row.service {
            Service::Cam | Service::Sts => Self::Cam,
            _ if row.is_personal() => Self::Personal,
            _ => Self::Enterprise,
        }
    }

    /// Translates an error of a service.
    pub(super) fn said(self, error: Error) -> Said {
        match error {
            Error::Unknown(thing) => self.unknown(thing),
            Error::Gone(thing) => self.gone(thing),
            Error::Exists(thing) => exists(thing),
            Error::Reserved(_) => Code::InvalidParameterErrNamespaceReserved.into(),
            Error::InUse(thing) => in_use(thing),
            Error::Listed { index } => listed(&index),
            Error::Protected(thing) => protected(thing),
            Error::Preset(thing) => preset(thing),
            Error::Foreign(Thing::AccessKey) => Code::OperationDeniedUinNotMatch.into(),
            Error::Foreign(_) => Code::InvalidParameterErrNsMisMatch.into(),
            Error::MainAccountOnly(_) => Code::OperationDeniedSubUin.into(),
            Error::LimitReached { what, limit } => limit_reached(what, limit),
            Error::Missing(name) => Said::missing(Code::MissingParameter, name),
            Error::Invalid { what, problem } => self.invalid(what, problem.into_owned()),
            Error::PolicyDocument(error) => document(error),
            Error::SessionPolicy(error) => session_policy(error),
            Error::Session => self.session(),
            Error::TokenTooLarge => self.too_large(),
            Error::Throttled { retry_after } => throttled(retry_after),
            Error::Denied(denied) => refused(&denied),
            Error::Overloaded => Code::ResourceUnavailable.into(),
            Error::DryRun => Code::DryRunOperation.into(),
            Error::StoreFull(source) | Error::Unavailable(source) => Said::fault(Code::InternalErrorDbError, source),
            Error::Internal(source) => Said::internal(source),
            // Actions never send content to a repository, so these errors are faults of the registry.
            other @ (Error::UploadBusy
            | Error::Digest { .. }
            | Error::Manifest(_)
            | Error::ManifestTooLarge { .. }
            | Error::MissingReferences { .. }
            | Error::Range { .. }
            | Error::Size
            | Error::Cursor
            | Error::ClientGone
            | Error::BodyTimeout) => Said::internal(other),
        }
    }

    fn unknown(self, thing: Thing) -> Said {
        use Thing as T;
        match (thing, self) {
            (T::Namespace | T::Repository, Self::Enterprise) => not_in_instance(thing.word()),
            (T::Manifest | T::Tag, Self::Enterprise) => not_in_instance("image"),
            (T::InstanceToken, _) => not_in_instance("token"),
            (T::User, _) => Code::ResourceNotFoundUserNotExist.into(),
            (T::Group, _) => Code::ResourceNotFoundGroupNotExist.into(),
            (T::Policy, _) => Code::InvalidParameterPolicyIdNotExist.into(),
            (T::Role, _) => Code::InvalidParameterRoleNotExist.into(),
            (T::Provider, _) => Code::ResourceNotFoundIdentityNotExist.into(),
            (T::AccessKey, _) => Code::ResourceNotFoundSecretNotExist.into(),
            (T::Password, _) => Code::ResourceNotFoundErrNoUser.into(),
            (T::Namespace, _) => Code::ResourceNotFoundErrNoNamespace.into(),
            (T::Repository, _) => Code::ResourceNotFoundErrNoRepo.into(),
            (T::Manifest | T::Tag, _) => Code::ResourceNotFoundErrNoTag.into(),
            (T::Trigger, _) => Code::ResourceNotFoundErrNoTrigger.into(),
            (T::Instance, _) => Code::ResourceNotFound.into(),
            (
                T::Account
                | T::SigningKey
                | T::SealedSecret
                | T::InstanceId
                | T::Blob
                | T::Upload
                | T::StagedUpload
                | T::StoreId
                | T::Job,
                _,
            ) => not_there_any_more(thing),
        }
    }

    fn gone(self, thing: Thing) -> Said {
        use Thing as T;
        match (thing, self) {
            // Another tag points at the same manifest, and the permission check did not cover that tag.
            (T::Tag, _) => Code::AuthFailureUnauthorizedOperation.into(),
            (T::Namespace, Self::Personal) => Code::InvalidParameterErrNsMisMatch.into(),
            (T::Account | T::AccessKey | T::Instance, _) => not_there_any_more(thing),
            (thing, _) => self.unknown(thing),
        }
    }

    /// A session asked for something that would outlive it.
    fn session(self) -> Said {
        match self {
            Self::Cam => Code::FailedOperationTempKeyNotAllowed.into(),
            Self::Personal | Self::Enterprise => {
                let message = "temporary keys cannot make passwords that would outlive them";
                Said::new(Code::UnsupportedOperation, message)
            }
        }
    }

    /// The policy of a session does not fit into a token.
    fn too_large(self) -> Said {
        match self {
            Self::Cam => Code::InvalidParameterPolicyTooLong.into(),
            Self::Personal | Self::Enterprise => {
                let message = "the policy of the session is too long to be in a password";
                Said::new(Code::UnsupportedOperation, message)
            }
        }
    }

    fn invalid(self, what: Input, problem: String) -> Said {
        let code = match (what, self) {
            (Input::UserName, _) => Code::InvalidParameterUserNameIllegal,
            (Input::Password, Self::Cam) => Code::InvalidParameterPasswordViolatedRules,
            (Input::Password, Self::Personal | Self::Enterprise) => Code::InvalidParameter,
            (Input::PolicyName, _) => Code::InvalidParameterPolicyNameError,
            (Input::RoleName, _) => Code::InvalidParameterRoleNameError,
            (Input::ProviderName, _) => Code::InvalidParameterValueNameError,
            (Input::ProviderUrl, _) => Code::InvalidParameterValueIdentityUrlError,
            (Input::ProviderKeys, _) => Code::InvalidParameterValueIdentityKeyError,
            // The default text of the code already contains the rule.
            (Input::Description, _) => return Code::InvalidParameterDescriptionLengthOverlimit.into(),
            (Input::ResourceTag, _) => Code::InvalidParameterTagParamError,
            (Input::Duration, _) => Code::InvalidParameterOverTimeError,
            (Input::Parameter, Self::Cam) => Code::InvalidParameterParamError,
            (Input::Parameter, Self::Personal | Self::Enterprise) => Code::InvalidParameterValue,
        };
        Said::new(code, problem)
    }
}

/// Reports a missing thing in an instance that exists.
fn not_in_instance(word: &str) -> Said {
    Said::new(Code::ResourceNotFoundTcrResourceNotFound, format!("there is no such {word} in the instance"))
}

fn not_there_any_more(thing: Thing) -> Said {
    let message = Phrase::both(format!("the {thing} no longer exists"), "已经不存在");
    Said::new(Code::ResourceNotFound, message)
}

fn exists(thing: Thing) -> Said {
    use Thing as T;
    match thing {
        T::Account | T::User => Code::InvalidParameterSubUserNameInUse.into(),
        T::Group => Code::InvalidParameterGroupNameInUse.into(),
        T::Policy => Code::FailedOperationPolicyNameInUse.into(),
        T::Role => Code::InvalidParameterRoleNameInUse.into(),
        T::Provider => Code::InvalidParameterIdentityNameInUse.into(),
        T::Password => Code::InvalidParameterErrUserExist.into(),
        T::Namespace => Code::InvalidParameterErrNamespaceExist.into(),
        T::Repository => Code::InvalidParameterErrRepoExist.into(),
        T::Trigger => Code::InvalidParameterErrTriggerExist.into(),
        T::Instance => Code::InternalErrorErrorConflict.into(),
        T::AccessKey
        | T::SigningKey
        | T::SealedSecret
        | T::InstanceId
        | T::InstanceToken
        | T::Manifest
        | T::Tag
        | T::Blob
        | T::Upload
        | T::StagedUpload
        | T::StoreId
        | T::Job => {
            let message = Phrase::both(format!("the {thing} already exists"), "已经存在");
            Said::new(Code::InternalErrorErrConflict, message)
        }
    }
}

fn in_use(thing: Thing) -> Said {
    use Thing as T;
    match thing {
        T::User => Code::OperationDeniedHaveKeys.into(),
        T::Policy => {
            let message = "the policy is a permission boundary; remove the boundary first";
            Said::new(Code::FailedOperationUnmodifiable, message)
        }
        T::Namespace => {
            let english = "there are repositories in the namespace: delete them first";
            Said::new(Code::ResourceInUse, Phrase::both(english, "命名空间中还有仓库，请先删除仓库"))
        }
        T::Repository => {
            let english = "there are images in the repository; ForceDelete deletes them too";
            Said::new(Code::ResourceInUse, Phrase::both(english, "仓库中还有镜像；ForceDelete 会一并删除"))
        }
        T::Instance => {
            let english = "there are repositories in the instance: delete them first, or ask for DeleteBucket";
            Said::new(Code::ResourceInUse, Phrase::both(english, "实例中还有仓库：请先删除仓库，或使用 DeleteBucket"))
        }
        T::Account
        | T::Group
        | T::Role
        | T::Provider
        | T::AccessKey
        | T::Password
        | T::SigningKey
        | T::SealedSecret
        | T::InstanceId
        | T::InstanceToken
        | T::Manifest
        | T::Tag
        | T::Blob
        | T::Upload
        | T::StagedUpload
        | T::Trigger
        | T::StoreId
        | T::Job => Said::new(Code::ResourceInUse, Phrase::both(format!("the {thing} is in use"), "正在使用中")),
    }
}

fn listed(index: &Digest) -> Said {
    let english = format!("the index {index} of the repository lists the image: delete that index first");
    let chinese = format!("仓库中的索引 {index} 包含该镜像，请先删除该索引");
    Said::new(Code::ResourceInUse, Phrase::both(english, chinese))
}

fn preset(thing: Thing) -> Said {
    Said::new(Code::InvalidParameterPolicyIdError, format!("a preset {thing} cannot be changed"))
}

fn protected(thing: Thing) -> Said {
    let english = match thing {
        Thing::Instance => "the instance is protected: turn DeletionProtection off first".to_owned(),
        other => format!("the {other} is protected from deletion"),
    };
    Said::new(Code::OperationDenied, Phrase::both(english, "已开启删除保护"))
}

fn limit_reached(what: Counted, limit: u64) -> Said {
    let (code, chinese) = match what {
        Counted::Namespaces => (Code::LimitExceededErrNamespaceMaxLimit, "命名空间"),
        Counted::Repositories => (Code::LimitExceededErrRepoMaxLimit, "仓库"),
        Counted::Triggers => (Code::LimitExceededErrTriggerMaxLimit, "触发器"),
        Counted::InstanceTokens => (Code::LimitExceeded, "资源"),
        Counted::Instances => (Code::InternalErrorErrorOverLimit, "实例"),
        Counted::ResourceTags => return Code::InvalidParameterTagLimitExceeded.into(),
        Counted::Users => return full(Code::InvalidParameterSubUserFull, limit, "sub-accounts in an account"),
        Counted::Groups => return full(Code::InvalidParameterGroupFull, limit, "groups in an account"),
        Counted::GroupsOfUser => return full(Code::InvalidParameterUserGroupFull, limit, "groups for one user"),
        Counted::UsersOfGroup => return full(Code::InvalidParameterGroupUserFull, limit, "users in one group"),
        Counted::Policies => return full(Code::FailedOperationPolicyFull, limit, "policies in an account"),
        Counted::Attachments => {
            return full(Code::InvalidParameterAttachmentFull, limit, "policies for one user, group or role");
        }
        Counted::Roles => return full(Code::InvalidParameterRoleFull, limit, "roles in an account"),
        Counted::Providers => return full(Code::LimitExceededIdentityFull, limit, "identity providers in an account"),
        Counted::AccessKeys => {
            return full(Code::OperationDeniedAccessKeyOverLimit, limit, "access keys for one account");
        }
    };
    let english = format!("no more than {limit} {what} are allowed");
    Said::new(code, Phrase::both(english, format!("{chinese}最多 {limit} 个")))
}

fn full(code: Code, limit: u64, things: &str) -> Said {
    Said::new(code, format!("there may be no more than {limit} {things}"))
}

/// Returns the code that the policy engine has set for a fault in a document.
fn document(error: PolicyError) -> Said {
    let code = Code::ALL.iter().find(|code| code.wire() == error.code);
    Said::new(code.copied().unwrap_or(Code::InvalidParameterPolicyDocumentError), error.message)
}

/// Reports what the authorizer did not allow.
fn refused(denied: &Denied) -> Said {
    match denied {
        Denied::ReadOnly => {
            let chinese = "镜像仓库正在维护，目前只读，暂时不能变更";
            Said::new(Code::ResourceUnavailable, Phrase::both(denied.to_string(), chinese))
        }
        Denied::Unauthenticated | Denied::InsufficientScope | Denied::Forbidden | Denied::Unavailable(_) => {
            Code::AuthFailureUnauthorizedOperation.into()
        }
    }
}

/// Reports a wrong policy of a session.
fn session_policy(error: PolicyError) -> Said {
    let code = match error.code.strip_prefix("InvalidParameter.").unwrap_or(error.code) {
        "PolicyDocumentError" => Code::InvalidParameterStrategyFormatError,
        "PolicyDocumentLengthOverLimit" => Code::InvalidParameterPolicyTooLong,
        "GrantOtherResource" | "ResourceUinError" => Code::InvalidParameterGrantOtherResource,
        resource if resource.starts_with("Resource") => Code::InvalidParameterResouceError,
        _ => Code::InvalidParameterStrategyInvalid,
    };
    Said::new(code, error.message)
}

/// Reports too many wrong attempts.
pub(super) fn throttled(retry_after: Duration) -> Said {
    let seconds = retry_after.as_secs().max(1);
    let english = format!("too many requests with a wrong signature; try again in {seconds} s");
    let chinese = format!("签名错误的请求过多，请在 {seconds} 秒后重试");
    Said::new(Code::RequestLimitExceeded, Phrase::both(english, chinese))
}

#[cfg(test)]
mod tests {
    use roadstead_policy::{Author, Policy, Use};
    use roadstead_types::Algorithm;

    use super::super::language::Language;
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
            assert_eq!(Dialect::Cam.said(Error::PolicyDocument(error)).code(), code, "{text}");
        }
    }

    #[test]
    fn an_image_that_an_index_lists_is_refused_with_the_digest_of_the_index() {
        let index = Digest::of(Algorithm::Sha256, b"an index");
        let said = Dialect::Enterprise.said(Error::Listed { index: index.clone() });
        assert_eq!(said.code(), Code::ResourceInUse);
        for language in [Language::English, Language::Chinese] {
            assert!(said.text(language).contains(index.as_str()), "{}", said.text(language));
        }
    }

    #[test]
    fn the_same_refusal_has_a_code_for_each_group_of_actions() {
        let code = |dialect: Dialect, error| dialect.said(error).code();
        let repository = || Error::Unknown(Thing::Repository);
        assert_eq!(code(Dialect::Personal, repository()), Code::ResourceNotFoundErrNoRepo);
        assert_eq!(code(Dialect::Enterprise, repository()), Code::ResourceNotFoundTcrResourceNotFound);
        let namespace = || Error::Gone(Thing::Namespace);
        assert_eq!(code(Dialect::Personal, namespace()), Code::InvalidParameterErrNsMisMatch);
        assert_eq!(code(Dialect::Enterprise, namespace()), Code::ResourceNotFoundTcrResourceNotFound);
        let password = || Error::invalid(Input::Password, "too short");
        assert_eq!(code(Dialect::Personal, password()), Code::InvalidParameter);
        assert_eq!(code(Dialect::Cam, password()), Code::InvalidParameterPasswordViolatedRules);
    }
}
