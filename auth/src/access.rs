//! Proofs of rights. Services take them, so that a forgotten check does not compile.

use std::marker::PhantomData;
use std::sync::Arc;

use roadstead_policy::op::{self, Realm};
use roadstead_storage::meta::Readable;
use roadstead_types::{
    AccountId, Actor, InstanceId, NamespaceId, NamespaceName, RegistryId, RepositoryId, RepositoryName, Tag,
};

use crate::client::Client;
use crate::identity::Identity;
use crate::permissions::Permissions;
use crate::place::{Instance, Namespace, OwnRepository, Owned, Repository};
use crate::right::{ContentRight, Delete, Effect, Push, Read, Right, Write};

/// The proof that somebody may do `R` in the place `P`, at the moment when it was made. Only the authorizer makes one:
/// [`Auth::authorize`](crate::Auth::authorize) and its sisters for the content of repositories,
/// [`Permissions::grant`](crate::Permissions::grant) for what the policies of an account decide, and
/// [`Operator`](crate::Operator) for commands and jobs.
#[derive(Debug)]
pub struct Access<R, P = Repository> {
    by: By,
    place: P,
    right: PhantomData<fn() -> R>,
}

/// Who has the right.
#[derive(Clone, Debug)]
pub(crate) enum By {
    /// Whoever makes a request; without an identity, everybody.
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
    /// Called by the authorizer, when it has said yes.
    pub(crate) fn prove(by: By, place: P) -> Self {
        Self { by, place, right: PhantomData }
    }
}

impl<R, P> Access<R, P> {
    /// Who acts.
    pub fn actor(&self) -> Actor {
        match &self.by {
            By::Caller(None, client) => client.anonymous(),
            By::Caller(Some(identity), client) => identity.actor(client),
            By::Operator(actor) => (**actor).clone(),
        }
    }
}

impl<P: Clone> Access<Write, P> {
    /// The right to read in the same place: whoever changes something may look at it first.
    pub fn reading(&self) -> Access<Read, P> {
        Access { by: self.by.clone(), place: self.place.clone(), right: PhantomData }
    }
}

impl<R: ContentRight> Access<R> {
    /// The registry that the repository is in.
    pub fn registry(&self) -> RegistryId {
        self.place.registry
    }

    /// The name of the repository.
    pub fn repository(&self) -> &RepositoryName {
        &self.place.name
    }

    /// The repository, or `None` when it does not exist (yet). Use this and not the name to read: a repository of the
    /// same name may be made by another in the meantime.
    pub fn repository_id(&self) -> Option<RepositoryId> {
        self.place.id
    }

    /// The namespace. It exists: there are no rights in a namespace that does not.
    pub fn namespace_id(&self) -> NamespaceId {
        self.place.namespace
    }

    /// The main account that the namespace belongs to.
    pub fn namespace_owner(&self) -> AccountId {
        self.place.owner
    }

    /// Who may; `None` is everybody.
    pub fn identity(&self) -> Option<&Arc<Identity>> {
        match &self.by {
            By::Caller(identity, _) => identity.as_ref(),
            By::Operator(_) => None,
        }
    }

    fn acting(&self) -> AccountId {
        // Whoever pushes or deletes has an identity; a command acts for the owner of the namespace.
        self.identity().map_or(self.place.owner, |identity| identity.account)
    }
}

impl Access<Push> {
    /// Who pushes. Nobody pushes anonymously.
    pub fn account(&self) -> AccountId {
        self.acting()
    }
}

impl Access<Delete> {
    /// Who deletes. Nobody deletes anonymously.
    pub fn account(&self) -> AccountId {
        self.acting()
    }

    /// The only tags that may be deleted, and with them the manifest that no others point at; `None` is no limit: blobs
    /// and everything else may be deleted.
    pub fn tags(&self) -> Option<&[Tag]> {
        self.place.tags.as_deref()
    }
}

impl<E: Effect, P: Owned> Access<E, P> {
    /// What the holder may do and see in its main account. A command sees everything.
    pub fn permissions(&self) -> &Permissions {
        self.place.permissions()
    }

    /// Who acts. A command acts as the main account itself.
    pub fn who(&self) -> &Identity {
        self.permissions().identity()
    }

    /// The main account that the place belongs to.
    pub fn owner(&self) -> AccountId {
        self.who().owner
    }
}

impl<E: Effect> Access<E, Namespace> {
    /// The registry that the namespace is in.
    pub fn registry(&self) -> RegistryId {
        self.place.registry
    }

    /// The name of the namespace.
    pub fn namespace(&self) -> &NamespaceName {
        &self.place.name
    }
}

impl<E: Effect> Access<E, OwnRepository> {
    /// The registry that the repository is in.
    pub fn registry(&self) -> RegistryId {
        self.place.registry
    }

    /// The name of the repository.
    pub fn repository(&self) -> &RepositoryName {
        &self.place.name
    }
}

impl<E: Effect> Access<E, Instance> {
    /// The id of the instance.
    pub fn instance(&self) -> &InstanceId {
        &self.place.id
    }
}

/// The proof that the caller may list repositories, and which ones.
#[derive(Clone, Debug)]
pub struct CatalogAccess {
    pub(crate) registry: RegistryId,
    pub(crate) owner: AccountId,
    pub(crate) limit: Option<CatalogLimit>,
}

/// What the policies of the caller leave of a list.
#[derive(Clone, Debug)]
pub(crate) struct CatalogLimit {
    pub permissions: Permissions,
    /// The public name of the registry, if it is an instance.
    pub instance: Option<Arc<str>>,
}

impl CatalogAccess {
    /// The registry that may be listed.
    pub fn registry(&self) -> RegistryId {
        self.registry
    }

    /// Which of its repositories may be shown, as far as the database can tell.
    pub fn readable(&self) -> Readable {
        Readable::By { owner: Some(self.owner) }
    }

    /// The main account whose repositories [`CatalogAccess::shows`] must be asked about; `None` when it need not.
    pub fn limited_to(&self) -> Option<AccountId> {
        self.limit.as_ref().map(|_| self.owner)
    }

    /// Whether a repository of the caller's own main account is shown, in a namespace with these tags. Public ones are, unless
    /// a policy denies it.
    pub fn shows(&self, name: &RepositoryName, public: bool, tags: &Arc<[String]>) -> bool {
        let Some(CatalogLimit { permissions, instance }) = &self.limit else { return true };
        let realm = instance.as_deref().map_or(Realm::Personal, Realm::Instance);
        permissions.decide(&op::repository_list(realm, name).public_pull(public).tagged(tags)).is_allowed()
    }
}
