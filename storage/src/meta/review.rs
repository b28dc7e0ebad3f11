//! The review queue: blobs and manifests that lost a reference or have none yet, written in the same transaction.
//!
//! Rows are written in the order of their targets, so that two transactions do not wait for each other.
//!
//! A row is a hint: a review checks again whether anything refers to its target.

use sqlx::any::AnyRow;

use super::MetaStore;
use super::row::{get, size, time};
use super::sql::SqlResult as _;
use super::unit::Unit;
use crate::{Error, Result};
use roadstead_types::{BlobId, ManifestId, RepositoryId, Timestamp};

/// The target of a review.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ReviewTarget {
    /// A blob.
    Blob(BlobId),
    /// A manifest.
    Manifest(ManifestId),
}

/// A blob or manifest to review, because it lost a reference or has none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Review {
    /// The target, which may have gone since.
    pub target: ReviewTarget,
    /// The reason: the reference that it lost, or that it has none yet.
    pub reason: String,
    /// When to review it.
    pub review_after: Timestamp,
    /// The number of reviews without a result.
    pub attempts: u64,
}

impl MetaStore {
    /// Returns reviews that are due at `now`, the longest due first.
    pub async fn due_reviews(&self, now: Timestamp, limit: u32) -> Result<Vec<Review>> {
        let query = sqlx::query(
            "SELECT kind, target_id, reason, review_after, attempts FROM review_queue WHERE review_after <= $1 \
             ORDER BY review_after, kind, target_id LIMIT $2",
        );
        let rows = query.bind(now.as_millis()).bind(i64::from(limit)).fetch_all(self.reader()).await;
        rows.op("list due reviews")?.iter().map(review).collect()
    }
}

/// The reason for a review.
#[derive(Clone, Copy)]
pub(super) enum Reason {
    /// It is new, and nothing refers to it yet: its push may have been interrupted.
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

/// Queues the targets that `$rows` selects. `$1` is a target or the thing that refers to targets; the reason, the
/// time of the review and the current time follow.
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

/// Queues the blobs, the children and the referrers of a manifest.
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

/// Queues the first blobs of a repository, in the order of their ids, at most `limit`.
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
