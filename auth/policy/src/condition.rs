//! The `condition` of a statement: parsed, and evaluated to true, false or unknown.

use super::compare::{Fact, Kind, Three, Wanted, operator};
use super::context::Context;
use super::error::{Fault, PolicyError, Result};
use super::json::Json;
use super::reader::{Author, Reader, Use};

/// One operator on one key. A condition is met if all its tests are met.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Test {
    key: String,
    /// `None` if the operator or a value is not understood.
    rule: Option<Rule>,
}

#[derive(Clone, PartialEq, Debug)]
struct Rule {
    quantifier: Option<Quantifier>,
    kind: Kind,
    negated: bool,
    if_exist: bool,
    values: Vec<Wanted>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Quantifier {
    Any,
    All,
}

/// A condition in canonical form: operators, each with its keys, each with its values.
pub(super) type Written = Vec<(String, Vec<(String, Vec<String>)>)>;

/// Parses a condition.
pub(super) fn read(reader: &mut Reader<'_>, value: &Json) -> Result<(Vec<Test>, Written)> {
    let shape = |what: &str| {
        PolicyError::new(Fault::Condition, format!("a condition is {{operator: {{key: values}}}}: {what}"))
    };
    let operators = value.object().filter(|members| !members.is_empty()).ok_or_else(|| shape("no operator"))?;
    let (mut tests, mut written) = (Vec::new(), Written::new());
    for (name, keys) in operators {
        let name = name.trim();
        let keys = keys.object().filter(|keys| !keys.is_empty()).ok_or_else(|| shape("an operator without a key"))?;
        if written.iter().any(|(known, _)| known == name) {
            return Err(shape("the same operator twice"));
        }
        let rule = blank_rule(name);
        if rule.is_none() && reader.strict {
            return Err(PolicyError::new(Fault::ConditionType, format!("there is no operator {name:?}")));
        }
        let mut members: Vec<(String, Vec<String>)> = Vec::new();
        for (key, values) in keys {
            let key = key_name(reader, key.trim())?;
            if members.iter().any(|(known, _)| *known == key) {
                return Err(shape("the same key twice"));
            }
            let (test, values) = read_test(reader, name, &key, rule.as_ref(), values)?;
            tests.push(test);
            members.push((key, values));
        }
        written.push((name.to_owned(), members));
    }
    Ok((tests, written))
}

/// Returns the rule of an operator, without values.
fn blank_rule(name: &str) -> Option<Rule> {
    let (quantifier, rest) = match name.split_once(':') {
        Some(("for_any_value", rest)) => (Some(Quantifier::Any), rest.trim()),
        Some(("for_all_value", rest)) => (Some(Quantifier::All), rest.trim()),
        Some(_) => return None,
        None => (None, name),
    };
    let (base, if_exist) = rest.strip_suffix("_if_exist").map_or((rest, false), |base| (base, true));
    let (kind, negated) = operator(base)?;
    // `null` tests whether a key exists, so it cannot have a form that depends on the key's existence.
    let legal = kind != Kind::Null || (!if_exist && quantifier.is_none());
    legal.then_some(Rule { quantifier, kind, negated, if_exist, values: Vec::new() })
}

/// The keys that are known by name. Others belong to other services.
const KEYS: [&str; 8] = [
    "qcs:ip",
    "qcs:current_time",
    "qcs:resource_tag",
    "qcs:request_tag",
    "qcs:tag",
    "qcs:uin",
    "qcs:mfa",
    "qcs:BindToken",
];

/// The keys of web identities, for trust policies.
const FEDERATED_KEYS: [&str; 3] = ["oidc:aud", "oidc:iss", "oidc:sub"];

fn key_name(reader: &mut Reader<'_>, key: &str) -> Result<String> {
    let tag = ["qcs:resource_tag/", "qcs:request_tag/", "qcs:tag/"]
        .iter()
        .any(|start| key.strip_prefix(start).is_some_and(|name| !name.is_empty()));
    let federated = reader.usage == Use::Trust && FEDERATED_KEYS.contains(&key);
    if tag || federated || KEYS.contains(&key) || !reader.strict {
        return Ok(key.to_owned());
    }
    let shaped = key.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
    let own = ["qcs", "ccr", "tcr", "cam"].contains(&key.split(':').next().unwrap_or_default());
    if !shaped || own || key.contains(char::is_whitespace) {
        return Err(PolicyError::new(Fault::Condition, format!("there is no condition key {key:?}")));
    }
    reader.warn(format!("the condition key {key:?} is not one of this registry's: it is absent from most requests"));
    Ok(key.to_owned())
}

fn read_test(
    reader: &Reader<'_>,
    operator: &str,
    key: &str,
    rule: Option<&Rule>,
    values: &Json,
) -> Result<(Test, Vec<String>)> {
    let bad = |what: &str| PolicyError::new(Fault::ConditionContent, format!("{operator} of {key}: {what}"));
    let list = values.list();
    let (mut wanted, mut texts, mut understood) = (Vec::new(), Vec::new(), !list.is_empty());
    if list.is_empty() && reader.strict {
        return Err(bad("an empty list of values"));
    }
    for value in list {
        let compiled = value.scalar().and_then(|text| {
            let text = if rule.is_some_and(|rule| rule.kind.is_text()) { text } else { text.trim().to_owned() };
            let compiled = rule.and_then(|rule| rule.value(&text, &reader.author));
            texts.push(text);
            compiled
        });
        match compiled {
            Some(compiled) => wanted.push(compiled),
            None if reader.strict => return Err(bad(&format!("{value:?} is not a value for it"))),
            None => understood = false,
        }
    }
    let rule = rule.filter(|_| understood).map(|rule| Rule { values: wanted, ..rule.clone() });
    Ok((Test { key: key.to_owned(), rule }, texts))
}

impl Kind {
    fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::TextIgnoringCase | Self::Like)
    }
}

impl Rule {
    fn value(&self, text: &str, author: &Author<'_>) -> Option<Wanted> {
        if self.kind.is_text() || !text.contains("${") {
            return Wanted::new(self.kind, text, author);
        }
        let plain = text.replace("${owner_uin}", author.owner_uin.as_str());
        Wanted::new(self.kind, &plain.replace("${app_id}", &author.app_id.to_string()), author)
    }
}

/// Evaluates the whole condition.
pub(super) fn holds(tests: &[Test], context: &Context) -> Three {
    Three::all(tests.iter().map(|test| test.holds(context)))
}

impl Test {
    /// Tells whether the result depends on tags, which belong to a request and not to the caller.
    pub(super) fn asks_for_tags(&self) -> bool {
        let name = self.key.split('/').next().unwrap_or_default();
        matches!(name, "qcs:resource_tag" | "qcs:request_tag" | "qcs:tag")
    }

    fn holds(&self, context: &Context) -> Three {
        let Some(rule) = &self.rule else { return Three::Unknown };
        let facts = context.facts(&self.key);
        if rule.kind == Kind::Null {
            let absent = facts.clone().all(Fact::is_empty);
            return Three::any(rule.values.iter().map(|value| Three::from(Some(*value == Wanted::Bool(absent)))));
        }
        if facts.clone().next().is_none() {
            return rule.without_key();
        }
        // A negated list is met if none of its values is.
        let met = |fact: Fact<'_>| {
            let any = Three::any(rule.values.iter().map(|value| value.met(fact, &context.uin)));
            if rule.negated { any.negated() } else { any }
        };
        match rule.quantifier {
            Some(Quantifier::Any) => Three::any(facts.map(met)),
            Some(Quantifier::All) => Three::all(facts.map(met)),
            None if rule.negated => Three::all(facts.map(met)),
            None => Three::any(facts.map(met)),
        }
    }
}

impl Rule {
    fn without_key(&self) -> Three {
        if self.if_exist {
            Three::True
        } else if self.negated || self.quantifier == Some(Quantifier::All) {
            Three::Unknown
        } else {
            Three::False
        }
    }
}
