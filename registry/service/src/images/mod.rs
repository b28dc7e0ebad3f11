//! Images as people see them: tags with the details of their configs, and the tags that share an image.

mod details;
mod instance;
mod list;
mod personal;

use std::sync::Arc;

use roadstead_auth::{Access, Delete, Pull, Push};
use roadstead_storage::meta::{Act, DuplicateImage};
use roadstead_types::{Digest, Tag, Thing};
use tokio::sync::Semaphore;

pub use list::WholeImage;

use super::cache::Caches;
use super::{Error, Foundation, Result};

/// The most configs, of up to 1 MiB each, that are in memory at the same time.
const READS: usize = 16;

/// The service for images.
#[derive(Clone)]
pub struct ImageService {
    base: Arc<Foundation>,
    caches: Arc<Caches>,
    reads: Arc<Semaphore>,
}

impl ImageService {
    pub(crate) fn new(base: Arc<Foundation>, caches: Arc<Caches>) -> Self {
        Self { base, caches, reads: Arc::new(Semaphore::new(READS)) }
    }

    /// Deletes tags without their manifests: all of the given tags that exist, or none after an error. Returns the
    /// deleted tags.
    ///
    /// # Errors
    /// `Unknown(Repository)`, `Gone(Tag)` if the permission does not cover all tags.
    async fn delete(&self, act: &Act, access: &Access<Delete>, tags: &[Tag]) -> Result<Vec<Tag>> {
        if access.tags().is_some_and(|covered| tags.iter().any(|tag| !covered.contains(tag))) {
            return Err(Error::Gone(Thing::Tag));
        }
        let repository = access.repository_id().ok_or(Error::Unknown(Thing::Repository))?;
        let deleted = self.base.meta.delete_tags(act, repository, tags).await;
        // After an error, the deletion may have been committed all the same.
        for tag in tags {
            self.caches.tags.invalidate(&(repository, tag.clone()));
        }
        deleted?.ok_or(Error::Unknown(Thing::Repository))
    }

    /// Gives the image of a tag another tag, in the same repository or in another one, which is created if necessary.
    /// No content is copied. Returns the digest, or `None` if the tag does not exist.
    async fn link(
        &self,
        act: &Act,
        from: &Access<Pull>,
        from_tag: &Tag,
        to: &Access<Push>,
        to_tag: &Tag,
        overwrite: bool,
    ) -> Result<Option<Digest>> {
        let Some(source) = from.repository_id() else { return Ok(None) };
        let now = self.base.clock.now();
        let duplicate = DuplicateImage {
            source,
            source_tag: from_tag,
            registry: to.registry(),
            namespace: to.namespace_id(),
            repository: to.repository(),
            tag: to_tag,
            overwrite,
            lease_until: now.after(self.base.params.lease),
        };
        let done = self.base.meta.duplicate_image(act, &duplicate).await;
        self.base.pushed(to, done.as_ref().map(|done| done.as_ref().and_then(|d| d.repository_created.as_ref())));
        let target = match &done {
            Ok(Some(done)) => Some(done.repository),
            Err(error) if error.leaves_open() => {
                if to.repository_id().is_none() {
                    // In the meantime another push may have created the repository, and this one may have moved a tag
                    // in it.
                    self.caches.clear();
                }
                to.repository_id()
            }
            Ok(None) | Err(_) => None,
        };
        if let Some(target) = target {
            self.caches.tags.invalidate(&(target, to_tag.clone()));
        }
        Ok(done?.map(|done| done.digest))
    }
}
