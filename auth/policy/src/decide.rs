//! Decides about requests: denials first, then the layers that must allow.

use std::fmt;
use std::sync::Arc;

use super::context::Context;
use super::document::Policy;
use super::request::Request;
use super::statement::{Effect, Statement};

/// A policy that is attached to a principal.
#[derive(Clone, PartialEq, Debug)]
pub struct Document {
    /// The id of the policy.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its content.
    pub policy: Policy,
}

/// All policies that apply to a caller. An anonymous caller has none.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    /// Whether the caller is the owner of the account, who needs no policy.
    pub root: bool,
    /// The policies of the user and of its groups, or of the role that was assumed.
    pub identity: Vec<Arc<Document>>,
    /// The boundary that limits them. The owner of the account has none.
    pub boundary: Option<Arc<Document>>,
    /// The policy that limits temporary credentials, even those of the owner.
    pub session: Option<Arc<Policy>>,
}

/// The layer of a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layer {
    /// The policies of the caller.
    Identity,
    /// The boundary of the caller.
    Boundary,
    /// The policy of the temporary credentials.
    Session,
}

/// Why a request is allowed or denied.
#[derive(Clone, PartialEq, Debug)]
pub enum Reason {
    /// The caller owns the account.
    Root,
    /// Everybody may pull from the repository.
    Public,
    /// A statement matches.
    Statement {
        /// The layer of its policy.
        layer: Layer,
        /// The policy. The policy of temporary credentials has no id and no name.
        document: Option<Arc<Document>>,
        /// The index of the statement in the policy, counted from 0.
        statement: usize,
    },
    /// No statement of this layer allows it.
    NothingAllows(Layer),
}

/// A decision and its reason.
#[derive(Clone, PartialEq, Debug)]
pub enum Decision {
    /// The request is allowed.
    Allowed(Reason),
    /// The request is denied.
    Denied(Reason),
}

impl Decision {
    /// Tells whether the request is allowed.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// Tells whether a statement denies the request, which nothing can outweigh.
    pub fn is_explicit_denial(&self) -> bool {
        matches!(self, Self::Denied(Reason::Statement { .. }))
    }

    /// Returns the reason.
    pub fn reason(&self) -> &Reason {
        match self {
            Self::Allowed(reason) | Self::Denied(reason) => reason,
        }
    }
}

/// Decides about an operation on something of the caller's own account.
///
/// Decide about things of other accounts, and for anonymous callers, without documents: then only a public pull is
/// allowed.
pub fn decide(documents: &Documents, request: &Request, context: &Context) -> Decision {
    let context = &*context.about(request);
    let (own, session) = (documents.matches(request, context), documents.session_matches(request, context));
    documents.judge(&own, &session, request.public_pull, context)
}

/// The statements that match a request before their conditions are evaluated. They depend on the policies, the
/// request and the caller, but not on the time or the address.
#[derive(Clone, Debug, Default)]
pub struct Matches(Vec<Match>);

/// The position of a matching statement.
#[derive(Clone, Copy, Debug)]
struct Match {
    layer: Layer,
    effect: Effect,
    document: usize,
    statement: usize,
}

impl Matches {
    /// Adds the matching statements of the policies of a layer. Statements after the first one without conditions
    /// cannot matter.
    fn add<'a>(
        &mut self,
        layer: Layer,
        policies: impl Iterator<Item = &'a Policy> + Clone,
        request: &Request,
        context: &Context,
    ) {
        for effect in [Effect::Deny, Effect::Allow] {
            let found = policies.clone().enumerate().flat_map(|(document, policy)| {
                let found = policy.about(effect, request, context);
                found.map(move |(statement, says)| (Match { layer, effect, document, statement }, says))
            });
            for (at, says) in found {
                self.0.push(at);
                if says.is_unconditional() {
                    break;
                }
            }
        }
    }
}

impl Documents {
    pub(super) fn boundary(&self) -> Option<&Arc<Document>> {
        self.boundary.as_ref().filter(|_| !self.root)
    }

    /// Returns the policies of the caller. The owner of the account has none.
    pub(super) fn identity(&self) -> &[Arc<Document>] {
        if self.root { &[] } else { &self.identity }
    }

    /// Tells whether any condition is about tags. Then the tags of the resource must be looked up.
    pub fn ask_for_tags(&self) -> bool {
        let of_account = self.identity().iter().chain(self.boundary()).map(|document| &document.policy);
        of_account.chain(self.session.as_deref()).any(|policy| policy.statements.iter().any(Statement::asks_for_tags))
    }

    /// Returns the statements of the caller's policies and boundary that match a request.
    pub fn matches(&self, request: &Request, context: &Context) -> Matches {
        let mut found = Matches::default();
        found.add(Layer::Identity, self.identity().iter().map(|document| &document.policy), request, context);
        found.add(Layer::Boundary, self.boundary().into_iter().map(|document| &document.policy), request, context);
        found
    }

    /// Tells whether any of these statements has conditions.
    pub fn has_conditions(&self, found: &Matches) -> bool {
        found.0.iter().any(|at| !self.statement(*at).is_some_and(Statement::is_unconditional))
    }

    /// Returns the statements of the session policy that match a request.
    pub fn session_matches(&self, request: &Request, context: &Context) -> Matches {
        let mut found = Matches::default();
        found.add(Layer::Session, self.session.iter().map(|policy| &**policy), request, context);
        found
    }

    /// Decides by matching statements. They must have been found in these same documents.
    pub fn judge(&self, own: &Matches, session: &Matches, public_pull: bool, context: &Context) -> Decision {
        let find = |layer: Layer, effect: Effect| {
            let mut all = own.0.iter().chain(&session.0).filter(|at| at.layer == layer && at.effect == effect);
            all.find(|at| self.holds(**at, context)).map(|at| self.reason(*at))
        };
        let layers = [Layer::Identity, Layer::Boundary, Layer::Session];
        if let Some(reason) = layers.into_iter().find_map(|layer| find(layer, Effect::Deny)) {
            return Decision::Denied(reason);
        }
        let granted = if self.root {
            Some(Reason::Root)
        } else {
            let public = public_pull && self.session.is_none();
            find(Layer::Identity, Effect::Allow).or(public.then_some(Reason::Public))
        };
        let Some(reason) = granted else { return Decision::Denied(Reason::NothingAllows(Layer::Identity)) };
        let caps = [(Layer::Boundary, self.boundary().is_some()), (Layer::Session, self.session.is_some())];
        for (layer, _) in caps.into_iter().filter(|(_, exists)| *exists) {
            if find(layer, Effect::Allow).is_none() {
                return Decision::Denied(Reason::NothingAllows(layer));
            }
        }
        Decision::Allowed(reason)
    }

    fn document(&self, at: Match) -> Option<&Arc<Document>> {
        match at.layer {
            Layer::Identity => self.identity().get(at.document),
            Layer::Boundary => self.boundary(),
            Layer::Session => None,
        }
    }

    fn statement(&self, at: Match) -> Option<&Statement> {
        let policy = match at.layer {
            Layer::Session => self.session.as_deref(),
            Layer::Identity | Layer::Boundary => self.document(at).map(|document| &document.policy),
        };
        policy.and_then(|policy| policy.statements.get(at.statement))
    }

    /// Tells whether the conditions of a statement are met.
    fn holds(&self, at: Match, context: &Context) -> bool {
        match self.statement(at) {
            Some(statement) => statement.holds(context),
            // A statement that does not exist counts as a denial and never as an allowance.
            None => at.effect == Effect::Deny,
        }
    }

    fn reason(&self, at: Match) -> Reason {
        Reason::Statement { layer: at.layer, document: self.document(at).cloned(), statement: at.statement }
    }
}

impl Policy {
    /// Returns the statements of this effect that match the request.
    fn about(&self, effect: Effect, request: &Request, context: &Context) -> impl Iterator<Item = (usize, &Statement)> {
        let is_possible = self.actions(effect).intersects(&request.actions);
        let all = self.statements.iter().enumerate().filter(move |_| is_possible);
        all.filter(move |(_, statement)| statement.effect == effect && statement.is_about(request, context))
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "policy of the caller",
            Self::Boundary => "permission boundary",
            Self::Session => "policy of the temporary credentials",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("the caller owns the account"),
            Self::Public => f.write_str("everybody may pull from the repository"),
            Self::NothingAllows(layer) => write!(f, "no statement of a {layer} allows it"),
            Self::Statement { layer, document: Some(document), statement } => {
                write!(f, "statement {statement} of the {layer} {:?} (id {}) says so", document.name, document.id)
            }
            Self::Statement { layer, document: None, statement } => {
                write!(f, "statement {statement} of the {layer} says so")
            }
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed(reason) => write!(f, "allowed: {reason}"),
            Self::Denied(reason) => write!(f, "denied: {reason}"),
        }
    }
}
