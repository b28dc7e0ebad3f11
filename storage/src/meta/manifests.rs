//! Manifests: their bytes and their references in both directions.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bytes::Bytes;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::model::{PutManifest, PutOutcome, Referrer, Referrers, StoredManifest};
use super::personal::Quotas;
use super::repositories::{self, Wanted};
use super::review::{self, Reason};
use super::row::{get, parse, size, size_column, time};
use super::sql::{SqlResult as _, is_storable, lists, placeholders};
use super::tags::{self, Which};
use super::unit::{Outcome, Unit, unit};
use super::{Act, Event, MetaStore, images};
use crate::{Error, Result};
use roadstead_types::{BlobId, Digest, Manifest, ManifestId, ManifestKind, RepositoryId, Tag, Thing, Timestamp};

impl MetaStore {
    /// Stores a manifest and points tags at it. The repository is made if it is missing. Leases of referenced blobs
    /// and manifests are renewed when half of their time has passed. Manifests that lose a tag are queued for review.
    /// A manifest that exists already keeps its row.
    ///
    /// # Errors
    /// `MissingReferences` with all references that are not in the repository, `Stale` when the namespace has gone,
    /// `LimitReached` when its owner may not have one more repository.
    pub async fn put_manifest(&self, act: &Act, put: &PutManifest<'_>) -> Result<PutOutcome> {
        unit!(self.unit(act, "store a manifest"), |u| store(u, self.default_quotas(), put).await.map(Outcome::Done))
    }

    /// Returns the manifest with this digest in this repository.
    pub async fn manifest(&self, repository: RepositoryId, digest: &Digest) -> Result<Option<StoredManifest>> {
        let query = sqlx::query(
            "SELECT id, digest, media_type, content, lease_until, CASE WHEN EXISTS (SELECT 1 FROM manifest_children c \
             WHERE c.repository_id = manifests.repository_id AND c.child_digest = manifests.digest) THEN 1 ELSE 0 END \
             AS is_child FROM manifests WHERE repository_id = $1 AND digest = $2",
        );
        let row = query.bind(repository.get()).bind(digest.as_str()).fetch_optional(self.reader()).await;
        row.op("read a manifest")?.as_ref().map(stored).transpose()
    }

    /// Keeps a manifest until `until` at least. False when it has gone.
    pub async fn renew_manifest_lease(&self, id: ManifestId, until: Timestamp) -> Result<bool> {
        let update = sqlx::query(
            "UPDATE manifests SET lease_until = CASE WHEN lease_until > $1 THEN lease_until ELSE $1 END WHERE id = $2",
        );
        let done = update.bind(until.as_millis()).bind(id.get()).execute(self.writer()).await;
        let renewed = done.op("renew the lease of a manifest")?.rows_affected() > 0;
        self.durable().await?;
        Ok(renewed)
    }

    /// Deletes a manifest with its tags, and returns these tags; `None` when the manifest does not exist. Its blobs,
    /// children and referrers are queued for review.
    ///
    /// # Errors
    /// `Listed` while an index of the repository lists it. `Stale` when the caller may only delete the tags in
    /// `permitted`, and another tag points at the manifest. In both cases nothing is deleted.
    pub async fn delete_manifest(
        &self,
        act: &Act,
        repository: RepositoryId,
        digest: &Digest,
        permitted: Option<&[Tag]>,
    ) -> Result<Option<Vec<Tag>>> {
        unit!(self.unit(act, "delete a manifest"), |u| delete(u, repository, digest, permitted)
            .await
            .map(Outcome::some))
    }

    /// Lists the manifests that name `subject`, of one artifact type or of all, in the order of digests, after
    /// `after`. Returns at most `limit`, and only as many as have descriptors of `max_bytes` together, but at least
    /// one.
    pub async fn referrers(
        &self,
        repository: RepositoryId,
        subject: &Digest,
        artifact_type: Option<&str>,
        after: Option<&Digest>,
        limit: u32,
        max_bytes: u64,
    ) -> Result<Referrers> {
        if !artifact_type.is_none_or(is_storable) {
            return Ok(Referrers { list: Vec::new(), next: None });
        }
        let artifact_type = artifact_type.map(str::to_ascii_lowercase);
        let plan = sqlx::query(
            "SELECT digest, descriptor_size FROM manifests \
             WHERE repository_id = $1 AND subject_digest = $2 AND digest > $3 AND ($4 = 0 OR artifact_type = $5) \
             ORDER BY digest LIMIT $6",
        );
        let after = after.map_or("", Digest::as_str);
        let plan = plan.bind(repository.get()).bind(subject.as_str()).bind(after);
        let plan = plan.bind(i64::from(artifact_type.is_some())).bind(artifact_type.clone().unwrap_or_default());
        let rows = plan.bind(i64::from(limit) + 1).fetch_all(self.reader()).await.op("list referrers")?;
        let (mut count, mut bytes) = (0, 0);
        for row in rows.iter().take(limit as usize) {
            bytes += size(row, "manifests", "descriptor_size")?;
            if count > 0 && bytes > max_bytes {
                break;
            }
            count += 1;
        }
        let Some(last) = rows[..count].last() else { return Ok(Referrers { list: Vec::new(), next: None }) };
        let last: Digest = parse(last, "manifests", "digest")?;
        let query = sqlx::query(
            "SELECT digest, descriptor FROM manifests WHERE repository_id = $1 AND subject_digest = $2 \
             AND digest > $3 AND digest <= $4 AND ($5 = 0 OR artifact_type = $6) ORDER BY digest",
        );
        let query = query.bind(repository.get()).bind(subject.as_str()).bind(after).bind(last.as_str());
        let query = query.bind(i64::from(artifact_type.is_some())).bind(artifact_type.unwrap_or_default());
        let found = query.fetch_all(self.reader()).await.op("list referrers")?;
        let list = found.iter().map(referrer).collect::<Result<_>>()?;
        Ok(Referrers { list, next: (rows.len() > count).then_some(last) })
    }
}

async fn store(u: &mut Unit<'_>, defaults: &Quotas, put: &PutManifest<'_>) -> Result<PutOutcome> {
    let PutManifest { registry, namespace, repository: name, .. } = *put;
    let repository = repositories::ensure(u, defaults, Wanted { registry, namespace, name }).await?;
    let entries: Vec<Digest> = put.manifest.children().iter().map(|entry| entry.digest.clone()).collect();
    let manifests_there = lease_children(u, repository.id, &entries, put.lease_until).await?;
    let (children, others): (Vec<Digest>, Vec<Digest>) =
        entries.into_iter().partition(|digest| manifests_there.contains(digest));
    // An entry that is no manifest may be a blob: caches of BuildKit are such indexes.
    let blobs = [all_blobs(put.manifest), others.clone()].concat();
    let blobs_there = lease_blobs(u, repository.id, &blobs, put).await?;
    let required = put.manifest.required_blobs().into_iter().map(|blob| &blob.digest);
    let missing_blobs: Vec<Digest> = required.filter(|digest| !blobs_there.contains_key(digest)).cloned().collect();
    let missing_children: Vec<Digest> = others.into_iter().filter(|digest| !blobs_there.contains_key(digest)).collect();
    if !missing_blobs.is_empty() || !missing_children.is_empty() {
        return Err(Error::MissingReferences { blobs: missing_blobs, manifests: missing_children });
    }
    let (id, manifest_created) = insert(u, repository.id, put).await?;
    // Done even if the manifest existed, because an optional layer may have been pushed since.
    let blobs: BTreeSet<BlobId> = blobs_there.into_values().collect();
    insert_edges(u, repository.id, id, blobs, &children).await?;
    if let Some(details) = put.details {
        images::remember(u, id, details).await?;
    }
    u.happened(Event::ManifestPushed {
        registry,
        repository: name.clone(),
        digest: put.digest.clone(),
        media_type: put.manifest.media_type.as_str().to_owned(),
        size: put.content.len() as u64,
        tags: put.tags.to_vec(),
    });
    if manifest_created && put.tags.is_empty() {
        // Perhaps no tag and no index will ever refer to it.
        review::queue_manifest(u, id, Reason::NotReferencedYet).await?;
    }
    for tag in put.tags {
        tags::point(u, &repository, tag, id, put.digest).await?;
    }
    Ok(PutOutcome { repository: repository.id, repository_created: repository.created, manifest_created })
}

/// Returns every blob that a manifest names, including optional ones.
fn all_blobs(manifest: &Manifest) -> Vec<Digest> {
    let mut digests: Vec<Digest> = match &manifest.kind {
        ManifestKind::Image { config, layers } => config.iter().chain(layers).map(|d| d.digest.clone()).collect(),
        ManifestKind::Index { .. } => Vec::new(),
    };
    digests.sort();
    digests.dedup();
    digests
}

/// Renews the leases of those of `digests` that are blobs of the repository, and returns these. Until the transaction
/// ends, nobody deletes them: their leases are long enough, or their rows are locked.
///
/// Many images share their base layers. So a push locks the row of a blob only if its lease runs out soon or a
/// collection has condemned it. Rows are locked in the order of their ids, so that two pushes cannot wait for each
/// other.
async fn lease_blobs(
    u: &mut Unit<'_>,
    repository: RepositoryId,
    digests: &[Digest],
    put: &PutManifest<'_>,
) -> Result<HashMap<Digest, BlobId>> {
    let now = u.now();
    let enough = now.after(put.lease_until.since(now) / 2);
    let (mut there, mut short) = (HashMap::with_capacity(digests.len()), BTreeMap::new());
    for list in lists(digests) {
        let sql = format!(
            "SELECT b.id, b.digest, b.state, b.lease_until FROM blobs b WHERE b.state <> 2 AND b.digest IN ({}) \
             AND EXISTS (SELECT 1 FROM repository_blobs l WHERE l.repository_id = $1 AND l.blob_id = b.id)",
            placeholders(2, list.len())
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(repository.get());
        let query = list.iter().fold(query, |query, digest| query.bind(digest.to_string()));
        for row in &query.fetch_all(&mut **u).await.op("look for blobs")? {
            let (id, digest) = (BlobId::new(get(row, "id")?), parse(row, "blobs", "digest")?);
            if get::<i64>(row, "state")? == 0 && time(row, "lease_until")? >= enough {
                there.insert(digest, id);
            } else {
                short.insert(id, digest);
            }
        }
    }
    for (id, digest) in short {
        let renew = sqlx::query(
            "UPDATE blobs SET state = 0, lease_until = CASE WHEN lease_until > $1 THEN lease_until ELSE $1 END \
             WHERE id = $2 AND state <> 2",
        );
        let renew = renew.bind(put.lease_until.as_millis()).bind(id.get());
        if renew.execute(&mut **u).await.op("lease a blob")?.rows_affected() > 0 {
            there.insert(digest, id);
        }
    }
    Ok(there)
}

/// Renews the leases of those of `digests` that are manifests of the repository, and returns these.
async fn lease_children(
    u: &mut Unit<'_>,
    repository: RepositoryId,
    digests: &[Digest],
    until: Timestamp,
) -> Result<HashSet<Digest>> {
    let mut there = HashSet::with_capacity(digests.len());
    for list in lists(digests) {
        let sql = format!(
            "UPDATE manifests SET lease_until = CASE WHEN lease_until > $1 THEN lease_until ELSE $1 END \
             WHERE repository_id = $2 AND digest IN ({}) RETURNING digest",
            placeholders(3, list.len())
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(until.as_millis()).bind(repository.get());
        let query = list.iter().fold(query, |query, digest| query.bind(digest.to_string()));
        for row in &query.fetch_all(&mut **u).await.op("lease manifests")? {
            there.insert(parse(row, "manifests", "digest")?);
        }
    }
    Ok(there)
}

async fn insert(u: &mut Unit<'_>, repository: RepositoryId, put: &PutManifest<'_>) -> Result<(ManifestId, bool)> {
    let insert = sqlx::query_scalar(
        "INSERT INTO manifests (repository_id, digest, media_type, artifact_type, subject_digest, descriptor_size, \
         descriptor, size, lease_until, created_at, content) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         ON CONFLICT (repository_id, digest) DO NOTHING RETURNING id",
    );
    let descriptor = put.manifest.subject.as_ref().map(|_| descriptor(put).to_string());
    let insert = insert
        .bind(repository.get())
        .bind(put.digest.as_str())
        .bind(put.manifest.media_type.as_str())
        .bind(put.manifest.artifact_type.as_ref().map(|text| text.to_ascii_lowercase()))
        .bind(put.manifest.subject.as_ref().map(|subject| subject.digest.to_string()))
        .bind(descriptor.as_ref().map(|text| size_column(text.len() as u64)).transpose()?)
        .bind(descriptor)
        .bind(size_column(put.content.len() as u64)?)
        .bind(put.lease_until.as_millis())
        .bind(u.now().as_millis())
        .bind(put.content);
    let id: Option<i64> = insert.fetch_optional(&mut **u).await.op("store a manifest")?;
    if let Some(id) = id {
        return Ok((ManifestId::new(id), true));
    }
    let renew = sqlx::query_scalar(
        "UPDATE manifests SET lease_until = CASE WHEN lease_until > $1 THEN lease_until ELSE $1 END \
         WHERE repository_id = $2 AND digest = $3 RETURNING id",
    );
    let renew = renew.bind(put.lease_until.as_millis()).bind(repository.get()).bind(put.digest.as_str());
    let id: i64 = renew.fetch_one(&mut **u).await.op("renew the lease of a manifest")?;
    Ok((ManifestId::new(id), false))
}

async fn insert_edges(
    u: &mut Unit<'_>,
    repository: RepositoryId,
    id: ManifestId,
    blobs: BTreeSet<BlobId>,
    children: &[Digest],
) -> Result<()> {
    let blobs: Vec<BlobId> = blobs.into_iter().collect();
    for list in lists(&blobs) {
        let rows: Vec<String> = (3..3 + list.len()).map(|blob| format!("($1, $2, ${blob})")).collect();
        let sql = format!(
            "INSERT INTO manifest_blobs (manifest_id, repository_id, blob_id) VALUES {} \
             ON CONFLICT (manifest_id, blob_id) DO NOTHING",
            rows.join(", ")
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(id.get()).bind(repository.get());
        let query = list.iter().fold(query, |query, blob| query.bind(blob.get()));
        query.execute(&mut **u).await.op("store the blobs of a manifest")?;
    }
    for list in lists(children) {
        let sql = format!(
            "INSERT INTO manifest_children (parent_id, repository_id, child_digest) \
             SELECT $1, repository_id, digest FROM manifests WHERE repository_id = $2 AND digest IN ({}) \
             ON CONFLICT (parent_id, child_digest) DO NOTHING",
            placeholders(3, list.len())
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(id.get()).bind(repository.get());
        let query = list.iter().fold(query, |query, digest| query.bind(digest.to_string()));
        query.execute(&mut **u).await.op("store the children of a manifest")?;
    }
    Ok(())
}

async fn delete(
    u: &mut Unit<'_>,
    repository: RepositoryId,
    digest: &Digest,
    permitted: Option<&[Tag]>,
) -> Result<Option<Vec<Tag>>> {
    let Some(place) = repositories::lock(u, repository).await? else { return Ok(None) };
    let find = sqlx::query_scalar("SELECT id FROM manifests WHERE repository_id = $1 AND digest = $2");
    let id: Option<i64> =
        find.bind(repository.get()).bind(digest.as_str()).fetch_optional(&mut **u).await.op("find a manifest")?;
    let Some(id) = id.map(ManifestId::new) else { return Ok(None) };
    let listed = sqlx::query(
        "SELECT digest FROM manifests WHERE id = (SELECT MIN(parent_id) FROM manifest_children \
         WHERE repository_id = $1 AND child_digest = $2 AND parent_id <> $3)",
    );
    let listed = listed.bind(repository.get()).bind(digest.as_str()).bind(id.get()).fetch_optional(&mut **u).await;
    if let Some(row) = listed.op("look for indexes")? {
        return Err(Error::Listed { index: parse(&row, "manifests", "digest")? });
    }
    let untagged = tags::remove(u, repository, Which::PointingAt(&place, id)).await?;
    let tags: Vec<Tag> = untagged.into_iter().map(|removed| removed.tag).collect();
    if permitted.is_some_and(|permitted| tags.iter().any(|tag| !permitted.contains(tag))) {
        return Err(Error::Stale(Thing::Tag));
    }
    review::queue_dependents(u, id, Reason::ManifestDeleted).await?;
    for sql in [
        "DELETE FROM review_queue WHERE kind = 1 AND target_id = $1",
        // Its edges are deleted with it.
        "DELETE FROM manifests WHERE id = $1",
    ] {
        sqlx::query(sql).bind(id.get()).execute(&mut **u).await.op("delete a manifest")?;
    }
    let (registry, repository) = (place.registry, place.name);
    u.happened(Event::ManifestDeleted { registry, repository, digest: digest.clone(), tags: tags.clone() });
    Ok(Some(tags))
}

/// Returns the descriptor in a list of referrers (distribution-spec, "Listing Referrers").
fn descriptor(put: &PutManifest<'_>) -> Value {
    let manifest = put.manifest;
    let mut value = json!({
        "mediaType": manifest.media_type.as_str(), "digest": put.digest.as_str(), "size": put.content.len()
    });
    if let Some(artifact_type) = &manifest.artifact_type {
        value["artifactType"] = json!(artifact_type);
    }
    if !manifest.annotations.is_empty() {
        value["annotations"] = json!(manifest.annotations);
    }
    value
}

fn stored(row: &AnyRow) -> Result<StoredManifest> {
    let content: Vec<u8> = get(row, "content")?;
    Ok(StoredManifest {
        id: ManifestId::new(get(row, "id")?),
        digest: parse(row, "manifests", "digest")?,
        media_type: get(row, "media_type")?,
        content: Bytes::from(content),
        lease_until: time(row, "lease_until")?,
        is_child: get::<i64>(row, "is_child")? == 1,
    })
}

fn referrer(row: &AnyRow) -> Result<Referrer> {
    Ok(Referrer { digest: parse(row, "manifests", "digest")?, descriptor: get(row, "descriptor")? })
}
