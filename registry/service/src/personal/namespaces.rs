use roadstead_auth::{Identity, Permissions};
use roadstead_storage::meta::{Act, Found, NamespaceDetail, NamespaceSearch, NewNamespace};
use roadstead_types::{NamespaceId, NamespaceName};

use super::super::owned::Sight;
use super::{PersonalError, PersonalService, REGISTRY, Result};

/// How many namespaces are read at once.
const CHUNK: u32 = 1000;

impl PersonalService {
    /// Makes a namespace of the caller's main account. Names are unique over all accounts.
    ///
    /// # Errors
    /// `UserUnknown`, `NamespaceReserved`, `NamespaceExists`, `Quota`.
    pub async fn create_namespace(&self, act: &Act, identity: &Identity, name: &NamespaceName) -> Result<()> {
        self.check_registered(identity).await?;
        if self.is_reserved(name) {
            return Err(PersonalError::NamespaceReserved);
        }
        let new = NewNamespace { registry: REGISTRY, name, owner: identity.owner, creator: &identity.uin };
        self.base.meta.add_namespace(act, &new).await?;
        self.base.auth.invalidate_all();
        Ok(())
    }

    /// Deletes a namespace of the caller's main account. With it go the uploads that are under way in it.
    ///
    /// # Errors
    /// `UserUnknown`; `NamespaceUnknown`, also for one of another account; `NamespaceInUse` while there are repositories in
    /// it.
    pub async fn delete_namespace(&self, act: &Act, identity: &Identity, name: &NamespaceName) -> Result<()> {
        self.check_registered(identity).await?;
        let deleted = self.base.meta.delete_own_namespace(act, REGISTRY, name, identity.owner).await?;
        self.base.auth.invalidate_all();
        if deleted { Ok(()) } else { Err(PersonalError::NamespaceUnknown) }
    }

    /// The namespaces of the caller's main account with `part` in their names, the youngest first, and how many repositories are
    /// in each. What policies hide is neither listed nor counted; `hides` says which namespaces.
    ///
    /// # Errors
    /// `UserUnknown`.
    pub async fn namespaces(
        &self,
        permissions: &Permissions,
        hides: impl Fn(&NamespaceName) -> bool,
        part: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Found<NamespaceDetail>> {
        let identity = permissions.identity();
        self.check_registered(identity).await?;
        let hidden = self.hidden_namespaces(permissions, hides).await?;
        let hidden_repositories = self.base.hidden_repositories(permissions, REGISTRY, Sight::Personal).await?;
        let search = NamespaceSearch {
            registry: REGISTRY,
            owner: identity.owner,
            part,
            hidden: &hidden,
            hidden_repositories: &hidden_repositories,
            offset,
            limit,
        };
        Ok(self.base.meta.search_namespaces(&search).await?)
    }

    async fn hidden_namespaces(
        &self,
        permissions: &Permissions,
        hides: impl Fn(&NamespaceName) -> bool,
    ) -> Result<Vec<NamespaceId>> {
        let mut hidden = Vec::new();
        if permissions.sees_everything() {
            return Ok(hidden);
        }
        let owner = Some(permissions.identity().owner);
        let mut after: Option<NamespaceName> = None;
        loop {
            let name = after.as_ref().map(NamespaceName::as_str);
            let chunk = self.base.meta.list_namespaces(REGISTRY, owner, name, CHUNK).await?;
            hidden.extend(chunk.iter().filter(|namespace| hides(&namespace.name)).map(|namespace| namespace.id));
            match chunk.into_iter().nth(CHUNK as usize - 1) {
                Some(last) => after = Some(last.name),
                None => return Ok(hidden),
            }
        }
    }

    /// Whether anybody has a namespace of this name, and whether nobody may.
    pub async fn namespace_exists(&self, name: &NamespaceName) -> Result<(bool, bool)> {
        let exists = self.base.meta.namespace(REGISTRY, name.as_str()).await?.is_some();
        Ok((exists, self.is_reserved(name)))
    }

    fn is_reserved(&self, name: &NamespaceName) -> bool {
        self.base.params.reserved_namespaces.iter().any(|reserved| reserved == name.as_str())
    }
}
