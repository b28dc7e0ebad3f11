//! Proofs of rights in places that belong to a main account. Policies or the operator grant them.

use std::marker::PhantomData;
use std::sync::Arc;

use roadstead_policy::{Class, Request, Row};
use roadstead_types::{Actor, InstanceId, NamespaceName, RegistryId, RepositoryName};

use crate::access::{Access, By};
use crate::auth::Auth;
use crate::error::Denied;
use crate::needs::{Needs, Permitted};
use crate::permissions::Permissions;
use crate::place::{Account, Instance, Namespace, OwnRepository, System};
use crate::right::{Find, Mode};

/// The proof that everything that a request needs is allowed. It makes the proofs of the single places in the
/// request.
#[derive(Debug)]
pub struct Granted<E> {
    by: By,
    permissions: Permissions,
    effect: PhantomData<fn() -> E>,
}

impl Auth {
    /// Decides whether the caller may do the action of this row, which needs these rights. `tried` tells that nothing
    /// will be changed, so that a change may be tried while the registry is read-only.
    ///
    /// # Errors
    /// `Forbidden` when something is not allowed; the log tells what. `ReadOnly` for a change while the registry is
    /// read-only. `Unavailable` when the store cannot be asked.
    pub async fn allow<E: Mode>(
        &self,
        permissions: &Permissions,
        row: &'static Row,
        needs: &Needs,
        tried: bool,
    ) -> Result<Granted<E>, Denied> {
        let is_asked = match row.class {
            Class::Unsigned => false,
            Class::Signed => permissions.identity().session.is_some(),
            Class::Hardened => permissions.is_strict(),
            Class::Checked => true,
        };
        if row.class == Class::Checked && needs.requests.is_empty() {
            tracing::error!(action = row.full_name(), "an action does not say which rights it needs");
            return Err(Denied::Forbidden);
        }
        if is_asked {
            self.check(permissions, needs.requests.clone()).await?;
        }
        permissions.refuse_veto(row)?;
        let not_denied = self.tagged(permissions, needs.not_denied.clone()).await?;
        not_denied.iter().try_for_each(|request| permissions.refuse_denial(request))?;
        permissions.granted(tried)
    }

    /// Gives the caller something that was looked up, if this request about it is allowed. The tags of the resources count
    /// too.
    ///
    /// # Errors
    /// `Forbidden` when it is not allowed; the log tells what. `Unavailable` when the store cannot be asked.
    pub async fn permit<T>(
        &self,
        permissions: &Permissions,
        request: Request,
        found: T,
    ) -> Result<Permitted<T>, Denied> {
        self.check(permissions, vec![request]).await?;
        Ok(Permitted::new(found))
    }

    async fn check(&self, permissions: &Permissions, requests: Vec<Request>) -> Result<(), Denied> {
        let requests = self.tagged(permissions, requests).await?;
        requests.iter().try_for_each(|request| permissions.check(request))
    }
}

impl Permissions {
    /// Refuses a caller whom a policy denies the action on everything: see [`Row::veto`].
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn refuse_veto(&self, row: &'static Row) -> Result<(), Denied> {
        row.veto(!self.is_strict()).map_or(Ok(()), |request| self.refuse_denial(&request))
    }

    /// Refuses a caller whom a policy denies the request. No policy has to allow it.
    fn refuse_denial(&self, request: &Request) -> Result<(), Denied> {
        let decision = self.decide(request);
        if !decision.is_explicit_denial() {
            return Ok(());
        }
        tracing::info!(account.uin = %self.identity().uin, %request, %decision, "denied");
        Err(Denied::Forbidden)
    }

    /// Returns the right to look up the things that a request names, before it is decided whether the caller has a
    /// right to them.
    pub fn finding(&self) -> Access<Find, Account> {
        Access::prove(self.by(), Account { permissions: self.clone() })
    }

    /// Turns the right to something that was looked up into the proof for it. `tried` is as for [`Auth::allow`].
    ///
    /// # Errors
    /// `ReadOnly` for a change while the registry is read-only.
    pub fn grant<E: Mode, T>(&self, permitted: Permitted<T>, tried: bool) -> Result<(Granted<E>, T), Denied> {
        Ok((self.granted(tried)?, permitted.into_inner()))
    }

    /// Makes the proof, when everything has been decided.
    fn granted<E: Mode>(&self, tried: bool) -> Result<Granted<E>, Denied> {
        if E::CHANGES && !tried {
            self.check_writable()?;
        }
        Ok(Granted { by: self.by(), permissions: self.clone(), effect: PhantomData })
    }

    fn by(&self) -> By {
        By::Caller(Some(Arc::clone(self.identity())), Arc::clone(self.client()))
    }
}

impl<E: Mode> Granted<E> {
    /// Returns the right in the main account of the caller.
    pub fn account(&self) -> Access<E, Account> {
        Access::prove(self.by.clone(), Account { permissions: self.permissions.clone() })
    }

    /// Returns the right in a namespace of the caller's main account.
    pub fn namespace(&self, registry: RegistryId, name: &NamespaceName) -> Access<E, Namespace> {
        let (permissions, name) = (self.permissions.clone(), name.clone());
        Access::prove(self.by.clone(), Namespace { permissions, registry, name })
    }

    /// Returns the right in a repository of the caller's main account.
    pub fn repository(&self, registry: RegistryId, name: &RepositoryName) -> Access<E, OwnRepository> {
        let (permissions, name) = (self.permissions.clone(), name.clone());
        Access::prove(self.by.clone(), OwnRepository { permissions, registry, name })
    }

    /// Returns the right in an instance of the caller's main account.
    pub fn instance(&self, id: &InstanceId) -> Access<E, Instance> {
        Access::prove(self.by.clone(), Instance { permissions: self.permissions.clone(), id: id.clone() })
    }
}

/// The proof of commands and jobs. A person who runs the program on its own data may do everything. Only the
/// command line and the code that puts the server together make it.
#[derive(Clone, Debug)]
pub struct Operator {
    actor: Arc<Actor>,
}

impl Operator {
    /// Makes it for a command ([`Actor::operator`]) or for the jobs of the server ([`Actor::server`]).
    pub fn new(actor: Actor) -> Self {
        Self { actor: Arc::new(actor) }
    }

    /// Returns the actor that the audit log names.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Grants the right to the whole installation.
    pub fn system<E: Mode>(&self) -> Access<E, System> {
        Access::prove(By::Operator(Arc::clone(&self.actor)), System)
    }
}
