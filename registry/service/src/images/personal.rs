//! Images of the personal edition, with checks of who owns the repository.

use roadstead_auth::place::OwnRepository;
use roadstead_auth::{Access, Denied, Pull, Push, Read, Write};
use roadstead_storage::meta::{Act, TagFilter, TaggedImage};
use roadstead_types::{Digest, Listing, Tag, Thing, Window};

use super::ImageService;
use crate::{Error, Result};

impl ImageService {
    /// Returns a page of the images of a repository, the last pushed first. `search` limits the page to tags that
    /// contain it.
    ///
    /// # Errors
    /// `Unknown(Repository)` if the caller may not see the repository.
    pub async fn list(
        &self,
        access: &Access<Read, OwnRepository>,
        search: &str,
        window: Window,
    ) -> Result<Listing<TaggedImage>> {
        let repository = self.base.visible_repository(access).await?;
        let filter = TagFilter { contains: search, ..TagFilter::default() };
        self.find(repository.id, &filter, window).await
    }

    /// Returns the other tags of a repository that point at the same image as `tag`, in byte order.
    ///
    /// # Errors
    /// `Unknown(Repository)` if the caller may not see the repository.
    pub async fn same(&self, access: &Access<Read, OwnRepository>, tag: &Tag) -> Result<Vec<Tag>> {
        let repository = self.base.visible_repository(access).await?;
        self.describe_rest(repository.id).await?;
        Ok(self.base.meta.same_images(repository.id, tag).await?)
    }

    /// Deletes tags of a repository of the caller's main account, without their manifests: all of them that exist, or
    /// none after an error. The right must have been granted for these tags.
    ///
    /// # Errors
    /// `Unknown(Repository)`, `Denied`.
    pub async fn delete_tags(&self, act: &Act, access: &Access<Write, OwnRepository>, tags: &[Tag]) -> Result<()> {
        // The right to delete a tag is no right to its repository, but its holder may know that the repository exists.
        let (owner, name) = (access.owner(), access.repository());
        let found = self.base.meta.accessible_repository(access.registry(), owner, name).await?;
        if !found.is_some_and(|(_, own)| own && !access.permissions().is_hidden(name)) {
            return Err(Error::Unknown(Thing::Repository));
        }
        let deletion = self.base.auth.deletion(access, tags).await?;
        self.delete(act, &deletion, tags).await?;
        Ok(())
    }

    /// Gives the image of a tag another tag, in the same repository or in another one. No content is copied. Returns
    /// the digest. The right to push must have been granted. Whether the caller may pull from the source is decided
    /// here, because that depends on who owns it and on whether it is public.
    ///
    /// # Errors
    /// `Unknown(Tag)` if the source does not exist for this caller, `Foreign(Namespace)` if the target would not be in a
    /// namespace of the main account that the caller may know of, `Denied`.
    pub async fn duplicate(
        &self,
        act: &Act,
        from: (&Access<Write, OwnRepository>, &Tag),
        to: (&Access<Write, OwnRepository>, &Tag),
    ) -> Result<Digest> {
        if !self.base.knows_namespace(to.0).await? {
            return Err(Error::Foreign(Thing::Namespace));
        }
        let source = match self.base.auth.authorize_holder::<Pull>(&from.0.reading()).await {
            Err(Denied::Forbidden) if !self.base.knows_namespace(from.0).await? => {
                return Err(Error::Unknown(Thing::Tag));
            }
            source => source?,
        };
        let target = self.base.auth.content::<Push>(to.0).await?;
        self.link(act, &source, from.1, &target, to.1, true).await?.ok_or(Error::Unknown(Thing::Tag))
    }
}
