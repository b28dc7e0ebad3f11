//! Policies: what is made from the text of a document.

use super::actions::sts;
use super::context::Context;
use super::error::{Fault, PolicyError, Result};
use super::json::Json;
use super::known::ActionSet;
use super::reader::{Author, Reader, Use};
use super::statement::{Effect, Statement};
use super::trust::Principal;

/// How many characters a document may have, not counting the space between its elements.
pub const MAX_DOCUMENT_CHARACTERS: usize = 6144;

/// How many bytes are looked at, before anything is known about them.
const MAX_BYTES: usize = 64 * 1024;

/// A compiled policy document.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    pub(super) statements: Vec<Statement>,
    /// The actions of all its allowances, and of all its denials: most policies need no further look.
    allow: ActionSet,
    deny: ActionSet,
}

/// What [`Policy::parse`] gives.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The policy.
    pub policy: Policy,
    /// The document in canonical form: repaired, every resource in six pieces, JSON without space. Parsed, it gives an
    /// equal policy.
    pub canonical: String,
    /// What was repaired, and what is legal but probably not meant. In English, for people.
    pub warnings: Vec<String>,
}

impl Policy {
    /// Reads a document that somebody writes: strict, apart from the repairs of spellings that stand in published
    /// samples (five pieces, `ccr>Name`, `name/`, space round names).
    ///
    /// # Errors
    /// What is wrong with it, under the code that the cloud API has for it.
    pub fn parse(text: &str, usage: Use, author: &Author<'_>) -> Result<Parsed> {
        let too_long = |count: usize| {
            PolicyError::new(
                Fault::Length,
                format!("a policy document has {MAX_DOCUMENT_CHARACTERS} characters at most, not {count}"),
            )
        };
        if text.len() > MAX_BYTES {
            return Err(too_long(text.len()));
        }
        let json = Json::parse(text)?;
        let mut reader = Reader::new(true, usage, author);
        let list = statements(&json)?;
        let characters = json.characters();
        if characters > MAX_DOCUMENT_CHARACTERS {
            return Err(too_long(characters));
        }
        let (mut parsed, mut written) = (Vec::new(), Vec::new());
        for (index, statement) in list.iter().enumerate() {
            let read = Statement::read(&mut reader, statement);
            let (statement, text) =
                read.map_err(|e| PolicyError { message: format!("statement {index}: {}", e.message), ..e })?;
            parsed.push(statement);
            written.push(text);
        }
        let canonical = format!(r#"{{"version":"2.0","statement":[{}]}}"#, written.join(","));
        Ok(Parsed { policy: Self::new(parsed), canonical, warnings: reader.warnings })
    }

    /// Reads a document that was accepted once, perhaps by another version of this program. It never fails: what is not
    /// understood allows nothing, and denies whatever it may have been meant to deny.
    pub fn stored(text: &str, usage: Use, author: &Author<'_>) -> Self {
        let mut reader = Reader::new(false, usage, author);
        let read = Json::parse(text).and_then(|json| {
            let list = statements(&json)?;
            Ok(list.iter().map(|statement| Statement::stored(&mut reader, statement)).collect())
        });
        Self::new(read.unwrap_or_else(|_| vec![Statement::opaque(Effect::Deny)]))
    }

    fn new(statements: Vec<Statement>) -> Self {
        let of = |effect: Effect| {
            let some = statements.iter().filter(|statement| statement.effect == effect);
            some.fold(ActionSet::default(), |set, statement| set.union(statement.actions.set()))
        };
        Self { allow: of(Effect::Allow), deny: of(Effect::Deny), statements }
    }

    /// The actions that statements of this effect are about.
    pub(super) fn actions(&self, effect: Effect) -> &ActionSet {
        match effect {
            Effect::Allow => &self.allow,
            Effect::Deny => &self.deny,
        }
    }

    /// Whether a trust policy lets somebody take on its role. The caller needs a right of its own too: see
    /// [`op::assume_role`](super::op::assume_role).
    pub fn trusts(&self, who: &Principal<'_>, context: &Context) -> bool {
        let action = match who {
            Principal::User { .. } | Principal::Service(_) => &sts::AssumeRole,
            Principal::Federated(_) => &sts::AssumeRoleWithWebIdentity,
        };
        let request = action.on_everything();
        let says = |effect: Effect| {
            let mut some = self.statements.iter().filter(|statement| statement.effect == effect);
            some.any(|statement| statement.trusts(&request, who, context))
        };
        !says(Effect::Deny) && says(Effect::Allow)
    }

    /// How many statements it has.
    pub fn statements(&self) -> usize {
        self.statements.len()
    }
}

/// The statements of a document.
fn statements(json: &Json) -> Result<&[Json]> {
    let document = |what: &str| PolicyError::new(Fault::Document, format!("the policy document {what}"));
    let members = json.object().ok_or_else(|| document("is not an object"))?;
    for (name, _) in members {
        match name.as_str() {
            "version" | "statement" => {}
            "principal" => return Err(PolicyError::new(Fault::Principal, "a principal belongs into a statement")),
            _ => return Err(document(&format!("has an element {name:?}, which there is not"))),
        }
    }
    let member = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    if member("version").and_then(Json::text) != Some("2.0") {
        return Err(PolicyError::new(Fault::Version, "the version of a policy document is \"2.0\""));
    }
    match member("statement") {
        Some(Json::Array(list)) if !list.is_empty() => Ok(list),
        Some(one @ Json::Object(_)) => Ok(std::slice::from_ref(one)),
        _ => Err(PolicyError::new(Fault::Statement, "a policy document has one statement or a list of them")),
    }
}
