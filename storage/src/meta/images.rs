//! What lists of images show: tags with what they point at.

use sqlx::{AnyConnection, AssertSqlSafe};
use std::collections::{BTreeMap, BTreeSet};

use sqlx::any::AnyRow;

use super::MetaStore;
use super::personal::Found;
use super::repositories;
use super::review::{self, Reason};
use super::row::{get, optional_time, parse, size, size_column, time};
use super::sql::{SqlResult as _, is_storable, lists, placeholders};
use super::unit::{Outcome, Unit, unit};
use super::{Act, Event};
use crate::Result;
use roadstead_types::{Digest, ImageConfig, ImageDetails, ManifestId, RepositoryId, Tag, TagId, Timestamp};

/// A tag in a list of images.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TaggedImage {
    /// The id of the row of the tag.
    pub id: TagId,
    /// The tag.
    pub tag: Tag,
    /// When it was last pushed.
    pub pushed_at: Timestamp,
    /// The row of the manifest that it points at.
    pub manifest: ManifestId,
    /// The digest of that manifest.
    pub digest: Digest,
    /// The media type of that manifest.
    pub media_type: String,
    /// When that manifest was first pushed.
    pub stored_at: Timestamp,
    /// What is known of that manifest, if it was looked at.
    pub details: Option<ImageDetails>,
}

/// The most tags that a list without pages shows.
const MAX_SAME: i64 = 10_000;

impl MetaStore {
    /// Tags of a repository, the last pushed first: those that have `search` in them, in letters of either case, or all.
    pub async fn list_images(
        &self,
        repository: RepositoryId,
        search: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Found<TaggedImage>> {
        if !is_storable(search) {
            return Ok(Found::nothing());
        }
        let pattern = containing(search);
        let count = sqlx::query_scalar(
            "SELECT COUNT(*) FROM tags WHERE repository_id = $1 AND ($2 = '%%' OR LOWER(name) LIKE $2 ESCAPE '!')",
        );
        let count: i64 =
            count.bind(repository.get()).bind(&*pattern).fetch_one(self.reader()).await.op("count tags")?;
        let page = sqlx::query(
            "SELECT t.id AS tag_id, t.name, t.updated_at, m.id, m.digest, m.media_type, m.created_at, d.content_id, \
             d.image_id, d.architecture, d.os, d.author, d.docker_version, d.built_at, d.total_size \
             FROM (SELECT id, name, updated_at, manifest_id FROM tags \
             WHERE repository_id = $1 AND ($2 = '%%' OR LOWER(name) LIKE $2 ESCAPE '!') \
             ORDER BY updated_at DESC, name LIMIT $3 OFFSET $4) t JOIN manifests m ON m.id = t.manifest_id \
             LEFT JOIN image_details d ON d.manifest_id = m.id ORDER BY t.updated_at DESC, t.name",
        );
        let page = page.bind(repository.get()).bind(&*pattern).bind(i64::from(limit)).bind(size_column(offset)?);
        let rows = page.fetch_all(self.reader()).await.op("list images")?;
        let list = rows.iter().map(tagged).collect::<Result<_>>()?;
        Ok(Found { total: u64::try_from(count).unwrap_or(0), list })
    }

    /// The other tags of a repository with the same image as `tag`, in byte order; none when there is no such tag.
    pub async fn same_images(&self, repository: RepositoryId, tag: &Tag) -> Result<Vec<Tag>> {
        let query = sqlx::query(
            "SELECT o.name FROM tags t JOIN tags o ON o.manifest_id = t.manifest_id \
             WHERE t.repository_id = $1 AND t.name = $2 AND o.name <> $2 \
             UNION SELECT o.name FROM tags t JOIN image_details d ON d.manifest_id = t.manifest_id \
             JOIN image_details s ON s.repository_id = d.repository_id AND s.content_id = d.content_id \
             JOIN tags o ON o.manifest_id = s.manifest_id \
             WHERE t.repository_id = $1 AND t.name = $2 AND o.name <> $2 ORDER BY 1 LIMIT $3",
        );
        let rows = query.bind(repository.get()).bind(tag.as_str()).bind(MAX_SAME).fetch_all(self.reader()).await;
        rows.op("list equal images")?.iter().map(|row| parse(row, "tags", "name")).collect()
    }

    /// The digests of tagged manifests that nobody has looked at, at most `limit`.
    pub async fn undescribed_images(&self, repository: RepositoryId, limit: u32) -> Result<Vec<Digest>> {
        let query = sqlx::query(
            "SELECT DISTINCT m.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id \
             WHERE t.repository_id = $1 AND NOT EXISTS \
             (SELECT 1 FROM image_details d WHERE d.manifest_id = m.id) ORDER BY m.digest LIMIT $2",
        );
        let rows = query.bind(repository.get()).bind(i64::from(limit)).fetch_all(self.reader()).await;
        rows.op("list undescribed images")?.iter().map(|row| parse(row, "manifests", "digest")).collect()
    }

    /// What is known of those of `digests` that are manifests of the repository and were looked at.
    pub async fn image_details(
        &self,
        repository: RepositoryId,
        digests: &[Digest],
    ) -> Result<Vec<(Digest, ImageDetails)>> {
        let mut found = Vec::with_capacity(digests.len());
        for list in lists(digests) {
            let sql = format!(
                "SELECT m.digest, d.content_id, d.image_id, d.architecture, d.os, d.author, d.docker_version, \
                 d.built_at, d.total_size FROM manifests m JOIN image_details d ON d.manifest_id = m.id \
                 WHERE m.repository_id = $1 AND m.digest IN ({})",
                placeholders(2, list.len())
            );
            let query = sqlx::query(AssertSqlSafe(sql)).bind(repository.get());
            let query = list.iter().fold(query, |query, digest| query.bind(digest.to_string()));
            for row in &query.fetch_all(self.reader()).await.op("read image details")? {
                if let Some(details) = details(row)? {
                    found.push((parse(row, "manifests", "digest")?, details));
                }
            }
        }
        Ok(found)
    }

    /// Remembers what was found out about a manifest, if it is still there.
    pub async fn remember_image(&self, manifest: ManifestId, details: &ImageDetails) -> Result<()> {
        // What is forgotten in a power failure is found out again.
        let mut connection = self.writing("remember image details").await?;
        remember(&mut connection, manifest, details).await
    }

    /// Deletes tags, all of them that are there; `None` when the repository has gone. Their manifests are queued for
    /// review.
    pub async fn delete_tags(&self, act: &Act, repository: RepositoryId, tags: &[Tag]) -> Result<Option<Vec<Tag>>> {
        unit!(self.unit(act, "delete tags"), |u| delete(u, repository, tags).await)
    }
}

/// A pattern that matches what has `search` in it, in letters of either case; `%%` matches everything.
pub(super) fn containing(search: &str) -> String {
    let mut pattern = String::from("%");
    for c in search.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c.to_ascii_lowercase());
    }
    pattern.push('%');
    pattern
}

/// Stores the details of a manifest, unless they are there.
pub(super) async fn remember(tx: &mut AnyConnection, manifest: ManifestId, details: &ImageDetails) -> Result<()> {
    let insert = sqlx::query(
        "INSERT INTO image_details (manifest_id, repository_id, content_id, image_id, architecture, os, author, \
         docker_version, built_at, total_size) SELECT id, repository_id, $2, $3, $4, $5, $6, $7, $8, $9 \
         FROM manifests WHERE id = $1 ON CONFLICT (manifest_id) DO NOTHING",
    );
    let config = &details.config;
    let insert = insert
        .bind(manifest.get())
        .bind(details.content_id.as_str())
        .bind(details.image_id.as_ref().map(ToString::to_string))
        .bind(&*config.architecture)
        .bind(&*config.os)
        .bind(&*config.author)
        .bind(&*config.docker_version)
        .bind(config.created.map(Timestamp::as_millis))
        .bind(size_column(details.total_size)?);
    insert.execute(tx).await.op("store image details")?;
    Ok(())
}

async fn delete(u: &mut Unit<'_>, repository: RepositoryId, tags: &[Tag]) -> Result<Outcome<Option<Vec<Tag>>>> {
    let Some(place) = repositories::lock(u, repository).await? else { return Ok(Outcome::Nothing(None)) };
    let (mut deleted, mut manifests) = (BTreeMap::new(), BTreeSet::new());
    for list in lists(tags) {
        let sql = format!(
            "DELETE FROM tags WHERE repository_id = $1 AND name IN ({}) RETURNING name, manifest_id, \
             (SELECT digest FROM manifests WHERE id = tags.manifest_id) AS digest",
            placeholders(2, list.len())
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(repository.get());
        let query = list.iter().fold(query, |query, tag| query.bind(tag.to_string()));
        for row in &query.fetch_all(&mut **u).await.op("delete tags")? {
            let (tag, digest): (Tag, Digest) = (parse(row, "tags", "name")?, parse(row, "manifests", "digest")?);
            deleted.insert(tag, digest);
            manifests.insert(get::<i64>(row, "manifest_id")?);
        }
    }
    // In the order of their ids: see `review`.
    for manifest in manifests {
        review::queue_manifest(u, ManifestId::new(manifest), Reason::TagDeleted).await?;
    }
    for (tag, digest) in &deleted {
        let (registry, repository) = (place.registry, place.name.clone());
        u.happened(Event::TagRemoved { registry, repository, tag: tag.clone(), digest: digest.clone() });
    }
    let tags: Vec<Tag> = deleted.into_keys().collect();
    Ok(if tags.is_empty() { Outcome::Nothing(Some(tags)) } else { Outcome::Done(Some(tags)) })
}

fn tagged(row: &AnyRow) -> Result<TaggedImage> {
    Ok(TaggedImage {
        id: TagId::new(get(row, "tag_id")?),
        tag: parse(row, "tags", "name")?,
        pushed_at: time(row, "updated_at")?,
        manifest: ManifestId::new(get(row, "id")?),
        digest: parse(row, "manifests", "digest")?,
        media_type: get(row, "media_type")?,
        stored_at: time(row, "created_at")?,
        details: details(row)?,
    })
}

/// The details in a row that may have none.
fn details(row: &AnyRow) -> Result<Option<ImageDetails>> {
    if get::<Option<&str>>(row, "content_id")?.is_none() {
        return Ok(None);
    }
    let image_id = match get::<Option<&str>>(row, "image_id")? {
        Some(_) => Some(parse(row, "image_details", "image_id")?),
        None => None,
    };
    Ok(Some(ImageDetails {
        content_id: parse(row, "image_details", "content_id")?,
        image_id,
        config: ImageConfig {
            architecture: get(row, "architecture")?,
            os: get(row, "os")?,
            author: get(row, "author")?,
            docker_version: get(row, "docker_version")?,
            created: optional_time(row, "built_at")?,
        },
        total_size: size(row, "image_details", "total_size")?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_searched_for_is_no_pattern() {
        assert_eq!(containing(""), "%%");
        assert_eq!(containing("V1_a%!"), "%v1!_a!%!!%");
    }
}
