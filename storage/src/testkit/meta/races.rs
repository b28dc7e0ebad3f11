//! Concurrent requests of two processes. The rules hold in either order.

use futures::future::join_all;

use super::{Image, Kit, NOW, Place, REGISTRY, act, commit, later, put, sha256, tag, uploads};
use crate::blob::BlobKey;
use crate::meta::{CommitBlob, Engine, MetaStore, QuotaKind, ReviewTarget};
use crate::{Error, Result};
use roadstead_types::{NamespaceName, Thing};

pub(super) async fn behave(kit: &Kit) {
    of_two_commits_one_is_adopted(kit).await;
    many_pushes_make_one_repository(kit).await;
    a_tag_is_moved_by_many(kit).await;
    a_blob_is_unlinked_or_referred_to(kit).await;
    a_namespace_is_deleted_or_pushed_to(kit).await;
    an_empty_repository_is_deleted_or_pushed_to(kit).await;
    shared_layers_do_not_block(kit).await;
    a_lease_that_lasts_locks_nothing(kit).await;
    a_mount_locks_the_repository_first(kit).await;
    who_waits_holds_no_counter(kit).await;
    a_commit_waits_for_the_owner_before_it_ends_its_upload(kit).await;
    sub_accounts_are_deleted_while_they_push(kit).await;
}

impl Kit {
    pub(super) fn store(&self, number: usize) -> &MetaStore {
        if number.is_multiple_of(2) { &self.one } else { &self.two }
    }
}

async fn of_two_commits_one_is_adopted(kit: &Kit) {
    let place = kit.place().await;
    let (digest, name) = (sha256(b"raced content"), place.repository("app"));
    let keys: Vec<BlobKey> = (0..8).map(|_| BlobKey::fresh(&digest)).collect();
    let commits: Vec<_> = keys.iter().map(|key| commit(&place, &name, &digest, key, 13)).collect();
    let outcomes =
        join_all(commits.iter().enumerate().map(async |(n, commit)| kit.store(n).commit_blob(&act(), commit).await))
            .await;
    let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|outcome| !outcome.adopted).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| outcome.repository_created.is_some()).count(), 1);
    assert!(outcomes.iter().all(|outcome| outcome.blob.id == outcomes[0].blob.id));
    let winner = outcomes.iter().position(|outcome| !outcome.adopted).unwrap();
    assert_eq!(outcomes[0].blob.key, keys[winner]);
}

async fn many_pushes_make_one_repository(kit: &Kit) {
    let place = kit.place().await;
    let name = place.repository("app");
    let blobs: Vec<_> = (0..8).map(|n| sha256(format!("first push {n}").as_bytes())).collect();
    let keys: Vec<BlobKey> = blobs.iter().map(BlobKey::fresh).collect();
    let commits: Vec<_> = blobs.iter().zip(&keys).map(|(digest, key)| commit(&place, &name, digest, key, 12)).collect();
    let outcomes =
        join_all(commits.iter().enumerate().map(async |(n, commit)| kit.store(n).commit_blob(&act(), commit).await))
            .await;
    let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.repository_created.is_some()).count(), 1);
    assert!(outcomes.iter().all(|outcome| outcome.repository == outcomes[0].repository && !outcome.adopted));
}

async fn a_tag_is_moved_by_many(kit: &Kit) {
    let place = kit.place().await;
    let name = place.repository("app");
    let mut images = Vec::new();
    for number in 0..8 {
        let content = format!("raced config {number}");
        kit.push_blob(&place, "app", &content).await;
        images.push(Image::with_blobs(&[&content], None));
    }
    let tags = [tag("latest")];
    let puts: Vec<_> = images.iter().map(|image| put(&place, &name, image, &tags)).collect();
    let outcomes =
        join_all(puts.iter().enumerate().map(async |(n, put)| kit.store(n).put_manifest(&act(), put).await)).await;
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().is_ok_and(|put| put.manifest_created)), "{outcomes:?}");
    let repository = kit.repository(&place, "app").await.id;
    let last = kit.one.tag(repository, &tag("latest")).await.unwrap().unwrap();
    // Every manifest that lost the tag is in the queue, and the last one is not.
    let reviews = kit.reviews().await;
    for image in &images {
        let id = kit.one.manifest(repository, &image.digest).await.unwrap().unwrap().id;
        let queued = reviews.iter().any(|review| review.target == ReviewTarget::Manifest(id));
        assert_eq!(queued, image.digest != last);
    }
}

async fn a_blob_is_unlinked_or_referred_to(kit: &Kit) {
    let place = kit.place().await;
    for number in 0..10 {
        let repository = format!("app{number}");
        let pushed = kit.push_blob(&place, &repository, "contended content").await;
        let (image, name) = (Image::with_blobs(&["contended content"], None), place.repository(&repository));
        let put = put(&place, &name, &image, &[]);
        let (stored, unlinked) = futures::join!(async { kit.store(number).put_manifest(&act(), &put).await }, async {
            kit.store(number + 1).unlink_blob(&act(), pushed.repository, &pushed.blob.digest).await
        },);
        match (stored, unlinked) {
            (Ok(_), Err(Error::InUse(_))) | (Err(Error::MissingReferences { .. }), Ok(true)) => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn a_namespace_is_deleted_or_pushed_to(kit: &Kit) {
    for number in 0..10 {
        let place: Place = kit.place().await;
        let name: NamespaceName = place.name.parse().unwrap();
        let (digest, repository) = (sha256(b"late content"), place.repository("app"));
        let key = BlobKey::fresh(&digest);
        let commit = commit(&place, &repository, &digest, &key, 12);
        let (committed, deleted) =
            futures::join!(async { kit.store(number).commit_blob(&act(), &commit).await }, async {
                kit.store(number + 1).delete_namespace(&act(), REGISTRY, &name).await
            },);
        match (committed, deleted) {
            (Ok(_), Err(Error::InUse(_))) | (Err(Error::Stale(Thing::Namespace)), Ok(true)) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Without force, nothing that was pushed is deleted: not even what was pushed a moment ago.
async fn an_empty_repository_is_deleted_or_pushed_to(kit: &Kit) {
    let place = kit.place().await;
    for number in 0..10 {
        let repository = format!("empty{number}");
        let old = kit.push_blob(&place, &repository, "late config").await.repository;
        let (image, name, tags) = (Image::index(&[]), place.repository(&repository), [tag("latest")]);
        let put = put(&place, &name, &image, &tags);
        let (pushed, deleted) = futures::join!(async { kit.store(number).put_manifest(&act(), &put).await }, async {
            kit.store(number + 1).delete_repository(&act(), old, false).await
        },);
        match (&pushed, deleted) {
            (Ok(pushed), Err(Error::InUse(Thing::Repository))) => assert_eq!(pushed.repository, old),
            (Ok(pushed), Ok(true)) => assert!(pushed.repository_created.is_some() && pushed.repository != old),
            other => panic!("{other:?}"),
        }
        assert_eq!(kit.one.tag(pushed.unwrap().repository, &tags[0]).await.unwrap(), Some(image.digest));
        // A manifest without a tag is content too.
        let repository = kit.repository(&place, &repository).await.id;
        kit.one.delete_tag(&act(), repository, &tags[0]).await.unwrap().unwrap();
        let refused = kit.one.delete_repository(&act(), repository, false).await;
        assert!(matches!(refused, Err(Error::InUse(Thing::Repository))), "{refused:?}");
    }
}

/// Images share layers, in different orders and repositories. Nothing waits for ever, and nothing fails.
async fn shared_layers_do_not_block(kit: &Kit) {
    let place = kit.place().await;
    let layers: Vec<String> = (0..30).map(|number| format!("shared layer {number}")).collect();
    let mut pushes = Vec::new();
    for number in 0..6 {
        let mut blobs: Vec<&str> = layers.iter().map(String::as_str).collect();
        blobs.rotate_left(number * 5);
        for content in &blobs {
            kit.push_blob(&place, &format!("shared{number}"), content).await;
        }
        pushes.push((place.repository(&format!("shared{number}")), Image::with_blobs(&blobs, None)));
    }
    for _ in 0..3 {
        let tags = [tag("latest")];
        let puts: Vec<_> = pushes.iter().map(|(name, image)| put(&place, name, image, &tags)).collect();
        let outcomes =
            join_all(puts.iter().enumerate().map(async |(n, put)| kit.store(n).put_manifest(&act(), put).await)).await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    }
}

/// Many images share their base layers, so pushes of the same layer do not wait for each other. (SQLite has one
/// writer anyway.)
async fn a_lease_that_lasts_locks_nothing(kit: &Kit) {
    if kit.one.engine() == Engine::Sqlite {
        return;
    }
    let place = kit.place().await;
    let pushed = kit.push_blob(&place, "app", "base layer in use").await;
    let image = Image::with_blobs(&["base layer in use"], None);
    let mut other = kit.two.writer().begin().await.unwrap();
    let hold = sqlx::query("UPDATE blobs SET lease_until = lease_until WHERE id = $1").bind(pushed.blob.id.get());
    hold.execute(&mut *other).await.unwrap();
    kit.put(&place, "app", &image, &[]).await.unwrap();
    other.rollback().await.unwrap();
}

/// A push that makes a repository and then waits for a blob does not block other changes meanwhile.
async fn who_waits_holds_no_counter(kit: &Kit) {
    if kit.one.engine() == Engine::Sqlite {
        return;
    }
    let place = kit.place().await;
    let source = kit.push_blob(&place, "source", "awaited base layer").await;
    let (digest, name) = (sha256(b"awaited base layer"), place.repository("target"));
    let mut other = kit.two.writer().begin().await.unwrap();
    let hold = sqlx::query("UPDATE blobs SET lease_until = lease_until WHERE id = $1");
    hold.bind(source.blob.id.get()).execute(&mut *other).await.unwrap();
    let act = act();
    let mount = kit.one.mount_blob(&act, source.repository, REGISTRY, place.namespace, &name, &digest, later(99));
    let meanwhile = async {
        somebody_waits(kit).await;
        let lock = "SELECT c.id FROM changes c CROSS JOIN repositories_made m FOR UPDATE NOWAIT";
        let locked = sqlx::query(lock).execute(&mut *other).await;
        other.rollback().await.unwrap();
        locked.map(drop)
    };
    let (mounted, locked) = futures::join!(mount, meanwhile);
    assert!(locked.is_ok(), "the mount waits for the blob and has moved a counter: {locked:?}");
    assert!(mounted.unwrap().unwrap().repository_created.unwrap().number().is_some());
}

/// A request that deletes a sub-account locks its main account first, and its uploads later.
async fn a_commit_waits_for_the_owner_before_it_ends_its_upload(kit: &Kit) {
    if kit.one.engine() == Engine::Sqlite {
        return;
    }
    let place = kit.place().await;
    let (digest, name) = (sha256(b"first layer"), place.repository("first"));
    let upload = uploads::start(kit, place.owner, &name, later(1000)).await;
    let lease = uploads::acquire(&kit.one, upload, later(10), NOW).await;
    let key = BlobKey::fresh(&digest);
    let commit = CommitBlob { upload: Some(&lease), ..commit(&place, &name, &digest, &key, 11) };
    let mut other = kit.two.writer().begin().await.unwrap();
    let hold = sqlx::query("UPDATE accounts SET status = status WHERE id = $1").bind(place.owner.get());
    hold.execute(&mut *other).await.unwrap();
    let meanwhile = async {
        somebody_waits(kit).await;
        let lock = sqlx::query("SELECT id FROM uploads WHERE id = $1 FOR UPDATE NOWAIT").bind(upload.to_string());
        let locked = lock.execute(&mut *other).await;
        other.rollback().await.unwrap();
        locked.map(drop)
    };
    let (committed, locked) = futures::join!(async { kit.one.commit_blob(&act(), &commit).await }, meanwhile);
    assert!(locked.is_ok(), "the commit waits for the account and has locked the upload: {locked:?}");
    committed.unwrap();
}

/// All sub-accounts of one main account are deleted during their first pushes. (No attempt is aborted by a deadlock:
/// the suite checks that at the end.)
async fn sub_accounts_are_deleted_while_they_push(kit: &Kit) {
    let place = kit.place().await;
    kit.one.set_quota(&act(), place.owner, QuotaKind::Repositories, 1000).await.unwrap();
    for round in 0..4 {
        let mut pushes = Vec::new();
        for number in 0..8 {
            let user = kit.user(place.owner).await.account.id;
            let name = place.repository(&format!("round{round}-{number}"));
            let upload = uploads::start(kit, user, &name, later(1000)).await;
            let lease = uploads::acquire(kit.store(number), upload, later(10), NOW).await;
            pushes.push((user, name, lease, sha256(format!("{round} {number}").as_bytes())));
        }
        let commits = join_all(pushes.iter().enumerate().map(async |(number, (_, name, lease, digest))| {
            let key = BlobKey::fresh(digest);
            let commit = CommitBlob { upload: Some(lease), ..commit(&place, name, digest, &key, 3) };
            kit.store(number).commit_blob(&act(), &commit).await
        }));
        let deletions = join_all(pushes.iter().enumerate().map(async |(number, (user, ..))| {
            kit.store(number + 1).delete_user(&act(), place.owner, *user, true).await
        }));
        let (committed, deleted) = futures::join!(commits, deletions);
        assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
        // A commit after the deletion of the account belongs to the main account, and succeeds.
        assert!(committed.iter().all(Result::is_ok), "{committed:?}");
    }
}

/// Returns when a transaction waits for a lock.
pub(super) async fn somebody_waits(kit: &Kit) {
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity \
         WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(kit.two.reader()).await.unwrap() == 0 {}
}

/// A mount and a manifest with the same blob, into one repository, take their locks in the same order.
async fn a_mount_locks_the_repository_first(kit: &Kit) {
    if kit.one.engine() == Engine::Sqlite {
        return;
    }
    let place = kit.place().await;
    let source = kit.push_blob(&place, "source", "mounted base layer").await;
    let target = kit.push_blob(&place, "target", "something else").await.repository;
    let (digest, name) = (sha256(b"mounted base layer"), place.repository("target"));
    let mut other = kit.two.writer().begin().await.unwrap();
    let hold = sqlx::query("UPDATE repositories SET updated_at = updated_at WHERE id = $1").bind(target.get());
    hold.execute(&mut *other).await.unwrap();
    let act = act();
    let mount = kit.one.mount_blob(&act, source.repository, REGISTRY, place.namespace, &name, &digest, later(99));
    let meanwhile = async {
        somebody_waits(kit).await;
        let lock = "SELECT id FROM blobs WHERE id = $1 FOR UPDATE NOWAIT";
        let locked = sqlx::query(lock).bind(source.blob.id.get()).execute(&mut *other).await;
        other.rollback().await.unwrap();
        locked.map(drop)
    };
    let (mounted, locked) = futures::join!(mount, meanwhile);
    assert!(locked.is_ok(), "the mount waits for the repository and has locked the blob: {locked:?}");
    assert!(mounted.unwrap().is_some());
}
