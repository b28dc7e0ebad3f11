//! Lists of images: tags with the manifests that they point at.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::MetaStore;
use super::row::{get, optional_time, parse, size, size_column, time};
use super::sql::{SqlResult as _, is_storable, lists, placeholders};
use super::statement::{Statement, containing};
use crate::Result;
use roadstead_types::{
    Digest, ImageConfig, ImageDetails, Listing, ManifestId, RepositoryId, Tag, TagId, Timestamp, Window,
};

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
    /// The details of that manifest, if they are known.
    pub details: Option<ImageDetails>,
}

/// A filter for tags.
#[derive(Clone, Copy, Default, Debug)]
pub struct TagFilter<'a> {
    /// Only tags with this text in their names, ignoring case.
    pub contains: &'a str,
    /// Only the tag with this name.
    pub exact: Option<&'a str>,
    /// Only tags that point at the manifest with this digest.
    pub digest: Option<&'a Digest>,
}

/// The most tags in a list without pages.
const MAX_SAME: i64 = 10_000;

impl MetaStore {
    /// Lists tags of a repository, the last pushed first.
    pub async fn list_images(
        &self,
        repository: RepositoryId,
        filter: &TagFilter<'_>,
        window: Window,
    ) -> Result<Listing<TaggedImage>> {
        let Some(part) = containing(filter.contains) else { return Ok(Listing::empty()) };
        if !filter.exact.is_none_or(is_storable) {
            return Ok(Listing::empty());
        }
        let mut count = Statement::default();
        let sql = format!("SELECT COUNT(*) AS total {}", matching(&mut count, repository, filter, &part));
        let row = count.query(&sql).fetch_one(self.reader()).await.op("count tags")?;
        let mut page = Statement::default();
        let matching = matching(&mut page, repository, filter, &part);
        let window = page.window(window);
        let sql = format!(
            "SELECT t.id AS tag_id, t.name, t.updated_at, m.id, m.digest, m.media_type, m.created_at, d.content_id, \
             d.image_id, d.architecture, d.os, d.author, d.docker_version, d.built_at, d.total_size \
             FROM (SELECT id, name, updated_at, manifest_id {matching} \
             ORDER BY updated_at DESC, name {window}) t JOIN manifests m ON m.id = t.manifest_id \
             LEFT JOIN image_details d ON d.manifest_id = m.id ORDER BY t.updated_at DESC, t.name"
        );
        let rows = page.query(&sql).fetch_all(self.reader()).await.op("list images")?;
        Ok(Listing { total: size(&row, "tags", "total")?, items: rows.iter().map(tagged).collect::<Result<_>>()? })
    }

    /// Lists the other tags of a repository with the same image as `tag`, in byte order. Empty when the tag does not
    /// exist.
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

    /// Returns the digests of tagged manifests without details, at most `limit`.
    pub async fn undescribed_images(&self, repository: RepositoryId, limit: u32) -> Result<Vec<Digest>> {
        let query = sqlx::query(
            "SELECT DISTINCT m.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id \
             WHERE t.repository_id = $1 AND NOT EXISTS \
             (SELECT 1 FROM image_details d WHERE d.manifest_id = m.id) ORDER BY m.digest LIMIT $2",
        );
        let rows = query.bind(repository.get()).bind(i64::from(limit)).fetch_all(self.reader()).await;
        rows.op("list undescribed images")?.iter().map(|row| parse(row, "manifests", "digest")).collect()
    }

    /// Returns the known details of those of `digests` that are manifests of the repository.
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

    /// Saves the details of a manifest, if it still exists.
    pub async fn remember_image(&self, manifest: ManifestId, details: &ImageDetails) -> Result<()> {
        // Details that are lost in a power failure are read from the config again.
        let mut connection = self.writing("remember image details").await?;
        remember(&mut connection, manifest, details).await
    }
}

/// Returns `FROM ... WHERE ...`, which selects the tags of a repository that a list shows.
fn matching(statement: &mut Statement, repository: RepositoryId, filter: &TagFilter<'_>, part: &str) -> String {
    let repository = statement.value(repository.get());
    let mut sql = format!("FROM tags WHERE repository_id = {repository}");
    if let Some(name) = filter.exact {
        sql.push_str(&format!(" AND name = {}", statement.text(name)));
    }
    if let Some(digest) = filter.digest {
        let digest = statement.text(digest.as_str());
        sql.push_str(&format!(
            " AND manifest_id = (SELECT x.id FROM manifests x WHERE x.repository_id = {repository} \
             AND x.digest = {digest})"
        ));
    }
    if !filter.contains.is_empty() {
        sql.push_str(&format!(" AND LOWER(name) LIKE {} ESCAPE '!'", statement.text(part)));
    }
    sql
}

/// Stores the details of a manifest, unless they are stored already.
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

/// Reads the details in a row, which may be missing.
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
