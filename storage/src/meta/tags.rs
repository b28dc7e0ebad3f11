//! Tags.

use super::repositories::{self, Locked, Place};
use super::review::{self, Reason};
use super::row::{get, parse};
use super::sql::{SqlResult as _, page_start};
use super::unit::{Outcome, Unit, unit};
use super::{Act, Event, MetaStore};
use crate::{Error, Result};
use roadstead_types::{Digest, ManifestId, RepositoryId, Tag};

impl MetaStore {
    /// The digest of the manifest that a tag points at.
    pub async fn tag(&self, repository: RepositoryId, tag: &Tag) -> Result<Option<Digest>> {
        let query = sqlx::query(
            "SELECT m.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id \
             WHERE t.repository_id = $1 AND t.name = $2",
        );
        let row = query.bind(repository.get()).bind(tag.as_str()).fetch_optional(self.reader()).await;
        row.op("read a tag")?.map(|row| parse(&row, "manifests", "digest")).transpose()
    }

    /// Deletes a tag, and gives the digest that it pointed at. The manifest is queued for review.
    pub async fn delete_tag(&self, act: &Act, repository: RepositoryId, tag: &Tag) -> Result<Option<Digest>> {
        unit!(self.unit(act, "delete a tag"), |u| delete(u, repository, tag).await.map(Outcome::some))
    }

    /// The tags of a repository in byte order, after `after`.
    pub async fn list_tags(&self, repository: RepositoryId, after: Option<&str>, limit: u32) -> Result<Vec<Tag>> {
        // One row, not one for each tag: each comes by itself from the thread that reads SQLite.
        let query = sqlx::query_scalar(
            "SELECT string_agg(name, ' ' ORDER BY name) FROM \
             (SELECT name FROM tags WHERE repository_id = $1 AND name > $2 ORDER BY name LIMIT $3) page",
        );
        let query = query.bind(repository.get()).bind(page_start(after)).bind(i64::from(limit));
        let names: Option<String> = query.fetch_one(self.reader()).await.op("list tags")?;
        let tag = |name: &str| {
            name.parse().map_err(|_| Error::Corrupt { table: "tags", column: "name", value: name.to_owned() })
        };
        names.as_deref().unwrap_or_default().split_ascii_whitespace().map(tag).collect()
    }

    /// The tags that point at a manifest, in byte order.
    pub async fn tags_of(&self, repository: RepositoryId, digest: &Digest) -> Result<Vec<Tag>> {
        let query = sqlx::query(
            "SELECT t.name FROM manifests m JOIN tags t ON t.manifest_id = m.id \
             WHERE m.repository_id = $1 AND m.digest = $2 ORDER BY t.name",
        );
        let rows = query.bind(repository.get()).bind(digest.as_str()).fetch_all(self.reader()).await;
        rows.op("list the tags of a manifest")?.iter().map(|row| parse(row, "tags", "name")).collect()
    }
}

/// Points a tag of a locked repository at a manifest. The one that it pointed at before is queued for review.
pub(super) async fn point(
    u: &mut Unit<'_>,
    repository: &Locked,
    tag: &Tag,
    manifest: ManifestId,
    digest: &Digest,
) -> Result<()> {
    let (id, now) = (repository.id.get(), u.now());
    let before = sqlx::query(
        "SELECT m.id, m.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id \
         WHERE t.repository_id = $1 AND t.name = $2",
    );
    let before = before.bind(id).bind(tag.as_str()).fetch_optional(&mut **u).await.op("read a tag")?;
    let upsert = sqlx::query(
        "INSERT INTO tags (repository_id, name, manifest_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $4) \
         ON CONFLICT (repository_id, name) DO UPDATE SET manifest_id = excluded.manifest_id, \
         updated_at = excluded.updated_at",
    );
    let upsert = upsert.bind(id).bind(tag.as_str()).bind(manifest.get()).bind(now.as_millis());
    upsert.execute(&mut **u).await.op("move a tag")?;
    let Some(row) = before else { return Ok(()) };
    let before = ManifestId::new(get(&row, "id")?);
    if before == manifest {
        return Ok(());
    }
    let Place { registry, name: repository } = repository.place.clone();
    let (tag, digest, from) = (tag.clone(), digest.clone(), parse(&row, "manifests", "digest")?);
    u.happened(Event::TagMoved { registry, repository, tag, digest, before: from });
    review::queue_manifest(u, before, Reason::TagMoved).await
}

async fn delete(u: &mut Unit<'_>, repository: RepositoryId, tag: &Tag) -> Result<Option<Digest>> {
    let Some(place) = repositories::lock(u, repository).await? else { return Ok(None) };
    let find = sqlx::query(
        "SELECT m.id, m.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id \
         WHERE t.repository_id = $1 AND t.name = $2",
    );
    let found = find.bind(repository.get()).bind(tag.as_str()).fetch_optional(&mut **u).await.op("read a tag")?;
    let Some(row) = found else { return Ok(None) };
    let manifest = ManifestId::new(get(&row, "id")?);
    let digest: Digest = parse(&row, "manifests", "digest")?;
    let delete = sqlx::query("DELETE FROM tags WHERE repository_id = $1 AND name = $2");
    delete.bind(repository.get()).bind(tag.as_str()).execute(&mut **u).await.op("delete a tag")?;
    review::queue_manifest(u, manifest, Reason::TagDeleted).await?;
    let (registry, repository) = (place.registry, place.name);
    u.happened(Event::TagRemoved { repository, registry, tag: tag.clone(), digest: digest.clone() });
    Ok(Some(digest))
}
