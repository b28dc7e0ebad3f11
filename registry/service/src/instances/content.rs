//! Namespaces and repositories of an instance.

use roadstead_auth::{Mode, Read, Write};
use roadstead_storage::meta::{
    Act, InstanceNamespace, InstanceRepository, NamespaceSettings, RepositoryQuery, Scope, Texts,
};
use roadstead_types::{Listing, NamespaceName, RepositoryName, Thing};

use super::{InstanceService, MAX_NAMESPACES, OwnInstance, there};
use crate::{Error, Result};

impl InstanceService {
    /// Creates a namespace.
    ///
    /// # Errors
    /// `Exists` if the name is taken, `LimitReached` if the instance has the most namespaces allowed, `Gone(Instance)`.
    pub async fn create_namespace(
        &self,
        act: &Act,
        instance: &OwnInstance<Write>,
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
    pub async fn namespaces(&self, instance: &OwnInstance<Read>) -> Result<Vec<InstanceNamespace>> {
        Ok(self.base.meta.list_instance_namespaces(instance.registry, MAX_NAMESPACES).await?)
    }

    /// Returns the namespace with this name.
    pub async fn namespace<E: Mode>(&self, instance: &OwnInstance<E>, name: &str) -> Result<Option<InstanceNamespace>> {
        Ok(self.base.meta.instance_namespace(instance.registry, name).await?)
    }

    /// Changes a namespace, and the visibility of its repositories with it.
    ///
    /// # Errors
    /// `Unknown(Namespace)`.
    pub async fn modify_namespace(
        &self,
        act: &Act,
        instance: &OwnInstance<Write>,
        name: &str,
        change: impl Fn(&mut NamespaceSettings) + Send + Sync,
    ) -> Result<()> {
        let registry = instance.registry;
        let found = self.namespace(instance, name).await?.ok_or(Error::Unknown(Thing::Namespace))?;
        let changed = self.base.meta.modify_instance_namespace(act, registry, found.id, change).await;
        // Its repositories change too, so the whole registry is forgotten.
        self.base.forget(&Scope::Registry(registry), &changed, |there| *there);
        there(changed?, Thing::Namespace)
    }

    /// Deletes an empty namespace.
    ///
    /// # Errors
    /// `Unknown(Namespace)`, `InUse` if the namespace has repositories.
    pub async fn delete_namespace(&self, act: &Act, instance: &OwnInstance<Write>, name: &NamespaceName) -> Result<()> {
        let registry = instance.registry;
        let deleted = self.base.meta.delete_namespace(act, registry, name).await;
        self.base.forget(&Scope::Namespace(registry, name.clone()), &deleted, |there| *there);
        there(deleted?, Thing::Namespace)
    }

    /// Creates an empty repository.
    ///
    /// # Errors
    /// `Exists` if the name is taken, `Unknown(Namespace)`.
    pub async fn create_repository(
        &self,
        act: &Act,
        instance: &OwnInstance<Write>,
        name: &RepositoryName,
        texts: &Texts,
    ) -> Result<()> {
        let registry = instance.registry;
        let namespace = self.namespace(instance, name.namespace()).await?;
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
        instance: &OwnInstance<Read>,
        query: &RepositoryQuery<'_>,
    ) -> Result<Listing<InstanceRepository>> {
        let shows = self.base.shown_in(instance.access().permissions(), instance).await?;
        let query = RepositoryQuery { shows: &shows, ..*query };
        Ok(self.base.meta.list_instance_repositories(instance.registry, &query).await?)
    }

    /// Changes the texts of a repository. `None` leaves a text unchanged.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub async fn describe_repository(
        &self,
        act: &Act,
        instance: &OwnInstance<Write>,
        name: &RepositoryName,
        brief: Option<&str>,
        description: Option<&str>,
    ) -> Result<()> {
        let id = self.base.repository_in(instance, name).await?.id;
        let described = self.base.meta.describe_instance_repository(act, id, brief, description).await?;
        there(described, Thing::Repository)
    }

    /// Deletes a repository with its content.
    ///
    /// # Errors
    /// `Unknown(Repository)`, `InUse` if the repository has images, unless `force` is set.
    pub async fn delete_repository(
        &self,
        act: &Act,
        instance: &OwnInstance<Write>,
        name: &RepositoryName,
        force: bool,
    ) -> Result<()> {
        let registry = instance.registry;
        let found = self.base.repository_in(instance, name).await?;
        let deleted = self.base.meta.delete_repository(act, found.id, force).await;
        self.base.forget(&Scope::Repository(registry, name.clone()), &deleted, |there| *there);
        there(deleted?, Thing::Repository)
    }
}
