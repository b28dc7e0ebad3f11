//! The tags that conditions of policies are judged by: those of instances, and of the namespaces in them.
//!
//! What is in an instance carries the tags of the instance, and what is in a namespace carries those of the namespace too.

use std::sync::Arc;

use roadstead_policy::Request;
use roadstead_types::{InstanceId, RegistryId};

use crate::auth::{Auth, Inner};
use crate::error::Denied;
use crate::grant::Granted;
use crate::permissions::{Permissions, tag_texts};
use crate::right::Effect;

type Stored<T> = std::result::Result<T, roadstead_storage::Error>;

impl Auth {
    /// Decides whether everything in `needs` is allowed, by the tags too of what it is about.
    ///
    /// # Errors
    /// `Forbidden` when something is not allowed; `Unavailable` when the store cannot be asked.
    pub async fn grant<E: Effect>(&self, permissions: &Permissions, needs: Vec<Request>) -> Result<Granted<E>, Denied> {
        permissions.grant(&self.tagged(permissions, needs).await?)
    }

    /// The same requests with the tags of what they are about, as far as it belongs to the main account of the caller. Where
    /// no policy of the caller asks for tags, nothing is looked up.
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

    /// The tags of what is in a namespace of an instance.
    ///
    /// # Errors
    /// Those of the store.
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
    /// The tags of what a request is about: `instance/ID`, or `repository/ID/NAMESPACE` with more after it.
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

    /// The tags of an instance and of one of its namespaces. The personal edition has none.
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
