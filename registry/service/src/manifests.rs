//! Manifests: pushes, pulls and deletes them, and lists their tags and referrers.

use std::sync::Arc;

use bytes::Bytes;
use roadstead_auth::{Access, Delete, Probe, Pull, Push};
use roadstead_storage::meta::{Act, PutManifest, Referrers};
use roadstead_types::{Algorithm, Digest, Manifest, Reference, RepositoryId, Tag, Thing};

use super::cache::{CachedManifest, Caches};
use super::images::ImageService;
use super::{Error, Foundation, Result};

/// The result of pushing a manifest.
#[derive(Debug)]
pub struct Pushed {
    /// The digest of the manifest, with the algorithm of the request.
    pub digest: Digest,
    /// The subject that the manifest refers to.
    pub subject: Option<Digest>,
}

/// The service for manifests, tags and referrers.
#[derive(Clone)]
pub struct ManifestService {
    base: Arc<Foundation>,
    caches: Arc<Caches>,
    images: ImageService,
}

impl ManifestService {
    pub(crate) fn new(base: Arc<Foundation>, caches: Arc<Caches>, images: ImageService) -> Self {
        Self { base, caches, images }
    }

    pub(crate) fn cache_lookups(&self) -> [(&'static str, (u64, u64)); 3] {
        let Caches { tags, manifests, blobs } = &*self.caches;
        [("tag", tags.lookups()), ("manifest", manifests.lookups()), ("blob", blobs.lookups())]
    }

    pub(crate) fn forget(&self) {
        self.caches.clear();
    }

    async fn find(&self, repository: Option<RepositoryId>, reference: &Reference) -> Result<Arc<CachedManifest>> {
        let repository = repository.ok_or(Error::Unknown(Thing::Repository))?;
        let digest = match reference {
            Reference::Digest(digest) => digest.clone(),
            Reference::Tag(tag) => {
                let load = async || self.base.meta.tag(repository, tag).await;
                let found = self.caches.tags.get_or_load((repository, tag.clone()), load).await?;
                found.ok_or(Error::Unknown(Thing::Manifest))?
            }
        };
        let load = async || {
            let stored = self.base.meta.manifest(repository, &digest).await?;
            Ok::<_, roadstead_storage::Error>(stored.map(|m| {
                Arc::new(CachedManifest {
                    id: m.id,
                    lease_until: m.lease_until,
                    is_child: m.is_child,
                    digest: m.digest,
                    media_type: m.media_type,
                    content: m.content,
                })
            }))
        };
        let found = self.caches.manifests.get_or_load((repository, digest.clone()), load).await?;
        found.ok_or(Error::Unknown(Thing::Manifest))
    }

    /// Returns the manifest, for a client that reads it.
    pub async fn get(&self, access: &Access<Pull>, reference: &Reference) -> Result<Arc<CachedManifest>> {
        self.find(access.repository_id(), reference).await
    }

    /// Returns the manifest and renews its lease, for a client that will rely on the manifest.
    pub async fn stat(&self, access: &Access<Probe>, reference: &Reference) -> Result<Arc<CachedManifest>> {
        let manifest = self.find(access.repository_id(), reference).await?;
        let now = self.base.clock.now();
        let lease = self.base.params.lease;
        if manifest.lease_until >= now.after(lease / 2) {
            return Ok(manifest);
        }
        let repository = access.repository_id().ok_or(Error::Unknown(Thing::Repository))?;
        let renewed = self.base.meta.renew_manifest_lease(manifest.id, now.after(lease)).await?;
        self.caches.manifests.invalidate(&(repository, manifest.digest.clone()));
        if renewed { Ok(manifest) } else { Err(Error::Unknown(Thing::Manifest)) }
    }

    /// Stores a manifest under its digest, and points `tags` and the tag of `reference` at it.
    pub async fn put(
        &self,
        access: &Access<Push>,
        reference: &Reference,
        tags: &[Tag],
        content_type: Option<&str>,
        content: Bytes,
        act: &Act,
    ) -> Result<Pushed> {
        let limit = self.base.params.manifest_bytes;
        if content.len() > limit {
            return Err(Error::ManifestTooLarge { limit });
        }
        let digest = digest_of(reference, &content)?;
        let manifest = Manifest::parse(content_type, &content)?;
        let tags = all_tags(reference, tags);
        let details = self.images.look_at(access.repository_id(), &digest, &manifest).await;
        let put = PutManifest {
            registry: access.registry(),
            namespace: access.namespace_id(),
            repository: access.repository(),
            digest: &digest,
            manifest: &manifest,
            content: &content,
            details: details.as_ref(),
            tags: &tags,
            lease_until: self.base.clock.now().after(self.base.params.lease),
        };
        let outcome = self.base.meta.put_manifest(act, &put).await;
        self.base.pushed(access, outcome.as_ref().map(|o| o.repository_created.as_ref()));
        self.forget_pushed(access, &put, outcome.as_ref().map(|stored| stored.repository));
        outcome?;
        Ok(Pushed { digest, subject: manifest.subject.map(|s| s.digest) })
    }

    /// Drops what is cached of the content that a push has changed, or may have changed.
    fn forget_pushed(
        &self,
        access: &Access<Push>,
        put: &PutManifest<'_>,
        outcome: std::result::Result<RepositoryId, &roadstead_storage::Error>,
    ) {
        let repository = match outcome {
            Ok(repository) => Some(repository),
            Err(error) if error.leaves_open() => {
                if access.repository_id().is_none() {
                    // In the meantime another push may have created the repository, and this one may have moved tags in
                    // it.
                    self.caches.clear();
                }
                access.repository_id()
            }
            Err(_) => None,
        };
        let Some(repository) = repository else { return };
        self.caches.manifests.invalidate(&(repository, put.digest.clone()));
        for child in put.manifest.children() {
            self.caches.manifests.invalidate(&(repository, child.digest.clone()));
        }
        for tag in put.tags {
            self.caches.tags.invalidate(&(repository, tag.clone()));
        }
    }

    /// Deletes a tag without its manifest, or a manifest with all tags that point at it. Returns `Gone(Tag)` if the
    /// permission does not cover one of these tags.
    pub async fn delete(&self, access: &Access<Delete>, reference: &Reference, act: &Act) -> Result<()> {
        let repository = access.repository_id().ok_or(Error::Unknown(Thing::Repository))?;
        match reference {
            Reference::Tag(tag) => {
                if access.tags().is_some_and(|tags| !tags.contains(tag)) {
                    return Err(Error::Gone(Thing::Tag));
                }
                let deleted = self.base.meta.delete_tag(act, repository, tag).await;
                self.caches.tags.invalidate(&(repository, tag.clone()));
                deleted?.map(drop).ok_or(Error::Unknown(Thing::Manifest))
            }
            Reference::Digest(digest) => {
                let (meta, permitted) = (&self.base.meta, access.tags());
                let deleted = meta.delete_manifest(act, repository, digest, permitted).await;
                self.caches.manifests.invalidate(&(repository, digest.clone()));
                if deleted.as_ref().is_err_and(roadstead_storage::Error::leaves_open) {
                    // It is unknown which tags were deleted with the manifest, so all tags of the repository are
                    // forgotten.
                    self.caches.tags.retain(|(of, _), _| *of != repository);
                }
                let tags = deleted?.ok_or(Error::Unknown(Thing::Manifest))?;
                for tag in tags {
                    self.caches.tags.invalidate(&(repository, tag));
                }
                Ok(())
            }
        }
    }

    /// Returns at most `limit` tags after `after`, in byte order.
    pub async fn tags(&self, access: &Access<Pull>, after: Option<&str>, limit: u32) -> Result<Vec<Tag>> {
        let repository = access.repository_id().ok_or(Error::Unknown(Thing::Repository))?;
        Ok(self.base.meta.list_tags(repository, after, limit).await?)
    }

    /// Returns the manifests whose subject is `subject`, after `after`, ordered by digest. There are at most `limit` of
    /// them, and their descriptors have at most `max_bytes` together.
    pub async fn referrers(
        &self,
        access: &Access<Pull>,
        subject: &Digest,
        artifact_type: Option<&str>,
        after: Option<&Digest>,
        limit: u32,
        max_bytes: u64,
    ) -> Result<Referrers> {
        // Clients may ask before anything was pushed, and a 404 would tell them that there is no referrers API.
        let Some(repository) = access.repository_id() else { return Ok(Referrers { list: Vec::new(), next: None }) };
        Ok(self.base.meta.referrers(repository, subject, artifact_type, after, limit, max_bytes).await?)
    }
}

/// Returns the digest of the content. It must be the one that the request names, if it names one.
fn digest_of(reference: &Reference, content: &[u8]) -> Result<Digest> {
    let Reference::Digest(expected) = reference else { return Ok(Digest::of(Algorithm::Sha256, content)) };
    let found = Digest::of(expected.algorithm(), content);
    if found == *expected { Ok(found) } else { Err(Error::Digest { expected: expected.clone(), found }) }
}

/// Returns the tags of a push, each once.
fn all_tags(reference: &Reference, tags: &[Tag]) -> Vec<Tag> {
    let mut all = tags.to_vec();
    if let Reference::Tag(tag) = reference {
        all.push(tag.clone());
    }
    all.sort();
    all.dedup();
    all
}
