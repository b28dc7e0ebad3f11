//! Images of the personal edition, where the caller's main account is the owner or it is not.

use roadstead_auth::{Caller, DeleteTarget, Denied, Permissions, Pull, Push};
use roadstead_storage::meta::{Act, Found, TaggedImage};
use roadstead_types::{Digest, RegistryId, RepositoryName, Tag};

use super::ImageService;
use crate::{Error, Result};

const REGISTRY: RegistryId = RegistryId::PERSONAL;

/// Why something was not done to an image.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// There is no such tag, for this caller.
    #[error("tag unknown")]
    TagUnknown,
    /// The target would be in no namespace of the caller's main account.
    #[error("not a namespace of the caller")]
    ForeignNamespace,
    /// The caller may not.
    #[error("denied")]
    Denied(Denied),
    /// Anything else.
    #[error(transparent)]
    Other(#[from] Error),
}

impl From<Denied> for ImageError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unavailable(source) => Self::Other(source.into()),
            denied => Self::Denied(denied),
        }
    }
}

impl ImageService {
    /// A page of the images of a repository, the last pushed first: those whose tags have `search` in them, or all.
    ///
    /// # Errors
    /// `RepositoryUnknown` when the caller may not see the repository.
    pub async fn list(
        &self,
        permissions: &Permissions,
        name: &RepositoryName,
        search: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Found<TaggedImage>> {
        let repository = self.base.visible_repository(permissions, name).await?;
        self.page(repository.id, search, offset, limit).await
    }

    /// The other tags of a repository with the same image as `tag`, in byte order.
    ///
    /// # Errors
    /// `RepositoryUnknown` when the caller may not see the repository.
    pub async fn same(&self, permissions: &Permissions, name: &RepositoryName, tag: &Tag) -> Result<Vec<Tag>> {
        let repository = self.base.visible_repository(permissions, name).await?;
        self.describe_rest(repository.id).await?;
        Ok(self.base.meta.same_images(repository.id, tag).await?)
    }

    /// Deletes tags of a repository of the caller's main account, and nothing but the tags: all of them that are there, or
    /// none after an error. `batch` is whether they are named in a request for many.
    ///
    /// # Errors
    /// `RepositoryUnknown`, `Denied`.
    pub async fn delete_tags(
        &self,
        act: &Act,
        caller: &Caller,
        permissions: &Permissions,
        name: &RepositoryName,
        tags: &[Tag],
        batch: bool,
    ) -> std::result::Result<(), ImageError> {
        self.base.own_repository(permissions.identity(), name).await?;
        let target = DeleteTarget::Tags(tags, batch);
        let access = self.base.auth.authorize_delete(caller, REGISTRY, name, target).await?;
        self.delete(act, &access, tags).await?;
        Ok(())
    }

    /// Gives the image of a tag to another repository, or another tag of the same: nothing is copied. Gives its digest.
    ///
    /// # Errors
    /// `TagUnknown` when there is no such source for this caller, `ForeignNamespace` when the target would not belong to
    /// the caller's main account, `Denied`.
    pub async fn duplicate(
        &self,
        act: &Act,
        caller: &Caller,
        permissions: &Permissions,
        from: &(RepositoryName, Tag),
        to: &(RepositoryName, Tag),
    ) -> std::result::Result<Digest, ImageError> {
        let identity = permissions.identity();
        if !self.base.owns_namespace(identity, to.0.namespace()).await? {
            return Err(ImageError::ForeignNamespace);
        }
        let source = match self.base.auth.authorize::<Pull>(caller, REGISTRY, &from.0).await {
            Err(Denied::Forbidden) if !self.base.owns_namespace(identity, from.0.namespace()).await? => {
                return Err(ImageError::TagUnknown);
            }
            source => source?,
        };
        let target = self.base.auth.authorize::<Push>(caller, REGISTRY, &to.0).await?;
        self.link(act, &source, &from.1, &target, &to.1).await?.ok_or(ImageError::TagUnknown)
    }
}
