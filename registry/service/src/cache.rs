//! Caches for requests that must be fast.

use roadstead_storage::cache::EpochCache;
use roadstead_storage::meta::Blob;
use roadstead_types::{Digest, RepositoryId, Tag};
use std::sync::Arc;

use super::manifests::CachedManifest;

/// Caches of content. Their keys contain the repository: a digest alone gives access to nothing.
pub(crate) struct Caches {
    pub tags: EpochCache<(RepositoryId, Tag), Digest>,
    pub manifests: EpochCache<(RepositoryId, Digest), Arc<CachedManifest>>,
    pub blobs: EpochCache<(RepositoryId, Digest), Blob>,
}

/// The approximate cost of a cache entry besides its content, in bytes.
const OVERHEAD: usize = 512;

impl Caches {
    pub fn new(manifest_bytes: usize) -> Self {
        let entries = (manifest_bytes / OVERHEAD).max(64);
        Self {
            tags: EpochCache::new(entries),
            manifests: EpochCache::weighted(entries, manifest_bytes as u64, |m: &Arc<CachedManifest>| {
                (m.content.len() + OVERHEAD) as u64
            }),
            blobs: EpochCache::new(entries),
        }
    }

    pub fn clear(&self) {
        self.tags.clear();
        self.manifests.clear();
        self.blobs.clear();
    }
}
