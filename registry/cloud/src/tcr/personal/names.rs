//! Parses names of the personal edition in parameters.

use roadstead_service::Services;
use roadstead_types::{NamespaceName, RegistryId, RepositoryName, Tag};

use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};

fn wrong(parameter: &str, problem: impl std::fmt::Display) -> CloudError {
    CloudError::new(Code::InvalidParameter, format!("{parameter}: {problem}"))
}

/// Parses the name of a namespace.
pub(super) fn namespace(text: &str) -> CloudResult<NamespaceName> {
    text.parse().map_err(|problem| wrong("Namespace", problem))
}

/// Parses the name of a repository, `NAMESPACE/NAME`.
pub(super) fn repository(text: &str) -> CloudResult<RepositoryName> {
    text.parse().map_err(|problem| wrong("RepoName", problem))
}

/// Refuses a name that is not allowed for a new repository.
pub(super) fn allowed(services: &Services, parameter: &str, name: &RepositoryName) -> CloudResult<()> {
    match services.allows_name(RegistryId::PERSONAL, name) {
        true => Ok(()),
        false => Err(wrong(parameter, "a repository name has exactly two parts here: NAMESPACE/NAME")),
    }
}

/// Parses a tag.
pub(super) fn tag(parameter: &str, text: &str) -> CloudResult<Tag> {
    text.parse().map_err(|problem| wrong(parameter, problem))
}

/// Parses an image, `NAMESPACE/NAME:TAG`, without the host.
pub(super) fn image(parameter: &str, text: &str) -> CloudResult<(RepositoryName, Tag)> {
    let (name, version) =
        text.rsplit_once(':').ok_or_else(|| wrong(parameter, "an image is NAMESPACE/NAME:TAG here"))?;
    let name = name.parse().map_err(|problem| wrong(parameter, problem))?;
    Ok((name, tag(parameter, version)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_a_repository_and_a_tag() {
        let (name, version) = image("SrcImage", "ns/app:v1").unwrap();
        assert_eq!((name.as_str(), version.as_str()), ("ns/app", "v1"));
        for bad in
            ["", "ns/app", "app:v1", "ns/app:", ":v1", "h:80/ns/app:v1", "a//c:v1", "ns/app@sha256:aa", "ns/app:a/b"]
        {
            assert_eq!(image("SrcImage", bad).unwrap_err().code(), Code::InvalidParameter, "{bad}");
        }
    }
}
