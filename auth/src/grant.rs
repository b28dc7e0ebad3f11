//! Proofs of rights in places that belong to a main account. Policies or the operator grant them.

use std::marker::PhantomData;
use std::sync::Arc;

use roadstead_policy::Request;
use roadstead_types::{Actor, InstanceId, NamespaceName, RegistryId, RepositoryName};

use crate::access::{Access, By};
use crate::auth::Auth;
use crate::error::Denied;
use crate::identity::Identity;
use crate::permissions::Permissions;
use crate::place::{Account, Instance, Namespace, OwnRepository, System};
use crate::right::{Effect, Read, Write};

/// The proof that everything that a request needs is allowed. It makes the proofs of the single places in the
/// request.
#[derive(Debug)]
pub struct Granted<E> {
    by: By,
    permissions: Permissions,
    effect: PhantomData<fn() -> E>,
}

impl<E> Clone for Granted<E> {
    fn clone(&self) -> Self {
        Self { by: self.by.clone(), permissions: self.permissions.clone(), effect: PhantomData }
    }
}

impl Permissions {
    /// Decides whether everything in `needs` is allowed. Without needs, every authenticated caller is granted:
    /// services look up only what belongs to the main account of the caller anyway.
    ///
    /// # Errors
    /// `Forbidden` when something is not allowed; the log tells what. `ReadOnly` for a change while the registry is
    /// read-only.
    pub fn grant<E: Effect>(&self, needs: &[Request]) -> Result<Granted<E>, Denied> {
        needs.iter().try_for_each(|request| self.check(request))?;
        if E::CHANGES {
            self.check_writable()?;
        }
        let by = By::Caller(Some(Arc::clone(self.identity())), Arc::clone(self.client()));
        Ok(Granted { by, permissions: self.clone(), effect: PhantomData })
    }
}

impl<E: Effect> Granted<E> {
    /// Returns the permissions of the caller.
    pub fn permissions(&self) -> &Permissions {
        &self.permissions
    }

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

impl Granted<Write> {
    /// Returns the right to read the things that are to be changed.
    pub fn reading(&self) -> Granted<Read> {
        Granted { by: self.by.clone(), permissions: self.permissions.clone(), effect: PhantomData }
    }
}

/// The proof of commands and jobs. A person who runs the program on its own data may do everything. Only the code
/// that puts the program together makes it.
#[derive(Clone, Debug)]
pub struct Operator {
    auth: Auth,
    actor: Arc<Actor>,
}

impl Operator {
    /// Makes it for a command ([`Actor::operator`]) or for the jobs of the server ([`Actor::server`]).
    pub fn new(auth: &Auth, actor: Actor) -> Self {
        Self { auth: auth.clone(), actor: Arc::new(actor) }
    }

    /// Returns the actor that the audit log names.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Grants everything that belongs to a main account, as policies would.
    pub fn grant<E: Effect>(&self, main: Identity) -> Granted<E> {
        let by = By::Operator(Arc::new(Actor { owner: Some(main.owner), ..(*self.actor).clone() }));
        Granted { by, permissions: self.auth.root_permissions(main), effect: PhantomData }
    }

    /// Grants the right to the whole installation.
    pub fn system<E: Effect>(&self) -> Access<E, System> {
        Access::prove(By::Operator(Arc::clone(&self.actor)), System)
    }
}
