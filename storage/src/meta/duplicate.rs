//! Copies an image to another repository: new rows point at the same blobs, and no byte is copied.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::AssertSqlSafe;

use super::MetaStore;
use super::changes::Made;
use super::personal::Quotas;
use super::repositories::{self, Wanted};
use super::row::{get, parse, size, time};
use super::sql::{SqlResult as _, lists, placeholders};
use super::tags;
use super::unit::{Outcome, Unit, unit};
use super::{Act, Event};
use crate::{Error, Result};
use roadstead_types::{
    Digest, ManifestId, NamespaceId, RegistryId, RepositoryId, RepositoryName, Tag, Thing, Timestamp,
};

/// An image to be copied to another repository, or to another tag of the same one.
#[derive(Clone, Copy, Debug)]
pub struct DuplicateImage<'a> {
    /// The repository of the image.
    pub source: RepositoryId,
    /// The tag of the image.
    pub source_tag: &'a Tag,
    /// The registry of the target repository.
    pub registry: RegistryId,
    /// The namespace of the target repository, which must exist.
    pub namespace: NamespaceId,
    /// The target repository, which is made if it is missing.
    pub repository: &'a RepositoryName,
    /// The target tag.
    pub tag: &'a Tag,
    /// Whether the target tag is moved if it exists.
    pub overwrite: bool,
    /// Until when the blobs are kept, even if nothing refers to them.
    pub lease_until: Timestamp,
}

/// A copied image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Duplicated {
    /// The target repository.
    pub repository: RepositoryId,
    /// The target repository, if it was made for the copy.
    pub repository_created: Option<Made>,
    /// The digest of the manifest.
    pub digest: Digest,
}

impl MetaStore {
    /// Copies the image of a tag to a repository, with everything that belongs to it (the children of an index, and
    /// their children). `None` when the tag does not exist.
    ///
    /// # Errors
    /// `Stale` when the namespace has gone, `LimitReached` when its owner may not have one more repository, `Conflict`
    /// when the target tag exists and may not be moved.
    pub async fn duplicate_image(&self, act: &Act, duplicate: &DuplicateImage<'_>) -> Result<Option<Duplicated>> {
        let done: Result<Duplicated> =
            unit!(self.unit(act, "duplicate an image"), |u| copy(u, self.default_quotas(), duplicate)
                .await
                .map(Outcome::Done));
        match done {
            Err(Error::Stale(Thing::Tag)) => Ok(None),
            done => done.map(Some),
        }
    }
}

async fn copy(u: &mut Unit<'_>, defaults: &Quotas, duplicate: &DuplicateImage<'_>) -> Result<Duplicated> {
    let (registry, namespace) = (duplicate.registry, duplicate.namespace);
    let wanted = Wanted { registry, namespace, name: duplicate.repository };
    let above = repositories::lock_above(u, wanted).await?;
    lock_both(u, duplicate).await?;
    let find = sqlx::query(
        "SELECT m.id, m.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id \
         WHERE t.repository_id = $1 AND t.name = $2",
    );
    let find = find.bind(duplicate.source.get()).bind(duplicate.source_tag.as_str());
    let root = find.fetch_optional(&mut **u).await.op("read a tag")?.ok_or(Error::Stale(Thing::Tag))?;
    let (root_id, digest): (i64, Digest) = (get(&root, "id")?, parse(&root, "manifests", "digest")?);
    let target = repositories::ensure_below(u, defaults, wanted, above).await?;
    if !duplicate.overwrite && tags::exists(u, &target, duplicate.tag).await? {
        return Err(Error::Conflict(Thing::Tag));
    }
    if target.id != duplicate.source {
        let manifests = with_descendants(u, root_id).await?;
        copy_blobs(u, &manifests, target.id, duplicate).await?;
        copy_manifests(u, &manifests, target.id, duplicate).await?;
    }
    let copied = sqlx::query("SELECT id, media_type, size FROM manifests WHERE repository_id = $1 AND digest = $2");
    let copied = copied.bind(target.id.get()).bind(digest.as_str()).fetch_one(&mut **u).await.op("read a copy")?;
    let (media_type, bytes) = (get(&copied, "media_type")?, size(&copied, "manifests", "size")?);
    let (repository, tags) = (duplicate.repository.clone(), vec![duplicate.tag.clone()]);
    let pushed = Event::ManifestPushed { registry, repository, digest: digest.clone(), media_type, size: bytes, tags };
    u.happened(pushed);
    tags::point(u, &target, duplicate.tag, ManifestId::new(get(&copied, "id")?), &digest).await?;
    Ok(Duplicated { repository: target.id, repository_created: target.created, digest })
}

/// Locks the source and the target, if it exists. Both locks are held to the end, so that no part of the image is
/// deleted while it is copied. The time of the last push stays. They are taken in the order of ids, so that a copy in
/// the other direction cannot cause a deadlock.
async fn lock_both(u: &mut Unit<'_>, duplicate: &DuplicateImage<'_>) -> Result<()> {
    let target = sqlx::query_scalar("SELECT id FROM repositories WHERE registry_id = $1 AND name = $2");
    let target = target.bind(duplicate.registry.get()).bind(duplicate.repository.as_str());
    let target: Option<i64> = target.fetch_optional(&mut **u).await.op("look for a repository")?;
    let both = BTreeSet::from_iter(target.map(RepositoryId::new).into_iter().chain([duplicate.source]));
    for id in both {
        if !repositories::lock_as_is(u, id).await? && id == duplicate.source {
            return Err(Error::Stale(Thing::Tag));
        }
    }
    Ok(())
}

/// Returns the row ids of a manifest and all its descendants, each once.
async fn with_descendants(u: &mut Unit<'_>, root: i64) -> Result<Vec<i64>> {
    let query = sqlx::query_scalar(
        "WITH RECURSIVE tree (id) AS (SELECT id FROM manifests WHERE id = $1 UNION \
         SELECT child.id FROM tree JOIN manifest_children edge ON edge.parent_id = tree.id \
         JOIN manifests child ON child.repository_id = edge.repository_id AND child.digest = edge.child_digest) \
         SELECT id FROM tree ORDER BY id",
    );
    query.bind(root).fetch_all(&mut **u).await.op("list the manifests of an image")
}

/// Links the blobs of manifests into a repository, and renews their leases. Rows are locked in the order of their
/// ids, and only if the lease runs out soon or a collection has condemned the blob.
async fn copy_blobs(
    u: &mut Unit<'_>,
    manifests: &[i64],
    target: RepositoryId,
    duplicate: &DuplicateImage<'_>,
) -> Result<()> {
    let now = u.now();
    let enough = now.after(duplicate.lease_until.since(now) / 2);
    let mut blobs = BTreeMap::new();
    for list in lists(manifests) {
        let sql = format!(
            "SELECT b.id, b.state, b.lease_until FROM manifest_blobs e JOIN blobs b ON b.id = e.blob_id \
             WHERE b.state <> 2 AND e.manifest_id IN ({})",
            placeholders(1, list.len())
        );
        let query = list.iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, &id| query.bind(id));
        for row in &query.fetch_all(&mut **u).await.op("list the blobs of an image")? {
            let short = get::<i64>(row, "state")? != 0 || time(row, "lease_until")? < enough;
            blobs.insert(get::<i64>(row, "id")?, short);
        }
    }
    for (&id, _) in blobs.iter().filter(|&(_, &short)| short) {
        let renew = sqlx::query(
            "UPDATE blobs SET state = 0, lease_until = CASE WHEN lease_until > $1 THEN lease_until ELSE $1 END \
             WHERE id = $2 AND state <> 2",
        );
        let renew = renew.bind(duplicate.lease_until.as_millis()).bind(id);
        renew.execute(&mut **u).await.op("lease a blob")?;
    }
    let ids: Vec<i64> = blobs.into_keys().collect();
    for list in lists(&ids) {
        let sql = format!(
            "INSERT INTO repository_blobs (repository_id, blob_id, created_at) \
             SELECT $1, id, $2 FROM blobs WHERE state <> 2 AND id IN ({}) ORDER BY id \
             ON CONFLICT (repository_id, blob_id) DO NOTHING",
            placeholders(3, list.len())
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(target.get()).bind(now.as_millis());
        let query = list.iter().fold(query, |query, &id| query.bind(id));
        query.execute(&mut **u).await.op("link the blobs of an image")?;
    }
    Ok(())
}

/// The rows that belong to a manifest, for a copy into `$1`. `s` is the manifest, and `c` its copy.
const BELONGINGS: [(&str, &str); 3] = [
    (
        "INSERT INTO manifest_blobs (manifest_id, repository_id, blob_id) SELECT c.id, c.repository_id, e.blob_id \
         FROM manifests s JOIN manifests c ON c.repository_id = $1 AND c.digest = s.digest \
         JOIN manifest_blobs e ON e.manifest_id = s.id WHERE s.id IN",
        "ON CONFLICT (manifest_id, blob_id) DO NOTHING",
    ),
    (
        "INSERT INTO manifest_children (parent_id, repository_id, child_digest) \
         SELECT c.id, c.repository_id, e.child_digest \
         FROM manifests s JOIN manifests c ON c.repository_id = $1 AND c.digest = s.digest \
         JOIN manifest_children e ON e.parent_id = s.id WHERE s.id IN",
        "ON CONFLICT (parent_id, child_digest) DO NOTHING",
    ),
    (
        "INSERT INTO image_details (manifest_id, repository_id, content_id, image_id, architecture, os, author, \
         docker_version, built_at, total_size) SELECT c.id, c.repository_id, d.content_id, d.image_id, \
         d.architecture, d.os, d.author, d.docker_version, d.built_at, d.total_size \
         FROM manifests s JOIN manifests c ON c.repository_id = $1 AND c.digest = s.digest \
         JOIN image_details d ON d.manifest_id = s.id WHERE s.id IN",
        "ON CONFLICT (manifest_id) DO NOTHING",
    ),
];

async fn copy_manifests(
    u: &mut Unit<'_>,
    manifests: &[i64],
    target: RepositoryId,
    duplicate: &DuplicateImage<'_>,
) -> Result<()> {
    for list in lists(manifests) {
        let sql = format!(
            "INSERT INTO manifests (repository_id, digest, media_type, artifact_type, subject_digest, \
             descriptor_size, descriptor, size, lease_until, created_at, content) \
             SELECT $1, digest, media_type, artifact_type, subject_digest, descriptor_size, descriptor, size, $2, \
             $3, content FROM manifests WHERE id IN ({}) ORDER BY id \
             ON CONFLICT (repository_id, digest) DO UPDATE SET lease_until = CASE \
             WHEN manifests.lease_until > excluded.lease_until THEN manifests.lease_until \
             ELSE excluded.lease_until END",
            placeholders(4, list.len())
        );
        let (until, now) = (duplicate.lease_until.as_millis(), u.now().as_millis());
        let query = sqlx::query(AssertSqlSafe(sql)).bind(target.get()).bind(until).bind(now);
        let query = list.iter().fold(query, |query, &id| query.bind(id));
        query.execute(&mut **u).await.op("copy manifests")?;
        for (select, conflict) in BELONGINGS {
            let sql = format!("{select} ({}) {conflict}", placeholders(2, list.len()));
            let query = sqlx::query(AssertSqlSafe(sql)).bind(target.get());
            let query = list.iter().fold(query, |query, &id| query.bind(id));
            query.execute(&mut **u).await.op("copy what belongs to manifests")?;
        }
    }
    Ok(())
}
