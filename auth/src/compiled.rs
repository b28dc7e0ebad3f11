//! Compiled policies, and remembered decisions about pulls and pushes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;
use roadstead_policy::op::{self, Realm};
use roadstead_policy::{self as policy, Documents, Matches};
use roadstead_types::{AccountId, RegistryId, RepositoryName, RoleId};

/// The principal whose policies count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Principal {
    /// A sub-account with its groups.
    User(AccountId),
    /// A role.
    Role(RoleId),
}

/// Policies, compiled.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub documents: Documents,
    /// The region that the registry is in.
    pub region: Arc<str>,
    /// Unique to this compilation: a change of the policies makes another one.
    pub serial: u64,
}

impl Compiled {
    pub(crate) fn new(documents: Documents, region: &Arc<str>) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { documents, region: Arc::clone(region), serial })
    }

    /// Returns the policies of a main account, which has none.
    pub(crate) fn root(region: &Arc<str>) -> Arc<Self> {
        Self::new(Documents { root: true, ..Documents::default() }, region)
    }
}

/// An operation that clients do to a repository again and again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Routine {
    Pull,
    Push,
    /// Making the repository by pushing to it.
    Create,
}

/// Remembered decisions about routine operations. To search all statements of a principal takes longer than the rest
/// of a request.
///
/// An entry never becomes wrong: which statements match an operation does not depend on time or address. An entry
/// belongs to one compilation of the policies and to one account, because the policies of a role may contain
/// `${uin}`.
pub(crate) type RoutineCache = Cache<RoutineKey, Remembered>;

/// A routine operation and the account that does it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct RoutineKey {
    pub serial: u64,
    pub account: AccountId,
    pub routine: Routine,
    pub registry: RegistryId,
    pub name: RepositoryName,
    /// Whether everybody may do it, unless a policy denies it.
    pub public: bool,
    /// Whether the policy of a session counts too. It is not part of the compilation.
    pub in_session: bool,
}

/// A remembered decision.
#[derive(Clone, Debug)]
pub(crate) enum Remembered {
    /// Nothing depends on conditions.
    Decided { allowed: bool },
    /// Statements that match. Their conditions and the policy of a session are judged each time.
    Matches(Arc<Matches>),
}

/// A routine operation in a repository.
pub(crate) struct RoutineRequest<'a> {
    pub routine: Routine,
    pub registry: RegistryId,
    /// The realm of the registry.
    pub realm: Realm<'a>,
    pub name: &'a RepositoryName,
    /// Whether everybody may do it, unless a policy denies it.
    pub public: bool,
    /// The tags of the namespace and of its instance, each as `key&value`.
    pub tags: &'a Arc<[String]>,
}

impl RoutineRequest<'_> {
    /// Returns the request as policies see it.
    pub(crate) fn request(&self) -> policy::Request {
        let request = match self.routine {
            Routine::Pull => op::pull(self.realm, self.name),
            Routine::Push => op::push(self.realm, self.name),
            Routine::Create => op::repository_create(self.realm, self.name),
        };
        request.public_pull(self.public).tagged(self.tags)
    }
}

/// Returns the application id of a main account, which some resources contain.
pub fn app_id(owner: AccountId) -> i64 {
    1_250_000_000_i64.saturating_add(owner.get())
}
