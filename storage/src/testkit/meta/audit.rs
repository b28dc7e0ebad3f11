//! The behaviour of the audit log: a change and its event are committed together.

use super::{Image, Kit, Place, act_of, put, sha256, tag};
use crate::Error;
use crate::meta::{AuditQuery, MetaStore};
use roadstead_types::RepositoryId;

pub(super) async fn behave(kit: &Kit) {
    what_changes_something_is_in_the_log(kit).await;
    what_fails_is_not(kit).await;
    without_its_event_nothing_is_changed(kit).await;
}

/// Returns the actions in the log for a place, the latest first.
async fn actions(kit: &Kit, place: &Place) -> Vec<String> {
    let query = AuditQuery { owner: Some(place.owner), limit: 100, ..AuditQuery::default() };
    let found = kit.two.audit_events(&query).await.unwrap();
    // Leaves out the actions that made the place.
    found.into_iter().map(|(_, event)| event.action).filter(|action| action != "test").collect()
}

async fn store(kit: &Kit, place: &Place, image: &Image) -> crate::Result<RepositoryId> {
    let (name, tags) = (place.repository("app"), [tag("t"), tag("u")]);
    kit.one
        .put_manifest(&act_of(place, "put"), &put(place, &name, image, &tags))
        .await
        .map(|outcome| outcome.repository)
}

async fn what_changes_something_is_in_the_log(kit: &Kit) {
    let place = kit.place().await;
    kit.push_blob(&place, "app", "audited").await;
    let image = Image::with_blobs(&["audited"], None);
    let repository = store(kit, &place, &image).await.unwrap();
    assert_eq!(actions(kit, &place).await, ["put"]);
    // A second deletion finds nothing, and changes nothing.
    let digest = sha256(b"audited");
    for expected in [["delete", "put"].as_slice(), &["delete", "put"]] {
        kit.one.delete_tag(&act_of(&place, "delete"), repository, &tag("t")).await.unwrap();
        assert_eq!(actions(kit, &place).await, expected);
    }
    for _ in 0..2 {
        kit.one.delete_manifest(&act_of(&place, "delete"), repository, &image.digest, None).await.unwrap();
        assert_eq!(actions(kit, &place).await.len(), 3);
    }
    for _ in 0..2 {
        kit.one.unlink_blob(&act_of(&place, "delete"), repository, &digest).await.unwrap();
        assert_eq!(actions(kit, &place).await.len(), 4);
    }
}

async fn what_fails_is_not(kit: &Kit) {
    let place = kit.place().await;
    let missing = Image::with_blobs(&["a blob that nobody has pushed"], None);
    let refused = store(kit, &place, &missing).await;
    assert!(matches!(refused, Err(Error::MissingReferences { .. })));
    kit.push_blob(&place, "app", "held").await;
    let image = Image::with_blobs(&["held"], None);
    let repository = store(kit, &place, &image).await.unwrap();
    let held = kit.one.unlink_blob(&act_of(&place, "delete"), repository, &sha256(b"held")).await;
    assert!(matches!(held, Err(Error::InUse(_))));
    let others = kit.one.delete_manifest(&act_of(&place, "delete"), repository, &image.digest, Some(&[])).await;
    assert!(matches!(others, Err(Error::Stale(_))));
    assert_eq!(actions(kit, &place).await, ["put"]);
}

async fn rename(store: &MetaStore, from: &str, to: &str) {
    let sql = sqlx::AssertSqlSafe(format!("ALTER TABLE {from} RENAME TO {to}"));
    sqlx::query(sql).execute(store.writer()).await.unwrap();
}

async fn without_its_event_nothing_is_changed(kit: &Kit) {
    let place = kit.place().await;
    let image = Image::with_blobs(&["kept"], None);
    kit.push_blob(&place, "app", "kept").await;
    kit.push_blob(&place, "app", "kept as well").await;
    let repository = store(kit, &place, &image).await.unwrap();
    let other = Image::with_blobs(&["kept as well"], None);
    let alone = kit.push_blob(&place, "app", "alone").await.blob.digest;
    // The log cannot be written now.
    rename(&kit.one, "audit_events", "audit_events_away").await;
    store(kit, &place, &other).await.unwrap_err();
    kit.one.delete_tag(&act_of(&place, "delete"), repository, &tag("t")).await.unwrap_err();
    kit.one.delete_manifest(&act_of(&place, "delete"), repository, &image.digest, None).await.unwrap_err();
    kit.one.unlink_blob(&act_of(&place, "delete"), repository, &alone).await.unwrap_err();
    rename(&kit.one, "audit_events_away", "audit_events").await;
    assert!(kit.two.manifest(repository, &other.digest).await.unwrap().is_none());
    assert_eq!(kit.two.tags_of(repository, &image.digest).await.unwrap(), [tag("t"), tag("u")]);
    assert!(kit.two.blob(repository, &alone).await.unwrap().is_some());
    assert_eq!(actions(kit, &place).await, ["put"]);
}
