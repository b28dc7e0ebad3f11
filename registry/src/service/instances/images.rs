//! Images of instances.

use bytes::Bytes;
use futures::TryStreamExt as _;
use roadstead_auth::{Access, Delete, Pull, Push};
use roadstead_storage::blob::PieceSize;
use roadstead_storage::meta::{DuplicateImage, StoredManifest, TaggedImage};
use roadstead_storage::types::{Descriptor, Digest, ImageConfig, Manifest, ManifestKind, RepositoryId, Tag};

use super::InstanceService;
use crate::service::{Error, Result};

/// Tags that are read at once when only some of them are wanted.
const CHUNK: u32 = 500;

/// Which images are wanted.
#[derive(Clone, Copy, Default, Debug)]
pub struct ImageQuery<'a> {
    /// Those whose tag contains this; with `exact`, the one whose tag is this.
    pub tag: &'a str,
    /// Whether the tag is given in full.
    pub exact: bool,
    /// Those with this digest.
    pub digest: Option<&'a Digest>,
    /// How many to leave out.
    pub offset: u32,
    /// How many at most.
    pub limit: u32,
}

/// An image in full.
#[derive(Debug)]
pub struct WholeImage {
    /// The manifest.
    pub manifest: Bytes,
    /// The config, if it has one that can be shown.
    pub config: Bytes,
    /// Bytes of what the manifest names.
    pub size: u64,
}

/// What a manifest names, each with its size.
fn descriptors(manifest: &Manifest) -> Vec<&Descriptor> {
    match &manifest.kind {
        ManifestKind::Image { config, layers } => config.iter().chain(layers).collect(),
        ManifestKind::Index { manifests } => manifests.iter().collect(),
    }
}

fn size(manifest: &Manifest) -> u64 {
    descriptors(manifest).iter().fold(0, |sum, descriptor| sum.saturating_add(descriptor.size))
}

impl InstanceService {
    /// A page of the images of a repository, the last pushed first, with their sizes; and how many there are in all.
    pub async fn images(
        &self,
        repository: RepositoryId,
        query: &ImageQuery<'_>,
    ) -> Result<(Vec<(TaggedImage, u64)>, u64)> {
        let meta = &self.base.meta;
        let (list, total) = if query.exact || query.digest.is_some() {
            let mut all = Vec::new();
            loop {
                let read = u64::try_from(all.len()).unwrap_or(u64::MAX);
                let found = meta.list_images(repository, query.tag, read, CHUNK).await?;
                let is_last = found.list.len() < CHUNK as usize;
                all.extend(found.list);
                if is_last {
                    break;
                }
            }
            all.retain(|image| {
                (!query.exact || image.tag.as_str() == query.tag)
                    && query.digest.is_none_or(|digest| image.digest == *digest)
            });
            let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
            (all.into_iter().skip(query.offset as usize).take(query.limit as usize).collect(), total)
        } else {
            let found = meta.list_images(repository, query.tag, u64::from(query.offset), query.limit).await?;
            (found.list, found.total)
        };
        let mut sized = Vec::with_capacity(list.len());
        for image in list {
            let bytes = match &image.details {
                Some(details) => details.total_size,
                None => match meta.manifest(repository, &image.digest).await? {
                    Some(stored) => parse(&stored).map_or(0, |manifest| size(&manifest)),
                    None => 0,
                },
            };
            sized.push((image, bytes));
        }
        Ok((sized, total))
    }

    /// The image that a tag points at.
    ///
    /// # Errors
    /// `ManifestUnknown`.
    pub async fn image(&self, repository: RepositoryId, tag: &Tag) -> Result<WholeImage> {
        let meta = &self.base.meta;
        let digest = meta.tag(repository, tag).await?.ok_or(Error::ManifestUnknown)?;
        let stored = meta.manifest(repository, &digest).await?.ok_or(Error::ManifestUnknown)?;
        let manifest = parse(&stored)?;
        let config = match &manifest.kind {
            ManifestKind::Image { config: Some(config), .. } => self.config(repository, config).await?,
            ManifestKind::Image { config: None, .. } | ManifestKind::Index { .. } => Bytes::new(),
        };
        Ok(WholeImage { manifest: stored.content, config, size: size(&manifest) })
    }

    /// The bytes of a config; none when it is too large to be shown.
    async fn config(&self, repository: RepositoryId, config: &Descriptor) -> Result<Bytes> {
        let blob = self.base.meta.blob(repository, &config.digest).await?;
        let Some(blob) = blob.filter(|blob| blob.size <= ImageConfig::MAX_BYTES) else { return Ok(Bytes::new()) };
        let stream = self.base.store.open(&blob.key, 0..blob.size, PieceSize::fixed(64 << 10)).await?;
        let Some(stream) = stream else { return Ok(Bytes::new()) };
        let bytes = stream.try_fold(Vec::new(), async |mut all, piece| {
            all.extend_from_slice(&piece);
            Ok(all)
        });
        Ok(bytes.await?.into())
    }

    /// Deletes tags, and nothing but the tags: all of them or none. Gives those that were there.
    ///
    /// # Errors
    /// `RepositoryUnknown`, `TagsMoved` when the right does not cover them all.
    pub async fn delete_images(&self, access: &Access<Delete>, tags: &[Tag]) -> Result<Vec<Tag>> {
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
        deleted?.ok_or(Error::RepositoryUnknown)
    }

    /// Gives the image of a tag to another repository, or another tag of the same: nothing is copied. False when there is no
    /// such tag.
    pub async fn duplicate_image(
        &self,
        (from, from_tag): (&Access<Pull>, &Tag),
        (to, to_tag): (&Access<Push>, &Tag),
    ) -> Result<bool> {
        let Some(source) = from.repository_id() else { return Ok(false) };
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
        Ok(done?.is_some())
    }

    /// Whether the tag of a repository is there.
    pub async fn has_tag(&self, access: &Access<Push>, tag: &Tag) -> Result<bool> {
        let Some(repository) = access.repository_id() else { return Ok(false) };
        Ok(self.base.meta.tag(repository, tag).await?.is_some())
    }
}

fn parse(stored: &StoredManifest) -> Result<Manifest> {
    Ok(Manifest::parse(Some(&stored.media_type), &stored.content)?)
}
