//! The rights of an identity by its policies, in the circumstances of one request.

use std::sync::{Arc, OnceLock};

use roadstead_storage::meta::{ResourceTag, StoredPolicies, StoredPolicy};
use roadstead_types::{
    AccountId, InstanceId, NameRule, NamespaceSight, RepositoryName, Sight, Timestamp, TooManyPatterns, Uin,
};

use crate::auth::{Auth, Inner};
use crate::client::Client;
use crate::compiled::{Compiled, Principal, Remembered, RoutineCache, RoutineKey, RoutineRequest, app_id};
use crate::error::Denied;
use crate::identity::{Caller, Identity};
use crate::known::Cached;
use crate::session::SessionKind;
use roadstead_policy::actions::tcr;
use roadstead_policy::op::{self, Realm};
use roadstead_policy::{self as policy, Author, Context, Decision, Document, Documents, Matches, Policy, Use, presets};

/// The rights of an identity by its policies, for one request.
///
/// They concern things of the identity's own main account. The caller checks that a target belongs to this account.
#[derive(Clone, Debug)]
pub struct Permissions {
    identity: Arc<Identity>,
    compiled: Arc<Compiled>,
    client: Arc<Client>,
    now: Timestamp,
    /// Whether things that no policy allows are hidden. Otherwise only denied ones are.
    strict: bool,
    readonly: bool,
    /// Made on first use: most routine operations are decided without it.
    context: OnceLock<Context>,
}

/// Returns tags in the form in which conditions compare them: `key&value`.
pub fn tag_texts<'a>(tags: impl IntoIterator<Item = &'a ResourceTag>) -> Arc<[String]> {
    tags.into_iter().map(|tag| format!("{}&{}", tag.key, tag.value)).collect()
}

/// Returns the operations that decide whether a caller sees a repository: listing and pulling it.
pub(crate) fn sight(realm: Realm<'_>, name: &RepositoryName) -> [policy::Request; 2] {
    [op::repository_list(realm, name), op::pull(realm, name)]
}

impl Auth {
    /// Returns the permissions of the caller. Policies come from the cache, and are as fresh as everything that
    /// [`Auth::poll_changes`] confirms.
    ///
    /// # Errors
    /// `Unauthenticated` for anonymous callers, `Unavailable` when the store cannot be asked.
    pub async fn permissions(&self, caller: &Caller) -> Result<Permissions, Denied> {
        let identity = caller.identity.as_ref().ok_or(Denied::Unauthenticated)?;
        Ok(self.inner.permissions(identity, &caller.client).await?)
    }
}

impl Permissions {
    /// Decides about an operation on something of the identity's main account.
    pub fn decide(&self, request: &policy::Request) -> Decision {
        policy::decide(&self.compiled.documents, request, self.context())
    }

    /// Decides about a routine operation, faster than [`Permissions::decide`].
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
        let documents = self.documents();
        if documents.session.is_none() && asked.tags.is_empty() {
            return documents.judge(own, &Matches::default(), asked.public, self.context());
        }
        let request = asked.request();
        let context = &*self.context().about(&request);
        documents.judge(own, &documents.session_matches(&request, context), asked.public, context)
    }

    /// Checks that the operation is allowed. A denial is logged.
    ///
    /// # Errors
    /// `Forbidden` when it is denied.
    pub fn check(&self, request: &policy::Request) -> Result<(), Denied> {
        let decision = self.decide(request);
        if decision.is_allowed() {
            return Ok(());
        }
        tracing::info!(account.uin = %self.identity.uin, %request, %decision, "not authorized");
        Err(Denied::Forbidden)
    }

    /// Checks that the operation is allowed, except with `faithful` outside of a session. For operations that need no right by the product
    /// document.
    ///
    /// # Errors
    /// `Forbidden` when it is denied.
    pub fn check_hardened(&self, request: &policy::Request) -> Result<(), Denied> {
        if self.is_strict() { self.check(request) } else { Ok(()) }
    }

    /// Tells whether rights are asked for that the product document does not ask for. In a session they always are,
    /// because its policies must allow everything that is done in it.
    pub(crate) fn is_strict(&self) -> bool {
        self.strict || self.identity.session.is_some()
    }

    /// Refuses changes while the registry is read-only.
    ///
    /// # Errors
    /// `ReadOnly` while it is.
    pub(crate) fn check_writable(&self) -> Result<(), Denied> {
        if self.readonly { Err(Denied::ReadOnly) } else { Ok(()) }
    }

    /// Tells whether every operation is allowed: see [`Identity::is_root`].
    pub fn is_root(&self) -> bool {
        self.identity.is_root()
    }

    /// Returns the names for which a statement denies the operation.
    ///
    /// # Errors
    /// `TooManyPatterns`.
    pub fn denied_names(&self, about: &policy::NameRequest) -> Result<NameRule, TooManyPatterns> {
        self.documents().denied_names(about, self.context())
    }

    /// Returns the names for which the operation is allowed.
    ///
    /// # Errors
    /// `TooManyPatterns`.
    pub fn allowed_names(&self, about: &policy::NameRequest) -> Result<NameRule, TooManyPatterns> {
        self.documents().allowed_names(about, self.context())
    }

    /// Tells whether the caller sees only what some policy lets it see. Otherwise it sees everything that no policy
    /// denies.
    fn is_limited(&self) -> bool {
        !self.is_root() && self.is_strict()
    }

    /// Tells whether the caller sees a repository of its main account in the personal edition. A denial of listing or
    /// pulling hides it. A limited caller also needs some right to the repository, unless it is public. A session always
    /// needs some right to it.
    pub fn sees_repository(&self, name: &RepositoryName, public: bool) -> bool {
        !self.is_hidden(name)
            && (!self.is_limited() || (public && self.identity.session.is_none()) || self.has_right_to(name))
    }

    /// Tells whether a denial of listing or pulling hides a repository of the personal edition.
    pub fn is_hidden(&self, name: &RepositoryName) -> bool {
        sight(Realm::Personal, name).iter().any(|request| self.decide(request).is_explicit_denial())
    }

    /// Tells whether the caller has some right to a repository of the personal edition, which need not exist.
    pub fn has_right_to(&self, name: &RepositoryName) -> bool {
        op::repository_rights().any(|right| self.decide(&right.on(name.as_str())).is_allowed())
    }

    /// Returns the names for which the caller has any of these rights.
    fn names_with_any(&self, rights: impl Iterator<Item = policy::NameRequest>) -> Result<NameRule, TooManyPatterns> {
        NameRule::any(rights.map(|right| self.allowed_names(&right)))
    }

    /// Returns all repositories that the caller sees: see [`Permissions::sees_repository`].
    ///
    /// # Errors
    /// `TooManyPatterns`.
    pub fn sight(&self) -> Result<Sight, TooManyPatterns> {
        let operations = [op::repository_lists(Realm::Personal), op::pulls(Realm::Personal)];
        let not_denied = NameRule::any(operations.iter().map(|about| self.denied_names(about)))?.negated();
        if !self.is_limited() {
            return Ok(Sight { names: not_denied.clone(), public: not_denied });
        }
        let names = self.names_with_any(op::repository_rights())?.and(not_denied.clone());
        let public = if self.identity.session.is_some() { names.clone() } else { not_denied };
        Ok(Sight { names, public })
    }

    /// Returns all namespaces of the personal edition that the caller sees. A denial of listing hides a namespace. A
    /// limited caller also needs some right in the namespace, or sees a repository in it.
    ///
    /// # Errors
    /// `TooManyPatterns`.
    pub fn namespace_sight(&self) -> Result<NamespaceSight, TooManyPatterns> {
        let shown = self.denied_names(&tcr::DescribeNamespacePersonal.on_namespaces(Realm::Personal))?.negated();
        let known = if self.is_limited() { self.names_with_any(op::namespace_rights())? } else { NameRule::All };
        Ok(NamespaceSight { shown, known, content: self.sight()? })
    }

    /// Tells whether the caller sees an instance of its main account in lists.
    pub fn sees_instance(&self, id: &InstanceId, tags: &[ResourceTag]) -> bool {
        let tags = tag_texts(tags);
        let list = tcr::DescribeInstances.on_instance(id.as_str()).tagged(&tags);
        let has_right = || op::instance_rights(id.as_str()).any(|right| self.decide(&right.tagged(&tags)).is_allowed());
        !self.decide(&list).is_explicit_denial() && (!self.is_limited() || has_right())
    }

    /// Returns the identity.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// Returns the client that the request came from.
    pub(crate) fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Returns the context that conditions are evaluated in.
    pub fn context(&self) -> &Context {
        self.context.get_or_init(|| {
            let Identity { uin, owner, owner_uin, .. } = &*self.identity;
            Context::new(self.client.address, self.now, uin.as_str(), owner_uin, app_id(*owner), &self.compiled.region)
        })
    }

    /// Returns the policies.
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
        let (strict, readonly) = (!self.params.faithful, self.params.readonly);
        Ok(Permissions { identity, compiled, client, now, strict, readonly, context: OnceLock::new() })
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
        // The serial stays: remembered decisions do not cover the policy of a session.
        Ok(Arc::new(Compiled { documents, region: Arc::clone(&own.region), serial: own.serial }))
    }

    /// Returns the compiled policies of `principal`, from the cache if they are still trusted.
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
            Ok::<_, roadstead_storage::Error>(Some(Cached { value, at }))
        };
        let (found, _) = self.caches.row(&self.caches.documents, (identity.owner, principal), load).await?;
        // `load` never returns `None`: a principal without policies has empty ones.
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

/// Compiles a stored policy. If a preset no longer exists or a text cannot be parsed, the result allows nothing and
/// blocks everything.
fn document(policy: &StoredPolicy, usage: Use, author: &Author<'_>) -> Document {
    let (name, text) = match &policy.document {
        Some(text) => (policy.name.as_str(), text.as_str()),
        None => presets::get(policy.id).map_or(("", ""), |preset| (preset.name, preset.document)),
    };
    Document { id: policy.id, name: name.to_owned(), policy: Policy::stored(text, usage, author) }
}
