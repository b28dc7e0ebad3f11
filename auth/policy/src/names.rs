//! Decides about many names at once: returns a rule for names instead of an answer for each name.

use roadstead_types::NameRule;

use super::context::Context;
use super::decide::Documents;
use super::document::Policy;
use super::request::NameRequest;
use super::statement::Effect;

impl Documents {
    /// Returns the names for which a statement denies the operation.
    pub fn denied_names(&self, about: &NameRequest, context: &Context) -> NameRule {
        let context = &*context.about(&about.request);
        let of_account = self.identity().iter().chain(self.boundary()).map(|document| &document.policy);
        of_account
            .chain(self.session.as_deref())
            .fold(NameRule::none(), |rule, policy| rule.or(policy.names(Effect::Deny, about, context)))
    }

    /// Returns the names for which the operation is allowed.
    pub fn allowed_names(&self, about: &NameRequest, context: &Context) -> NameRule {
        let denied = self.denied_names(about, context);
        let context = &*context.about(&about.request);
        let allowed = |policy: &Policy| policy.names(Effect::Allow, about, context);
        let granted = match self.root {
            true => NameRule::All,
            false => self.identity().iter().fold(NameRule::none(), |rule, document| rule.or(allowed(&document.policy))),
        };
        let boundary = self.boundary().map_or(NameRule::All, |document| allowed(&document.policy));
        let session = self.session.as_deref().map_or(NameRule::All, allowed);
        granted.and(boundary).and(session).and(denied.negated())
    }
}

impl Policy {
    /// Returns the names that statements of this effect match.
    fn names(&self, effect: Effect, about: &NameRequest, context: &Context) -> NameRule {
        let statements = self.statements.iter().filter(|statement| statement.effect == effect);
        let holding = statements.filter(|statement| statement.holds(context));
        holding.fold(NameRule::none(), |rule, statement| rule.or(statement.names(about, context)))
    }
}
