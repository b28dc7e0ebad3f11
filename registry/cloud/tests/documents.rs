//! Checks that the document about the cloud API names every action.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use roadstead_cloud::catalog::{ActionInfo, actions};
use roadstead_cloud::code::Code;

const BEGIN: &str =
    "<!-- actions: begin, written by `UPDATE_DOCS=1 cargo test -p roadstead-cloud --test documents` -->\n";
const END: &str = "<!-- actions: end -->\n";

fn table() -> String {
    let mut text = String::new();
    for (service, version) in [("tcr", "2019-09-24"), ("cam", "2019-01-16"), ("sts", "2018-08-13")] {
        let of: Vec<ActionInfo> = actions().filter(|action| action.service == service).collect();
        let _ = writeln!(
            text,
            "\n`{service}`, {version}: {} actions\n\n| action | | parameters |\n|---|---|---|",
            of.len()
        );
        for action in of {
            let parameters: Vec<String> = action.parameters.iter().map(|name| format!("`{name}`")).collect();
            let kind = if action.writes { "changes" } else { "reads" };
            let _ = writeln!(text, "| `{}` | {kind} | {} |", action.name, parameters.join(", "));
        }
    }
    text.push('\n');
    text
}

#[test]
fn every_action_is_in_the_document() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/CLOUD_API.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the mark where the list begins");
    let (_, after) = rest.split_once(END).expect("the mark where the list ends");
    let wanted = format!("{before}{BEGIN}{}{END}{after}", table());
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &wanted).unwrap();
        return;
    }
    assert!(
        text == wanted,
        "docs/CLOUD_API.md lists other actions: run `UPDATE_DOCS=1 cargo test -p roadstead-cloud --test documents` and commit it"
    );
}

/// Returns the error codes in backticks. `.Second` stands for the first part of the code before it.
fn named_codes(text: &str) -> Vec<String> {
    let mut named: Vec<String> = Vec::new();
    for word in text.lines().flat_map(|line| line.split('`').skip(1).step_by(2)) {
        let known = |first: &str| Code::ALL.iter().any(|code| code.wire().split('.').next() == Some(first));
        let first = word.split('.').next().unwrap_or_default();
        if known(first) && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.') {
            named.push(word.to_owned());
        } else if let (true, Some(before)) = (word.starts_with('.'), named.last()) {
            let first = before.split('.').next().unwrap_or_default();
            named.push(format!("{first}{word}"));
        }
    }
    named
}

const NEVER_BEGIN: &str = "<!-- never: begin -->";
const NEVER_END: &str = "<!-- never: end -->";

/// Splits the text into the text without the list of unused codes, and that list.
fn without_never(text: &str) -> (String, String) {
    let Some((before, rest)) = text.split_once(NEVER_BEGIN) else { return (text.to_owned(), String::new()) };
    let (never, after) = rest.split_once(NEVER_END).unwrap_or((rest, ""));
    (format!("{before}{after}"), never.to_owned())
}

#[test]
fn codes_that_never_come_are_not_in_the_table() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/CLOUD_API.md")).unwrap();
    let (_, never) = without_never(&text);
    let rows: Vec<&str> = never.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).collect();
    // Some codes are unused only by the actions in the row; other actions use them.
    let codes: Vec<String> =
        rows.iter().filter(|row| !row.contains("` of `")).flat_map(|row| named_codes(row)).collect();
    assert!(codes.len() >= 12, "{codes:?}");
    for code in codes {
        assert!(Code::ALL.iter().all(|known| known.wire() != code), "{code} is in the table");
    }
}

#[test]
fn every_error_of_the_documents_is_one() {
    for name in ["CLOUD_API.md", "CAM.md", "KUBERNETES.md"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)).unwrap();
        let (text, _) = without_never(&text);
        let documented = actions().flat_map(|a| Code::ALL.iter().filter_map(move |code| a.documented(*code)));
        let all: BTreeSet<&str> = Code::ALL.iter().map(|code| code.wire()).chain(documented).collect();
        let known = |code: &str| all.contains(code);
        let unknown: Vec<String> = named_codes(&text).into_iter().filter(|code| !known(code)).collect();
        assert_eq!(unknown, [""; 0], "{name}");
        assert!(named_codes(&text).len() >= 2, "{name} names errors");
    }
}
