//! Rules for names, texts and tags.

use serde::{Deserialize, Serialize};

use roadstead_types::Counted;

use crate::{Error, Input, Result};

/// A tag of a policy or a role.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CamTag {
    /// The key, unique per policy or role.
    pub key: String,
    /// The value.
    #[serde(default)]
    pub value: String,
}

/// The most tags of a policy or role.
const MAX_TAGS: usize = 50;
const MAX_TAG_KEY_CHARS: usize = 127;
const MAX_TAG_VALUE_CHARS: usize = 255;
/// The longest description of a policy or a role, in bytes.
const MAX_DESCRIPTION_BYTES: usize = 300;
const MAX_NAME_CHARS: usize = 128;
const MAX_REMARK_CHARS: usize = 512;
const MAX_GROUP_NAME_CHARS: usize = 64;
const MAX_KEY_DESCRIPTION_CHARS: usize = 1024;
const MAX_CONTACT_CHARS: usize = 254;

/// Returns the tags in the form that the database stores.
pub(super) fn tags_to_store(tags: &[CamTag]) -> Result<String> {
    if tags.len() > MAX_TAGS {
        return Err(Error::LimitReached { what: Counted::ResourceTags, limit: MAX_TAGS as u64 });
    }
    for (index, tag) in tags.iter().enumerate() {
        let fits = (1..=MAX_TAG_KEY_CHARS).contains(&tag.key.chars().count())
            && tag.value.chars().count() <= MAX_TAG_VALUE_CHARS
            && !tag.key.chars().chain(tag.value.chars()).any(char::is_control);
        if !fits {
            let rule = "a tag has a key of 1 to 127 characters and a value of at most 255, without control characters";
            return Err(Error::invalid(Input::ResourceTag, rule));
        }
        if tags.iter().take(index).any(|other| other.key == tag.key) {
            return Err(Error::invalid(Input::ResourceTag, format!("the key {:?} occurs twice", tag.key)));
        }
    }
    serde_json::to_string(tags).map_err(Error::internal)
}

/// Reads stored tags. A damaged text counts as no tags.
pub(super) fn stored_tags(text: &str) -> Vec<CamTag> {
    serde_json::from_str(text).unwrap_or_default()
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_CHARS).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b))
}

/// Refuses a text that is no valid name for a `thing`.
fn name(what: Input, thing: &str, text: &str) -> Result<()> {
    let problem = || format!("the name of a {thing} is 1 to 128 letters, digits and characters of +=,.@_-");
    if is_name(text) { Ok(()) } else { Err(Error::invalid(what, problem())) }
}

pub(super) fn policy_name(text: &str) -> Result<()> {
    name(Input::PolicyName, "policy", text)
}

pub(super) fn role_name(text: &str) -> Result<()> {
    name(Input::RoleName, "role", text)
}

pub(super) fn provider_name(text: &str) -> Result<()> {
    name(Input::ProviderName, "provider", text)
}

pub(super) fn description(text: &str) -> Result<()> {
    let fits = text.len() <= MAX_DESCRIPTION_BYTES && !text.contains('\0');
    let problem = || format!("Description has at most {MAX_DESCRIPTION_BYTES} bytes, none of them NUL");
    if fits { Ok(()) } else { Err(Error::invalid(Input::Description, problem())) }
}

fn line(name: &str, text: &str, most: usize) -> Result<()> {
    let fits = text.chars().count() <= most && !text.chars().any(char::is_control);
    let problem = || format!("{name} has at most {most} characters, none of them a control character");
    if fits { Ok(()) } else { Err(Error::invalid(Input::Parameter, problem())) }
}

pub(super) fn remark(text: &str) -> Result<()> {
    line("Remark", text, MAX_REMARK_CHARS)
}

pub(super) fn contact(name: &str, text: Option<&str>) -> Result<()> {
    text.map_or(Ok(()), |text| line(name, text, MAX_CONTACT_CHARS))
}

pub(super) fn group_name(name: &str) -> Result<()> {
    if name.trim().is_empty() || name.trim() != name {
        return Err(Error::invalid(Input::Parameter, "GroupName is empty, or begins or ends with a space"));
    }
    line("GroupName", name, MAX_GROUP_NAME_CHARS)
}

pub(crate) fn key_description(text: &str) -> Result<()> {
    let fits = text.len() <= MAX_KEY_DESCRIPTION_CHARS
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b));
    let rule = "Description has at most 1024 letters, digits and characters of _+=,.@:/-";
    if fits { Ok(()) } else { Err(Error::invalid(Input::Parameter, rule)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> CamTag {
        CamTag { key: key.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn names_have_rules() {
        for name in ["a", "A+=,.@_-9", &"x".repeat(128)] {
            assert!(policy_name(name).is_ok() && role_name(name).is_ok(), "{name}");
        }
        for name in ["", " ", "a b", "a/b", "ä", "a\n", &"x".repeat(129)] {
            assert!(policy_name(name).is_err() && role_name(name).is_err(), "{name:?}");
        }
        for name in ["ops", "运维组", "two words"] {
            assert!(group_name(name).is_ok(), "{name}");
        }
        for name in ["", " ", " a", "a ", "a\nb", &"x".repeat(65)] {
            assert!(group_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn texts_have_lengths() {
        assert!(description(&"ä".repeat(150)).is_ok());
        assert!(description(&"ä".repeat(151)).is_err(), "bytes, not characters");
        assert!(key_description("CI=a+b,c.d@e:f/g-h_i").is_ok() && key_description("").is_ok());
        assert!(key_description("two words").is_err() && key_description(&"x".repeat(1025)).is_err());
        assert!(remark("\u{7}").is_err() && contact("Email", Some(&"x".repeat(255))).is_err());
    }

    #[test]
    fn tags_are_kept_as_they_are() {
        let tags = [tag("env", "prod"), tag("团队", "")];
        assert_eq!(stored_tags(&tags_to_store(&tags).unwrap()), tags);
        assert_eq!(stored_tags("nonsense"), []);
        let many: Vec<CamTag> = (0..51).map(|n| tag(&n.to_string(), "")).collect();
        assert!(matches!(tags_to_store(&many), Err(Error::LimitReached { what: Counted::ResourceTags, limit: 50 })));
        for bad in [vec![tag("", "x")], vec![tag("a", "1"), tag("a", "2")], vec![tag("a\0", "")]] {
            assert!(matches!(tags_to_store(&bad), Err(Error::Invalid { what: Input::ResourceTag, .. })), "{bad:?}");
        }
    }
}
