//! All facts about the actions that are known without calling them. A change here is a change of the API.

use std::fmt::Write as _;

use roadstead_cloud::catalog::{self, ActionInfo};
use roadstead_cloud::code::Code;
use roadstead_policy::explain::Question;

/// Resources of every kind that a question can be about.
const RESOURCES: [&str; 9] = [
    "*",
    "ns",
    "ns/app",
    "ns/app:v1",
    "qcs::tcr:::instance/tcr-abcd1234",
    "qcs::tcr:::repository/tcr-abcd1234/ns/app",
    "qcs::cam:::uin/100000000002",
    "qcs::cam:::groupid/7",
    "qcs::cam:::roleName/r",
];

/// The explanation of an action and a resource, in one line.
fn explained(action: &ActionInfo, resource: &str) -> String {
    let operation = format!("{}:{}", action.service, action.name);
    let question = match Question::new(&operation, resource, None, &"100000000001".parse().unwrap()) {
        Ok(question) => question,
        Err(error) => return error.to_string(),
    };
    let list = |requests: &[roadstead_policy::Request]| {
        requests.iter().map(|request| format!("[{request}]")).collect::<Vec<_>>().join(" ")
    };
    let mut text = format!("{} {:?} {:?}", list(&question.requests), question.target, question.class);
    for (word, request) in [
        ("creates", question.to_create.clone()),
        ("veto", question.veto(false)),
        ("faithful veto", question.veto(true)),
    ] {
        if let Some(request) = request {
            write!(text, " {word}=[{request}]").unwrap();
        }
    }
    if !question.hidden_by.is_empty() {
        write!(text, " hidden={}", list(&question.hidden_by)).unwrap();
    }
    if question.pull {
        text.push_str(" pull");
    }
    if let Some(note) = question.note {
        write!(text, " note={note:?}").unwrap();
    }
    text
}

#[test]
fn the_actions_are_what_they_were() {
    let mut actions: Vec<_> = catalog::actions().collect();
    actions.sort_by_key(|action| (action.service, action.name));
    let mut table = String::new();
    for action in &actions {
        let ActionInfo { service, name, writes, class, parameters, version } = action;
        let effect = if *writes { "writes" } else { "reads" };
        writeln!(table, "{service} {name} {version} {effect} {class:?}: {}", parameters.join(" ")).unwrap();
        for code in Code::ALL.iter().filter(|code| action.documented(**code) != Some(code.wire())) {
            writeln!(table, "  {} is {}", code.wire(), action.documented(*code).unwrap()).unwrap();
        }
        let mut last = String::new();
        for resource in RESOURCES {
            let explained = explained(action, resource);
            if explained != last {
                writeln!(table, "  {resource}: {explained}").unwrap();
            }
            last = explained;
        }
    }
    insta::assert_snapshot!("actions", table);
}
