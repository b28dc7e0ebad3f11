use std::marker::PhantomData;
use std::sync::Arc;

use roadstead_storage::meta::Readable;
use roadstead_types::{AccountId, NamespaceId, RegistryId, RepositoryId, RepositoryName, Tag};

use crate::identity::Identity;
use crate::permissions::Permissions;
use roadstead_policy::op::{self, Realm};

mod sealed {
    pub trait Sealed {}
}

/// What can be done to a repository. The marker types [`Pull`], [`Push`], [`Delete`] and [`Probe`] implement it, and
/// nothing else can.
pub trait Action: sealed::Sealed + Send + Sync + 'static {
    /// The name of the action.
    const NAME: ActionName;
}

/// The name of an [`Action`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ActionName {
    /// Read manifests, blobs, tags and referrers.
    Pull,
    /// Write blobs, manifests and tags.
    Push,
    /// Delete them.
    Delete,
    /// Ask whether they are there (`HEAD`): whoever may pull may, and whoever may push, because a push begins so.
    Probe,
}

impl ActionName {
    /// Every action.
    pub const ALL: [Self; 4] = [Self::Pull, Self::Push, Self::Delete, Self::Probe];

    /// The name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
            Self::Probe => "probe",
        }
    }

    /// The actions of a token scope that cover this action, any one of which suffices. The first is the one that a
    /// challenge asks for.
    pub const fn covering(self) -> &'static [&'static str] {
        match self {
            Self::Pull => &["pull", "*"],
            Self::Push => &["push", "*"],
            Self::Delete => &["delete", "*"],
            Self::Probe => &["pull", "push", "*"],
        }
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl sealed::Sealed for $name {}
        impl Action for $name {
            const NAME: ActionName = ActionName::$name;
        }
    )*};
}

actions! {
    /// The right to read: see [`ActionName::Pull`].
    Pull;
    /// The right to write: see [`ActionName::Push`].
    Push;
    /// The right to delete: see [`ActionName::Delete`].
    Delete;
    /// The right to ask whether something is there: see [`ActionName::Probe`].
    Probe;
}

/// The proof that the caller may do `A` in one repository, at the moment when it was made. It is made by
/// [`Auth::authorize`](crate::Auth::authorize) and [`Auth::authorize_identity`](crate::Auth::authorize_identity) only.
#[derive(Debug)]
pub struct Access<A> {
    registry: RegistryId,
    repository: RepositoryName,
    repository_id: Option<RepositoryId>,
    namespace_id: NamespaceId,
    namespace_owner: AccountId,
    identity: Option<Arc<Identity>>,
    tags: Option<Arc<[Tag]>>,
    action: PhantomData<fn() -> A>,
}

impl<A> Clone for Access<A> {
    fn clone(&self) -> Self {
        let (repository, identity, tags) = (self.repository.clone(), self.identity.clone(), self.tags.clone());
        Self { repository, identity, tags, ..*self }
    }
}

/// What a proof says; see the accessors of [`Access`].
pub(crate) struct Proven {
    pub registry: RegistryId,
    pub repository: RepositoryName,
    pub repository_id: Option<RepositoryId>,
    pub namespace_id: NamespaceId,
    pub namespace_owner: AccountId,
    pub identity: Option<Arc<Identity>>,
    pub tags: Option<Arc<[Tag]>>,
}

impl<A: Action> Access<A> {
    /// Called in `authorize.rs`, after the rules said yes.
    pub(crate) fn grant(proven: Proven) -> Self {
        let Proven { registry, repository, repository_id, namespace_id, namespace_owner, identity, tags } = proven;
        Self { registry, repository, repository_id, namespace_id, namespace_owner, identity, tags, action: PhantomData }
    }
}

impl<A> Access<A> {
    /// The registry that the repository is in.
    pub fn registry(&self) -> RegistryId {
        self.registry
    }

    /// The name of the repository.
    pub fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// The repository, or `None` when it does not exist (yet). Use this and not the name to read: a repository of the
    /// same name may be made by another in the meantime.
    pub fn repository_id(&self) -> Option<RepositoryId> {
        self.repository_id
    }

    /// The namespace. It exists: there are no rights in a namespace that does not.
    pub fn namespace_id(&self) -> NamespaceId {
        self.namespace_id
    }

    /// Who may; `None` is everybody.
    pub fn identity(&self) -> Option<&Arc<Identity>> {
        self.identity.as_ref()
    }

    fn actor(&self) -> AccountId {
        // Only identities of the namespace's owner get the actions that have an actor, so there is always an identity.
        self.identity.as_ref().map_or(self.namespace_owner, |identity| identity.account)
    }
}

impl Access<Push> {
    /// Who pushes. Nobody pushes anonymously.
    pub fn account(&self) -> AccountId {
        self.actor()
    }
}

impl Access<Delete> {
    /// Who deletes. Nobody deletes anonymously.
    pub fn account(&self) -> AccountId {
        self.actor()
    }

    /// The only tags that may be deleted, and with them the manifest that no others point at; `None` is no limit: blobs
    /// and everything else may be deleted.
    pub fn tags(&self) -> Option<&[Tag]> {
        self.tags.as_deref()
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

    /// Whether a repository of the caller's own main account is shown. Public ones are, unless a policy denies it.
    pub fn shows(&self, name: &RepositoryName, public: bool) -> bool {
        let Some(CatalogLimit { permissions, instance }) = &self.limit else { return true };
        let realm = instance.as_deref().map_or(Realm::Personal, Realm::Instance);
        permissions.decide(&op::repository_list(realm, name).public_pull(public)).is_allowed()
    }
}
