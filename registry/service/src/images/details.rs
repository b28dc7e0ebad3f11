//! Details of images, read from their configs.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use roadstead_storage::blob::PieceSize;
use roadstead_storage::meta::{StoredManifest, TaggedImage};
use roadstead_types::{
    Descriptor, Digest, ImageConfig, ImageDetails, Manifest, ManifestKind, RepositoryId, image_config,
};

use super::ImageService;
use crate::Result;

/// The most stored manifests that one request examines for missing details. The next request examines further ones.
const LOOKS: u32 = 200;
/// The deepest nesting of indexes that is followed.
const DEPTH: u32 = 4;

impl ImageService {
    /// Returns the details that lists show of a manifest that is about to be stored. A push never fails because of
    /// them: if they cannot be read now, the first list reads them.
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
                tracing::debug!(manifest.digest = %digest, error = %error, "the details of an image cannot be read yet");
                None
            }
        }
    }

    /// Describes a manifest. Returns `None` if some of its content is missing, or if too much content would have to be
    /// read.
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

    /// Describes a manifest of the repository, and stores the details.
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
        let manifest = parse(&stored)?;
        let details = self.describe(repository, digest, &manifest, looks, depth).await?;
        if let Some(details) = &details {
            self.base.meta.remember_image(stored.id, details).await?;
        }
        Ok(details)
    }

    /// Reads the config of an image. The result is empty if the manifest is no image or the config is too large, and
    /// `None` if the config is missing.
    async fn read_config(&self, repository: RepositoryId, manifest: &Manifest) -> Result<Option<ImageConfig>> {
        let Some(config) = image_config(manifest) else { return Ok(Some(ImageConfig::default())) };
        let bytes = self.config_bytes(repository, config).await?;
        Ok(bytes.map(|bytes| ImageConfig::read(&bytes)))
    }

    /// Returns the bytes of a config: no bytes if it is too large to show, `None` if it is missing.
    pub(super) async fn config_bytes(&self, repository: RepositoryId, config: &Descriptor) -> Result<Option<Bytes>> {
        let load = async || self.base.meta.blob(repository, &config.digest).await;
        let blob = self.caches.blobs.get_or_load((repository, config.digest.clone()), load).await?;
        let Some(blob) = blob else { return Ok(None) };
        if blob.size > ImageConfig::MAX_BYTES {
            return Ok(Some(Bytes::new()));
        }
        let _read = self.reads.acquire().await;
        let piece = PieceSize::fixed(64 << 10);
        let Some(stream) = self.base.store.open(&blob.key, 0..blob.size, piece).await? else { return Ok(None) };
        let bytes = stream.try_fold(BytesMut::new(), async |mut all, piece| {
            all.extend_from_slice(&piece);
            Ok(all)
        });
        Ok(Some(bytes.await?.freeze()))
    }

    /// Reads the missing details of images that are about to be listed.
    pub(super) async fn describe_all(&self, repository: RepositoryId, images: &mut [TaggedImage]) {
        let looks = AtomicU32::new(LOOKS);
        let mut looked: HashMap<Digest, Option<ImageDetails>> = HashMap::new();
        for image in images.iter_mut().filter(|image| image.details.is_none()) {
            if let Some(details) = looked.get(&image.digest) {
                image.details.clone_from(details);
                continue;
            }
            // An image that cannot be read must not hide the others.
            let details = self.describe_stored(repository, &image.digest, &looks, 0).await.unwrap_or_default();
            image.details.clone_from(&details);
            looked.insert(image.digest.clone(), details);
        }
    }

    /// Reads the missing details of other images of a repository.
    pub(super) async fn describe_rest(&self, repository: RepositoryId) -> Result<()> {
        let looks = AtomicU32::new(LOOKS);
        for digest in self.base.meta.undescribed_images(repository, LOOKS).await? {
            let _ = self.describe_stored(repository, &digest, &looks, 0).await;
        }
        Ok(())
    }
}

pub(super) fn parse(stored: &StoredManifest) -> Result<Manifest> {
    Ok(Manifest::parse(Some(&stored.media_type), &stored.content)?)
}
