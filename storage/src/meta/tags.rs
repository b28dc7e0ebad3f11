//! Tags. Only [`point`] makes or moves one, and only [`remove`] deletes one.

use std::collections::BTreeSet;

use sqlx::AssertSqlSafe;

use super::repositories::{self, Locked, RegistryAndName};
use super::review::{self, Reason};
use super::row::{get, parse};
use super::sql::{SqlResult as _, lists, page_start, placeholders};
use super::unit::{Outcome, Unit, unit};
use super::{Act, Event, MetaStore};
use crate::{Error, Result};
use roadstead_types::{Digest, ManifestId, RepositoryId, Tag};

impl MetaStore {
    /// Returns the digest of the manifest that a tag points at.
    pub async fn tag(&self, repository: RepositoryId, tag: &Tag) -> Result<Option<Digest>> {
        let query = sqlx::query(
            "SELECT m.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id \
             WHERE t.repository_id = $1 AND t.name = $2",
        );
        let row = query.bind(repository.get()).bind(tag.as_str()).fetch_optional(self.reader()).await;
        row.op("read a tag")?.map(|row| parse(&row, "manifests", "digest")).transpose()
    }

    /// Deletes a tag, and returns the digest that it pointed at. The manifest is queued for review.
    pub async fn delete_tag(&self, act: &Act, repository: RepositoryId, tag: &Tag) -> Result<Option<Digest>> {
        unit!(self.unit(act, "delete a tag"), |u| async {
            let Some(place) = repositories::lock(u, repository).await? else { return Ok(Outcome::Nothing(None)) };
            let mut removed = remove(u, repository, Which::Named(&place, std::slice::from_ref(tag))).await?;
            Ok(Outcome::some(removed.pop().map(|removed| removed.digest)))
        }
        .await)
    }

    /// Deletes those of `tags` that exist, and returns them; `None` when the repository has gone. Their manifests are
    /// queued for review.
    pub async fn delete_tags(&self, act: &Act, repository: RepositoryId, tags: &[Tag]) -> Result<Option<Vec<Tag>>> {
        unit!(self.unit(act, "delete tags"), |u| async {
            let Some(place) = repositories::lock(u, repository).await? else { return Ok(Outcome::Nothing(None)) };
            let removed = remove(u, repository, Which::Named(&place, tags)).await?;
            let tags: Vec<Tag> = removed.into_iter().map(|removed| removed.tag).collect();
            Ok(if tags.is_empty() { Outcome::Nothing(Some(tags)) } else { Outcome::Done(Some(tags)) })
        }
        .await)
    }

    /// Lists the tags of a repository in byte order, after `after`.
    pub async fn list_tags(&self, repository: RepositoryId, after: Option<&str>, limit: u32) -> Result<Vec<Tag>> {
        // One row for all tags, because the thread that reads SQLite sends each row separately.
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

    /// Returns the tags that point at a manifest, in byte order.
    pub async fn tags_of(&self, repository: RepositoryId, digest: &Digest) -> Result<Vec<Tag>> {
        let query = sqlx::query(
            "SELECT t.name FROM manifests m JOIN tags t ON t.manifest_id = m.id \
             WHERE m.repository_id = $1 AND m.digest = $2 ORDER BY t.name",
        );
        let rows = query.bind(repository.get()).bind(digest.as_str()).fetch_all(self.reader()).await;
        rows.op("list the tags of a manifest")?.iter().map(|row| parse(row, "tags", "name")).collect()
    }
}

/// Tells whether a locked repository has a tag.
pub(super) async fn exists(u: &mut Unit<'_>, repository: &Locked, tag: &Tag) -> Result<bool> {
    let query = sqlx::query("SELECT id FROM tags WHERE repository_id = $1 AND name = $2");
    let query = query.bind(repository.id.get()).bind(tag.as_str());
    Ok(query.fetch_optional(&mut **u).await.op("look for a tag")?.is_some())
}

/// Points a tag of a locked repository at a manifest. Its old manifest is queued for review.
pub(super) async fn point(
    u: &mut Unit<'_>,
    repository: &Locked,
    tag: &Tag,
    manifest: ManifestId,
    digest: &Digest,
) -> Result<()> {
    let (id, now) = (repository.id.get(), u.now());
    // Most tags are new.
    let insert = sqlx::query(
        "INSERT INTO tags (repository_id, name, manifest_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $4) \
         ON CONFLICT (repository_id, name) DO NOTHING",
    );
    let insert = insert.bind(id).bind(tag.as_str()).bind(manifest.get()).bind(now.as_millis());
    if insert.execute(&mut **u).await.op("make a tag")?.rows_affected() > 0 {
        return Ok(());
    }
    let before = sqlx::query(
        "SELECT m.id, m.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id \
         WHERE t.repository_id = $1 AND t.name = $2",
    );
    let row = before.bind(id).bind(tag.as_str()).fetch_one(&mut **u).await.op("read a tag")?;
    let update =
        sqlx::query("UPDATE tags SET manifest_id = $3, updated_at = $4 WHERE repository_id = $1 AND name = $2");
    let update = update.bind(id).bind(tag.as_str()).bind(manifest.get()).bind(now.as_millis());
    update.execute(&mut **u).await.op("move a tag")?;
    let before = ManifestId::new(get(&row, "id")?);
    if before == manifest {
        return Ok(());
    }
    let RegistryAndName { registry, name: repository } = repository.place.clone();
    let (tag, digest, from) = (tag.clone(), digest.clone(), parse(&row, "manifests", "digest")?);
    u.happened(Event::TagMoved { registry, repository, tag, digest, before: from });
    review::queue_manifest(u, before, Reason::TagMoved).await
}

/// The tags to remove.
pub(super) enum Which<'a> {
    /// These tags, in the repository at this place. Their manifests stay, and are queued for review.
    Named(&'a RegistryAndName, &'a [Tag]),
    /// All tags of a manifest, which is deleted with them, in the repository at this place.
    PointingAt(&'a RegistryAndName, ManifestId),
    /// So many tags of a deleted repository.
    First(u32),
}

/// A removed tag.
pub(super) struct RemovedTag {
    pub(super) tag: Tag,
    /// The digest of the manifest that it pointed at.
    pub(super) digest: Digest,
    manifest: ManifestId,
}

/// Removes tags from a locked repository, and returns those that existed, in byte order. All deletions of tags go
/// through here.
pub(super) async fn remove(u: &mut Unit<'_>, repository: RepositoryId, which: Which<'_>) -> Result<Vec<RemovedTag>> {
    let mut removed = Vec::new();
    match which {
        Which::Named(_, tags) => {
            for list in lists(tags) {
                let names: Vec<&str> = list.iter().map(Tag::as_str).collect();
                let condition = format!("name IN ({})", placeholders(2, names.len()));
                removed.extend(delete(u, repository, &condition, &names, &[]).await?);
            }
        }
        Which::PointingAt(_, manifest) => {
            removed = delete(u, repository, "manifest_id = $2", &[], &[manifest.get()]).await?;
        }
        Which::First(count) => {
            let first = "id IN (SELECT id FROM tags WHERE repository_id = $1 LIMIT $2)";
            removed = delete(u, repository, first, &[], &[count.into()]).await?;
        }
    }
    removed.sort_by(|a, b| a.tag.cmp(&b.tag));
    if let Which::Named(..) = which {
        // Queued in the order of their ids: see `review`.
        for manifest in removed.iter().map(|removed| removed.manifest).collect::<BTreeSet<_>>() {
            review::queue_manifest(u, manifest, Reason::TagDeleted).await?;
        }
    }
    if let Which::Named(place, _) | Which::PointingAt(place, _) = which {
        for RemovedTag { tag, digest, .. } in &removed {
            let (registry, repository) = (place.registry, place.name.clone());
            u.happened(Event::TagRemoved { registry, repository, tag: tag.clone(), digest: digest.clone() });
        }
    }
    Ok(removed)
}

async fn delete(
    u: &mut Unit<'_>,
    repository: RepositoryId,
    condition: &str,
    names: &[&str],
    numbers: &[i64],
) -> Result<Vec<RemovedTag>> {
    let sql = format!(
        "DELETE FROM tags WHERE repository_id = $1 AND {condition} RETURNING name, manifest_id, \
         (SELECT digest FROM manifests WHERE id = tags.manifest_id) AS digest"
    );
    let query = sqlx::query(AssertSqlSafe(sql)).bind(repository.get());
    let query = names.iter().fold(query, |query, name| query.bind((*name).to_owned()));
    let query = numbers.iter().fold(query, |query, number| query.bind(*number));
    let removed = |row| {
        Ok(RemovedTag {
            tag: parse(row, "tags", "name")?,
            digest: parse(row, "manifests", "digest")?,
            manifest: ManifestId::new(get(row, "manifest_id")?),
        })
    };
    query.fetch_all(&mut **u).await.op("delete tags")?.iter().map(removed).collect()
}
