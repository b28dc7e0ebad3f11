//! The review queue: what lost a reference, and what has none yet, written in the transaction that made it so.
//!
//! Rows are written in the order of their targets, so that no two transactions wait for each other.
//!
//! A row is a hint, not a verdict: who reviews finds out anew whether anything refers to its target.

use sqlx::any::AnyRow;

use super::MetaStore;
use super::row::{get, size, time};
use super::sql::SqlResult as _;
use super::unit::Unit;
use crate::{Error, Result};
use roadstead_types::{BlobId, ManifestId, RepositoryId, Timestamp};

/// What a review is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ReviewTarget {
    /// A blob.
    Blob(BlobId),
    /// A manifest.
    Manifest(ManifestId),
}

/// Something without a reference, or with one less, that is to be looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Review {
    /// What it is. It may have gone since.
    pub target: ReviewTarget,
    /// Why it is to be looked at: which reference it lost, or that it has none yet.
    pub reason: String,
    /// When to look at it.
    pub review_after: Timestamp,
    /// How often it has been looked at in vain.
    pub attempts: u64,
}

impl MetaStore {
    /// Reviews that are due at `now`, the longest due first.
    pub async fn due_reviews(&self, now: Timestamp, limit: u32) -> Result<Vec<Review>> {
        let query = sqlx::query(
            "SELECT kind, target_id, reason, review_after, attempts FROM review_queue WHERE review_after <= $1 \
             ORDER BY review_after, kind, target_id LIMIT $2",
        );
        let rows = query.bind(now.as_millis()).bind(i64::from(limit)).fetch_all(self.reader()).await;
        rows.op("list due reviews")?.iter().map(review).collect()
    }
}

/// Why something is to be reviewed.
#[derive(Clone, Copy)]
pub(super) enum Reason {
    /// It is there, and nothing refers to it yet: its push may have been broken off.
    NotReferencedYet,
    TagMoved,
    TagDeleted,
    ManifestDeleted,
    LinkDropped,
    RepositoryDeleted,
}

impl Reason {
    fn as_str(self) -> &'static str {
        match self {
            Self::NotReferencedYet => "not referenced yet",
            Self::TagMoved => "tag moved",
            Self::TagDeleted => "tag deleted",
            Self::ManifestDeleted => "manifest deleted",
            Self::LinkDropped => "link dropped",
            Self::RepositoryDeleted => "repository deleted",
        }
    }
}

/// Queues what `$rows` gives: `$1` is a target, or what has them, and after it come the reason, the time and the present.
macro_rules! queueing {
    ($rows:literal) => {
        concat!(
            "INSERT INTO review_queue (kind, target_id, reason, review_after, attempts, queued_at) ",
            $rows,
            " ON CONFLICT (kind, target_id) DO UPDATE SET reason = excluded.reason, \
             review_after = excluded.review_after, attempts = 0, queued_at = excluded.queued_at"
        )
    };
}

async fn queue(u: &mut Unit<'_>, sql: &'static str, id: i64, reason: Reason) -> Result<()> {
    let (now, review_after) = (u.now(), u.review_after());
    let query = sqlx::query(sql).bind(id).bind(reason.as_str()).bind(review_after.as_millis()).bind(now.as_millis());
    query.execute(&mut **u).await.op("queue a review")?;
    Ok(())
}

/// Queues one blob.
pub(super) async fn queue_blob(u: &mut Unit<'_>, id: BlobId, reason: Reason) -> Result<()> {
    let sql = queueing!("VALUES (0, $1, $2, $3, 0, $4)");
    queue(u, sql, id.get(), reason).await
}

/// Queues one manifest.
pub(super) async fn queue_manifest(u: &mut Unit<'_>, id: ManifestId, reason: Reason) -> Result<()> {
    let sql = queueing!("VALUES (1, $1, $2, $3, 0, $4)");
    queue(u, sql, id.get(), reason).await
}

/// Queues the blobs of a manifest, its children, and what names it as its subject.
pub(super) async fn queue_dependents(u: &mut Unit<'_>, id: ManifestId, reason: Reason) -> Result<()> {
    let blobs =
        queueing!("SELECT 0, blob_id, $2, $3, 0, $4 FROM manifest_blobs WHERE manifest_id = $1 ORDER BY blob_id");
    let children = queueing!(
        "SELECT 1, child.id, $2, $3, 0, $4 FROM manifest_children edge, manifests child WHERE edge.parent_id = $1 \
         AND child.repository_id = edge.repository_id AND child.digest = edge.child_digest ORDER BY child.id"
    );
    let referrers = queueing!(
        "SELECT 1, referrer.id, $2, $3, 0, $4 FROM manifests subject, manifests referrer WHERE subject.id = $1 \
         AND referrer.repository_id = subject.repository_id AND referrer.subject_digest = subject.digest \
         ORDER BY referrer.id"
    );
    for sql in [blobs, children, referrers] {
        queue(u, sql, id.get(), reason).await?;
    }
    Ok(())
}

/// Queues the first blobs of a repository, in the order of their ids, `limit` at most.
pub(super) async fn queue_blobs_of_repository(u: &mut Unit<'_>, id: RepositoryId, limit: u32) -> Result<()> {
    let (now, review_after) = (u.now(), u.review_after());
    let sql = queueing!(
        "SELECT 0, blob_id, $2, $3, 0, $4 FROM (SELECT blob_id FROM repository_blobs WHERE repository_id = $1 \
         ORDER BY blob_id LIMIT $5) first WHERE blob_id > 0 ORDER BY blob_id"
    );
    let query = sqlx::query(sql).bind(id.get()).bind(Reason::RepositoryDeleted.as_str());
    let query = query.bind(review_after.as_millis()).bind(now.as_millis()).bind(i64::from(limit));
    query.execute(&mut **u).await.op("queue the blobs of a repository")?;
    Ok(())
}

fn review(row: &AnyRow) -> Result<Review> {
    let target = get(row, "target_id")?;
    Ok(Review {
        target: match get(row, "kind")? {
            0_i64 => ReviewTarget::Blob(BlobId::new(target)),
            1 => ReviewTarget::Manifest(ManifestId::new(target)),
            other => return Err(Error::Corrupt { table: "review_queue", column: "kind", value: other.to_string() }),
        },
        reason: get(row, "reason")?,
        review_after: time(row, "review_after")?,
        attempts: size(row, "review_queue", "attempts")?,
    })
}
