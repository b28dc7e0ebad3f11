//! What the actions of the personal edition share: parameters, and what their failures are called.

use roadstead_auth::Identity;
use roadstead_types::RepositoryName;
use serde::Serialize;

use super::names;
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::language::Phrase;
use roadstead_service::PersonalError;

/// What is kept in this registry, as opposed to Docker Hub.
pub(super) const REPOSITORY_TYPE: &str = "QCLOUD HUB";

/// The most elements of a batch.
const MAX_BATCH: usize = 100;
/// The most characters of a description.
const MAX_DESCRIPTION: usize = 1024;

/// An answer that has its result in `Data`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Data<T> {
    pub(super) data: T,
}

impl From<PersonalError> for CloudError {
    fn from(error: PersonalError) -> Self {
        use PersonalError as E;
        match error {
            E::UserExists => Code::InvalidParameterErrUserExist.into(),
            E::UserUnknown => Code::ResourceNotFoundErrNoUser.into(),
            E::PasswordRules(rules) => Self::new(Code::InvalidParameter, rules),
            E::NamespaceExists => Code::InvalidParameterErrNamespaceExist.into(),
            E::NamespaceReserved => Code::InvalidParameterErrNamespaceReserved.into(),
            E::NamespaceUnknown => Code::ResourceNotFoundErrNoNamespace.into(),
            E::NamespaceInUse => {
                let english = "there are repositories in the namespace: delete them first";
                Self::new(Code::ResourceInUse, Phrase::both(english, "命名空间中还有仓库，请先删除仓库"))
            }
            E::ForeignNamespace => Code::InvalidParameterErrNsMisMatch.into(),
            E::RepositoryExists => Code::InvalidParameterErrRepoExist.into(),
            E::RepositoryUnknown => Code::ResourceNotFoundErrNoRepo.into(),
            E::Quota { what, limit } => Self::limit(what, limit),
            E::Other(error) => error.into(),
        }
    }
}

/// The names of the repositories of a batch, each once.
pub(super) fn batch(parameter: &str, texts: &[String]) -> Result<Vec<RepositoryName>, CloudError> {
    CloudError::if_empty(texts, parameter)?;
    if texts.len() > MAX_BATCH {
        let english = format!("{parameter} must have at most {MAX_BATCH} elements");
        let message = Phrase::both(english, format!("{parameter} 最多有 {MAX_BATCH} 个元素"));
        return Err(CloudError::new(Code::InvalidParameterValue, message));
    }
    let mut names: Vec<_> = texts.iter().map(|text| names::repository(text)).collect::<Result<_, _>>()?;
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// `Public`: 1 public, 0 private.
pub(super) fn public(value: i64) -> Result<bool, CloudError> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => {
            let message = Phrase::both("Public must be 0 or 1", "Public 必须是 0 或 1");
            Err(CloudError::new(Code::InvalidParameterValue, message))
        }
    }
}

/// A description that can be kept and shown.
pub(super) fn description(text: &str) -> Result<&str, CloudError> {
    let shown = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    if text.chars().count() > MAX_DESCRIPTION || !text.chars().all(shown) {
        let english = format!("Description must have {MAX_DESCRIPTION} characters at most, and no control characters");
        let chinese = format!("Description 最多 {MAX_DESCRIPTION} 个字符，不能有控制字符");
        return Err(CloudError::new(Code::InvalidParameterValue, Phrase::both(english, chinese)));
    }
    Ok(text)
}

/// Refuses temporary credentials: what they may do is limited, and what is done here would outlive the limit.
pub(super) fn no_session(call: &CloudCall<'_>) -> Result<(), CloudError> {
    if call.identity().session.is_none() {
        return Ok(());
    }
    let message = Phrase::both("temporary credentials cannot do this", "临时密钥不能执行该操作");
    Err(CloudError::new(Code::AuthFailureUnauthorizedOperation, message))
}

/// The user name of the main account, which quotas are counted for.
pub(super) fn owner_name(identity: &Identity) -> String {
    identity.owner_uin.as_str().to_owned()
}
