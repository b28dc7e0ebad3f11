//! Decides about many names at once: returns a rule for names instead of an answer for each name.

use std::iter;

use roadstead_types::{NameRule, TooManyPatterns};

use super::context::Context;
use super::decide::Documents;
use super::document::Policy;
use super::request::NameRequest;
use super::statement::Effect;

impl Documents {
    /// Returns the names for which a statement denies the operation.
    ///
    /// # Errors
    /// `TooManyPatterns`.
    pub fn denied_names(&self, about: &NameRequest, context: &Context) -> Result<NameRule, TooManyPatterns> {
        let context = &*context.about(&about.request);
        let of_account = self.identity().iter().chain(self.boundary()).map(|document| &document.policy);
        let all = of_account.chain(self.session.as_deref());
        NameRule::any(all.flat_map(|policy| policy.names(Effect::Deny, about, context)))
    }

    /// Returns the names for which the operation is allowed.
    ///
    /// # Errors
    /// `TooManyPatterns`.
    pub fn allowed_names(&self, about: &NameRequest, context: &Context) -> Result<NameRule, TooManyPatterns> {
        let denied = self.denied_names(about, context)?;
        let context = &*context.about(&about.request);
        let by_any = |policies: &mut dyn Iterator<Item = &Policy>| {
            NameRule::any(policies.flat_map(|policy| policy.names(Effect::Allow, about, context)))
        };
        let by = |policy: Option<&Policy>| policy.map_or(Ok(NameRule::All), |policy| by_any(&mut iter::once(policy)));
        let granted = match self.root {
            true => NameRule::All,
            false => by_any(&mut self.identity().iter().map(|document| &document.policy))?,
        };
        let (boundary, session) = (self.boundary().map(|document| &document.policy), self.session.as_deref());
        Ok(granted.and(by(boundary)?).and(by(session)?).and(denied.negated()))
    }
}

impl Policy {
    /// Returns the names that each statement of this effect matches.
    fn names<'a>(
        &'a self,
        effect: Effect,
        about: &'a NameRequest,
        context: &'a Context,
    ) -> impl Iterator<Item = Result<NameRule, TooManyPatterns>> + 'a {
        let statements = self.statements.iter().filter(move |statement| statement.effect == effect);
        let holding = statements.filter(|statement| statement.holds(context));
        holding.map(|statement| statement.names(about, context))
    }
}
