//! The scopes of docker tokens.

use std::collections::BTreeSet;

use crate::error::{Error, Result};

/// A resource and the actions that a client asks for: `type[(class)]:name:action[,action]` (docker registry token
/// specification, "Token Scope Documentation").
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scope {
    /// The resource.
    pub kind: ScopeKind,
    /// The actions, as given.
    pub actions: BTreeSet<String>,
}

/// The resource of a [`Scope`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ScopeKind {
    /// A repository. The name is as given, and may be invalid.
    Repository(String),
    /// A part of the registry itself. Only `catalog` exists.
    Registry(String),
    /// Another resource, or an unreadable text. Nothing is granted for it.
    Other,
}

impl Scope {
    /// Parses every scope of every `text`. A text may hold several, separated by spaces. An unreadable scope becomes
    /// [`ScopeKind::Other`]: the specification asks for a token with fewer grants, not for an error.
    ///
    /// # Errors
    /// `TooManyScopes` when there are more than `limit`.
    pub fn parse_all<'a>(texts: impl IntoIterator<Item = &'a str>, limit: usize) -> Result<Vec<Self>> {
        let mut scopes = Vec::new();
        for text in texts.into_iter().flat_map(|text| text.split(' ')).filter(|text| !text.is_empty()) {
            if scopes.len() == limit {
                return Err(Error::TooManyScopes { limit });
            }
            scopes.push(Self::parse(text));
        }
        Ok(scopes)
    }

    /// Parses one scope.
    pub fn parse(text: &str) -> Self {
        let nothing = Self { kind: ScopeKind::Other, actions: BTreeSet::new() };
        // The name may contain a colon before the port of a registry.
        let Some((kind, rest)) = text.split_once(':') else { return nothing };
        let Some((name, actions)) = rest.rsplit_once(':') else { return nothing };
        let Some(kind) = without_class(kind) else { return nothing };
        if name.is_empty() {
            return nothing;
        }
        let kind = match kind {
            "repository" => ScopeKind::Repository(name.to_owned()),
            "registry" => ScopeKind::Registry(name.to_owned()),
            _ => ScopeKind::Other,
        };
        let actions = actions.split(',').filter(|action| !action.is_empty()).map(str::to_owned).collect();
        Self { kind, actions }
    }
}

/// Removes the class: `repository(plugin)` becomes `repository`.
fn without_class(kind: &str) -> Option<&str> {
    match kind.split_once('(') {
        None => Some(kind),
        Some((kind, class)) => {
            let class = class.strip_suffix(')')?;
            let fits = !class.is_empty() && class.bytes().all(|b| b.is_ascii_alphanumeric());
            fits.then_some(kind)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn repository(name: &str, actions: &[&str]) -> Scope {
        let actions = actions.iter().map(|&action| action.to_owned()).collect();
        Scope { kind: ScopeKind::Repository(name.to_owned()), actions }
    }

    #[test]
    fn scopes_are_read_as_clients_write_them() {
        assert_eq!(Scope::parse("repository:library/app:pull,push"), repository("library/app", &["pull", "push"]));
        assert_eq!(Scope::parse("repository(plugin):a/b:pull"), repository("a/b", &["pull"]));
        assert_eq!(Scope::parse("repository:host:5000/a/b:pull"), repository("host:5000/a/b", &["pull"]));
        assert_eq!(Scope::parse("repository:a/b:*"), repository("a/b", &["*"]));
        assert_eq!(Scope::parse("repository:a/b:"), repository("a/b", &[]));
        let catalog = Scope::parse("registry:catalog:*");
        assert_eq!(catalog.kind, ScopeKind::Registry("catalog".to_owned()));
    }

    #[test]
    fn what_is_not_a_scope_asks_for_nothing() {
        for text in
            ["", "x", "repository", "repository:a", "repository::pull", "repository(:a:pull", "repository():a:b"]
        {
            assert_eq!(Scope::parse(text).kind, ScopeKind::Other, "{text:?}");
        }
        assert_eq!(Scope::parse("image:a/b:pull").kind, ScopeKind::Other);
    }

    #[test]
    fn there_is_a_limit() {
        let many = "repository:a/b:pull ".repeat(10_000);
        assert!(matches!(Scope::parse_all([many.as_str()], 10), Err(Error::TooManyScopes { limit: 10 })));
        let scopes = Scope::parse_all(["repository:a/b:pull  registry:catalog:*", "", "x"], 3).unwrap();
        assert_eq!(scopes.len(), 3);
    }

    proptest! {
        #[test]
        fn anything_can_be_read(text in ".{0,200}") {
            let _ = Scope::parse_all([text.as_str()], 100);
        }

        #[test]
        fn what_is_written_is_read_back(
            name in "[a-z0-9./:-]{1,40}",
            actions in proptest::collection::btree_set("[a-z*]{1,8}", 0..4),
        ) {
            let text = format!("repository:{name}:{}", Vec::from_iter(actions.iter().cloned()).join(","));
            prop_assert_eq!(Scope::parse(&text), Scope { kind: ScopeKind::Repository(name), actions });
        }
    }
}
