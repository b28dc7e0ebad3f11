//! Who may do what. No I/O: the facts are given. Sub-accounts and policies will be decided here.

use roadstead_storage::types::{AccountId, RegistryId, Timestamp};

use crate::access::ActionName;
use crate::error::Denied;
use crate::identity::{Identity, TokenGrants};

/// What is known of a repository, and of the namespace that it is in or would be in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    /// The main account that the namespace belongs to.
    pub owner: AccountId,
    /// When the namespace was made.
    pub since: Timestamp,
    /// Whether the repository exists and everybody may read it.
    pub public: bool,
}

/// Whether the identity has the right, whatever its token says. `facts` is `None` when there is no such namespace.
pub(crate) fn identity_may(
    action: ActionName,
    identity: Option<&Identity>,
    facts: Option<&Facts>,
    anonymous_pull: bool,
) -> bool {
    let Some(facts) = facts else { return false };
    if identity.is_some_and(|identity| identity.owner == facts.owner) {
        return true;
    }
    match action {
        ActionName::Pull | ActionName::Probe => facts.public && (identity.is_some() || anonymous_pull),
        ActionName::Push | ActionName::Delete => false,
    }
}

/// Who asks for what.
pub(crate) struct Question<'a> {
    pub action: ActionName,
    pub registry: RegistryId,
    /// The name of the repository.
    pub name: &'a str,
    pub identity: Option<&'a Identity>,
    pub token: Option<&'a TokenGrants>,
    pub anonymous_pull: bool,
}

/// The whole decision: the right of the identity, and then the limits of the token that it came with.
pub(crate) fn decide(question: &Question<'_>, facts: Option<&Facts>) -> Result<(), Denied> {
    let Question { action, registry, name, identity, token, anonymous_pull } = *question;
    let allowed = facts.filter(|facts| identity_may(action, identity, Some(facts), anonymous_pull));
    let Some(facts) = allowed else {
        return Err(if identity.is_some() { Denied::Forbidden } else { Denied::Unauthenticated });
    };
    // A token of the namespace that had this name before is worth nothing in this one.
    let covers = |token: &TokenGrants| {
        token.registry == registry && token.issued_at >= facts.since && token.covers(action, name)
    };
    if token.is_none_or(covers) { Ok(()) } else { Err(Denied::InsufficientScope) }
}
