//! Compares decisions with a second implementation, written straight from the truth table, for random documents.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::actions;
use super::super::op::{self, Realm};
use super::super::{Documents, Policy, Request, Use, decide};
use super::{context, document, stored};

/// Actions in statements, for the operations below.
pub(super) const ACTIONS: [&str; 10] = [
    "*",
    "ccr:*",
    "tcr:*",
    "ccr:pull",
    "tcr:PullRepositoryPersonal",
    "ccr:push",
    "tcr:Push*",
    "ccr:Delete*",
    "tcr:*Personal",
    "cvm:*",
];

/// Resources in statements, each with the pattern of its path. `None` means everything.
pub(super) const RESOURCES: [(&str, Option<&str>); 9] = [
    ("*", None),
    ("qcs::ccr:::repo/*", Some("repo/*")),
    ("qcs::tcr:::repo/foo/*", Some("repo/foo/*")),
    ("qcs::ccr::repo/foo/x", Some("repo/foo/x")),
    ("qcs::tcr:shjr:uin/100000000001:repo/*/x", Some("repo/*/x")),
    ("qcs::ccr:::repo/bar/y:v*", Some("repo/bar/y:v*")),
    ("qcs::ccr:::repo/bar/y/v*", Some("repo/bar/y/v*")),
    ("qcs::ccr:bj::repo/*", Some("never")),
    ("qcs::cam:::uin/*", Some("never")),
];

/// Conditions, and their results in the context of the tests.
pub(super) fn conditions() -> Vec<(Option<Value>, Option<bool>)> {
    vec![
        (None, Some(true)),
        (Some(json!({"ip_equal": {"qcs:ip": "10.0.0.0/8"}})), Some(true)),
        (Some(json!({"ip_equal": {"qcs:ip": "11.0.0.0/8"}})), Some(false)),
        (Some(json!({"string_not_equal": {"qcs:resource_tag": "a&b"}})), None),
        (Some(json!({"string_equal": {"qcs:resource_tag": "a&b"}})), Some(false)),
        (Some(json!({"geo_equal": {"qcs:ip": "CN"}})), None),
        (Some(json!({"geo_equal": {"qcs:ip": "CN"}, "ip_equal": {"qcs:ip": "11.0.0.0/8"}})), Some(false)),
    ]
}

/// A statement, as indices into the tables.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub deny: bool,
    pub actions: Vec<usize>,
    pub resources: Vec<usize>,
    pub condition: usize,
}

impl Made {
    pub(super) fn json(&self) -> Value {
        let actions: Vec<_> = self.actions.iter().map(|at| ACTIONS[*at]).collect();
        let resources: Vec<_> = self.resources.iter().map(|at| RESOURCES[*at].0).collect();
        let effect = if self.deny { "deny" } else { "allow" };
        let mut statement = json!({"effect": effect, "action": actions, "resource": resources});
        if let Some(condition) = conditions()[self.condition].0.clone() {
            statement["condition"] = condition;
        }
        statement
    }

    fn applies(&self, asked: &Asked) -> bool {
        let action =
            |at: &usize| asked.names.iter().any(|name| like(&ACTIONS[*at].to_lowercase(), &name.to_lowercase()));
        let resource = |at: &usize| match RESOURCES[*at].1 {
            None => true,
            Some(pattern) => {
                let doubtful = asked.doubtful.iter().filter(|_| self.deny);
                asked.paths.iter().chain(doubtful).any(|path| like(pattern, path))
            }
        };
        let condition = match conditions()[self.condition].1 {
            Some(known) => known,
            None => self.deny,
        };
        self.actions.iter().any(action) && self.resources.iter().any(resource) && condition
    }
}

/// All policies of a caller.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub root: bool,
    pub identity: Vec<Vec<Made>>,
    pub boundary: Option<Vec<Made>>,
    pub session: Option<Vec<Made>>,
    pub public: bool,
}

pub(super) fn text(statements: &[Made]) -> String {
    let statements: Vec<_> = statements.iter().map(Made::json).collect();
    json!({"version": "2.0", "statement": statements}).to_string()
}

impl World {
    pub(super) fn documents(&self) -> Documents {
        let policy = |made: &Vec<Made>, usage: Use| -> Policy { stored(&text(made), usage) };
        Documents {
            root: self.root,
            identity: self.identity.iter().map(|made| document(1, policy(made, Use::Identity))).collect(),
            boundary: self.boundary.as_ref().map(|made| document(2, policy(made, Use::Boundary))),
            session: self.session.as_ref().map(|made| Arc::new(policy(made, Use::Session))),
        }
    }

    /// Looks the decision up in the truth table: whether it is allowed, and whether it is an explicit denial.
    fn answer(&self, asked: &Asked) -> (bool, bool) {
        let some = |layer: &[Made], deny: bool| layer.iter().any(|made| made.deny == deny && made.applies(asked));
        let identity: Vec<Made> = if self.root { Vec::new() } else { self.identity.concat() };
        let boundary = self.boundary.as_ref().filter(|_| !self.root);
        let layers = [Some(&identity), boundary, self.session.as_ref()];
        if layers.into_iter().flatten().any(|layer| some(layer, true)) {
            return (false, true);
        }
        let public = asked.pull && self.public && self.session.is_none();
        let granted = self.root || some(&identity, false) || public;
        let capped = |layer: Option<&Vec<Made>>| layer.is_none_or(|layer| some(layer, false));
        (granted && capped(boundary) && capped(self.session.as_ref()), false)
    }
}

/// An operation with its names and paths, as in the table of operations.
pub(super) struct Asked {
    names: &'static [&'static str],
    paths: &'static [&'static str],
    /// Paths that count for denials only.
    doubtful: &'static [&'static str],
    pull: bool,
    pub request: Request,
}

pub(super) fn operations(public: bool) -> Vec<Asked> {
    let foo = "foo/x".parse().unwrap();
    let bar = "bar/y".parse().unwrap();
    let tag = "v1".parse().unwrap();
    vec![
        Asked {
            names: &["ccr:pull", "tcr:PullRepositoryPersonal"],
            paths: &["repo/foo/x", "repo/foo/x/"],
            doubtful: &[],
            pull: true,
            request: op::pull(Realm::Personal, &foo).public_pull(public),
        },
        Asked {
            names: &["ccr:push", "tcr:PushRepositoryPersonal"],
            paths: &["repo/bar/y", "repo/bar/y/"],
            doubtful: &[],
            pull: false,
            request: op::push(Realm::Personal, &bar),
        },
        Asked {
            names: &["ccr:DeleteTag", "tcr:DeleteImagePersonal"],
            paths: &["repo/bar/y:v1", "repo/bar/y/", "repo/bar/y"],
            doubtful: &["repo/bar/y/v1"],
            pull: false,
            request: op::tag_delete(Realm::Personal, &bar, &tag),
        },
        Asked {
            names: &["ccr:DeleteUserNamespace", "tcr:DeleteNamespacePersonal"],
            paths: &["repo/foo"],
            doubtful: &[],
            pull: false,
            request: op::namespace_delete(Realm::Personal, "foo"),
        },
        Asked {
            names: &["tcr:ManageImageLifecycleGlobalPersonal", "ccr:ManageImageLifecycleGlobalPersonal"],
            paths: &[],
            doubtful: &[],
            pull: false,
            request: actions::tcr::ManageImageLifecycleGlobalPersonal.on_everything(),
        },
    ]
}

/// Tells whether the pattern matches the text, by trying everything.
pub(super) fn like(pattern: &str, text: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| like(&pattern[1..], &text[at..]))
        }
        Some(first) => text.strip_prefix(first).is_some_and(|rest| like(&pattern[first.len_utf8()..], rest)),
    }
}

pub(super) fn made() -> impl Strategy<Value = Made> {
    let actions = prop::collection::vec(0..ACTIONS.len(), 1..3);
    let resources = prop::collection::vec(0..RESOURCES.len(), 1..3);
    (prop::bool::weighted(0.3), actions, resources, 0..conditions().len())
        .prop_map(|(deny, actions, resources, condition)| Made { deny, actions, resources, condition })
}

pub(super) fn world() -> impl Strategy<Value = World> {
    let policy = || prop::collection::vec(made(), 1..4);
    let cap = || prop::option::weighted(0.4, policy());
    (prop::bool::weighted(0.2), prop::collection::vec(policy(), 0..4), cap(), cap(), any::<bool>())
        .prop_map(|(root, identity, boundary, session, public)| World { root, identity, boundary, session, public })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn the_decision_is_that_of_the_truth_table(world in world()) {
        let (documents, context) = (world.documents(), context());
        for asked in operations(world.public) {
            let decision = decide(&documents, &asked.request, &context);
            let said = (decision.is_allowed(), decision.is_explicit_denial());
            prop_assert_eq!(said, world.answer(&asked), "{} of {:?}", asked.request, world);
        }
    }

    #[test]
    fn a_rule_about_names_says_what_is_decided_about_each(world in world()) {
        let (documents, context) = (world.documents(), context());
        for about in [op::pulls(Realm::Personal), op::repository_lists(Realm::Personal)] {
            let (allowed, denied) =
                (documents.allowed_names(&about, &context).unwrap(), documents.denied_names(&about, &context).unwrap());
            for name in ["foo/x", "foo/y", "bar/x", "bar/y", "foo/x/y", "x"] {
                let decision = decide(&documents, &about.on(name), &context);
                prop_assert_eq!(allowed.covers(name), decision.is_allowed(), "{} {:?}", name, world);
                prop_assert_eq!(denied.covers(name), decision.is_explicit_denial(), "{} {:?}", name, world);
            }
        }
    }
}
