//! What is in an instance: namespaces, repositories.

use roadstead_auth::Permissions;
use roadstead_storage::Error as StorageError;
use roadstead_storage::meta::{
    Act, Instance, InstanceNamespace, InstanceRepository, NamespaceSettings, Repository, RepositoryQuery, Texts,
};
use roadstead_types::{NamespaceId, NamespaceName, RegistryId, RepositoryName, Thing};

use super::{InstanceService, MAX_NAMESPACES, Stored};
use crate::Result;
use crate::owned::Sight;

impl InstanceService {
    /// Makes a namespace.
    ///
    /// # Errors
    /// `Conflict` when there is one of this name, `LimitReached` when there are as many as there may be, `Stale` when the
    /// instance has gone.
    pub async fn create_namespace(
        &self,
        act: &Act,
        instance: &Instance,
        name: &NamespaceName,
        settings: &NamespaceSettings,
    ) -> Stored<()> {
        let limit = u64::from(MAX_NAMESPACES);
        let made = self
            .base
            .meta
            .create_instance_namespace(act, instance.registry, instance.owner, name, settings, limit)
            .await;
        self.base.auth.invalidate_all();
        made.map(drop)
    }

    /// The namespaces, by name.
    pub async fn namespaces(&self, registry: RegistryId) -> Stored<Vec<InstanceNamespace>> {
        self.base.meta.list_instance_namespaces(registry, MAX_NAMESPACES).await
    }

    /// The namespace with this name.
    pub async fn namespace(&self, registry: RegistryId, name: &str) -> Stored<Option<InstanceNamespace>> {
        self.base.meta.instance_namespace(registry, name).await
    }

    /// Changes a namespace; its repositories become public or private with it. False when it has gone.
    pub async fn modify_namespace(
        &self,
        act: &Act,
        registry: RegistryId,
        id: NamespaceId,
        change: impl Fn(&mut NamespaceSettings) + Send + Sync,
    ) -> Stored<bool> {
        let there = self.base.meta.modify_instance_namespace(act, registry, id, change).await;
        self.base.auth.invalidate_all();
        there
    }

    /// Deletes an empty namespace; false when there is none.
    ///
    /// # Errors
    /// `InUse` while there are repositories in it.
    pub async fn delete_namespace(&self, act: &Act, registry: RegistryId, name: &NamespaceName) -> Stored<bool> {
        let there = self.base.meta.delete_namespace(act, registry, name).await;
        self.base.auth.invalidate_all();
        there
    }

    /// Makes an empty repository.
    ///
    /// # Errors
    /// `Conflict` when there is one of this name, `Stale` when there is no such namespace.
    pub async fn create_repository(
        &self,
        act: &Act,
        registry: RegistryId,
        name: &RepositoryName,
        texts: &Texts,
    ) -> Stored<()> {
        let namespace = self.namespace(registry, name.namespace()).await?;
        let namespace = namespace.ok_or(StorageError::Stale(Thing::Namespace))?;
        let made = self.base.meta.create_instance_repository(act, registry, namespace.id, name, texts).await;
        self.base.auth.repository_changed(registry, name);
        made.map(drop)
    }

    /// A page of the repositories that no policy hides from the caller, and how many of these there are in all.
    ///
    /// # Errors
    /// `Overloaded` when there are too many to ask policies about.
    pub async fn repositories(
        &self,
        permissions: &Permissions,
        instance: &Instance,
        query: &RepositoryQuery<'_>,
    ) -> Result<(Vec<InstanceRepository>, u64)> {
        let sight = Sight::Instance(instance.id.as_str());
        let hidden = self.base.hidden_repositories(permissions, instance.registry, sight).await?;
        let query = RepositoryQuery { hidden: &hidden, ..*query };
        Ok(self.base.meta.list_instance_repositories(instance.registry, &query).await?)
    }

    /// The repository with this name.
    pub async fn repository(&self, registry: RegistryId, name: &RepositoryName) -> Stored<Option<Repository>> {
        self.base.meta.repository(registry, name).await
    }

    /// Says something else about a repository; `None` stays as it is. False when there is none.
    pub async fn describe_repository(
        &self,
        act: &Act,
        registry: RegistryId,
        name: &RepositoryName,
        brief: Option<&str>,
        description: Option<&str>,
    ) -> Stored<bool> {
        let Some(found) = self.repository(registry, name).await? else { return Ok(false) };
        self.base.meta.describe_instance_repository(act, found.id, brief, description).await
    }

    /// Deletes a repository with everything in it; false when there is none.
    ///
    /// # Errors
    /// `InUse` when there are images in it, unless `force`.
    pub async fn delete_repository(
        &self,
        act: &Act,
        registry: RegistryId,
        name: &RepositoryName,
        force: bool,
    ) -> Stored<bool> {
        let Some(found) = self.repository(registry, name).await? else { return Ok(false) };
        if !force && !self.base.meta.list_tags(found.id, None, 1).await?.is_empty() {
            return Err(StorageError::InUse(Thing::Repository));
        }
        let there = self.base.meta.delete_repository(act, found.id).await;
        self.base.auth.repository_changed(registry, name);
        there
    }
}
