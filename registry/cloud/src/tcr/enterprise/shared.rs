//! Helpers for the actions on instances: ids, names, texts, tags, filters, pages.

use roadstead_auth::Mode;
use roadstead_policy::op::Realm;
use roadstead_service::instances::OwnInstance;
use roadstead_service::records::ResourceTag;
use roadstead_types::{InstanceId, RepositoryName};
use serde::{Deserialize, Serialize};

use crate::action::Allowed;
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::language::Phrase;

/// The most tags of a resource.
const MAX_TAGS: usize = 10;
/// The longest key or value of a tag, in characters.
const MAX_TAG: usize = 127;

/// The most filters of a list.
const MAX_FILTERS: usize = 10;
/// The most values of a filter.
const MAX_VALUES: usize = 100;

/// Parses the id of an instance.
pub(super) fn instance_id(text: &str) -> CloudResult<InstanceId> {
    text.parse().map_err(|_| invalid("RegistryId is not the id of an instance"))
}

/// Parses the name of a repository of an instance from its two parts.
pub(super) fn repository_name(namespace: &str, name: &str) -> CloudResult<RepositoryName> {
    let malformed = |what| invalid(format!("{what} is malformed"));
    if namespace.contains('/') {
        return Err(malformed("NamespaceName"));
    }
    format!("{namespace}/{name}").parse().map_err(|_| malformed("NamespaceName or RepositoryName"))
}

/// Parses an instance and one of its repositories.
pub(super) fn repository(id: &str, namespace: &str, name: &str) -> CloudResult<(InstanceId, RepositoryName)> {
    Ok((instance_id(id)?, repository_name(namespace, name)?))
}

/// Returns an instance as policies name it.
pub(super) fn realm(id: &InstanceId) -> Realm<'_> {
    Realm::Instance(id.as_str())
}

/// Reports a malformed parameter.
pub(super) fn invalid(message: impl Into<Phrase>) -> CloudError {
    CloudError::new(Code::InvalidParameter, message)
}

/// Returns the caller's instance with this id. An instance of another account looks like a missing one, which is reported
/// as `missing`.
pub(super) async fn own<E: Mode>(call: &Allowed<'_, E>, id: &InstanceId, missing: Code) -> CloudResult<OwnInstance<E>> {
    let found = call.services().instances().find(call.instance(id)).await?;
    found.ok_or_else(|| CloudError::new(missing, format!("there is no instance {id}")))
}

/// Refuses a text that is too long or contains control characters.
pub(super) fn check_text(name: &'static str, text: &str, longest: usize) -> CloudResult<()> {
    let is_odd = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t');
    if text.chars().count() > longest || text.contains(is_odd) {
        let message = format!("{name} has at most {longest} characters, and no control characters");
        return Err(invalid(message));
    }
    Ok(())
}

/// A cloud tag.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct WireTag {
    key: String,
    #[serde(default)]
    value: String,
}

/// The cloud tags of a resource.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct TagSpecification {
    #[serde(default)]
    resource_type: Option<String>,
    #[serde(default)]
    tags: Vec<WireTag>,
}

impl TagSpecification {
    /// Checks the tags and returns them in the form that is stored.
    pub(super) fn checked(self) -> CloudResult<Vec<ResourceTag>> {
        if self.tags.len() > MAX_TAGS {
            return Err(Code::InvalidParameterErrorTagOverLimit.into());
        }
        let mut tags = Vec::new();
        for WireTag { key, value } in self.tags {
            check_text("a key", &key, MAX_TAG)?;
            check_text("a value", &value, MAX_TAG)?;
            if key.is_empty() {
                return Err(invalid("the key of a tag is empty"));
            }
            tags.push(ResourceTag { key, value });
        }
        tags.sort();
        if tags.windows(2).any(|pair| pair[0].key == pair[1].key) {
            return Err(invalid("two tags have the same key"));
        }
        Ok(tags)
    }

    /// Converts stored tags for an answer.
    pub(super) fn of(resource_type: &str, tags: Vec<ResourceTag>) -> Self {
        let tags = tags.into_iter().map(|ResourceTag { key, value }| WireTag { key, value }).collect();
        Self { resource_type: Some(resource_type.to_owned()), tags }
    }
}

/// A filter of a list.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Filter {
    pub(super) name: String,
    pub(super) values: Vec<String>,
}

/// Refuses filters without values, and too many filters or values.
pub(super) fn check_filters(filters: &[Filter]) -> CloudResult<()> {
    for (index, filter) in filters.iter().enumerate() {
        CloudError::if_empty(&filter.values, &format!("Filters.{index}.Values"))?;
    }
    if filters.len() > MAX_FILTERS || filters.iter().any(|filter| filter.values.len() > MAX_VALUES) {
        let message = format!("there may be {MAX_FILTERS} Filters of {MAX_VALUES} Values each");
        return Err(invalid(message));
    }
    Ok(())
}

/// Returns whether one of the tags is `KEY:VALUE`, or has the key `KEY`.
pub(super) fn is_tagged(tags: &[ResourceTag], wanted: &str) -> bool {
    tags.iter().any(|tag| match wanted.split_once(':') {
        Some((key, value)) => tag.key == key && tag.value == value,
        None => tag.key == wanted,
    })
}
