//! Caches for requests that must be fast.

use std::sync::Arc;

use bytes::Bytes;
use roadstead_storage::cache::EpochCache;
use roadstead_storage::meta::Blob;
use roadstead_types::{Digest, ManifestId, RepositoryId, Tag, Timestamp};

/// A cached manifest.
#[derive(Debug)]
pub struct CachedManifest {
    pub(crate) id: ManifestId,
    pub(crate) lease_until: Timestamp,
    pub(crate) is_child: bool,
    /// Its digest.
    pub digest: Digest,
    /// The media type of the push.
    pub media_type: String,
    /// Exactly the bytes that were pushed.
    pub content: Bytes,
}

impl CachedManifest {
    /// Returns whether an index of the repository refers to this manifest.
    pub fn is_child(&self) -> bool {
        self.is_child
    }
}

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
