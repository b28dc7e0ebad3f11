//! Parsed policies.

use super::actions::sts;
use super::context::Context;
use super::error::{Fault, PolicyError, Result};
use super::json::Json;
use super::known::ActionSet;
use super::reader::{Author, Reader, Use};
use super::statement::{Effect, Statement};
use super::trust::Principal;

/// The most characters of a document, without the white space between its elements.
pub const MAX_DOCUMENT_CHARACTERS: usize = 6144;

/// The most bytes of a document before it is parsed.
const MAX_BYTES: usize = 64 * 1024;

/// A compiled policy document.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    pub(super) statements: Vec<Statement>,
    /// The actions of all its allowances and of all its denials. With them, most policies are ruled out at once.
    allow: ActionSet,
    deny: ActionSet,
}

/// The result of [`Policy::parse`].
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The policy.
    pub policy: Policy,
    /// The document in canonical form: repaired, every resource in six pieces, JSON without white space. To parse it
    /// gives an equal policy.
    pub canonical: String,
    /// Warnings for people, in English: repaired spellings, and legal text that is probably a mistake.
    pub warnings: Vec<String>,
}

impl Policy {
    /// Parses a new document, strictly. It only repairs spellings of published samples (five pieces, `ccr>Name`,
    /// `name/`, white space around names).
    ///
    /// # Errors
    /// A description of the fault, with the error code of the cloud API.
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

    /// Parses a document that was accepted before, perhaps by another version of this program. It never fails: a part
    /// that is not understood allows nothing, and denies everything that it may have been meant to deny.
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
            some.fold(ActionSet::default(), |set, statement| set.union(&statement.actions))
        };
        Self { allow: of(Effect::Allow), deny: of(Effect::Deny), statements }
    }

    /// Returns the actions in statements of this effect.
    pub(super) fn actions(&self, effect: Effect) -> &ActionSet {
        match effect {
            Effect::Allow => &self.allow,
            Effect::Deny => &self.deny,
        }
    }

    /// Tells whether a trust policy lets a principal assume its role. The caller also needs a right of its own: see
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

    /// Returns the number of statements.
    pub fn statements(&self) -> usize {
        self.statements.len()
    }
}

/// Returns the statements of a document.
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
