//! Resource tags for conditions of policies: those of instances and of the namespaces in them.
//!
//! Things in an instance carry the tags of the instance. Things in a namespace also carry the tags of the namespace.

use std::sync::Arc;

use roadstead_policy::Request;
use roadstead_types::{InstanceId, RegistryId};

use crate::auth::{Auth, Inner};
use crate::error::Denied;
use crate::permissions::{Permissions, tag_texts};

type Stored<T> = std::result::Result<T, roadstead_storage::Error>;

impl Auth {
    /// Returns the same requests with the tags of the things that they name, if these belong to the caller's main
    /// account. Nothing is looked up unless a policy of the caller asks for tags.
    ///
    /// # Errors
    /// `Unavailable` when the store cannot be asked.
    pub async fn tagged(&self, permissions: &Permissions, mut requests: Vec<Request>) -> Result<Vec<Request>, Denied> {
        if permissions.documents().ask_for_tags() {
            for request in &mut requests {
                if let Some(tags) = self.inner.tags_of(permissions, request).await? {
                    *request = request.clone().tagged(&tags);
                }
            }
        }
        Ok(requests)
    }

    /// Returns the tags of things in a namespace of an instance.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn namespace_tags(
        &self,
        registry: RegistryId,
        namespace: &str,
    ) -> Result<Arc<[String]>, roadstead_storage::Error> {
        let found = self.inner.namespace(registry, namespace).await?;
        Ok(found.value.map(|namespace| namespace.tags).unwrap_or_default())
    }
}

impl Inner {
    /// Returns the tags of the thing that a request names: `instance/ID`, or `repository/ID/NAMESPACE` and longer
    /// paths.
    async fn tags_of(&self, permissions: &Permissions, request: &Request) -> Stored<Option<Arc<[String]>>> {
        let Some(path) = request.resources().first() else { return Ok(None) };
        let mut parts = path.split('/');
        let (kind, id, namespace) = (parts.next(), parts.next(), parts.next());
        let id = match (kind, id.map(str::parse::<InstanceId>)) {
            (Some("instance" | "repository"), Some(Ok(id))) => id,
            _ => return Ok(None),
        };
        let Some(instance) = self.meta.own_instance(permissions.identity().owner, &id).await? else { return Ok(None) };
        match namespace {
            None => Ok(Some(tag_texts(&instance.tags))),
            Some(namespace) => Ok(Some(self.tags_in(instance.registry, namespace).await?)),
        }
    }

    /// Returns the tags of an instance and of one of its namespaces. The personal edition has none.
    pub(crate) async fn tags_in(&self, registry: RegistryId, namespace: &str) -> Stored<Arc<[String]>> {
        if registry == RegistryId::PERSONAL {
            return Ok(Arc::default());
        }
        let instance = self.meta.instance(registry).await?.map(|found| found.tags).unwrap_or_default();
        let namespace = self.meta.instance_namespace(registry, namespace).await?;
        let namespace = namespace.map(|found| found.settings.tags).unwrap_or_default();
        Ok(tag_texts(instance.iter().chain(&namespace)))
    }
}
