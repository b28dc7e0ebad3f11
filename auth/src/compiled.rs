//! Policies, compiled once for each change, and what is remembered of what they say about pulls and pushes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;
use roadstead_policy::op::{self, Realm};
use roadstead_policy::{self as policy, Documents, Matches};
use roadstead_types::{AccountId, RegistryId, RepositoryName, RoleId};

/// Whose policies count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Principal {
    /// Those of a sub-account and of its groups.
    User(AccountId),
    /// Those of a role.
    Role(RoleId),
}

/// Policies, compiled.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub documents: Documents,
    /// The region that the registry is in.
    pub region: Arc<str>,
    /// What no other compilation has: a change of the policies makes another one.
    pub serial: u64,
}

impl Compiled {
    pub(crate) fn new(documents: Documents, region: &Arc<str>) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { documents, region: Arc::clone(region), serial })
    }

    /// Main accounts have no policies.
    pub(crate) fn root(region: &Arc<str>) -> Arc<Self> {
        Self::new(Documents { root: true, ..Documents::default() }, region)
    }
}

/// What clients do to a repository again and again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Routine {
    Pull,
    Push,
    /// To make it, by pushing to it.
    Create,
}

/// What is remembered of things that are done routinely: to look through all of somebody's statements takes longer than the
/// rest of a request.
///
/// Statements speak of an operation whatever the time and the place, so that nothing in here ever becomes untrue: it is
/// about one compilation of the policies, and one account that they count for (`${uin}` in a role's).
pub(crate) type RoutineCache = Cache<RoutineKey, Remembered>;

/// What is done routinely, by whom.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct RoutineKey {
    pub serial: u64,
    pub account: AccountId,
    pub routine: Routine,
    pub registry: RegistryId,
    pub name: RepositoryName,
    /// Whether everybody may do it, unless a policy denies it.
    pub public: bool,
    /// Whether the policy of a session counts too. It is not in the compilation.
    pub in_session: bool,
}

/// What was found about it.
#[derive(Clone, Debug)]
pub(crate) enum Remembered {
    /// Nothing depends on conditions.
    Decided { allowed: bool },
    /// The statements that speak of it. Conditions, and the policy of a session, are judged each time.
    Matches(Arc<Matches>),
}

/// An operation that is done routinely in a repository.
pub(crate) struct RoutineRequest<'a> {
    pub routine: Routine,
    pub registry: RegistryId,
    /// That of the registry.
    pub realm: Realm<'a>,
    pub name: &'a RepositoryName,
    /// Whether everybody may do it, unless a policy denies it.
    pub public: bool,
    /// The tags of the namespace and of its instance, each as `key&value`.
    pub tags: &'a Arc<[String]>,
}

impl RoutineRequest<'_> {
    /// As policies see it.
    pub(crate) fn request(&self) -> policy::Request {
        let request = match self.routine {
            Routine::Pull => op::pull(self.realm, self.name),
            Routine::Push => op::push(self.realm, self.name),
            Routine::Create => op::repository_create(self.realm, self.name),
        };
        request.public_pull(self.public).tagged(self.tags)
    }
}

/// The application id of a main account, by which some resources name it.
pub fn app_id(owner: AccountId) -> i64 {
    1_250_000_000_i64.saturating_add(owner.get())
}
