//! Images as people see them: tags with what their configs say, the same image under several names.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use roadstead_auth::{Access, Caller, Delete, DeleteTarget, Denied, Permissions, Pull, Push};
use roadstead_storage::blob::PieceSize;
use roadstead_storage::meta::{DuplicateImage, Found, TaggedImage};
use roadstead_storage::types::{
    Digest, ImageConfig, ImageDetails, Manifest, ManifestKind, RegistryId, RepositoryId, RepositoryName, Tag,
    image_config,
};
use tokio::sync::Semaphore;

use super::cache::Caches;
use super::{Error, Foundation, Result};

/// Configs that are in memory at once, of 1 MiB at most.
const READS: usize = 16;
/// Manifests of before that are looked at for one request. The next one looks at others.
const LOOKS: u32 = 200;
/// How deep indexes are looked into.
const DEPTH: u32 = 4;

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

/// Images: see the [module](self).
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

    /// What lists are to show of a manifest that is about to be stored. A push never fails for it: what cannot be found out
    /// now is found out by the first list.
    pub(crate) async fn look_at(
        &self,
        repository: Option<RepositoryId>,
        digest: &Digest,
        manifest: &Manifest,
    ) -> Option<ImageDetails> {
        let looks = AtomicU32::new(LOOKS);
        match self.describe(repository?, digest, manifest, &looks, 0).await {
            Ok(details) => details,
            Err(error) => {
                tracing::debug!(manifest.digest = %digest, error = %error, "an image is looked at later");
                None
            }
        }
    }

    /// `None` when not everything that it takes is there, or too much would have to be looked at.
    fn describe<'a>(
        &'a self,
        repository: RepositoryId,
        digest: &'a Digest,
        manifest: &'a Manifest,
        looks: &'a AtomicU32,
        depth: u32,
    ) -> BoxFuture<'a, Result<Option<ImageDetails>>> {
        async move {
            let ManifestKind::Index { manifests } = &manifest.kind else {
                let config = self.read_config(repository, manifest).await?;
                return Ok(config.map(|config| ImageDetails::of_image(digest, manifest, config)));
            };
            let mut seen = HashSet::with_capacity(manifests.len());
            let distinct = manifests.iter().filter(|child| seen.insert(&child.digest));
            let digests: Vec<Digest> = distinct.map(|child| child.digest.clone()).collect();
            let known = self.base.meta.image_details(repository, &digests).await?;
            let mut known: HashMap<Digest, ImageDetails> = known.into_iter().collect();
            let mut children = Vec::with_capacity(digests.len());
            for child in digests {
                let details = match known.remove(&child) {
                    Some(details) => Some(details),
                    None if depth >= DEPTH => return Ok(None),
                    None => self.describe_stored(repository, &child, looks, depth + 1).await?,
                };
                let Some(details) = details else { return Ok(None) };
                children.push(details);
            }
            Ok(Some(ImageDetails::of_index(digest, &children)))
        }
        .boxed()
    }

    /// Looks at a manifest that is in the repository, and remembers what was found.
    async fn describe_stored(
        &self,
        repository: RepositoryId,
        digest: &Digest,
        looks: &AtomicU32,
        depth: u32,
    ) -> Result<Option<ImageDetails>> {
        let allowed = looks.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if allowed.is_err() {
            return Ok(None);
        }
        let Some(stored) = self.base.meta.manifest(repository, digest).await? else { return Ok(None) };
        let manifest = Manifest::parse(Some(&stored.media_type), &stored.content)?;
        let details = self.describe(repository, digest, &manifest, looks, depth).await?;
        if let Some(details) = &details {
            self.base.meta.remember_image(stored.id, details).await?;
        }
        Ok(details)
    }

    /// What the config of an image says; nothing where there is no image, or its config is too large. `None` when the config
    /// is not there.
    async fn read_config(&self, repository: RepositoryId, manifest: &Manifest) -> Result<Option<ImageConfig>> {
        let Some(config) = image_config(manifest) else { return Ok(Some(ImageConfig::default())) };
        let load = async || self.base.meta.blob(repository, &config.digest).await;
        let blob = self.caches.blobs.get_or_load((repository, config.digest.clone()), load).await?;
        let Some(blob) = blob else { return Ok(None) };
        if blob.size > ImageConfig::MAX_BYTES {
            return Ok(Some(ImageConfig::default()));
        }
        let _read = self.reads.acquire().await;
        let piece = PieceSize::fixed(64 << 10);
        let Some(stream) = self.base.store.open(&blob.key, 0..blob.size, piece).await? else { return Ok(None) };
        let bytes = stream.try_fold(Vec::new(), async |mut all, piece| {
            all.extend_from_slice(&piece);
            Ok(all)
        });
        Ok(Some(ImageConfig::read(&bytes.await?)))
    }

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
        self.list_in(repository.id, search, offset, limit).await
    }

    /// The same of a repository that the caller was found to be allowed to see.
    pub(crate) async fn list_in(
        &self,
        repository: RepositoryId,
        search: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Found<TaggedImage>> {
        let mut found = self.base.meta.list_images(repository, search, offset, limit).await?;
        let looks = AtomicU32::new(LOOKS);
        let mut looked: HashMap<Digest, Option<ImageDetails>> = HashMap::new();
        for image in found.list.iter_mut().filter(|image| image.details.is_none()) {
            if let Some(details) = looked.get(&image.digest) {
                image.details.clone_from(details);
                continue;
            }
            // One that cannot be looked at does not keep the others from being shown.
            let details = self.describe_stored(repository, &image.digest, &looks, 0).await.unwrap_or_default();
            image.details.clone_from(&details);
            looked.insert(image.digest.clone(), details);
        }
        Ok(found)
    }

    /// The other tags of a repository with the same image as `tag`, in byte order.
    ///
    /// # Errors
    /// `RepositoryUnknown` when the caller may not see the repository.
    pub async fn same(&self, permissions: &Permissions, name: &RepositoryName, tag: &Tag) -> Result<Vec<Tag>> {
        let repository = self.base.visible_repository(permissions, name).await?;
        let looks = AtomicU32::new(LOOKS);
        for digest in self.base.meta.undescribed_images(repository.id, LOOKS).await? {
            let _ = self.describe_stored(repository.id, &digest, &looks, 0).await;
        }
        Ok(self.base.meta.same_images(repository.id, tag).await?)
    }

    /// Deletes tags of a repository of the caller's main account, and nothing but the tags: all of them that are there, or
    /// none after an error. `batch` is whether they are named in a request for many.
    ///
    /// # Errors
    /// `RepositoryUnknown`, `Denied`.
    pub async fn delete_tags(
        &self,
        caller: &Caller,
        permissions: &Permissions,
        name: &RepositoryName,
        tags: &[Tag],
        batch: bool,
    ) -> std::result::Result<(), ImageError> {
        self.base.own_repository(permissions.identity(), name).await?;
        let target = DeleteTarget::Tags(tags, batch);
        let access = self.base.auth.authorize_delete(caller, REGISTRY, name, target).await?;
        Ok(self.delete(&access, tags).await?)
    }

    /// Deletes tags, all of them that are there, or none after an error.
    pub(crate) async fn delete(&self, access: &Access<Delete>, tags: &[Tag]) -> Result<()> {
        if access.tags().is_some_and(|covered| tags.iter().any(|tag| !covered.contains(tag))) {
            return Err(Error::TagsMoved);
        }
        let repository = access.repository_id().ok_or(Error::RepositoryUnknown)?;
        let now = self.base.clock.now();
        let deleted = self.base.meta.delete_tags(repository, tags, self.base.review_after(now), now).await;
        // An error does not mean that nothing was committed.
        for tag in tags {
            self.caches.tags.invalidate(&(repository, tag.clone()));
        }
        deleted?.map(drop).ok_or(Error::RepositoryUnknown)
    }

    /// Gives the image of a tag to another repository, or another tag of the same: nothing is copied. Gives its digest.
    ///
    /// # Errors
    /// `TagUnknown` when there is no such source for this caller, `ForeignNamespace` when the target would not belong to
    /// the caller's main account, `Denied`.
    pub async fn duplicate(
        &self,
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
        self.link(&source, &from.1, &target, &to.1).await?.ok_or(ImageError::TagUnknown)
    }

    /// Gives an image to the repository of `to`, which is made if need be; `None` when there is no such tag.
    pub(crate) async fn link(
        &self,
        from: &Access<Pull>,
        from_tag: &Tag,
        to: &Access<Push>,
        to_tag: &Tag,
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
            lease_until: now.after(self.base.params.lease),
            review_after: self.base.review_after(now),
            now,
        };
        let done = self.base.meta.duplicate_image(&duplicate).await;
        if !matches!(&done, Ok(Some(done)) if !done.repository_created) {
            self.base.auth.repository_changed(to.registry(), to.repository());
        }
        let target = match &done {
            Ok(Some(done)) => Some(done.repository),
            _ => to.repository_id(),
        };
        match target {
            Some(target) => self.caches.tags.invalidate(&(target, to_tag.clone())),
            // Another push may have made the repository meanwhile.
            None => self.caches.clear(),
        }
        Ok(done?.map(|done| done.digest))
    }
}
