//! One statement of a document.

use roadstead_types::{NameRule, TooManyPatterns};

use super::action;
use super::compare::Three;
use super::condition::{self, Test, Written};
use super::context::Context;
use super::error::{Fault, PolicyError, Result};
use super::json::{Json, array, quoted};
use super::known::ActionSet;
use super::reader::{Reader, Use};
use super::request::{NameRequest, Request};
use super::resource::{self, Resource};
use super::trust::{self, Trusted};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    Allow,
    Deny,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct Statement {
    pub effect: Effect,
    pub actions: ActionSet,
    resources: Vec<Resource>,
    condition: Vec<Test>,
    /// The trusted principals. Only trust policies have them.
    trusted: Vec<Trusted>,
}

impl Statement {
    /// Makes a statement in place of one that is not understood: it allows nothing, or denies everything.
    pub(super) fn opaque(effect: Effect) -> Self {
        let deny = effect == Effect::Deny;
        let actions = if deny { ActionSet::ALL } else { ActionSet::default() };
        let resources = if deny { vec![Resource::Everything] } else { Vec::new() };
        let trusted = if deny { vec![Trusted::Everybody] } else { Vec::new() };
        Self { effect, actions, resources, condition: Vec::new(), trusted }
    }

    /// Parses a statement, and returns it also in canonical form.
    pub(super) fn read(reader: &mut Reader<'_>, value: &Json) -> Result<(Self, String)> {
        let parts = Parts::new(reader, value)?;
        let (mut actions, action_texts, unknown_action) = action::read(reader, parts.action)?;
        let mut canonical = format!(r#"{{"effect":{},"action":{}"#, quoted(parts.effect.name()), array(&action_texts));
        let (mut resources, mut trusted) = (Vec::new(), Vec::new());
        let mut unknown = false;
        if reader.usage == Use::Trust {
            let (read, text, doubtful) = trust::read(reader, parts.principal)?;
            (trusted, unknown) = (read, doubtful);
            canonical.push_str(&format!(r#","principal":{text}"#));
        } else {
            let (read, texts, doubtful) = resource::read(reader, parts.resource)?;
            (resources, unknown) = (read, unknown | doubtful);
            canonical.push_str(&format!(r#","resource":{}"#, array(&texts)));
        }
        // Only stored documents can have unknown parts here. An allowance is kept without them.
        if parts.effect == Effect::Deny {
            if unknown_action {
                actions = ActionSet::ALL;
            }
            if unknown {
                resources.push(Resource::Everything);
                trusted.push(Trusted::Everybody);
            }
        }
        let mut tests = Vec::new();
        if let Some(condition) = parts.condition {
            let (read, written) = condition::read(reader, condition)?;
            tests = read;
            canonical.push_str(&format!(r#","condition":{}"#, condition_text(&written)));
        }
        canonical.push('}');
        Ok((Self { effect: parts.effect, actions, resources, condition: tests, trusted }, canonical))
    }

    /// Parses a stored statement.
    pub(super) fn stored(reader: &mut Reader<'_>, value: &Json) -> Self {
        let effect = || {
            let members = value.object()?;
            members.iter().find(|(name, _)| name == "effect").and_then(|(_, value)| Effect::named(value.text()?))
        };
        let opaque = |_| Self::opaque(effect().unwrap_or(Effect::Deny));
        Self::read(reader, value).map(|(statement, _)| statement).unwrap_or_else(opaque)
    }

    /// Tells whether the statement matches the request, if its conditions are met.
    pub(super) fn is_about(&self, request: &Request, context: &Context) -> bool {
        self.actions.intersects(&request.actions)
            && self.resources.iter().any(|resource| resource.covers(request, context, self.doubt()))
    }

    /// Returns the names for which the statement matches the request, if its conditions are met.
    ///
    /// # Errors
    /// `TooManyPatterns`.
    pub(super) fn names(
        &self,
        about: &NameRequest,
        context: &Context,
    ) -> std::result::Result<NameRule, TooManyPatterns> {
        if !self.actions.intersects(&about.request.actions) {
            return Ok(NameRule::none());
        }
        NameRule::any(self.resources.iter().map(|resource| resource.names(about, context, self.doubt())))
    }

    /// Tells whether a condition of the statement is about tags.
    pub(super) fn asks_for_tags(&self) -> bool {
        self.condition.iter().any(Test::asks_for_tags)
    }

    /// Tells whether the statement has no conditions.
    pub(super) fn is_unconditional(&self) -> bool {
        self.condition.is_empty()
    }

    /// Tells whether the statement of a trust policy trusts `who`.
    pub(super) fn trusts(&self, request: &Request, who: &trust::Principal<'_>, context: &Context) -> bool {
        self.actions.intersects(&request.actions)
            && self.trusted.iter().any(|trusted| trusted.is(who).unwrap_or_else(|| self.doubt()))
            && self.holds(context)
    }

    /// Returns whether an unknown condition counts as met: for a denial it does, for an allowance it does not.
    fn doubt(&self) -> bool {
        self.effect == Effect::Deny
    }

    /// Tells whether its conditions are met.
    pub(super) fn holds(&self, context: &Context) -> bool {
        match condition::holds(&self.condition, context) {
            Three::True => true,
            Three::False => false,
            Three::Unknown => self.doubt(),
        }
    }
}

/// The elements of a statement before they are parsed.
struct Parts<'j> {
    effect: Effect,
    action: Option<&'j Json>,
    resource: Option<&'j Json>,
    condition: Option<&'j Json>,
    principal: Option<&'j Json>,
}

impl<'j> Parts<'j> {
    fn new(reader: &Reader<'_>, value: &'j Json) -> Result<Self> {
        let members = value.object().ok_or_else(|| PolicyError::new(Fault::Statement, "a statement is an object"))?;
        let trust = reader.usage == Use::Trust;
        for (name, _) in members {
            match name.as_str() {
                "effect" | "action" | "condition" => {}
                "resource" if !trust => {}
                "principal" if trust => {}
                "resource" => return Err(PolicyError::new(Fault::Resource, "a trust policy has no resource")),
                "principal" => return Err(PolicyError::new(Fault::Principal, "only a trust policy has a principal")),
                _ => return Err(PolicyError::new(Fault::Statement, format!("there is no element {name:?}"))),
            }
        }
        let member = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let effect = member("effect").and_then(Json::text).and_then(Effect::named);
        let effect = effect
            .ok_or_else(|| PolicyError::new(Fault::Effect, "the effect is \"allow\" or \"deny\", in lower case"))?;
        let (action, resource) = (member("action"), member("resource"));
        Ok(Self { effect, action, resource, condition: member("condition"), principal: member("principal") })
    }
}

impl Effect {
    fn named(name: &str) -> Option<Self> {
        match name {
            "allow" => Some(Self::Allow),
            "deny" => Some(Self::Deny),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

fn condition_text(written: &Written) -> String {
    let object = |members: Vec<String>| format!("{{{}}}", members.join(","));
    let key = |(key, values): &(String, Vec<String>)| format!("{}:{}", quoted(key), array(values));
    let operators =
        written.iter().map(|(name, keys)| format!("{}:{}", quoted(name), object(keys.iter().map(key).collect())));
    object(operators.collect())
}
