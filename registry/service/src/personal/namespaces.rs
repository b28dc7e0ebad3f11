//! Namespaces of the personal edition.

use roadstead_auth::{Identity, Permissions};
use roadstead_storage::meta::{Act, Found, NamespaceDetail, NamespaceSearch, NewNamespace, Scope};
use roadstead_types::{NamespaceName, Thing};

use super::super::{names, owned};
use super::{PersonalService, REGISTRY};
use crate::{Error, Result};

impl PersonalService {
    /// Creates a namespace for the caller's main account. Names are unique across all accounts.
    ///
    /// # Errors
    /// `Unknown(Password)`, `Reserved(Namespace)`, `Exists(Namespace)`, `LimitReached`.
    pub async fn create_namespace(&self, act: &Act, identity: &Identity, name: &NamespaceName) -> Result<()> {
        self.check_registered(identity).await?;
        if names::is_reserved(&self.base.params.reserved_namespaces, name) {
            return Err(Error::Reserved(Thing::Namespace));
        }
        let new = NewNamespace { registry: REGISTRY, name, owner: identity.owner, creator: &identity.uin };
        let made = self.base.meta.add_namespace(act, &new).await;
        self.base.forget(&Scope::Namespace(REGISTRY, name.clone()), &made, |_| true);
        made?;
        Ok(())
    }

    /// Deletes a namespace of the caller's main account, and the unfinished uploads in it.
    ///
    /// # Errors
    /// `Unknown(Password)`; `Unknown(Namespace)`, also for a namespace of another account; `InUse(Namespace)` if the
    /// namespace has repositories.
    pub async fn delete_namespace(&self, act: &Act, identity: &Identity, name: &NamespaceName) -> Result<()> {
        self.check_registered(identity).await?;
        let deleted = self.base.meta.delete_own_namespace(act, REGISTRY, name, identity.owner).await;
        self.base.forget(&Scope::Namespace(REGISTRY, name.clone()), &deleted, |deleted| *deleted);
        if deleted? { Ok(()) } else { Err(Error::Unknown(Thing::Namespace)) }
    }

    /// Returns the namespaces of the caller's main account whose names contain `part`, the youngest first, with the
    /// number of repositories in each. Hidden namespaces are not listed, and hidden repositories are not counted.
    ///
    /// # Errors
    /// `Unknown(Password)`.
    pub async fn namespaces(
        &self,
        permissions: &Permissions,
        part: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Found<NamespaceDetail>> {
        let identity = permissions.identity();
        self.check_registered(identity).await?;
        let sight = owned::seen_namespaces(permissions)?;
        let search = NamespaceSearch { registry: REGISTRY, owner: identity.owner, part, sight: &sight, offset, limit };
        Ok(self.base.meta.search_namespaces(&search).await?)
    }

    /// Returns whether a namespace of this name exists, and whether the name is reserved.
    pub async fn namespace_exists(&self, name: &NamespaceName) -> Result<(bool, bool)> {
        let exists = self.base.meta.namespace(REGISTRY, name.as_str()).await?.is_some();
        Ok((exists, names::is_reserved(&self.base.params.reserved_namespaces, name)))
    }
}
