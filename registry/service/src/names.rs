//! Namespaces and repositories of the personal edition, as the operator of the machine works on them.

use roadstead_storage::meta::{Account, Act, MetaStore, Namespace, NewNamespace, Readable, Repository};
use roadstead_types::{AccountId, NamespaceName, RegistryId, RepositoryName, Thing};

use crate::{Error, Result};

const REGISTRY: RegistryId = RegistryId::PERSONAL;

/// Whether nobody may give a namespace this name.
pub(crate) fn is_reserved(reserved: &[String], name: &NamespaceName) -> bool {
    reserved.iter().any(|reserved| reserved == name.as_str())
}

/// Namespaces and repositories of everybody, for the operator.
#[derive(Clone, Debug)]
pub struct NameService {
    meta: MetaStore,
    reserved: Vec<String>,
}

impl NameService {
    /// The names in this store, of which nobody may take the `reserved` ones for a namespace.
    pub fn new(meta: MetaStore, reserved: Vec<String>) -> Self {
        Self { meta, reserved }
    }

    /// Makes a namespace of `owner`, by the rules that hold when the owner makes it. `even_reserved` lifts one of them: the
    /// operator may give away a reserved name.
    ///
    /// # Errors
    /// `Reserved(Namespace)`, `Exists(Namespace)`, `LimitReached`, `Gone(Account)`.
    pub async fn create_namespace(
        &self,
        act: &Act,
        owner: &Account,
        name: &NamespaceName,
        even_reserved: bool,
    ) -> Result<()> {
        if !even_reserved && is_reserved(&self.reserved, name) {
            return Err(Error::Reserved(Thing::Namespace));
        }
        let new = NewNamespace { registry: REGISTRY, name, owner: owner.owner, creator: &owner.uin };
        self.meta.add_namespace(act, &new).await?;
        Ok(())
    }

    /// The namespace with this name.
    pub async fn namespace(&self, name: &str) -> Result<Option<Namespace>> {
        Ok(self.meta.namespace(REGISTRY, name).await?)
    }

    /// Namespaces of `owner`, or of everybody, in the byte order of their names, after `after`.
    pub async fn namespaces(
        &self,
        owner: Option<AccountId>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Namespace>> {
        Ok(self.meta.list_namespaces(REGISTRY, owner, after, limit).await?)
    }

    /// Deletes a namespace; false when there is none.
    ///
    /// # Errors
    /// `InUse(Namespace)` while there are repositories in it.
    pub async fn delete_namespace(&self, act: &Act, name: &NamespaceName) -> Result<bool> {
        Ok(self.meta.delete_namespace(act, REGISTRY, name).await?)
    }

    /// The repository with this name, and the owner of its namespace.
    pub async fn repository(&self, name: &RepositoryName) -> Result<Option<(Repository, Option<AccountId>)>> {
        let Some(repository) = self.meta.repository(REGISTRY, name).await? else { return Ok(None) };
        let namespace = self.namespace(name.namespace()).await?;
        Ok(Some((repository, namespace.map(|namespace| namespace.owner))))
    }

    /// All repositories in the byte order of their names, after `after`.
    pub async fn repositories(&self, after: Option<&str>, limit: u32) -> Result<Vec<Repository>> {
        Ok(self.meta.list_repositories(REGISTRY, Readable::All, after, limit).await?)
    }

    /// Makes a repository public or private; false when it has gone.
    pub async fn set_visibility(&self, act: &Act, repository: &Repository, public: bool) -> Result<bool> {
        Ok(self.meta.set_visibility(act, repository.id, public).await?)
    }
}
