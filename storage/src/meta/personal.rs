//! What the personal edition keeps beyond names: the types.

use super::model::{Namespace, Repository};
use roadstead_types::{AccountId, Counted, NameRule, NamespaceName, RegistryId, RepositoryName, Uin};

/// What a main account may have so many of; its sub-accounts count with it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum QuotaKind {
    /// Namespaces of the personal edition.
    Namespaces,
    /// Repositories in all of them together.
    Repositories,
    /// Triggers.
    Triggers,
}

impl QuotaKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Namespaces, Self::Repositories, Self::Triggers];

    /// What is counted against it.
    pub fn counted(self) -> Counted {
        match self {
            Self::Namespaces => Counted::Namespaces,
            Self::Repositories => Counted::Repositories,
            Self::Triggers => Counted::Triggers,
        }
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::Repositories => "repositories",
            Self::Triggers => "triggers",
        }
    }
}

/// How many of everything a main account may have.
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
    /// So many of a kind that nobody has them.
    pub const UNLIMITED: u32 = u32::MAX;

    /// Of one kind.
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

/// A namespace to be made by who has a quota.
#[derive(Clone, Copy, Debug)]
pub struct NewNamespace<'a> {
    /// The registry.
    pub registry: RegistryId,
    /// Its name.
    pub name: &'a NamespaceName,
    /// The main account that it belongs to.
    pub owner: AccountId,
    /// Who makes it.
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
    /// Who makes it.
    pub creator: &'a Uin,
    /// Whether everybody may read it.
    pub public: bool,
    /// What it is for.
    pub description: &'a str,
}

/// Which repositories a search looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Among {
    /// Those in namespaces of this main account.
    Own(AccountId),
    /// Those, and the public ones of everybody.
    Accessible(AccountId),
    /// Of those, the favourites of an account.
    Favorites {
        /// Whose favourites.
        account: AccountId,
        /// Its main account.
        owner: AccountId,
    },
}

/// In which order a search answers. What is equal comes in the order of age.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// The youngest first; of favourites, the one that was added last.
    Newest,
    /// The oldest first.
    Oldest,
    /// The one that is pulled most first.
    MostPulled,
    /// The one that is pulled least first.
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
    /// Only those whose names meet this rule.
    pub shows: &'a NameRule,
    /// Of these, only those whose names meet this rule too, or that have a repository that is counted.
    pub known: &'a NameRule,
    /// Of their repositories, those whose names meet this rule are counted.
    pub counts: &'a NameRule,
    /// Public repositories are counted if their names meet this rule.
    pub counts_public: &'a NameRule,
    /// How many to pass over.
    pub offset: u64,
    /// How many to give.
    pub limit: u32,
}

/// A search for repositories.
#[derive(Clone, Copy, Debug)]
pub struct RepositorySearch<'a> {
    /// The registry.
    pub registry: RegistryId,
    /// Where to look.
    pub among: Among,
    /// A part of the name, in any case; empty for all.
    pub part: &'a str,
    /// Only in the namespace of this name.
    pub namespace: Option<&'a str>,
    /// Only public ones, or only private ones.
    pub public: Option<bool>,
    /// Of those in namespaces of the main account, only those whose names meet this rule.
    pub shows: &'a NameRule,
    /// Of those in namespaces of the main account, public ones too whose names meet this rule.
    pub shows_public: &'a NameRule,
    /// The order.
    pub order: Order,
    /// How many to pass over.
    pub offset: u64,
    /// How many to give.
    pub limit: u32,
    /// Whose favourites are told.
    pub viewer: AccountId,
}

/// A repository with all that is told of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RepositoryDetail {
    /// The repository.
    pub repository: Repository,
    /// The main account that its namespace belongs to.
    pub owner: AccountId,
    /// What it is for.
    pub description: String,
    /// The uin of who made it, if that was noted.
    pub creator: Option<String>,
    /// How often it was pulled from.
    pub pull_count: u64,
    /// How many tags it has.
    pub tag_count: u64,
    /// Of how many accounts it is a favourite.
    pub favorite_count: u64,
    /// Whether it is one of the viewer.
    pub is_favorite: bool,
}

/// A namespace with all that is told of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamespaceDetail {
    /// The namespace.
    pub namespace: Namespace,
    /// How many repositories are in it.
    pub repository_count: u64,
}

/// A page of what was found, and how many were found in all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found<T> {
    /// In all.
    pub total: u64,
    /// On this page.
    pub list: Vec<T>,
}

impl<T> Found<T> {
    pub(super) fn nothing() -> Self {
        Self { total: 0, list: Vec::new() }
    }
}
