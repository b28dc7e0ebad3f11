//! Images of instances.

use roadstead_auth::{Pull, Push, Read, Write};
use roadstead_storage::meta::{Act, TagFilter, TaggedImage};
use roadstead_types::{Listing, RepositoryName, Tag, Thing, Window};

use super::{ImageService, WholeImage};
use crate::instances::OwnInstance;
use crate::{Error, Result};

impl ImageService {
    /// Returns a page of the images of a repository, the last pushed first.
    ///
    /// # Errors
    /// `Unknown(Repository)`.
    pub async fn list_in(
        &self,
        instance: &OwnInstance<Read>,
        name: &RepositoryName,
        filter: &TagFilter<'_>,
        window: Window,
    ) -> Result<Listing<TaggedImage>> {
        self.find(self.base.repository_in(instance, name).await?.id, filter, window).await
    }

    /// Returns the image that a tag points at.
    ///
    /// # Errors
    /// `Unknown(Repository)`, `Unknown(Manifest)`.
    pub async fn whole_in(&self, instance: &OwnInstance<Read>, name: &RepositoryName, tag: &Tag) -> Result<WholeImage> {
        self.whole(self.base.repository_in(instance, name).await?.id, tag).await
    }

    /// Deletes tags, without their manifests: all of them that exist, or none after an error. Returns those that
    /// existed. The right must have been granted for these tags.
    ///
    /// # Errors
    /// `Unknown(Repository)`, `Denied`.
    pub async fn delete_in(
        &self,
        act: &Act,
        instance: &OwnInstance<Write>,
        name: &RepositoryName,
        tags: &[Tag],
    ) -> Result<Vec<Tag>> {
        self.base.repository_in(instance, name).await?;
        let deletion = self.base.auth.deletion(&instance.repository(name), tags).await?;
        self.delete(act, &deletion, tags).await
    }

    /// Gives the image of a tag to another repository of the instance, or another tag of the same one. No content is
    /// copied. The rights to pull and to push must have been granted. Moves a tag that exists only with `overwrite`.
    ///
    /// # Errors
    /// `Unknown(Namespace)`, `Unknown(Tag)`, `Exists(Tag)`, `Denied` if the repository would have to be made, and the
    /// caller may not.
    pub async fn duplicate_in(
        &self,
        act: &Act,
        instance: &OwnInstance<Write>,
        from: (&RepositoryName, &Tag),
        to: (&RepositoryName, &Tag),
        overwrite: bool,
    ) -> Result<()> {
        for name in [from.0, to.0] {
            let found = self.base.meta.instance_namespace(instance.registry, name.namespace()).await?;
            found.ok_or(Error::Unknown(Thing::Namespace))?;
        }
        let source = self.base.auth.content::<Pull>(&instance.repository(from.0)).await?;
        let target = self.base.auth.content::<Push>(&instance.repository(to.0)).await?;
        let linked = self.link(act, &source, from.1, &target, to.1, overwrite).await?;
        linked.map(drop).ok_or(Error::Unknown(Thing::Tag))
    }
}
