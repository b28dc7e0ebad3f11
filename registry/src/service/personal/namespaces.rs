use roadstead_auth::Identity;
use roadstead_storage::meta::{Found, NamespaceDetail, NewNamespace};
use roadstead_storage::types::NamespaceName;

use super::{PersonalError, PersonalService, REGISTRY, Result};

impl PersonalService {
    /// Makes a namespace of the caller's main account. Names are unique over all accounts.
    ///
    /// # Errors
    /// `UserUnknown`, `NamespaceReserved`, `NamespaceExists`, `Quota`.
    pub(crate) async fn create_namespace(&self, identity: &Identity, name: &NamespaceName) -> Result<()> {
        self.check_registered(identity).await?;
        if self.is_reserved(name) {
            return Err(PersonalError::NamespaceReserved);
        }
        let new = NewNamespace { registry: REGISTRY, name, owner: identity.owner, creator: &identity.uin };
        self.base.meta.add_namespace(&new, self.now()).await?;
        self.base.auth.invalidate_all();
        Ok(())
    }

    /// Deletes a namespace of the caller's main account. With it go the uploads that are under way in it.
    ///
    /// # Errors
    /// `UserUnknown`; `NamespaceUnknown`, also for one of another account; `NamespaceInUse` while there are repositories in
    /// it.
    pub(crate) async fn delete_namespace(&self, identity: &Identity, name: &NamespaceName) -> Result<()> {
        self.check_registered(identity).await?;
        let deleted = self.base.meta.delete_own_namespace(REGISTRY, name, identity.owner).await?;
        self.base.auth.invalidate_all();
        if deleted { Ok(()) } else { Err(PersonalError::NamespaceUnknown) }
    }

    /// The namespaces of the caller's main account with `part` in their names, the youngest first.
    ///
    /// # Errors
    /// `UserUnknown`.
    pub(crate) async fn namespaces(
        &self,
        identity: &Identity,
        part: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Found<NamespaceDetail>> {
        self.check_registered(identity).await?;
        Ok(self.base.meta.search_namespaces(REGISTRY, identity.owner, part, offset, limit).await?)
    }

    /// Whether anybody has a namespace of this name, and whether nobody may.
    pub(crate) async fn namespace_exists(&self, name: &NamespaceName) -> Result<(bool, bool)> {
        let exists = self.base.meta.namespace(REGISTRY, name.as_str()).await?.is_some();
        Ok((exists, self.is_reserved(name)))
    }

    fn is_reserved(&self, name: &NamespaceName) -> bool {
        self.base.params.reserved_namespaces.iter().any(|reserved| reserved == name.as_str())
    }
}
