//! Namespaces and repositories of an instance.

use roadstead_auth::Permissions;
use roadstead_storage::meta::{
    Act, Found, Instance, InstanceNamespace, InstanceRepository, NamespaceSettings, Repository, RepositoryQuery, Scope,
    Texts,
};
use roadstead_types::{NamespaceId, NamespaceName, RegistryId, RepositoryName, Thing};

use super::{InstanceService, MAX_NAMESPACES};
use crate::{Error, Result};

impl InstanceService {
    /// Creates a namespace.
    ///
    /// # Errors
    /// `Exists` if the name is taken, `LimitReached` if the instance has the most namespaces allowed, `Gone(Instance)`.
    pub async fn create_namespace(
        &self,
        act: &Act,
        instance: &Instance,
        name: &NamespaceName,
        settings: &NamespaceSettings,
    ) -> Result<()> {
        let limit = u64::from(MAX_NAMESPACES);
        let made = self
            .base
            .meta
            .create_instance_namespace(act, instance.registry, instance.owner, name, settings, limit)
            .await;
        self.base.forget(&Scope::Namespace(instance.registry, name.clone()), &made, |_| true);
        made?;
        Ok(())
    }

    /// Returns the namespaces, ordered by name.
    pub async fn namespaces(&self, registry: RegistryId) -> Result<Vec<InstanceNamespace>> {
        Ok(self.base.meta.list_instance_namespaces(registry, MAX_NAMESPACES).await?)
    }

    /// Returns the namespace with this name.
    pub async fn namespace(&self, registry: RegistryId, name: &str) -> Result<Option<InstanceNamespace>> {
        Ok(self.base.meta.instance_namespace(registry, name).await?)
    }

    /// Changes a namespace, and the visibility of its repositories with it. Returns false if it no longer exists.
    pub async fn modify_namespace(
        &self,
        act: &Act,
        registry: RegistryId,
        id: NamespaceId,
        change: impl Fn(&mut NamespaceSettings) + Send + Sync,
    ) -> Result<bool> {
        let there = self.base.meta.modify_instance_namespace(act, registry, id, change).await;
        // The name of the namespace is unknown here, and its repositories change too, so the whole registry is
        // forgotten.
        self.base.forget(&Scope::Registry(registry), &there, |there| *there);
        Ok(there?)
    }

    /// Deletes an empty namespace. Returns false if it does not exist.
    ///
    /// # Errors
    /// `InUse` if the namespace has repositories.
    pub async fn delete_namespace(&self, act: &Act, registry: RegistryId, name: &NamespaceName) -> Result<bool> {
        let there = self.base.meta.delete_namespace(act, registry, name).await;
        self.base.forget(&Scope::Namespace(registry, name.clone()), &there, |there| *there);
        Ok(there?)
    }

    /// Creates an empty repository.
    ///
    /// # Errors
    /// `Exists` if the name is taken, `Unknown(Namespace)`.
    pub async fn create_repository(
        &self,
        act: &Act,
        registry: RegistryId,
        name: &RepositoryName,
        texts: &Texts,
    ) -> Result<()> {
        let namespace = self.namespace(registry, name.namespace()).await?;
        let namespace = namespace.ok_or(Error::Unknown(Thing::Namespace))?;
        let made = self.base.meta.create_instance_repository(act, registry, namespace.id, name, texts).await;
        self.base.forget(&Scope::Repository(registry, name.clone()), &made, |_| true);
        made?;
        Ok(())
    }

    /// Returns a page of the repositories that no policy hides from the caller, and their total number.
    ///
    /// # Errors
    /// `Overloaded` if the policies name too many repositories.
    pub async fn repositories(
        &self,
        permissions: &Permissions,
        instance: &Instance,
        query: &RepositoryQuery<'_>,
    ) -> Result<Found<InstanceRepository>> {
        let shows = self.base.shown_in(permissions, instance).await?;
        let query = RepositoryQuery { shows: &shows, ..*query };
        Ok(self.base.meta.list_instance_repositories(instance.registry, &query).await?)
    }

    /// Returns the repository with this name.
    pub async fn repository(&self, registry: RegistryId, name: &RepositoryName) -> Result<Option<Repository>> {
        Ok(self.base.meta.repository(registry, name).await?)
    }

    /// Changes the texts of a repository. `None` leaves a text unchanged. Returns false if the repository does not
    /// exist.
    pub async fn describe_repository(
        &self,
        act: &Act,
        registry: RegistryId,
        name: &RepositoryName,
        brief: Option<&str>,
        description: Option<&str>,
    ) -> Result<bool> {
        let Some(found) = self.repository(registry, name).await? else { return Ok(false) };
        Ok(self.base.meta.describe_instance_repository(act, found.id, brief, description).await?)
    }

    /// Deletes a repository with its content. Returns false if it does not exist.
    ///
    /// # Errors
    /// `InUse` if the repository has images, unless `force` is set.
    pub async fn delete_repository(
        &self,
        act: &Act,
        registry: RegistryId,
        name: &RepositoryName,
        force: bool,
    ) -> Result<bool> {
        let Some(found) = self.repository(registry, name).await? else { return Ok(false) };
        if !force && !self.base.meta.list_tags(found.id, None, 1).await?.is_empty() {
            return Err(Error::InUse(Thing::Repository));
        }
        let there = self.base.meta.delete_repository(act, found.id).await;
        self.base.forget(&Scope::Repository(registry, name.clone()), &there, |there| *there);
        Ok(there?)
    }
}
