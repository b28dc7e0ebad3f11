//! The behaviour of uploads in every metadata store.

use super::{Kit, NOW, REGISTRY, act, commit, later, sha256};
use crate::Error;
use crate::blob::BlobKey;
use crate::meta::{CommitBlob, Lease, MetaStore, NewUpload, UploadLease};
use roadstead_types::{AccountId, Algorithm, Hasher, RepositoryName, Thing, Timestamp, UploadId};

pub(super) async fn behave(kit: &Kit) {
    an_upload_keeps_its_state(kit).await;
    one_process_at_a_time_writes(kit).await;
    a_lease_that_ran_out_is_free(kit).await;
    a_commit_ends_the_upload(kit).await;
    expired_uploads_go_unless_leased(kit).await;
    known_uploads_are_told(kit).await;
    leases_are_released_at_the_start(kit).await;
}

pub(super) async fn start(
    kit: &Kit,
    account: AccountId,
    repository: &RepositoryName,
    expires_at: Timestamp,
) -> UploadId {
    let id = UploadId::random();
    let hash = Hasher::new(Algorithm::Sha512).save();
    let new = NewUpload { id, registry: REGISTRY, repository, account, hash, expires_at, now: NOW };
    kit.one.create_upload(&new).await.unwrap();
    id
}

async fn started(kit: &Kit) -> UploadId {
    let place = kit.place().await;
    start(kit, place.owner, &place.repository("app"), later(1000)).await
}

pub(super) async fn acquire(store: &MetaStore, id: UploadId, until: Timestamp, now: Timestamp) -> UploadLease {
    match store.lease_upload(id, until, now).await.unwrap() {
        Lease::Acquired(upload, lease) => {
            assert_eq!((upload.id, lease.upload()), (id, id));
            lease
        }
        other => panic!("{other:?}"),
    }
}

async fn an_upload_keeps_its_state(kit: &Kit) {
    let id = started(kit).await;
    let upload = kit.two.upload(id, NOW).await.unwrap().unwrap();
    assert_eq!((upload.hash.len, upload.leased, upload.created_at), (0, false, NOW));
    let mut hasher = Hasher::resume(&upload.hash).unwrap();
    hasher.update(&[7; 1000]);
    let lease = acquire(&kit.one, id, later(10), NOW).await;
    assert!(kit.two.upload(id, NOW).await.unwrap().unwrap().leased);
    kit.one.save_upload(&lease, &hasher.save(), later(2000)).await.unwrap();
    let upload = kit.two.upload(id, later(1)).await.unwrap().unwrap();
    assert_eq!((upload.hash.len, upload.leased, upload.expires_at), (1000, false, later(2000)));
    assert_eq!(Hasher::resume(&upload.hash).unwrap().finish(), hasher.finish());
    assert!(kit.two.upload(id, later(2000)).await.unwrap().is_none(), "expired");
    assert!(kit.one.count_uploads().await.unwrap() >= 1);
    assert!(!kit.one.delete_upload(&lease).await.unwrap(), "released");
    let lease = acquire(&kit.one, id, later(10), later(1)).await;
    assert!(kit.one.delete_upload(&lease).await.unwrap());
    assert!(!kit.one.delete_upload(&lease).await.unwrap());
    assert_eq!(kit.one.lease_upload(id, later(10), NOW).await.unwrap(), Lease::Gone);
}

async fn one_process_at_a_time_writes(kit: &Kit) {
    let id = started(kit).await;
    let attempts = (0..8).map(|number| {
        let store = if number % 2 == 0 { &kit.one } else { &kit.two };
        store.lease_upload(id, later(10), NOW)
    });
    let outcomes = futures::future::join_all(attempts).await;
    let acquired = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Lease::Acquired(..)))).count();
    let busy = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Lease::Busy))).count();
    assert_eq!((acquired, busy), (1, 7), "{outcomes:?}");
}

async fn a_lease_that_ran_out_is_free(kit: &Kit) {
    let id = started(kit).await;
    let hash = kit.one.upload(id, NOW).await.unwrap().unwrap().hash;
    let first = acquire(&kit.one, id, later(10), NOW).await;
    assert_eq!(kit.two.lease_upload(id, later(30), later(9)).await.unwrap(), Lease::Busy);
    assert!(kit.one.renew_upload_lease(&first, later(20)).await.unwrap());
    assert_eq!(kit.two.lease_upload(id, later(30), later(19)).await.unwrap(), Lease::Busy);
    // The next request may reach the same process.
    let second = acquire(&kit.one, id, later(30), later(20)).await;
    assert!(!kit.one.renew_upload_lease(&first, later(90)).await.unwrap(), "the first one has lost it");
    let saved = kit.one.save_upload(&first, &hash, later(2000)).await;
    assert!(matches!(saved, Err(Error::Stale(Thing::Upload))));
    assert!(!kit.one.delete_upload(&first).await.unwrap());
    kit.one.save_upload(&second, &hash, later(2000)).await.unwrap();
    let saved = kit.one.save_upload(&second, &hash, later(2000)).await;
    assert!(matches!(saved, Err(Error::Stale(_))), "it was released with the first save");
}

async fn a_commit_ends_the_upload(kit: &Kit) {
    let place = kit.place().await;
    let name = place.repository("app");
    let id = start(kit, place.owner, &name, later(1000)).await;
    let digest = sha256(b"uploaded");
    let key = BlobKey::fresh(&digest);
    let lost = acquire(&kit.one, id, later(1), NOW).await;
    let lease = acquire(&kit.one, id, later(10), later(1)).await;
    let commit = CommitBlob { upload: Some(&lease), ..commit(&place, &name, &digest, &key, 8) };
    let stale = |outcome: &crate::Result<_>| matches!(outcome, Err(Error::Stale(Thing::Upload)));
    let by_another = CommitBlob { upload: Some(&lost), ..commit };
    assert!(stale(&kit.one.commit_blob(&act(), &by_another).await), "somebody else holds the lease");
    let elsewhere = place.repository("other");
    assert!(stale(&kit.one.commit_blob(&act(), &CommitBlob { repository: &elsewhere, ..commit }).await));
    assert_eq!(kit.one.repository(REGISTRY, &name).await.unwrap(), None, "nothing has happened");
    kit.one.commit_blob(&act(), &commit).await.unwrap();
    assert!(kit.two.upload(id, NOW).await.unwrap().is_none());
    assert!(stale(&kit.one.commit_blob(&act(), &commit).await), "once");
}

async fn expired_uploads_go_unless_leased(kit: &Kit) {
    let place = kit.place().await;
    let name = place.repository("app");
    let mut ids = Vec::new();
    for seconds in [5, 6, 7] {
        ids.push(start(kit, place.owner, &name, later(seconds)).await);
    }
    acquire(&kit.one, ids[1], later(100), NOW).await;
    let listed = kit.two.expired_uploads(later(7), 100).await.unwrap();
    let mine: Vec<_> = listed.into_iter().filter(|id| ids.contains(id)).collect();
    assert_eq!(mine, [ids[0], ids[2]]);
    assert_eq!(kit.two.expired_uploads(later(7), 1).await.unwrap().len(), 1);
    assert!(!kit.two.delete_expired_upload(ids[1], later(7)).await.unwrap(), "leased");
    assert!(!kit.two.delete_expired_upload(ids[2], later(6)).await.unwrap(), "not expired");
    assert!(kit.two.delete_expired_upload(ids[2], later(7)).await.unwrap());
    assert!(kit.two.delete_expired_upload(ids[1], later(100)).await.unwrap());
    assert_eq!(kit.two.lease_upload(ids[0], later(50), later(5)).await.unwrap(), Lease::Gone, "expired");
}

async fn known_uploads_are_told(kit: &Kit) {
    let id = started(kit).await;
    for count in [0, 1, 2, 63, 64, 65, 129, 300] {
        let mut asked: Vec<UploadId> = (0..count).map(|_| UploadId::random()).collect();
        if let Some(last) = asked.last_mut() {
            *last = id;
        }
        let known = kit.two.known_uploads(&asked).await.unwrap();
        assert_eq!(known.into_iter().collect::<Vec<_>>(), if count == 0 { vec![] } else { vec![id] });
    }
}

async fn leases_are_released_at_the_start(kit: &Kit) {
    let id = started(kit).await;
    acquire(&kit.one, id, later(100), NOW).await;
    assert!(kit.two.release_all_upload_leases().await.unwrap() >= 1);
    assert_eq!(kit.two.release_all_upload_leases().await.unwrap(), 0);
    acquire(&kit.two, id, later(100), NOW).await;
}
