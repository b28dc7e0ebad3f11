//! Shared code of the actions of the personal edition: parameters and error codes.

use roadstead_auth::Identity;
use roadstead_types::RepositoryName;
use serde::Serialize;

use super::names;
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::language::Phrase;

/// The type of the repositories in this registry, as opposed to Docker Hub.
pub(super) const REPOSITORY_TYPE: &str = "QCLOUD HUB";

/// The most elements of a batch.
const MAX_BATCH: usize = 100;
/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 1024;

/// An answer whose result is in `Data`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Data<T> {
    pub(super) data: T,
}

/// Parses the repository names of a batch and removes duplicates.
pub(super) fn batch<'a>(
    parameter: &str,
    texts: impl ExactSizeIterator<Item = &'a str>,
) -> CloudResult<Vec<RepositoryName>> {
    if texts.len() == 0 {
        return Err(CloudError::missing(Code::MissingParameter, parameter));
    }
    if texts.len() > MAX_BATCH {
        let english = format!("{parameter} must have at most {MAX_BATCH} elements");
        let message = Phrase::both(english, format!("{parameter} 最多有 {MAX_BATCH} 个元素"));
        return Err(CloudError::new(Code::InvalidParameterValue, message));
    }
    let mut names: Vec<_> = texts.map(names::repository).collect::<Result<_, _>>()?;
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// Lists the names of a batch for the audit log.
pub(super) fn listed(names: &[RepositoryName]) -> String {
    names.iter().map(RepositoryName::as_str).collect::<Vec<_>>().join(",")
}

/// Reads `Public`: 1 for public, 0 for private.
pub(super) fn public(value: i64) -> CloudResult<bool> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => {
            let message = Phrase::both("Public must be 0 or 1", "Public 必须是 0 或 1");
            Err(CloudError::new(Code::InvalidParameterValue, message))
        }
    }
}

/// Checks a description, which must be short enough and printable.
pub(super) fn description(text: String) -> CloudResult<String> {
    let shown = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    if text.chars().count() > MAX_DESCRIPTION || !text.chars().all(shown) {
        let english = format!("Description must have {MAX_DESCRIPTION} characters at most, and no control characters");
        let chinese = format!("Description 最多 {MAX_DESCRIPTION} 个字符，不能有控制字符");
        return Err(CloudError::new(Code::InvalidParameterValue, Phrase::both(english, chinese)));
    }
    Ok(text)
}

/// Returns the user name of the main account, to which quotas apply.
pub(super) fn owner_name(identity: &Identity) -> String {
    identity.owner_uin.as_str().to_owned()
}
