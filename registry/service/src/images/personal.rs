//! Images of the personal edition, with checks of who owns the repository.

use roadstead_auth::{Caller, DeleteTarget, Denied, Permissions, Pull, Push};
use roadstead_storage::meta::{Act, Found, TagFilter, TaggedImage};
use roadstead_types::{Digest, RegistryId, RepositoryName, Tag, Thing};

use super::ImageService;
use crate::{Error, Result};

const REGISTRY: RegistryId = RegistryId::PERSONAL;

impl ImageService {
    /// Returns a page of the images of a repository, the last pushed first. `search` limits the page to tags that
    /// contain it.
    ///
    /// # Errors
    /// `Unknown(Repository)` if the caller may not see the repository.
    pub async fn list(
        &self,
        permissions: &Permissions,
        name: &RepositoryName,
        search: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Found<TaggedImage>> {
        let repository = self.base.visible_repository(permissions, name).await?;
        let filter = TagFilter { contains: search, ..TagFilter::default() };
        self.find(repository.id, &filter, offset, limit).await
    }

    /// Returns the other tags of a repository that point at the same image as `tag`, in byte order.
    ///
    /// # Errors
    /// `Unknown(Repository)` if the caller may not see the repository.
    pub async fn same(&self, permissions: &Permissions, name: &RepositoryName, tag: &Tag) -> Result<Vec<Tag>> {
        let repository = self.base.visible_repository(permissions, name).await?;
        self.describe_rest(repository.id).await?;
        Ok(self.base.meta.same_images(repository.id, tag).await?)
    }

    /// Deletes tags of a repository of the caller's main account, without their manifests: all of them that exist, or
    /// none after an error. `batch` says whether the request is one that names several tags.
    ///
    /// # Errors
    /// `Unknown(Repository)`, `Denied`.
    pub async fn delete_tags(
        &self,
        act: &Act,
        caller: &Caller,
        permissions: &Permissions,
        name: &RepositoryName,
        tags: &[Tag],
        batch: bool,
    ) -> Result<()> {
        // The right to delete a tag is no right to its repository, but its holder may know that the repository exists.
        let found = self.base.meta.accessible_repository(REGISTRY, permissions.identity().owner, name).await?;
        if !found.is_some_and(|(_, own)| own && !permissions.is_hidden(name)) {
            return Err(Error::Unknown(Thing::Repository));
        }
        let target = DeleteTarget::Tags(tags, batch);
        let access = self.base.auth.authorize_delete(caller, REGISTRY, name, target).await?;
        self.delete(act, &access, tags).await?;
        Ok(())
    }

    /// Gives the image of a tag another tag, in the same repository or in another one. No content is copied. Returns
    /// the digest.
    ///
    /// # Errors
    /// `Unknown(Tag)` if the source does not exist for this caller, `Foreign(Namespace)` if the target would not be in a
    /// namespace of the main account that the caller may know of, `Denied`.
    pub async fn duplicate(
        &self,
        act: &Act,
        caller: &Caller,
        permissions: &Permissions,
        from: &(RepositoryName, Tag),
        to: &(RepositoryName, Tag),
    ) -> Result<Digest> {
        if !self.base.knows_namespace(permissions, &to.0).await? {
            return Err(Error::Foreign(Thing::Namespace));
        }
        let source = match self.base.auth.authorize::<Pull>(caller, REGISTRY, &from.0).await {
            Err(Denied::Forbidden) if !self.base.knows_namespace(permissions, &from.0).await? => {
                return Err(Error::Unknown(Thing::Tag));
            }
            source => source?,
        };
        let target = self.base.auth.authorize::<Push>(caller, REGISTRY, &to.0).await?;
        self.link(act, &source, &from.1, &target, &to.1).await?.ok_or(Error::Unknown(Thing::Tag))
    }
}
