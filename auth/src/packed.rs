//! Packs the repositories of a token into fewer bytes than the `access` claim, for tokens that name many.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::identity::Grant;

const REPOSITORY: &str = "repository";

/// Repositories by actions and then by namespace: `{"pull,push":{"team":["app","web"]}}`.
#[derive(Serialize, Deserialize, Default)]
#[serde(transparent)]
pub(crate) struct Packed(BTreeMap<String, BTreeMap<String, Vec<String>>>);

impl Packed {
    /// Moves the repositories out of `access`. Other grants stay there.
    pub(crate) fn take(access: &mut Vec<Grant>) -> Self {
        let mut packed = Self::default();
        access.retain(|grant| {
            let Some((namespace, name)) = grant.name.split_once('/').filter(|_| grant.kind == REPOSITORY) else {
                return true;
            };
            let namespaces = packed.0.entry(grant.actions.join(",")).or_default();
            namespaces.entry(namespace.to_owned()).or_default().push(name.to_owned());
            false
        });
        packed
    }

    /// Unpacks the repositories.
    pub(crate) fn grants(self) -> impl Iterator<Item = Grant> {
        self.0.into_iter().flat_map(|(actions, namespaces)| {
            let actions: Vec<String> = actions.split(',').map(str::to_owned).collect();
            namespaces.into_iter().flat_map(move |(namespace, names)| {
                let actions = actions.clone();
                names.into_iter().map(move |name| Grant {
                    kind: REPOSITORY.to_owned(),
                    name: format!("{namespace}/{name}"),
                    actions: actions.clone(),
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(kind: &str, name: &str, actions: &[&str]) -> Grant {
        let actions = actions.iter().map(|&action| action.to_owned()).collect();
        Grant { kind: kind.to_owned(), name: name.to_owned(), actions }
    }

    #[test]
    fn repositories_come_back_and_the_rest_stays() {
        let catalog = grant("registry", "catalog", &["*"]);
        let repositories = [
            grant(REPOSITORY, "a/b", &["pull"]),
            grant(REPOSITORY, "a/c/d", &["pull"]),
            grant(REPOSITORY, "b/b", &["pull"]),
            grant(REPOSITORY, "a/e", &["pull", "push"]),
        ];
        let mut access: Vec<Grant> = repositories.iter().cloned().chain([catalog.clone()]).collect();
        let packed = Packed::take(&mut access);
        assert_eq!(access, [catalog]);
        let text = serde_json::to_string(&packed).unwrap();
        assert_eq!(text, r#"{"pull":{"a":["b","c/d"],"b":["b"]},"pull,push":{"a":["e"]}}"#);
        let read: Packed = serde_json::from_str(&text).unwrap();
        assert_eq!(read.grants().collect::<Vec<_>>(), repositories);
    }
}
