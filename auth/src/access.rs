//! Proofs of rights. Services take them as arguments, so that code with a forgotten check does not compile.

use std::marker::PhantomData;
use std::sync::Arc;

use roadstead_policy::Decision;
use roadstead_policy::op::Realm;
use roadstead_storage::meta::Readable;
use roadstead_types::{
    AccountId, Actor, InstanceId, NamespaceId, NamespaceName, RegistryId, RepositoryId, RepositoryName, Tag,
};

use crate::client::Client;
use crate::identity::Identity;
use crate::permissions::{Permissions, sight};
use crate::place::{Account, Instance, Namespace, OwnRepository, Owned, Repository};
use crate::right::{ContentRight, Delete, Mode, Push, Read, Right, Write};

/// The proof that a caller has the right `R` in the place `P`. It holds for the moment when it was made. Only the
/// authorizer makes proofs: [`Auth::authorize`](crate::Auth::authorize) and its sisters for the content of
/// repositories, [`Auth::allow`](crate::Auth::allow) and [`Permissions::grant`](crate::Permissions::grant) for decisions
/// by the policies of an account, and [`Operator`](crate::Operator) for commands and jobs.
///
/// Nobody else can:
///
/// ```compile_fail
/// use roadstead_auth::{Access, Write, place};
///
/// fn forged(place: place::Account) -> Access<Write, place::Account> {
///     Access { place, ..unreachable!() }
/// }
/// ```
#[derive(Debug)]
pub struct Access<R, P = Repository> {
    by: By,
    place: P,
    right: PhantomData<fn() -> R>,
}

/// The holder of the right.
#[derive(Clone, Debug)]
pub(crate) enum By {
    /// The caller of a request. Without an identity it is an anonymous caller.
    Caller(Option<Arc<Identity>>, Arc<Client>),
    /// A command, or the server itself.
    Operator(Arc<Actor>),
}

impl<R, P: Clone> Clone for Access<R, P> {
    fn clone(&self) -> Self {
        Self { by: self.by.clone(), place: self.place.clone(), right: PhantomData }
    }
}

impl<R: Right, P> Access<R, P> {
    /// Makes a proof. Only the authorizer calls this, after it has allowed the request.
    pub(crate) fn prove(by: By, place: P) -> Self {
        Self { by, place, right: PhantomData }
    }
}

impl<R, P> Access<R, P> {
    /// Returns the actor that the audit log names.
    pub fn actor(&self) -> Actor {
        match &self.by {
            By::Caller(None, client) => client.anonymous(),
            By::Caller(Some(identity), client) => identity.actor(client),
            By::Operator(actor) => (**actor).clone(),
        }
    }
}

impl<P: Clone> Access<Write, P> {
    /// Returns the right to read in the same place. A right to change something includes the right to look at it
    /// first.
    pub fn reading(&self) -> Access<Read, P> {
        Access { by: self.by.clone(), place: self.place.clone(), right: PhantomData }
    }
}

impl<R: ContentRight> Access<R> {
    /// Returns the registry that the repository is in.
    pub fn registry(&self) -> RegistryId {
        self.place.registry
    }

    /// Returns the name of the repository.
    pub fn repository(&self) -> &RepositoryName {
        &self.place.name
    }

    /// Returns the id of the repository, or `None` when it does not exist (yet). Read by this id and not by the name:
    /// another caller may make a repository of the same name in the meantime.
    pub fn repository_id(&self) -> Option<RepositoryId> {
        self.place.id
    }

    /// Returns the namespace. It exists: nobody has rights in a namespace that does not exist.
    pub fn namespace_id(&self) -> NamespaceId {
        self.place.namespace
    }

    /// Returns the identity of the holder; `None` stands for everybody.
    pub fn identity(&self) -> Option<&Arc<Identity>> {
        match &self.by {
            By::Caller(identity, _) => identity.as_ref(),
            By::Operator(_) => None,
        }
    }

    fn acting(&self) -> AccountId {
        // Callers who push or delete have an identity; a command acts for the owner of the namespace.
        self.identity().map_or(self.place.owner, |identity| identity.account)
    }
}

impl Access<Push> {
    /// Returns the account that pushes. Nobody pushes anonymously.
    pub fn account(&self) -> AccountId {
        self.acting()
    }
}

impl Access<Delete> {
    /// Returns the account that deletes. Nobody deletes anonymously.
    pub fn account(&self) -> AccountId {
        self.acting()
    }

    /// Returns the only tags that may be deleted. The manifest may be deleted too if no other tags point at it.
    /// `None` means no limit: blobs and everything else may be deleted.
    pub fn tags(&self) -> Option<&[Tag]> {
        self.place.tags.as_deref()
    }
}

impl<E: Mode, P: Owned> Access<E, P> {
    /// Returns who holds the right, for a proof in another place.
    pub(crate) fn by(&self) -> &By {
        &self.by
    }

    /// Returns the permissions of the holder in its main account. A command sees everything.
    pub fn permissions(&self) -> &Permissions {
        self.place.permissions()
    }

    /// Returns the identity of the holder. A command acts as the main account itself.
    pub fn who(&self) -> &Identity {
        self.permissions().identity()
    }

    /// Returns the main account that the place belongs to.
    pub fn owner(&self) -> AccountId {
        self.who().owner
    }
}

impl<E: Mode> Access<E, Account> {
    /// Returns the right in one repository of the main account.
    pub fn repository(&self, registry: RegistryId, name: &RepositoryName) -> Access<E, OwnRepository> {
        Access::prove(self.by.clone(), own_repository(self.permissions(), registry, name))
    }
}

impl<E: Mode> Access<E, Namespace> {
    /// Returns the registry that the namespace is in.
    pub fn registry(&self) -> RegistryId {
        self.place.registry
    }

    /// Returns the name of the namespace.
    pub fn namespace(&self) -> &NamespaceName {
        &self.place.name
    }
}

impl<E: Mode> Access<E, OwnRepository> {
    /// Returns the registry that the repository is in.
    pub fn registry(&self) -> RegistryId {
        self.place.registry
    }

    /// Returns the name of the repository.
    pub fn repository(&self) -> &RepositoryName {
        &self.place.name
    }
}

impl<E: Mode> Access<E, Instance> {
    /// Returns the id of the instance.
    pub fn instance(&self) -> &InstanceId {
        &self.place.id
    }

    /// Returns the right in one repository of the instance. Its registry is the one that was found for the instance.
    pub fn repository(&self, registry: RegistryId, name: &RepositoryName) -> Access<E, OwnRepository> {
        Access::prove(self.by.clone(), own_repository(self.permissions(), registry, name))
    }
}

fn own_repository(permissions: &Permissions, registry: RegistryId, name: &RepositoryName) -> OwnRepository {
    OwnRepository { permissions: permissions.clone(), registry, name: name.clone() }
}

/// The proof that the caller may list repositories. It also tells which ones.
#[derive(Clone, Debug)]
pub struct CatalogAccess {
    pub(crate) registry: RegistryId,
    pub(crate) owner: AccountId,
    pub(crate) limit: Option<CatalogLimit>,
}

/// The limits that policies set to a list.
#[derive(Clone, Debug)]
pub(crate) struct CatalogLimit {
    pub permissions: Permissions,
    /// The public name of the registry, if it is an instance.
    pub instance: Option<Arc<str>>,
}

impl CatalogAccess {
    /// Returns the registry that may be listed.
    pub fn registry(&self) -> RegistryId {
        self.registry
    }

    /// Returns the filter for repositories that may be shown, as far as the database can apply it.
    pub fn readable(&self) -> Readable {
        Readable::By { owner: Some(self.owner) }
    }

    /// Returns the main account whose repositories must also be checked with [`CatalogAccess::shows`]; `None` when no
    /// such check is needed.
    pub fn limited_to(&self) -> Option<AccountId> {
        self.limit.as_ref().map(|_| self.owner)
    }

    /// Returns whether [`CatalogAccess::shows`] depends on tags.
    pub fn asks_for_tags(&self) -> bool {
        let limit = self.limit.as_ref().filter(|limit| limit.instance.is_some());
        limit.is_some_and(|limit| limit.permissions.documents().ask_for_tags())
    }

    /// Tells whether the list shows a repository of the caller's own main account: the caller may list it or pull from it,
    /// and no policy denies either. Everybody may list and pull public repositories. `tags` are those of its namespace.
    pub fn shows(&self, name: &RepositoryName, public: bool, tags: &Arc<[String]>) -> bool {
        let Some(CatalogLimit { permissions, instance }) = &self.limit else { return true };
        let realm = instance.as_deref().map_or(Realm::Personal, Realm::Instance);
        let decisions = sight(realm, name).map(|request| permissions.decide(&request.public_pull(public).tagged(tags)));
        !decisions.iter().any(Decision::is_explicit_denial) && decisions.iter().any(Decision::is_allowed)
    }
}
