//! Namespaces of the personal edition.

use roadstead_auth::place::{Account, Namespace};
use roadstead_auth::{Access, Read, Write};
use roadstead_storage::meta::{Act, NamespaceDetail, NamespaceSearch, NewNamespace, Scope};
use roadstead_types::{Listing, Thing, Window};

use super::super::{names, owned};
use super::{PersonalService, REGISTRY};
use crate::{Error, Result};

impl PersonalService {
    /// Creates a namespace for the caller's main account. Names are unique across all accounts.
    ///
    /// # Errors
    /// `Unknown(Password)`, `Reserved(Namespace)`, `Exists(Namespace)`, `LimitReached`.
    pub async fn create_namespace(&self, act: &Act, access: &Access<Write, Namespace>) -> Result<()> {
        let (identity, registry, name) = (access.who(), access.registry(), access.namespace());
        self.check_registered(identity).await?;
        if names::is_reserved(&self.base.params.reserved_namespaces, name) {
            return Err(Error::Reserved(Thing::Namespace));
        }
        let new = NewNamespace { registry, name, owner: identity.owner, creator: &identity.uin };
        let made = self.base.meta.add_namespace(act, &new).await;
        self.base.forget(&Scope::Namespace(registry, name.clone()), &made, |_| true);
        made?;
        Ok(())
    }

    /// Deletes a namespace of the caller's main account, and the unfinished uploads in it.
    ///
    /// # Errors
    /// `Unknown(Password)`; `Unknown(Namespace)`, also for a namespace of another account; `InUse(Namespace)` if the
    /// namespace has repositories.
    pub async fn delete_namespace(&self, act: &Act, access: &Access<Write, Namespace>) -> Result<()> {
        let (identity, registry, name) = (access.who(), access.registry(), access.namespace());
        self.check_registered(identity).await?;
        let deleted = self.base.meta.delete_own_namespace(act, registry, name, identity.owner).await;
        self.base.forget(&Scope::Namespace(registry, name.clone()), &deleted, |deleted| *deleted);
        if deleted? { Ok(()) } else { Err(Error::Unknown(Thing::Namespace)) }
    }

    /// Returns the namespaces of the caller's main account whose names contain `part`, the youngest first, with the
    /// number of repositories in each. Hidden namespaces are not listed, and hidden repositories are not counted.
    ///
    /// # Errors
    /// `Unknown(Password)`.
    pub async fn namespaces(
        &self,
        access: &Access<Read, Account>,
        part: &str,
        window: Window,
    ) -> Result<Listing<NamespaceDetail>> {
        let (permissions, identity) = (access.permissions(), access.who());
        self.check_registered(identity).await?;
        let sight = owned::seen_namespaces(permissions)?;
        let search = NamespaceSearch { registry: REGISTRY, owner: identity.owner, part, sight: &sight, window };
        Ok(self.base.meta.search_namespaces(&search).await?)
    }

    /// Returns whether a namespace of this name exists, and whether the name is reserved.
    pub async fn namespace_exists(&self, access: &Access<Read, Namespace>) -> Result<(bool, bool)> {
        let name = access.namespace();
        let exists = self.base.meta.namespace(access.registry(), name.as_str()).await?.is_some();
        Ok((exists, names::is_reserved(&self.base.params.reserved_namespaces, name)))
    }
}
