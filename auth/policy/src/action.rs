//! The `action` of a statement.

use super::error::{Fault, PolicyError, Result};
use super::json::Json;
use super::known::{ActionSet, is_owned};
use super::reader::Reader;

/// Adds the actions that a pattern names to the set.
fn add(set: &mut ActionSet, pattern: &str) -> Result<()> {
    if pattern == "*" {
        *set = ActionSet::ALL;
        return Ok(());
    }
    let lower = pattern.to_ascii_lowercase();
    let named = if lower.contains('*') {
        ActionSet::matching(|name| glob(&lower, name))
    } else {
        let mut one = ActionSet::default();
        one.insert(&lower);
        one
    };
    *set = set.union(&named);
    let service = pattern.split(':').next().unwrap_or_default().to_ascii_lowercase();
    if named.is_empty() && is_owned(&service) {
        return Err(PolicyError::new(Fault::ActionNotExist, format!("no action is called {pattern:?}")));
    }
    Ok(())
}

/// Parses the actions of a statement. Returns them also in canonical form, and whether some are not understood.
pub(super) fn read(reader: &mut Reader<'_>, value: Option<&Json>) -> Result<(ActionSet, Vec<String>, bool)> {
    let Some(list) = value.map(Json::list).filter(|list| !list.is_empty()) else {
        return Err(PolicyError::new(Fault::Action, "a statement needs an action, and the list of them is not empty"));
    };
    let (mut actions, mut canonical, mut unknown) = (ActionSet::default(), Vec::new(), false);
    for item in list {
        match repaired(reader, item) {
            Ok(pattern) => {
                let added = add(&mut actions, &pattern);
                if reader.strict {
                    added?;
                }
                canonical.push(pattern);
            }
            Err(error) if reader.strict => return Err(error),
            Err(_) => unknown = true,
        }
    }
    Ok((actions, canonical, unknown))
}

/// Parses one action, and repairs its spelling.
fn repaired(reader: &mut Reader<'_>, item: &Json) -> Result<String> {
    let error = |text: &str| {
        PolicyError::new(Fault::Action, format!("{text:?} is not an action: it is \"*\" or \"service:Name\""))
    };
    let text = item.text().ok_or_else(|| PolicyError::new(Fault::Action, "an action is a string"))?.trim();
    if text == "*" {
        return Ok(text.to_owned());
    }
    let plain = text.strip_prefix("name/").unwrap_or(text);
    let (service, name) = match plain.split_once(':') {
        Some(parts) => parts,
        None => {
            let parts = plain.split_once('>').ok_or_else(|| error(text))?;
            reader.warn(format!("{text:?} was read as \"{}:{}\"", parts.0, parts.1));
            parts
        }
    };
    let (service, name) = (service.trim(), name.trim());
    let token = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'*';
    if service.is_empty() || name.is_empty() || !service.bytes().all(token) || !name.bytes().all(word) {
        return Err(error(text));
    }
    Ok(format!("{service}:{name}"))
}

/// Tells whether the text matches the pattern, in which `*` stands for any characters.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(text) = text.strip_suffix(last) else { return false };
    middle.split('*').try_fold(text, |text, part| text.split_once(part).map(|(_, after)| after)).is_some()
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn asterisks_stand_for_any_run() {
        for (pattern, text) in [("a:*", "a:"), ("a:*b*c", "a:xbybc"), ("*", ""), ("a**b", "ab"), ("a:b", "a:b")] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a:*b", "a:bc"), ("ab*b", "ab"), ("a*b*b", "ab"), ("a", "b"), ("", "a")] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }
}
