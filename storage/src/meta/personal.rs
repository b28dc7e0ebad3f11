//! The types of quotas, searches and details in the personal edition.

use super::model::{Namespace, Repository};
use roadstead_types::{
    AccountId, Counted, NamespaceName, NamespaceSight, RegistryId, RepositoryName, Sight, Uin, Window,
};

/// The things with a quota of the main account. Things of its sub-accounts count too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum QuotaKind {
    /// Namespaces of the personal edition.
    Namespaces,
    /// Repositories in all these namespaces together.
    Repositories,
    /// Triggers.
    Triggers,
}

impl QuotaKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Namespaces, Self::Repositories, Self::Triggers];

    /// Returns the things that count against it.
    pub fn counted(self) -> Counted {
        match self {
            Self::Namespaces => Counted::Namespaces,
            Self::Repositories => Counted::Repositories,
            Self::Triggers => Counted::Triggers,
        }
    }

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::Repositories => "repositories",
            Self::Triggers => "triggers",
        }
    }
}

/// The quotas of a main account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quotas {
    /// Namespaces.
    pub namespaces: u32,
    /// Repositories.
    pub repositories: u32,
    /// Triggers.
    pub triggers: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { namespaces: 10, repositories: 100, triggers: 10 }
    }
}

impl Quotas {
    /// A quota that cannot be reached.
    pub const UNLIMITED: u32 = u32::MAX;

    /// Returns quotas that cannot be reached.
    pub const fn unlimited() -> Self {
        Self { namespaces: Self::UNLIMITED, repositories: Self::UNLIMITED, triggers: Self::UNLIMITED }
    }

    /// Returns the quota of one kind.
    pub fn of(&self, kind: QuotaKind) -> u32 {
        match kind {
            QuotaKind::Namespaces => self.namespaces,
            QuotaKind::Repositories => self.repositories,
            QuotaKind::Triggers => self.triggers,
        }
    }

    pub(super) fn of_mut(&mut self, kind: QuotaKind) -> &mut u32 {
        match kind {
            QuotaKind::Namespaces => &mut self.namespaces,
            QuotaKind::Repositories => &mut self.repositories,
            QuotaKind::Triggers => &mut self.triggers,
        }
    }
}

/// A namespace to be made by an account with a quota.
#[derive(Clone, Copy, Debug)]
pub struct NewNamespace<'a> {
    /// The registry.
    pub registry: RegistryId,
    /// Its name.
    pub name: &'a NamespaceName,
    /// The main account that it belongs to.
    pub owner: AccountId,
    /// The uin of its maker.
    pub creator: &'a Uin,
}

/// A repository to be made before anything is pushed to it.
#[derive(Clone, Copy, Debug)]
pub struct NewRepository<'a> {
    /// The registry.
    pub registry: RegistryId,
    /// Its name, in a namespace of `owner`.
    pub name: &'a RepositoryName,
    /// The main account that it belongs to.
    pub owner: AccountId,
    /// The uin of its maker.
    pub creator: &'a Uin,
    /// Whether everybody may read it.
    pub public: bool,
    /// Its description.
    pub description: &'a str,
}

/// The repositories that a search covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Among {
    /// Repositories in namespaces of this main account.
    Own(AccountId),
    /// Repositories of this main account, and all public ones.
    Accessible(AccountId),
    /// Favourites of an account among these.
    Favorites {
        /// The account.
        account: AccountId,
        /// Its main account.
        owner: AccountId,
    },
}

/// The order of the results of a search. Equal ones are ordered by age.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// The youngest first; of favourites, the last added one first.
    Newest,
    /// The oldest first.
    Oldest,
    /// The most pulled one first.
    MostPulled,
    /// The least pulled one first.
    LeastPulled,
}

/// A search for namespaces of a main account.
#[derive(Clone, Copy, Debug)]
pub struct NamespaceSearch<'a> {
    /// The registry.
    pub registry: RegistryId,
    /// The main account.
    pub owner: AccountId,
    /// A part of the name, in any case; empty for all.
    pub part: &'a str,
    /// Only namespaces that the caller sees. The count of repositories includes those that the caller sees.
    pub sight: &'a NamespaceSight,
    /// The part of the results to return.
    pub window: Window,
}

/// A search for repositories.
#[derive(Clone, Copy, Debug)]
pub struct RepositorySearch<'a> {
    /// The registry.
    pub registry: RegistryId,
    /// The repositories to search.
    pub among: Among,
    /// A part of the name, in any case; empty for all.
    pub part: &'a str,
    /// Only in the namespace of this name.
    pub namespace: Option<&'a str>,
    /// Only public ones, or only private ones.
    pub public: Option<bool>,
    /// Of repositories in the main account's own namespaces, only those that the caller sees.
    pub sight: &'a Sight,
    /// The order.
    pub order: Order,
    /// The part of the results to return.
    pub window: Window,
    /// The account whose favourites are marked.
    pub viewer: AccountId,
}

/// A repository with its details.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RepositoryDetail {
    /// The repository.
    pub repository: Repository,
    /// The main account that its namespace belongs to.
    pub owner: AccountId,
    /// Its description.
    pub description: String,
    /// The uin of its maker, if it is known.
    pub creator: Option<String>,
    /// The number of pulls.
    pub pull_count: u64,
    /// The number of tags.
    pub tag_count: u64,
    /// The number of accounts that have it as a favourite.
    pub favorite_count: u64,
    /// Whether it is a favourite of the viewer.
    pub is_favorite: bool,
}

/// A namespace with its details.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamespaceDetail {
    /// The namespace.
    pub namespace: Namespace,
    /// The number of repositories in it.
    pub repository_count: u64,
}
