//! Properties of every document.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::glob::Pattern;
use super::super::{Author, Decision, Documents, Policy, Use, decide};
use super::oracle::{ACTIONS, Made, World, like, made, operations, text, world};
use super::{CALLER, author, context, document, owner};

fn decisions(documents: &Documents, public: bool) -> Vec<Decision> {
    let context = context();
    operations(public).iter().map(|asked| decide(documents, &asked.request, &context)).collect()
}

/// Returns for each request whether it is allowed, and whether a statement denies it.
fn kinds(documents: &Documents, public: bool) -> Vec<(bool, bool)> {
    decisions(documents, public).iter().map(|d| (d.is_allowed(), d.is_explicit_denial())).collect()
}

/// Adds a statement to the world, in a new policy or in an existing one.
fn with(world: &World, statement: Made, place: usize) -> World {
    let mut more = world.clone();
    match place {
        0 => more.identity.push(vec![statement]),
        1 => more.identity.iter_mut().take(1).for_each(|policy| policy.insert(0, statement.clone())),
        2 => more.boundary.iter_mut().for_each(|policy| policy.push(statement.clone())),
        _ => more.session.iter_mut().for_each(|policy| policy.push(statement.clone())),
    }
    more
}

/// Replaces words of the language by equivalent ones: `ccr` for `tcr` in resources, and the two names of an
/// operation.
fn respelled(text: &str) -> String {
    let names = [
        ("\"ccr:pull\"", "\"tcr:PullRepositoryPersonal\""),
        ("\"ccr:push\"", "\"tcr:PushRepositoryPersonal\""),
        ("qcs::ccr:", "qcs::tcr:"),
    ];
    names
        .iter()
        .fold(text.to_owned(), |text, (ccr, tcr)| text.replace(ccr, "\u{1}").replace(tcr, ccr).replace('\u{1}', tcr))
}

fn json_like() -> impl Strategy<Value = Value> {
    let words = prop_oneof![
        "(2\\.0|allow|deny|ccr:pull|ccr>pull|\\*|qcs::ccr:::repo/\\*|qcs::ccr::repo/a|10\\.0\\.0\\.0/8|\\$\\{uin\\}|\\$\\{)",
        ".{0,12}",
        "qcs:[a-z*/]{0,4}:[a-z*]{0,4}:[a-z*]{0,3}:(uin/[0-9]{0,12}|uid/[0-9]{0,20}|[a-z*/]{0,5}):[a-z*:/?${} ]{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        words.prop_map(Value::from),
    ];
    let keys = "(version|statement|effect|action|resource|condition|principal|qcs|ip_equal|string_like|for_all_value:string_equal_if_exist|null_equal|qcs:ip|qcs:resource_tag/a|[a-z_:]{0,6})";
    leaf.prop_recursive(6, 48, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(keys, inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

const USES: [Use; 4] = [Use::Identity, Use::Boundary, Use::Session, Use::Trust];

fn survives(text: &str) {
    let owner = owner();
    for usage in USES {
        let stored = Policy::stored(text, usage, &author(&owner));
        if let Ok(parsed) = Policy::parse(text, usage, &author(&owner)) {
            assert_eq!(stored, parsed.policy, "{text}");
            let again = Policy::parse(&parsed.canonical, usage, &author(&owner)).unwrap();
            assert_eq!((again.policy, again.canonical), (parsed.policy, parsed.canonical), "{text}");
        } else {
            let documents = Documents { identity: vec![document(1, stored)], ..Documents::default() };
            decisions(&documents, false);
        }
    }
}

proptest! {
    #[test]
    fn one_more_denial_never_allows(world in world(), statement in made(), place in 0..4_usize) {
        let more = with(&world, Made { deny: true, ..statement }, place);
        let pairs = kinds(&world.documents(), world.public).into_iter().zip(kinds(&more.documents(), world.public));
        for (before, after) in pairs {
            prop_assert!(before.0 || !after.0, "{world:?} {more:?}");
            prop_assert!(!before.1 || after.1);
        }
    }

    #[test]
    fn one_more_allowance_never_outweighs_a_denial(world in world(), statement in made(), place in 0..4_usize) {
        let more = with(&world, Made { deny: false, ..statement }, place);
        let pairs = kinds(&world.documents(), world.public).into_iter().zip(kinds(&more.documents(), world.public));
        for (before, after) in pairs {
            prop_assert_eq!(before.1, after.1, "{:?} {:?}", world, more);
            prop_assert!(!before.0 || after.0);
        }
    }

    #[test]
    fn the_order_does_not_matter(world in world()) {
        let mut turned = world.clone();
        turned.identity.reverse();
        let layers = turned.identity.iter_mut().chain(&mut turned.boundary).chain(&mut turned.session);
        layers.for_each(|policy| policy.reverse());
        prop_assert_eq!(kinds(&world.documents(), world.public), kinds(&turned.documents(), world.public));
    }

    #[test]
    fn statements_may_share_a_policy_or_not(world in world()) {
        let mut one = world.clone();
        one.identity = if world.identity.is_empty() { Vec::new() } else { vec![world.identity.concat()] };
        prop_assert_eq!(kinds(&world.documents(), world.public), kinds(&one.documents(), world.public));
    }

    #[test]
    fn the_canonical_form_says_the_same(statements in prop::collection::vec(made(), 1..4)) {
        let (owner, text) = (owner(), text(&statements));
        if let Ok(parsed) = Policy::parse(&text, Use::Identity, &author(&owner)) {
            let again = Policy::parse(&parsed.canonical, Use::Identity, &author(&owner)).unwrap();
            prop_assert_eq!(&again.policy, &parsed.policy);
            prop_assert_eq!(again.canonical, parsed.canonical);
            let of = |policy| Documents { identity: vec![document(1, policy)], ..Documents::default() };
            prop_assert_eq!(decisions(&of(again.policy), true), decisions(&of(parsed.policy), true));
        } else {
            prop_assert!(text.contains("geo_equal"));
        }
    }

    #[test]
    fn both_families_decide_alike(statements in prop::collection::vec(made(), 1..4)) {
        let owner = owner();
        let plain = |made: &Made| made.actions.iter().all(|at| !ACTIONS[*at].contains('*') || ACTIONS[*at] == "*");
        let text = text(&statements.into_iter().filter(plain).collect::<Vec<_>>());
        let of = |text: &str| {
            let policy = Policy::stored(text, Use::Identity, &author(&owner));
            Documents { identity: vec![document(1, policy)], ..Documents::default() }
        };
        prop_assert_eq!(kinds(&of(&text), false), kinds(&of(&respelled(&text)), false), "{}", text);
    }

    #[test]
    fn an_asterisk_is_any_run(pattern in "[ab*/]{0,10}", text in "[ab/]{0,12}") {
        let compiled = Pattern::with_wildcards(&pattern, &author(&owner())).unwrap();
        prop_assert_eq!(compiled.matches(&text, CALLER), like(&pattern, &text));
        let exact = Pattern::exact(&pattern, &author(&owner())).unwrap();
        prop_assert_eq!(exact.matches(&text, CALLER), pattern == text);
        prop_assert_eq!(exact.equals_ignoring_case(&text.to_uppercase(), CALLER), pattern == text);
    }

    #[test]
    fn a_variable_is_what_it_stands_for(
        pattern in "([a1*]|\\$\\{uin\\}|\\$\\{owner_uin\\}|\\$\\{app_id\\}){0,6}", text in "[a1]{0,14}", uin in "[a1*]{0,3}",
    ) {
        let owner_uin = "111111111111".parse().unwrap();
        let compiled = Pattern::with_wildcards(&pattern, &Author { owner_uin: &owner_uin, app_id: 11 }).unwrap();
        // An asterisk in the uin is an asterisk, not a wildcard. No text here has one.
        let uin_literal = uin.replace('*', "\u{2}");
        let plain = pattern.replace("${owner_uin}", "111111111111").replace("${app_id}", "11").replace("${uin}", &uin_literal);
        prop_assert_eq!(compiled.matches(&text, &uin), like(&plain, &text));
    }

    #[test]
    fn no_text_is_too_strange(text in ".{0,200}") {
        survives(&text);
    }

    #[test]
    fn no_document_is_too_strange(value in json_like()) {
        survives(&value.to_string());
        survives(&json!({"version": "2.0", "statement": value}).to_string());
        let statement = json!({"effect": "deny", "action": "ccr:pull", "resource": value, "condition": value});
        survives(&json!({"version": "2.0", "statement": [statement]}).to_string());
        let condition = json!({"string_equal": {"qcs:uin": value}, "for_any_value:ip_not_equal": {"qcs:ip": value}});
        let statement = json!({"effect": "allow", "action": value, "resource": "*", "condition": condition});
        survives(&json!({"version": "2.0", "statement": statement}).to_string());
        let statement = json!({"effect": "allow", "action": "sts:AssumeRole", "principal": value});
        survives(&json!({"version": "2.0", "statement": [statement]}).to_string());
    }
}

#[test]
fn text_that_overlaps_itself_is_found() {
    let pattern = |text: &str| Pattern::with_wildcards(text, &author(&owner())).unwrap();
    for (text, uin) in [("xaaa1y", "1"), ("aaaa1", "1"), ("aabaa1aa", "1"), ("aaaaa", "aa")] {
        assert!(pattern("*aa${uin}*").matches(text, uin), "{text}");
        assert!(like(&format!("*aa{uin}*"), text));
    }
    assert!(!pattern("*aa${uin}*").matches("xaa2", "1"));
    assert!(pattern("*${uin}*${uin}").matches("11", "1") && !pattern("*${uin}*${uin}").matches("1", "1"));
}

#[test]
fn a_hostile_pattern_takes_no_time() {
    let pattern = Pattern::with_wildcards(&"a*".repeat(2000), &author(&owner())).unwrap();
    assert!(!pattern.matches(&format!("{}b", "a".repeat(1900)), CALLER));
    assert!(pattern.matches(&"a".repeat(2000), CALLER));
    survives(&"[".repeat(60_000));
    survives(&format!("{{\"statement\":{}", "{\"a\":".repeat(10_000)));
}
