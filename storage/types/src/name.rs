//! Names of repositories, namespaces, instances and tags.

use std::fmt;
use std::str::FromStr;

use super::digest::{Digest, DigestError};

/// Why a text is not a valid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a repository name.
    #[error(
        "a repository name is parts of a-z and 0-9 joined by '.', '_', '__' or '-', separated by '/', 255 characters at most"
    )]
    Repository,
    /// A repository name without a namespace.
    #[error("a repository name needs a namespace in front of it: library/{0} for example, in place of {0}")]
    NoNamespace(String),
    /// Not a namespace name.
    #[error("a namespace name is 2 to 63 characters of a-z and 0-9, joined by '.', '_', '__' or '-'")]
    Namespace,
    /// Not the name of an instance.
    #[error("the name of an instance is 3 to 50 characters of a-z, 0-9 and '-', the first and the last not '-'")]
    Instance,
    /// Not a tag.
    #[error("a tag is 1 to 128 characters of A-Z, a-z, 0-9, '_', '.', '-', the first not '.' or '-'")]
    Tag,
    /// Not a digest, though it contains a colon.
    #[error(transparent)]
    Digest(#[from] DigestError),
}

/// Tells whether a text is a path component of a repository name: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn is_component(text: &str) -> bool {
    let bytes = text.as_bytes();
    let alnum = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else { return false };
    if !alnum(first) || !alnum(last) {
        return false;
    }
    bytes.split(|&b| alnum(b)).all(|separator| match separator {
        b"" | b"." | b"_" | b"__" => true,
        dashes => dashes.iter().all(|&b| b == b'-'),
    })
}

/// The name of a repository, `NAMESPACE/NAME` with possibly more parts (distribution-spec, "Pulling manifests":
/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/...)*`), at least two parts and 255 characters at most.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RepositoryName {
    text: String,
    namespace_len: usize,
}

impl RepositoryName {
    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first part: the name of the namespace.
    pub fn namespace(&self) -> &str {
        &self.text[..self.namespace_len]
    }

    /// Everything after the namespace.
    pub fn name(&self) -> &str {
        &self.text[self.namespace_len + 1..]
    }
}

impl FromStr for RepositoryName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.len() > 255 || !text.split('/').all(is_component) {
            return Err(NameError::Repository);
        }
        match text.find('/') {
            Some(namespace_len) => Ok(Self { text: text.to_owned(), namespace_len }),
            None => Err(NameError::NoNamespace(text.to_owned())),
        }
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The name of a namespace: one part of a repository name, 2 to 63 characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NamespaceName(String);

impl NamespaceName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NamespaceName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if (2..=63).contains(&text.len()) && is_component(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::Namespace)
        }
    }
}

impl fmt::Display for NamespaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an enterprise instance, which is a part of its host: 3 to 50 characters of `a-z`, `0-9` and `-`, the
/// first and the last not `-`, and not beginning like an encoded name (`xn--`, RFC 5890).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct InstanceName(String);

impl InstanceName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for InstanceName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let fits = (3..=50).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.starts_with("xn--");
        if fits { Ok(Self(text.to_owned())) } else { Err(NameError::Instance) }
    }
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}` (distribution-spec, "Pulling manifests").
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tag(String);

impl Tag {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let fits = (1..=128).contains(&text.len())
            && text.bytes().all(|b| word(b) || b == b'.' || b == b'-')
            && text.bytes().next().is_some_and(word);
        if fits { Ok(Self(text.to_owned())) } else { Err(NameError::Tag) }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The way in which a request names a manifest: by tag or by digest.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Reference {
    /// By tag.
    Tag(Tag),
    /// By digest.
    Digest(Digest),
}

impl FromStr for Reference {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        // Digests have a colon, and tags have none.
        if text.contains(':') { Ok(Self::Digest(text.parse()?)) } else { Ok(Self::Tag(text.parse()?)) }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_names_follow_the_grammar() {
        for good in ["a/b", "library/hello-world", "a0/b__c.d-e---f", "x/y/z/w"] {
            assert!(good.parse::<RepositoryName>().is_ok(), "{good}");
        }
        for bad in [
            "", "a", "a/", "/a", "a//b", "A/b", "a/B", "../a", "a/..", "a/.b", "a/b.", "a/b___c", "a/b._c", "a/b%2fc",
            "a/b\0", "a/ü", "a/b c", "a/-b", "a/b-",
        ] {
            assert!(bad.parse::<RepositoryName>().is_err(), "{bad:?}");
        }
        assert!(format!("a/{}", "b".repeat(253)).parse::<RepositoryName>().is_ok());
        assert!(format!("a/{}", "b".repeat(254)).parse::<RepositoryName>().is_err());
    }

    #[test]
    fn a_name_of_one_part_is_told_what_it_lacks() {
        let error = "ubuntu".parse::<RepositoryName>().unwrap_err();
        assert!(error.to_string().contains("library/ubuntu"), "{error}");
        assert_eq!("Ubuntu".parse::<RepositoryName>(), Err(NameError::Repository));
    }

    #[test]
    fn repository_names_know_their_parts() {
        let name: RepositoryName = "team/app/web".parse().unwrap_or_else(|e| unreachable!("{e}"));
        assert_eq!((name.namespace(), name.name()), ("team", "app/web"));
    }

    #[test]
    fn references_are_tags_or_digests() {
        assert!(matches!("latest".parse(), Ok(Reference::Tag(_))));
        let digest = format!("sha256:{}", "a".repeat(64));
        assert!(matches!(digest.parse(), Ok(Reference::Digest(_))));
        assert!("sha256:zz".parse::<Reference>().is_err());
        assert!(".a".parse::<Reference>().is_err());
        assert!("a".repeat(129).parse::<Reference>().is_err());
    }

    #[test]
    fn names_of_instances_are_parts_of_hosts() {
        for good in ["abc", "a-1", "team-registry", "0ab", &"a".repeat(50)] {
            assert!(good.parse::<InstanceName>().is_ok(), "{good}");
        }
        for bad in ["", "ab", "-ab", "ab-", "A-b", "a.b", "a_b", "a b", "xn--abc", "a/b", "ü-b", &"a".repeat(51)] {
            assert!(bad.parse::<InstanceName>().is_err(), "{bad:?}");
        }
    }

    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_the_grammar_makes_is_a_name(
            text in "[a-z0-9]{1,9}((\\.|_|__|-{1,3})[a-z0-9]{1,9}){0,3}(/[a-z0-9]{1,9}((\\.|_|__|-{1,3})[a-z0-9]{1,9}){0,2}){1,3}"
        ) {
            let name: RepositoryName = text.parse().unwrap();
            prop_assert_eq!(name.as_str(), &text);
            prop_assert_eq!(format!("{}/{}", name.namespace(), name.name()), text);
        }

        #[test]
        fn no_name_leaves_its_directory(text in "[a-b0/._\\-%A\\\\\u{0}]{0,12}") {
            if let Ok(name) = text.parse::<RepositoryName>() {
                prop_assert!(name.as_str().split('/').all(|part| !part.is_empty() && !part.starts_with('.')));
                prop_assert!(name.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"/._-".contains(&b)));
            }
            if let Ok(tag) = text.parse::<Tag>() {
                prop_assert!(!tag.as_str().contains(['/', '%', '\\', '\0']) && !tag.as_str().starts_with('.'));
            }
            if let Ok(namespace) = text.parse::<NamespaceName>() {
                prop_assert!(!namespace.as_str().contains('/') && namespace.as_str().len() >= 2);
            }
        }

        #[test]
        fn a_reference_is_spelled_as_it_came(text in ".{0,140}") {
            if let Ok(reference) = text.parse::<Reference>() {
                prop_assert_eq!(reference.to_string(), text);
            }
        }
    }
}
