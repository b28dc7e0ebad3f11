//! Whose things are. What belongs to somebody else and what is not there answer alike: the database is asked for what is
//! the caller's, so that nothing of somebody else is even read, and what it takes is the same.

use roadstead_auth::{Identity, Permissions};
use roadstead_policy::Request;
use roadstead_policy::op::{self, Realm};
use roadstead_storage::meta::Repository;
use roadstead_types::{NamespaceId, NamespaceName, RegistryId, RepositoryId, RepositoryName};

use super::personal::{self, hides};
use super::{Error, Foundation, Result};

const REGISTRY: RegistryId = RegistryId::PERSONAL;

/// How many repositories policies are asked about at once: nothing else runs on the thread meanwhile, some milliseconds.
const CHUNK: u32 = 250;
/// The most repositories that are hidden from somebody in one list, and the most of a log that policies are asked about.
const MOST: usize = 100_000;

/// How it is decided whether somebody sees a repository of the own main account.
#[derive(Clone, Copy)]
pub(super) enum Sight<'a> {
    /// In the personal edition: see [`hides`].
    Personal,
    /// In the instance with this id: unless a policy denies that it is listed.
    Instance(&'a str),
}

impl Sight<'_> {
    /// What policies are asked about.
    fn requests(self, name: &RepositoryName) -> Vec<Request> {
        match self {
            Self::Personal => personal::sight(name).into(),
            Self::Instance(id) => vec![op::repository_list(Realm::Instance(id), name)],
        }
    }

    fn hides(self, permissions: &Permissions, name: &RepositoryName) -> bool {
        match self {
            Self::Personal => hides(permissions, name),
            Self::Instance(_) => {
                self.requests(name).iter().any(|request| permissions.decide(request).is_explicit_denial())
            }
        }
    }
}

/// Somebody's look at all repositories.
struct View<'a> {
    permissions: &'a Permissions,
    sight: Sight<'a>,
    /// As far as they speak of what is asked, once there is a name to ask about.
    narrowed: Option<Permissions>,
    hidden: Vec<RepositoryId>,
}

impl View<'_> {
    /// Adds those that are hidden; false when nothing is.
    fn add(&mut self, chunk: &[(RepositoryId, RepositoryName)]) -> bool {
        let Some((_, name)) = chunk.first() else { return true };
        let (permissions, sight) = (self.permissions, self.sight);
        let narrowed = self.narrowed.get_or_insert_with(|| permissions.narrowed(&sight.requests(name)));
        let hidden = chunk.iter().filter(|(_, name)| sight.hides(narrowed, name)).map(|(id, _)| *id);
        let sees_everything = narrowed.sees_everything();
        if !sees_everything {
            self.hidden.extend(hidden);
        }
        !sees_everything
    }
}

impl Foundation {
    /// Whether a namespace of this name belongs to the main account of the caller.
    pub(super) async fn owns_namespace(&self, identity: &Identity, name: &str) -> Result<bool> {
        Ok(self.meta.has_namespace(REGISTRY, identity.owner, name).await?)
    }

    /// A repository of the personal edition that belongs to the main account of the caller.
    ///
    /// # Errors
    /// `RepositoryUnknown`.
    pub(super) async fn own_repository(&self, identity: &Identity, name: &RepositoryName) -> Result<Repository> {
        match self.meta.accessible_repository(REGISTRY, identity.owner, name).await? {
            Some((repository, true)) => Ok(repository),
            Some((_, false)) | None => Err(Error::RepositoryUnknown),
        }
    }

    /// A repository of the personal edition that the caller may see: one of the own main account that no policy hides, or
    /// a public one.
    ///
    /// # Errors
    /// `RepositoryUnknown`.
    pub(super) async fn visible_repository(
        &self,
        permissions: &Permissions,
        name: &RepositoryName,
    ) -> Result<Repository> {
        let found = self.meta.accessible_repository(REGISTRY, permissions.identity().owner, name).await?;
        let shown = found.filter(|(_, own)| !own || !hides(permissions, name));
        shown.map(|(repository, _)| repository).ok_or(Error::RepositoryUnknown)
    }

    /// A repository of the personal edition that belongs to the main account of the caller, and that no policy hides.
    ///
    /// # Errors
    /// `RepositoryUnknown`.
    pub(super) async fn own_visible_repository(
        &self,
        permissions: &Permissions,
        name: &RepositoryName,
    ) -> Result<Repository> {
        let found = self.own_repository(permissions.identity(), name).await?;
        if hides(permissions, name) { Err(Error::RepositoryUnknown) } else { Ok(found) }
    }

    /// The repositories of the caller's main account in this registry that the caller does not see, by their names.
    ///
    /// # Errors
    /// `Overloaded` when there are too many of them.
    pub(super) async fn hidden_repositories(
        &self,
        permissions: &Permissions,
        registry: RegistryId,
        sight: Sight<'_>,
    ) -> Result<Vec<RepositoryId>> {
        let mut view = View { permissions, sight, narrowed: None, hidden: Vec::new() };
        if permissions.sees_everything() {
            return Ok(view.hidden);
        }
        let owner = Some(permissions.identity().owner);
        let mut after: Option<NamespaceName> = None;
        loop {
            let name = after.as_ref().map(NamespaceName::as_str);
            let namespaces = self.meta.list_namespaces(registry, owner, name, CHUNK).await?;
            for namespace in &namespaces {
                if !self.look_through(namespace.id, &mut view).await? {
                    return Ok(view.hidden);
                }
            }
            match namespaces.into_iter().nth(CHUNK as usize - 1) {
                Some(last) => after = Some(last.name),
                None => return Ok(view.hidden),
            }
        }
    }

    /// Adds what is hidden in a namespace; false when nothing is hidden anywhere.
    async fn look_through(&self, namespace: NamespaceId, view: &mut View<'_>) -> Result<bool> {
        let mut after: Option<RepositoryName> = None;
        loop {
            let chunk = self.meta.repositories_of(namespace, after.as_ref(), CHUNK).await?;
            if !view.add(&chunk) {
                return Ok(false);
            }
            if view.hidden.len() > MOST {
                // Better nothing than what nobody was asked about.
                return Err(Error::Overloaded);
            }
            match chunk.into_iter().nth(CHUNK as usize - 1) {
                Some((_, last)) => after = Some(last),
                None => return Ok(true),
            }
        }
    }

    /// The repositories in the log of triggers that the caller does not see, by their names: they need not be there any more.
    ///
    /// # Errors
    /// `Overloaded` when there are too many to ask about.
    pub(super) async fn hidden_from_log(&self, permissions: &Permissions) -> Result<Vec<RepositoryName>> {
        let mut hidden = Vec::new();
        if permissions.sees_everything() {
            return Ok(hidden);
        }
        let owner = permissions.identity().owner;
        let (mut after, mut asked) = (None, 0);
        loop {
            let chunk = self.meta.logged_repositories(REGISTRY, owner, after.as_ref(), CHUNK).await?;
            asked += chunk.len();
            hidden.extend(chunk.iter().filter(|name| hides(permissions, name)).cloned());
            if chunk.len() < CHUNK as usize {
                return Ok(hidden);
            }
            if asked >= MOST {
                return Err(Error::Overloaded);
            }
            after = chunk.last().cloned();
        }
    }

    /// Whether anybody has opened the personal edition for the caller: they or their main account have a registry
    /// password.
    pub(super) async fn is_registered(&self, identity: &Identity) -> Result<bool> {
        if self.meta.password_hash(identity.owner).await?.is_some() {
            return Ok(true);
        }
        Ok(identity.account != identity.owner && self.meta.password_hash(identity.account).await?.is_some())
    }
}
