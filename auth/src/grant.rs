//! Where proofs of places that belong to a main account come from: policies, and the operator.

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

/// Everything that one request needs has been allowed. The proofs of the places that it speaks of are made from it.
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
    /// Decides whether everything in `needs` is allowed. With no needs it is granted to whoever has proved who it is:
    /// services still look up only what belongs to the main account of the caller.
    ///
    /// # Errors
    /// `Forbidden` when something is not allowed; it is logged. `ReadOnly` for a change while the registry is read-only.
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
    /// What the caller may do.
    pub fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// The main account of the caller.
    pub fn account(&self) -> Access<E, Account> {
        Access::prove(self.by.clone(), Account { permissions: self.permissions.clone() })
    }

    /// A namespace of the main account of the caller.
    pub fn namespace(&self, registry: RegistryId, name: &NamespaceName) -> Access<E, Namespace> {
        let (permissions, name) = (self.permissions.clone(), name.clone());
        Access::prove(self.by.clone(), Namespace { permissions, registry, name })
    }

    /// A repository of the main account of the caller.
    pub fn repository(&self, registry: RegistryId, name: &RepositoryName) -> Access<E, OwnRepository> {
        let (permissions, name) = (self.permissions.clone(), name.clone());
        Access::prove(self.by.clone(), OwnRepository { permissions, registry, name })
    }

    /// An instance of the main account of the caller.
    pub fn instance(&self, id: &InstanceId) -> Access<E, Instance> {
        Access::prove(self.by.clone(), Instance { permissions: self.permissions.clone(), id: id.clone() })
    }
}

impl Granted<Write> {
    /// The right to read what is to be changed.
    pub fn reading(&self) -> Granted<Read> {
        Granted { by: self.by.clone(), permissions: self.permissions.clone(), effect: PhantomData }
    }
}

/// The proof of commands and jobs: whoever runs the program on its own data may do everything. It is made where the
/// program is put together, and nowhere else.
#[derive(Clone, Debug)]
pub struct Operator {
    auth: Auth,
    actor: Arc<Actor>,
}

impl Operator {
    /// For the composition root: a command ([`Actor::operator`]) or the server's jobs ([`Actor::server`]).
    pub fn new(auth: &Auth, actor: Actor) -> Self {
        Self { auth: auth.clone(), actor: Arc::new(actor) }
    }

    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The right to everything that belongs to a main account: of the same kind as what policies grant.
    pub fn grant<E: Effect>(&self, main: Identity) -> Granted<E> {
        let by = By::Operator(Arc::new(Actor { owner: Some(main.owner), ..(*self.actor).clone() }));
        Granted { by, permissions: self.auth.root_permissions(main), effect: PhantomData }
    }

    /// The right to the whole installation.
    pub fn system<E: Effect>(&self) -> Access<E, System> {
        Access::prove(By::Operator(Arc::clone(&self.actor)), System)
    }
}
