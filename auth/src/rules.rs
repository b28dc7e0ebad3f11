//! The rules that decide about requests. They are free of I/O: the facts and the policies are given.

use std::sync::Arc;

use roadstead_types::{AccountId, Digest, NameRule, RegistryId, RepositoryName, Tag, Timestamp};

use crate::compiled::{Routine, RoutineCache, RoutineRequest};
use crate::error::Denied;
use crate::identity::{Identity, TokenGrants};
use crate::permissions::Permissions;
use crate::right::RightName;
use roadstead_policy::Request;
use roadstead_policy::op::{self, Realm};

/// The facts about a repository and its namespace, or about a namespace where it could be made.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// The main account that the namespace belongs to.
    pub owner: AccountId,
    /// When the namespace was made.
    pub since: Timestamp,
    /// Whether the repository exists.
    pub exists: bool,
    /// Whether the repository exists and everybody may read it.
    pub public: bool,
    /// The tags of the namespace and of its instance, each as `key&value`.
    pub tags: Arc<[String]>,
}

/// The caller, by the policies that limit it.
#[derive(Clone, Copy)]
pub(crate) enum Who<'a> {
    /// An anonymous caller.
    Anybody,
    /// A main account with its own credentials, or an account whose policies do not matter because the namespace
    /// belongs to another main account.
    Plain(&'a Identity),
    /// Any other caller, in this edition.
    Limited(&'a Permissions, Realm<'a>),
}

impl<'a> Who<'a> {
    fn identity(self) -> Option<&'a Identity> {
        match self {
            Who::Anybody => None,
            Who::Plain(identity) => Some(identity),
            Who::Limited(permissions, _) => Some(permissions.identity()),
        }
    }
}

/// The target of a deletion.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deletion<'a> {
    /// Anything at all. Only a main account may do that.
    Anything,
    /// Any tag or manifest. It decides whether a token grants the right; the right is checked again on every request.
    Something,
    /// These tags. `batch` tells whether one request names many of them.
    Tags { tags: &'a [Tag], batch: bool },
    /// A manifest and the tags that point at it.
    Manifest { digest: &'a Digest, tags: &'a [Tag] },
}

/// The question whether a caller has a right.
pub(crate) struct Question<'a> {
    pub right: RightName,
    /// The target of the deletion, if the right is to delete.
    pub deletion: Deletion<'a>,
    pub registry: RegistryId,
    pub name: &'a RepositoryName,
    pub who: Who<'a>,
    pub token: Option<&'a TokenGrants>,
    pub anonymous_pull: bool,
    pub routine: &'a RoutineCache,
}

impl Question<'_> {
    /// Tells whether the identity has the right, ignoring its token. `facts` is `None` when the namespace does not
    /// exist.
    pub(crate) fn identity_may(&self, right: RightName, facts: Option<&Facts>) -> bool {
        let Some(facts) = facts else { return false };
        let session = self.who.identity().and_then(|identity| identity.session.as_ref());
        if session.is_some_and(|session| !session.fits(self.registry)) {
            return false;
        }
        match self.who {
            Who::Plain(identity) if identity.owner == facts.owner => identity.is_root(),
            Who::Limited(permissions, realm) if permissions.identity().owner == facts.owner => {
                self.policies_allow(permissions, realm, right, facts)
            }
            Who::Anybody | Who::Plain(_) | Who::Limited(..) => match right {
                RightName::Pull | RightName::Probe => {
                    facts.public && (self.anonymous_pull || !matches!(self.who, Who::Anybody))
                }
                RightName::Push | RightName::Delete => false,
            },
        }
    }

    fn policies_allow(&self, permissions: &Permissions, realm: Realm<'_>, right: RightName, facts: &Facts) -> bool {
        let name = self.name;
        let uin = &permissions.identity().uin;
        let allowed = |request: Request| {
            let request = request.tagged(&facts.tags);
            let decision = permissions.decide(&request);
            if !decision.is_allowed() {
                tracing::debug!(account.uin = %uin, %request, %decision, "not authorized");
            }
            decision.is_allowed()
        };
        let routine = |routine: Routine| {
            let public = facts.public && routine == Routine::Pull;
            let (registry, tags) = (self.registry, &facts.tags);
            let asked = RoutineRequest { routine, registry, realm, name, public, tags };
            let is_allowed = permissions.allows_routine(&asked, self.routine);
            if !is_allowed {
                let request = || asked.request();
                let decision = || permissions.decide(&request());
                tracing::debug!(account.uin = %uin, request = %request(), decision = %decision(), "not authorized");
            }
            is_allowed
        };
        let pull = || routine(Routine::Pull);
        let push = || routine(Routine::Push) && (facts.exists || routine(Routine::Create));
        match right {
            RightName::Pull => pull(),
            RightName::Push => push(),
            RightName::Probe => pull() || push(),
            RightName::Delete => self.deletion_allowed(permissions, realm, &facts.tags, allowed),
        }
    }

    fn deletion_allowed(
        &self,
        permissions: &Permissions,
        realm: Realm<'_>,
        resource_tags: &Arc<[String]>,
        allowed: impl Fn(Request) -> bool,
    ) -> bool {
        let name = self.name;
        match self.deletion {
            Deletion::Anything => permissions.is_root(),
            Deletion::Something => {
                let deletions = op::deletions(realm, name).tagged(resource_tags);
                // With too many patterns to tell, each deletion is still decided by itself.
                permissions.allowed_names(&deletions) != Ok(NameRule::none())
            }
            Deletion::Tags { tags, batch } => {
                let request = if batch { op::tag_batch_delete } else { op::tag_delete };
                !tags.is_empty() && tags.iter().all(|tag| allowed(request(realm, name, tag)))
            }
            Deletion::Manifest { digest, tags: [] } => allowed(op::manifest_delete(realm, name, digest)),
            Deletion::Manifest { digest: _, tags } => tags.iter().all(|tag| allowed(op::tag_delete(realm, name, tag))),
        }
    }

    /// Decides by the right of the identity and then by the limits of its token.
    pub(crate) fn decide(&self, facts: Option<&Facts>) -> Result<(), Denied> {
        let Some(facts) = facts.filter(|facts| self.identity_may(self.right, Some(facts))) else {
            return Err(if self.who.identity().is_some() { Denied::Forbidden } else { Denied::Unauthenticated });
        };
        // A token that was issued for a deleted namespace of the same name is not valid in this one.
        let covers = |token: &TokenGrants| {
            token.registry == self.registry
                && token.issued_at >= facts.since
                && token.covers(self.right, self.name.as_str())
        };
        if self.token.is_none_or(covers) { Ok(()) } else { Err(Denied::InsufficientScope) }
    }
}
