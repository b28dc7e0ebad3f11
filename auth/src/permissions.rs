//! What an identity may do: its policies, compiled once for each change, and the circumstances of one request.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use quick_cache::sync::Cache;
use roadstead_storage::meta::{StoredPolicies, StoredPolicy};
use roadstead_types::{AccountId, NameRule, RegistryId, RepositoryName, RoleId, Timestamp, Uin};

use crate::auth::{Auth, Inner};
use crate::cache::Read;
use crate::client::Client;
use crate::error::Denied;
use crate::identity::{Caller, Identity};
use crate::session::SessionKind;
use roadstead_policy::op::{self, Realm};
use roadstead_policy::{self as policy, Author, Context, Decision, Document, Documents, Matches, Policy, Use, presets};

/// Whose policies count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Principal {
    /// Those of a sub-account and of its groups.
    User(AccountId),
    /// Those of a role.
    Role(RoleId),
}

/// What an identity may do, as of one request.
///
/// It decides about what belongs to the identity's own main account: who knows the target, checks whose it is.
#[derive(Clone, Debug)]
pub struct Permissions {
    identity: Arc<Identity>,
    compiled: Arc<Compiled>,
    client: Arc<Client>,
    now: Timestamp,
    /// Made when something is to be judged by it: what is done routinely seldom is.
    context: OnceLock<Context>,
}

/// Policies, compiled.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub documents: Documents,
    /// The region that the registry is in.
    region: Arc<str>,
    /// What no other compilation has: a change of the policies makes another one.
    serial: u64,
}

impl Compiled {
    fn new(documents: Documents, region: &Arc<str>) -> Arc<Self> {
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
    serial: u64,
    account: AccountId,
    routine: Routine,
    registry: RegistryId,
    name: RepositoryName,
    /// Whether everybody may do it, unless a policy denies it.
    public: bool,
    /// Whether the policy of a session counts too. It is not in the compilation.
    in_session: bool,
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
}

impl RoutineRequest<'_> {
    /// As policies see it.
    pub(crate) fn request(&self) -> policy::Request {
        let request = match self.routine {
            Routine::Pull => op::pull(self.realm, self.name),
            Routine::Push => op::push(self.realm, self.name),
            Routine::Create => op::repository_create(self.realm, self.name),
        };
        request.public_pull(self.public)
    }
}

/// The application id of a main account, by which some resources name it.
pub fn app_id(owner: AccountId) -> i64 {
    1_250_000_000_i64.saturating_add(owner.get())
}

impl Auth {
    /// What the caller may do. Policies come from memory, and are as fresh as everything that
    /// [`Auth::poll_changes`] confirms.
    ///
    /// # Errors
    /// `Unauthenticated` for anonymous callers, `Unavailable` when the store cannot be asked.
    pub async fn permissions(&self, caller: &Caller) -> Result<Permissions, Denied> {
        let identity = caller.identity.as_ref().ok_or(Denied::Unauthenticated)?;
        Ok(self.inner.permissions(identity, &caller.client).await?)
    }
}

impl Auth {
    /// What a main account may do, when a command or a job acts for it: everything.
    pub(crate) fn root_permissions(&self, main: Identity) -> Permissions {
        let (identity, compiled) = (Arc::new(main), Arc::clone(&self.inner.root));
        let client = Arc::new(Client::at(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        Permissions { identity, compiled, client, now: self.inner.clock.now(), context: OnceLock::new() }
    }
}

impl Permissions {
    /// Decides about an operation on something that belongs to the identity's main account.
    pub fn decide(&self, request: &policy::Request) -> Decision {
        policy::decide(&self.compiled.documents, request, self.context())
    }

    /// Whether what clients do again and again is allowed, in less time.
    pub(crate) fn allows_routine(&self, asked: &RoutineRequest<'_>, cache: &RoutineCache) -> bool {
        let RoutineRequest { routine, registry, name, public, .. } = *asked;
        let Compiled { documents, serial, .. } = &*self.compiled;
        let (account, in_session) = (self.identity.account, documents.session.is_some());
        let name = name.clone();
        let key = RoutineKey { serial: *serial, account, routine, registry, name, public, in_session };
        let remembered = cache.get(&key).unwrap_or_else(|| {
            let found = documents.matches(&asked.request(), self.context());
            let remembered = if in_session || documents.has_conditions(&found) {
                Remembered::Matches(Arc::new(found))
            } else {
                Remembered::Decided { allowed: self.judge(&found, asked).is_allowed() }
            };
            cache.insert(key, remembered.clone());
            remembered
        });
        match remembered {
            Remembered::Decided { allowed } => allowed,
            Remembered::Matches(found) => self.judge(&found, asked).is_allowed(),
        }
    }

    fn judge(&self, own: &Matches, asked: &RoutineRequest<'_>) -> Decision {
        let Documents { session, .. } = self.documents();
        let session = match session {
            Some(_) => self.documents().session_matches(&asked.request(), self.context()),
            None => Matches::default(),
        };
        self.documents().judge(own, &session, asked.public, self.context())
    }

    /// Whether the operation is allowed; a denial is logged.
    ///
    /// # Errors
    /// `Forbidden` when it is not.
    pub fn check(&self, request: &policy::Request) -> Result<(), Denied> {
        let decision = self.decide(request);
        if decision.is_allowed() {
            return Ok(());
        }
        tracing::info!(account.uin = %self.identity.uin, %request, %decision, "not authorized");
        Err(Denied::Forbidden)
    }

    /// Whether every operation is allowed: see [`Identity::is_root`].
    pub fn is_root(&self) -> bool {
        self.identity.is_root()
    }

    /// The names for which a statement denies the operation.
    pub fn denied_names(&self, about: &policy::NameRequest) -> NameRule {
        self.documents().denied_names(about, self.context())
    }

    /// The names for which the operation is allowed.
    pub fn allowed_names(&self, about: &policy::NameRequest) -> NameRule {
        self.documents().allowed_names(about, self.context())
    }

    /// Who asks.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// Where the request comes from.
    pub(crate) fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// What conditions are judged by.
    pub fn context(&self) -> &Context {
        self.context.get_or_init(|| {
            let Identity { uin, owner, owner_uin, .. } = &*self.identity;
            Context::new(self.client.address, self.now, uin.as_str(), owner_uin, app_id(*owner), &self.compiled.region)
        })
    }

    /// The policies that count.
    pub fn documents(&self) -> &Documents {
        &self.compiled.documents
    }
}

impl Inner {
    pub(crate) async fn permissions(
        &self,
        identity: &Arc<Identity>,
        client: &Arc<Client>,
    ) -> Result<Permissions, roadstead_storage::Error> {
        let compiled = self.compiled_for(identity).await?;
        let (identity, client, now) = (Arc::clone(identity), Arc::clone(client), self.clock.now());
        Ok(Permissions { identity, compiled, client, now, context: OnceLock::new() })
    }

    async fn compiled_for(&self, identity: &Identity) -> Result<Arc<Compiled>, roadstead_storage::Error> {
        let session = identity.session.as_deref();
        let principal = match session.map(|session| &session.kind) {
            Some(SessionKind::Role { id, .. }) => Some(Principal::Role(*id)),
            Some(SessionKind::Federation { .. } | SessionKind::InstanceToken { .. }) | None => {
                (identity.account != identity.owner).then_some(Principal::User(identity.account))
            }
        };
        let own = match principal {
            None => Arc::clone(&self.root),
            Some(principal) => self.compiled(principal, identity).await?,
        };
        let Some(limit) = session.and_then(|session| session.policy.as_ref()) else { return Ok(own) };
        let documents = Documents { session: Some(Arc::clone(limit)), ..own.documents.clone() };
        // The same policies, and one more, which nothing is remembered of.
        Ok(Arc::new(Compiled { documents, region: Arc::clone(&own.region), serial: own.serial }))
    }

    /// The compiled policies of `principal`, from memory if they are still believed.
    async fn compiled(
        &self,
        principal: Principal,
        identity: &Identity,
    ) -> Result<Arc<Compiled>, roadstead_storage::Error> {
        let load = async |at| {
            let stored = match principal {
                Principal::User(account) => self.meta.documents_of_user(account).await?,
                Principal::Role(role) => self.meta.documents_of_role(role).await?,
            };
            let documents = compile(&stored, &identity.owner_uin, identity.owner);
            let value = Compiled::new(documents, &self.params.region);
            Ok::<_, roadstead_storage::Error>(Some(Read { value, at }))
        };
        let (found, _) = self.caches.row(&self.caches.documents, principal, load).await?;
        // `load` always finds something: nothing attached is nothing allowed.
        Ok(found.map_or_else(|| Compiled::new(Documents::default(), &self.params.region), |read| read.value))
    }
}

fn compile(stored: &StoredPolicies, owner_uin: &Uin, owner: AccountId) -> Documents {
    let author = Author { owner_uin, app_id: app_id(owner) };
    let document = |policy: &StoredPolicy, usage| Arc::new(document(policy, usage, &author));
    Documents {
        root: false,
        identity: stored.attached.iter().map(|policy| document(policy, Use::Identity)).collect(),
        boundary: stored.boundary.as_ref().map(|policy| document(policy, Use::Boundary)),
        session: None,
    }
}

/// A preset policy that is not there any more, and a text that is none, are policies that nobody understands: they allow
/// nothing, and stand in the way of everything.
fn document(policy: &StoredPolicy, usage: Use, author: &Author<'_>) -> Document {
    let (name, text) = match &policy.document {
        Some(text) => (policy.name.as_str(), text.as_str()),
        None => presets::get(policy.id).map_or(("", ""), |preset| (preset.name, preset.document)),
    };
    Document { id: policy.id, name: name.to_owned(), policy: Policy::stored(text, usage, author) }
}
