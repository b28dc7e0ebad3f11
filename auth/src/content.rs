//! From the right in a repository of the own main account to the right to its content.

use std::sync::Arc;

use roadstead_policy::op::{self, Realm};
use roadstead_types::Tag;

use crate::access::Access;
use crate::auth::Auth;
use crate::error::Denied;
use crate::identity::Caller;
use crate::place::{OwnRepository, Repository};
use crate::right::{ContentRight, Delete, Mode, RightName, Write};

impl Auth {
    /// Turns a granted right in a repository into the right `R` to its content. What was granted is not decided again.
    /// Only a right to push into a repository that does not exist needs one more decision: whether the holder may make
    /// it.
    ///
    /// # Errors
    /// `Forbidden` if the namespace does not belong to the main account of the holder, or the holder may not make the
    /// repository. `Unavailable` when the store cannot be asked.
    pub async fn content<R: ContentRight>(&self, access: &Access<Write, OwnRepository>) -> Result<Access<R>, Denied> {
        self.content_of(access, None).await
    }

    /// Turns a granted right to delete these tags into the right to delete them, and nothing else.
    ///
    /// # Errors
    /// As for [`Auth::content`].
    pub async fn deletion(
        &self,
        access: &Access<Write, OwnRepository>,
        tags: &[Tag],
    ) -> Result<Access<Delete>, Denied> {
        self.content_of(access, Some(tags.into())).await
    }

    async fn content_of<R: ContentRight>(
        &self,
        access: &Access<Write, OwnRepository>,
        tags: Option<Arc<[Tag]>>,
    ) -> Result<Access<R>, Denied> {
        let (registry, name, owner) = (access.registry(), access.repository(), access.owner());
        let place = self.inner.place(registry, name).await?;
        let place = place.filter(|place| place.namespace.owner == owner).ok_or(Denied::Forbidden)?;
        if R::NAME == RightName::Push && place.repository.is_none() {
            let instance = self.inner.instance(registry).await?;
            let realm = instance.as_deref().map_or(Realm::Personal, Realm::Instance);
            let create = op::repository_create(realm, name).tagged(&place.namespace.tags);
            access.permissions().check(&create)?;
        }
        let (name, id, namespace) = (name.clone(), place.repository.map(|(id, _)| id), place.namespace.id);
        Ok(Access::prove(access.by().clone(), Repository { registry, name, id, namespace, owner, tags }))
    }

    /// Decides whether the holder of a right has the right `R` to the content of the repository, which may also be a
    /// public one of another account.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn authorize_holder<R: ContentRight>(
        &self,
        access: &Access<impl Mode, OwnRepository>,
    ) -> Result<Access<R>, Denied> {
        let permissions = access.permissions();
        let identity = Some(Arc::clone(permissions.identity()));
        let caller = Caller::identified(identity, None, Arc::clone(permissions.client()));
        self.authorize_identity(&caller, access.registry(), access.repository()).await
    }
}
