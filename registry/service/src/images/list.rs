//! Lists of images, and single ones in full, of a repository that the caller was found to be allowed to see.

use bytes::Bytes;
use roadstead_storage::meta::{Found, TaggedImage};
use roadstead_types::{Digest, ManifestKind, RepositoryId, Tag};

use super::ImageService;
use super::details::parse;
use crate::{Error, Result};

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

impl ImageService {
    /// A page of the images of a repository, the last pushed first: those whose tags have `search` in them, or all.
    pub(super) async fn page(
        &self,
        repository: RepositoryId,
        search: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Found<TaggedImage>> {
        let mut found = self.base.meta.list_images(repository, search, offset, limit).await?;
        self.describe_all(repository, &mut found.list).await;
        Ok(found)
    }

    /// A page of the images that `query` wants, the last pushed first.
    pub async fn find(&self, repository: RepositoryId, query: &ImageQuery<'_>) -> Result<Found<TaggedImage>> {
        if !query.exact && query.digest.is_none() {
            return self.page(repository, query.tag, u64::from(query.offset), query.limit).await;
        }
        let mut all = Vec::new();
        loop {
            let read = u64::try_from(all.len()).unwrap_or(u64::MAX);
            let found = self.base.meta.list_images(repository, query.tag, read, CHUNK).await?;
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
        let mut list: Vec<_> = all.into_iter().skip(query.offset as usize).take(query.limit as usize).collect();
        self.describe_all(repository, &mut list).await;
        Ok(Found { total, list })
    }

    /// The image that a tag points at.
    ///
    /// # Errors
    /// `ManifestUnknown`.
    pub async fn whole(&self, repository: RepositoryId, tag: &Tag) -> Result<WholeImage> {
        let meta = &self.base.meta;
        let digest = meta.tag(repository, tag).await?.ok_or(Error::ManifestUnknown)?;
        let stored = meta.manifest(repository, &digest).await?.ok_or(Error::ManifestUnknown)?;
        let manifest = parse(&stored)?;
        let config = match &manifest.kind {
            ManifestKind::Image { config: Some(config), .. } => self.config_bytes(repository, config).await?,
            ManifestKind::Image { config: None, .. } | ManifestKind::Index { .. } => None,
        };
        let size = manifest.descriptors().iter().fold(0, |sum: u64, part| sum.saturating_add(part.size));
        Ok(WholeImage { manifest: stored.content, config: config.unwrap_or_default(), size })
    }
}
