//! Lists of images and single images, for a repository that the caller may see.

use bytes::Bytes;
use roadstead_storage::meta::{TagFilter, TaggedImage};
use roadstead_types::{Listing, ManifestKind, RepositoryId, Tag, Thing, Window};

use super::ImageService;
use super::details::parse;
use crate::{Error, Result};

/// An image with its manifest and config.
#[derive(Debug)]
pub struct WholeImage {
    /// The manifest.
    pub manifest: Bytes,
    /// The config, or no bytes if there is none to show.
    pub config: Bytes,
    /// The total size of the content that the manifest names.
    pub size: u64,
}

impl ImageService {
    /// Returns a page of the images of a repository, the last pushed first.
    pub(super) async fn find(
        &self,
        repository: RepositoryId,
        filter: &TagFilter<'_>,
        window: Window,
    ) -> Result<Listing<TaggedImage>> {
        let mut found = self.base.meta.list_images(repository, filter, window).await?;
        self.describe_all(repository, &mut found.items).await;
        Ok(found)
    }

    /// Returns the image that a tag points at.
    ///
    /// # Errors
    /// `Unknown(Manifest)`.
    pub(super) async fn whole(&self, repository: RepositoryId, tag: &Tag) -> Result<WholeImage> {
        let meta = &self.base.meta;
        let digest = meta.tag(repository, tag).await?.ok_or(Error::Unknown(Thing::Manifest))?;
        let stored = meta.manifest(repository, &digest).await?.ok_or(Error::Unknown(Thing::Manifest))?;
        let manifest = parse(&stored)?;
        let config = match &manifest.kind {
            ManifestKind::Image { config: Some(config), .. } => self.config_bytes(repository, config).await?,
            ManifestKind::Image { config: None, .. } | ManifestKind::Index { .. } => None,
        };
        let size = manifest.descriptors().iter().fold(0, |sum: u64, part| sum.saturating_add(part.size));
        Ok(WholeImage { manifest: stored.content, config: config.unwrap_or_default(), size })
    }
}
