//! Namespaces and repositories of the personal edition, for the operator of the machine.

use roadstead_auth::place::System;
use roadstead_auth::{Access, Mode, Read, Write};
use roadstead_storage::meta::{Account, Act, MetaStore, Namespace, NewNamespace, Readable, Repository};
use roadstead_types::{AccountId, NamespaceName, RegistryId, RepositoryName, Thing};

use crate::{Error, Result};

const REGISTRY: RegistryId = RegistryId::PERSONAL;

/// Returns whether the name is reserved, so that only the operator may give it to a namespace.
pub(crate) fn is_reserved(reserved: &[String], name: &NamespaceName) -> bool {
    reserved.iter().any(|reserved| reserved == name.as_str())
}

/// The service for the namespaces and repositories of all accounts, for the operator.
#[derive(Clone, Debug)]
pub struct NameService {
    meta: MetaStore,
    reserved: Vec<String>,
}

impl NameService {
    /// Creates the service for the names in this database. Only the operator may give one of the `reserved` names to a
    /// namespace.
    pub fn new(meta: MetaStore, reserved: Vec<String>) -> Self {
        Self { meta, reserved }
    }

    /// Creates a namespace for `owner`, under the same rules as if the owner did it. With `even_reserved`, the operator
    /// can also give away a reserved name.
    ///
    /// # Errors
    /// `Reserved(Namespace)`, `Exists(Namespace)`, `LimitReached`, `Gone(Account)`.
    pub async fn create_namespace(
        &self,
        _: &Access<Write, System>,
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

    /// Returns the namespace with this name.
    pub async fn namespace<E: Mode>(&self, _: &Access<E, System>, name: &str) -> Result<Option<Namespace>> {
        Ok(self.meta.namespace(REGISTRY, name).await?)
    }

    /// Returns the namespaces after `after`, of `owner` or of all accounts, in byte order.
    pub async fn namespaces(
        &self,
        _: &Access<Read, System>,
        owner: Option<AccountId>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Namespace>> {
        Ok(self.meta.list_namespaces(REGISTRY, owner, after, limit).await?)
    }

    /// Deletes a namespace. Returns false if it does not exist.
    ///
    /// # Errors
    /// `InUse(Namespace)` if the namespace has repositories.
    pub async fn delete_namespace(&self, _: &Access<Write, System>, act: &Act, name: &NamespaceName) -> Result<bool> {
        Ok(self.meta.delete_namespace(act, REGISTRY, name).await?)
    }

    /// Returns the repository with this name, and the owner of its namespace.
    pub async fn repository<E: Mode>(
        &self,
        access: &Access<E, System>,
        name: &RepositoryName,
    ) -> Result<Option<(Repository, Option<AccountId>)>> {
        let Some(repository) = self.meta.repository(REGISTRY, name).await? else { return Ok(None) };
        let namespace = self.namespace(access, name.namespace()).await?;
        Ok(Some((repository, namespace.map(|namespace| namespace.owner))))
    }

    /// Returns all repositories after `after`, in byte order of their names.
    pub async fn repositories(
        &self,
        _: &Access<Read, System>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Repository>> {
        Ok(self.meta.list_repositories(REGISTRY, Readable::All, after, limit).await?)
    }

    /// Makes a repository public or private. Returns false if it no longer exists.
    pub async fn set_visibility(
        &self,
        _: &Access<Write, System>,
        act: &Act,
        repository: &Repository,
        public: bool,
    ) -> Result<bool> {
        Ok(self.meta.set_visibility(act, repository.id, public).await?)
    }

    /// Deletes a repository with its content. Returns false if it no longer exists.
    pub async fn delete_repository(
        &self,
        _: &Access<Write, System>,
        act: &Act,
        repository: &Repository,
    ) -> Result<bool> {
        Ok(self.meta.delete_repository(act, repository.id, true).await?)
    }
}
