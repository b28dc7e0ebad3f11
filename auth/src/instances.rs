//! Finds the registry that a host belongs to.

use roadstead_types::RegistryId;

use crate::auth::Auth;
use crate::instance_domain::InstanceDomain;
use crate::known::Cached;

impl Auth {
    /// Returns the pattern of the hosts of instances.
    pub fn instance_domain(&self) -> &InstanceDomain {
        &self.inner.params.instance_domain
    }

    /// Returns the registry that answers on this host, as the request names it. It is the instance with this host, or
    /// else the personal edition. An instance that is being deleted has no host.
    ///
    /// # Errors
    /// `Unavailable` and others when the store cannot be asked.
    pub async fn registry_of(&self, host: &str) -> Result<RegistryId, roadstead_storage::Error> {
        let inner = &*self.inner;
        let Some(name) = inner.params.instance_domain.name_in(host) else { return Ok(RegistryId::PERSONAL) };
        let load = async |at| {
            let found = inner.meta.instance_by_name(name.as_str()).await?;
            // A missing instance is cached too: making one moves the counter of changes.
            Ok::<_, roadstead_storage::Error>(Some(Cached { value: found.map(|instance| instance.registry), at }))
        };
        let (found, _) = inner.caches.row(&inner.caches.instances, name.clone(), load).await?;
        Ok(found.and_then(|read| read.value).unwrap_or(RegistryId::PERSONAL))
    }
}
