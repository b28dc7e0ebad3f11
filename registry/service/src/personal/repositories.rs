//! Repositories of the personal edition.

use roadstead_auth::place::{Account, OwnRepository};
use roadstead_auth::{Access, Mode, Read, Write};
use roadstead_storage::meta::{
    Act, Among, NewRepository, Order, Repository, RepositoryDetail, RepositorySearch, Scope,
};
use roadstead_types::{Listing, Sight, Thing, Window};

use super::super::owned;
use super::{PersonalService, REGISTRY};
use crate::{Error, Result};

/// Selects and orders the repositories of a list.
#[derive(Clone, Copy, Debug)]
pub struct RepositoryFilter<'a> {
    /// The set of repositories to search.
    pub among: Where,
    /// A text that the name must contain.
    pub part: &'a str,
    /// The namespace, if only one is searched.
    pub namespace: Option<&'a str>,
    /// Whether to return only public (true) or only private (false) repositories.
    pub public: Option<bool>,
    /// The order of the list.
    pub order: Order,
    /// The part of the list to return.
    pub window: Window,
}

/// The repositories that a list looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Where {
    /// Those of the caller's main account.
    Own,
    /// These and public ones of other accounts.
    Accessible,
    /// The favorites of the caller.
    Favorites,
}

impl PersonalService {
    /// Creates an empty repository in a namespace of the caller's main account.
    ///
    /// # Errors
    /// `Foreign(Namespace)`, `Exists(Repository)`, `LimitReached`.
    pub async fn create_repository(
        &self,
        act: &Act,
        access: &Access<Write, OwnRepository>,
        public: bool,
        description: &str,
    ) -> Result<()> {
        let (registry, name) = (access.registry(), access.repository());
        let (owner, creator) = (access.owner(), &access.who().uin);
        let new = NewRepository { registry, name, owner, creator, public, description };
        let made = self.base.meta.add_repository(act, &new).await;
        self.base.forget(&Scope::Repository(registry, name.clone()), &made, |_| true);
        made?;
        Ok(())
    }

    /// Deletes a repository of the caller's main account with its content.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub async fn delete_repository(&self, act: &Act, access: &Access<Write, OwnRepository>) -> Result<()> {
        self.delete_repositories(act, std::slice::from_ref(access)).await
    }

    /// Deletes repositories of the caller's main account: all of them, or none.
    ///
    /// # Errors
    /// `Unknown(Repository)` if one of them does not exist.
    pub async fn delete_repositories(&self, act: &Act, all: &[Access<Write, OwnRepository>]) -> Result<()> {
        let mut ids = Vec::with_capacity(all.len());
        for access in all {
            ids.push(self.base.own_repository(access).await?.id);
        }
        let deleted = self.base.meta.delete_repositories(act, &ids).await;
        for access in all {
            let scope = Scope::Repository(access.registry(), access.repository().clone());
            self.base.forget(&scope, &deleted, |()| true);
        }
        Ok(deleted?)
    }

    /// Makes a repository of the caller's main account public or private.
    ///
    /// # Errors
    /// `Foreign(Namespace)`, `Unknown(Repository)`.
    pub async fn set_visibility(&self, act: &Act, access: &Access<Write, OwnRepository>, public: bool) -> Result<()> {
        let id = self.own_in_namespace(access).await?.id;
        let there = self.base.meta.set_visibility(act, id, public).await;
        let scope = Scope::Repository(access.registry(), access.repository().clone());
        self.base.forget(&scope, &there, |there| *there);
        if there? { Ok(()) } else { Err(Error::Unknown(Thing::Repository)) }
    }

    /// Sets the description of a repository of the caller's main account.
    ///
    /// # Errors
    /// `Foreign(Namespace)`, `Unknown(Repository)`.
    pub async fn describe(&self, act: &Act, access: &Access<Write, OwnRepository>, text: &str) -> Result<()> {
        let id = self.own_in_namespace(access).await?.id;
        let there = self.base.meta.set_description(act, id, text).await?;
        if there { Ok(()) } else { Err(Error::Unknown(Thing::Repository)) }
    }

    /// Returns whether a namespace of the caller's main account has a repository of this name that the caller sees.
    ///
    /// # Errors
    /// `Foreign(Namespace)`.
    pub async fn repository_exists(&self, access: &Access<Read, OwnRepository>) -> Result<bool> {
        match self.own_in_namespace(access).await {
            Ok(_) => Ok(true),
            Err(Error::Unknown(Thing::Repository)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Returns a repository that the caller may see: one of its main account that no policy hides, or a public one.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub async fn repository(&self, access: &Access<Read, OwnRepository>) -> Result<RepositoryDetail> {
        let (identity, name) = (access.who(), access.repository());
        let found = self.base.meta.repository_detail(access.registry(), name, identity.owner, identity.account).await?;
        let shown = found.filter(|found| {
            found.owner != identity.owner || access.permissions().sees_repository(name, found.repository.public)
        });
        shown.ok_or(Error::Unknown(Thing::Repository))
    }

    /// Returns the repositories that the caller may see, and whether policies limit what it sees. The second value does not
    /// depend on the filter: the caller must not learn whether a hidden repository matches.
    pub async fn repositories(
        &self,
        access: &Access<Read, Account>,
        filter: &RepositoryFilter<'_>,
    ) -> Result<(Listing<RepositoryDetail>, bool)> {
        let sight = owned::seen(access.permissions())?;
        let RepositoryFilter { among, part, namespace, public, order, window } = *filter;
        let (owner, viewer) = (access.owner(), access.who().account);
        let among = match among {
            Where::Own => Among::Own(owner),
            Where::Accessible => Among::Accessible(owner),
            Where::Favorites => Among::Favorites { account: viewer, owner },
        };
        let search = RepositorySearch {
            registry: REGISTRY,
            among,
            part,
            namespace,
            public,
            sight: &sight,
            order,
            window,
            viewer,
        };
        let found = self.base.meta.search_repositories(&search).await?;
        Ok((found, sight != Sight::EVERYTHING))
    }

    /// Returns a repository of the caller's main account that the caller sees. The error tells a namespace that the caller
    /// knows nothing of from a missing repository.
    async fn own_in_namespace<E: Mode>(&self, access: &Access<E, OwnRepository>) -> Result<Repository> {
        // Both lookups always run, so that a request takes the same time for every namespace.
        let knows_namespace = self.base.knows_namespace(access).await?;
        match self.base.own_repository(access).await {
            Err(Error::Unknown(Thing::Repository)) if !knows_namespace => Err(Error::Foreign(Thing::Namespace)),
            found => found,
        }
    }
}
