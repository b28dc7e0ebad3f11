//! What an identity may do: its policies, compiled once for each change, and the circumstances of one request.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use roadstead_storage::meta::{StoredPolicies, StoredPolicy};
use roadstead_storage::types::{AccountId, RoleId, Uin};

use crate::auth::{Auth, Inner};
use crate::cache::Read;
use crate::cam::{self, Author, Context, Decision, Document, Documents, Policy, Use, presets};
use crate::error::Denied;
use crate::identity::{Caller, Identity};
use crate::session::SessionKind;

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
    documents: Arc<Documents>,
    context: Arc<Context>,
}

/// Main accounts have no policies.
static ROOT: LazyLock<Arc<Documents>> =
    LazyLock::new(|| Arc::new(Documents { root: true, identity: Vec::new(), boundary: None, session: None }));

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
        Ok(self.inner.permissions(identity, caller.address).await?)
    }
}

impl Permissions {
    /// Decides about an operation on something that belongs to the identity's main account.
    pub fn decide(&self, request: &cam::Request) -> Decision {
        cam::decide(&self.documents, request, &self.context)
    }

    /// Whether the operation is allowed; a denial is logged.
    ///
    /// # Errors
    /// `Forbidden` when it is not.
    pub fn check(&self, request: &cam::Request) -> Result<(), Denied> {
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

    /// Who asks.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// What conditions are judged by.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The policies that count.
    pub fn documents(&self) -> &Documents {
        &self.documents
    }
}

impl Inner {
    pub(crate) async fn permissions(
        &self,
        identity: &Arc<Identity>,
        address: IpAddr,
    ) -> Result<Permissions, roadstead_storage::Error> {
        let documents = self.documents_of(identity).await?;
        let Identity { uin, owner, owner_uin, .. } = &**identity;
        let (now, region) = (self.clock.now(), &self.params.region);
        let context = Context::new(address, now, uin.as_str(), owner_uin, app_id(*owner), region);
        Ok(Permissions { identity: Arc::clone(identity), documents, context: Arc::new(context) })
    }

    async fn documents_of(&self, identity: &Identity) -> Result<Arc<Documents>, roadstead_storage::Error> {
        let session = identity.session.as_deref();
        let principal = match session.map(|session| &session.kind) {
            Some(SessionKind::Role { id, .. }) => Some(Principal::Role(*id)),
            Some(SessionKind::Federation { .. } | SessionKind::InstanceToken { .. }) | None => {
                (identity.account != identity.owner).then_some(Principal::User(identity.account))
            }
        };
        let own = match principal {
            None => Arc::clone(&ROOT),
            Some(principal) => self.compiled(principal, identity).await?,
        };
        let Some(limit) = session.and_then(|session| session.policy.as_ref()) else { return Ok(own) };
        let Documents { root, identity, boundary, session: _ } = &*own;
        let (identity, boundary) = (identity.clone(), boundary.clone());
        Ok(Arc::new(Documents { root: *root, identity, boundary, session: Some(Arc::clone(limit)) }))
    }

    /// The compiled policies of `principal`, from memory if they are still believed.
    async fn compiled(
        &self,
        principal: Principal,
        identity: &Identity,
    ) -> Result<Arc<Documents>, roadstead_storage::Error> {
        let load = async |at| {
            let stored = match principal {
                Principal::User(account) => self.meta.documents_of_user(account).await?,
                Principal::Role(role) => self.meta.documents_of_role(role).await?,
            };
            let value = Arc::new(compile(&stored, &identity.owner_uin, identity.owner));
            Ok::<_, roadstead_storage::Error>(Some(Read { value, at }))
        };
        let (found, _) = self.caches.row(&self.caches.documents, principal, load).await?;
        // `load` always finds something: nothing attached is nothing allowed.
        Ok(found.map_or_else(|| Arc::new(nothing()), |read| read.value))
    }
}

fn nothing() -> Documents {
    Documents { root: false, identity: Vec::new(), boundary: None, session: None }
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
