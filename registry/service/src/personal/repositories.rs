//! Repositories of the personal edition.

use roadstead_auth::{Identity, Permissions};
use roadstead_storage::meta::{
    Act, Among, Found, NewRepository, Order, Repository, RepositoryDetail, RepositorySearch, Scope,
};
use roadstead_types::{RepositoryName, Sight, Thing};

use super::super::owned;
use super::{PersonalService, REGISTRY};
use crate::{Error, Result};

/// Selects and orders the repositories of a list.
#[derive(Clone, Copy, Debug)]
pub struct RepositoryFilter<'a> {
    /// The set of repositories to search.
    pub among: Among,
    /// A text that the name must contain.
    pub part: &'a str,
    /// The namespace, if only one is searched.
    pub namespace: Option<&'a str>,
    /// Whether to return only public (true) or only private (false) repositories.
    pub public: Option<bool>,
    /// The order of the list.
    pub order: Order,
    /// The number of repositories to skip.
    pub offset: u64,
    /// The most repositories to return.
    pub limit: u32,
}

impl PersonalService {
    /// Creates an empty repository in a namespace of the caller's main account.
    ///
    /// # Errors
    /// `Foreign(Namespace)`, `Exists(Repository)`, `LimitReached`.
    pub async fn create_repository(
        &self,
        act: &Act,
        identity: &Identity,
        name: &RepositoryName,
        public: bool,
        description: &str,
    ) -> Result<()> {
        let (owner, creator) = (identity.owner, &identity.uin);
        let new = NewRepository { registry: REGISTRY, name, owner, creator, public, description };
        let made = self.base.meta.add_repository(act, &new).await;
        self.base.forget(&Scope::Repository(REGISTRY, name.clone()), &made, |_| true);
        made?;
        Ok(())
    }

    /// Deletes a repository of the caller's main account with its content.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub async fn delete_repository(&self, act: &Act, permissions: &Permissions, name: &RepositoryName) -> Result<()> {
        self.delete_repositories(act, permissions, std::slice::from_ref(name)).await
    }

    /// Deletes repositories of the caller's main account: all of them, or none.
    ///
    /// # Errors
    /// `Unknown(Repository)` if one of them does not exist.
    pub async fn delete_repositories(
        &self,
        act: &Act,
        permissions: &Permissions,
        names: &[RepositoryName],
    ) -> Result<()> {
        let mut ids = Vec::with_capacity(names.len());
        for name in names {
            ids.push(self.base.own_repository(permissions, name).await?.id);
        }
        let deleted = self.base.meta.delete_repositories(act, &ids).await;
        for name in names {
            self.base.forget(&Scope::Repository(REGISTRY, name.clone()), &deleted, |()| true);
        }
        Ok(deleted?)
    }

    /// Makes a repository of the caller's main account public or private.
    ///
    /// # Errors
    /// `Foreign(Namespace)`, `Unknown(Repository)`.
    pub async fn set_visibility(
        &self,
        act: &Act,
        permissions: &Permissions,
        name: &RepositoryName,
        public: bool,
    ) -> Result<()> {
        let id = self.own_in_namespace(permissions, name).await?.id;
        let there = self.base.meta.set_visibility(act, id, public).await;
        self.base.forget(&Scope::Repository(REGISTRY, name.clone()), &there, |there| *there);
        if there? { Ok(()) } else { Err(Error::Unknown(Thing::Repository)) }
    }

    /// Sets the description of a repository of the caller's main account.
    ///
    /// # Errors
    /// `Foreign(Namespace)`, `Unknown(Repository)`.
    pub async fn describe(
        &self,
        act: &Act,
        permissions: &Permissions,
        name: &RepositoryName,
        text: &str,
    ) -> Result<()> {
        let id = self.own_in_namespace(permissions, name).await?.id;
        let there = self.base.meta.set_description(act, id, text).await?;
        if there { Ok(()) } else { Err(Error::Unknown(Thing::Repository)) }
    }

    /// Returns whether a namespace of the caller's main account has a repository of this name that the caller sees.
    ///
    /// # Errors
    /// `Foreign(Namespace)`.
    pub async fn repository_exists(&self, permissions: &Permissions, name: &RepositoryName) -> Result<bool> {
        match self.own_in_namespace(permissions, name).await {
            Ok(_) => Ok(true),
            Err(Error::Unknown(Thing::Repository)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Returns a repository that the caller may see: one of its main account that no policy hides, or a public one.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub async fn repository(&self, permissions: &Permissions, name: &RepositoryName) -> Result<RepositoryDetail> {
        let identity = permissions.identity();
        let found = self.base.meta.repository_detail(REGISTRY, name, identity.owner, identity.account).await?;
        let shown = found.filter(|found| {
            found.owner != identity.owner || permissions.sees_repository(name, found.repository.public)
        });
        shown.ok_or(Error::Unknown(Thing::Repository))
    }

    /// Returns the repositories that the caller may see, and whether policies limit what it sees. The second value does not
    /// depend on the filter: the caller must not learn whether a hidden repository matches.
    pub async fn repositories(
        &self,
        permissions: &Permissions,
        filter: &RepositoryFilter<'_>,
    ) -> Result<(Found<RepositoryDetail>, bool)> {
        let sight = owned::seen(permissions)?;
        let RepositoryFilter { among, part, namespace, public, order, offset, limit } = *filter;
        let viewer = permissions.identity().account;
        let search = RepositorySearch {
            registry: REGISTRY,
            among,
            part,
            namespace,
            public,
            sight: &sight,
            order,
            offset,
            limit,
            viewer,
        };
        let found = self.base.meta.search_repositories(&search).await?;
        Ok((found, sight != Sight::EVERYTHING))
    }

    /// Returns a repository of the caller's main account that the caller sees. The error tells a namespace that the caller
    /// knows nothing of from a missing repository.
    async fn own_in_namespace(&self, permissions: &Permissions, name: &RepositoryName) -> Result<Repository> {
        // Both lookups always run, so that a request takes the same time for every namespace.
        let knows_namespace = self.base.knows_namespace(permissions, name).await?;
        match self.base.own_repository(permissions, name).await {
            Err(Error::Unknown(Thing::Repository)) if !knows_namespace => Err(Error::Foreign(Thing::Namespace)),
            found => found,
        }
    }
}
