//! Counts how often repositories are pulled from.
//!
//! A pull is a GET of a manifest, by tag or by digest. A GET by digest does not count if an index of the repository
//! refers to that manifest: a client that picks an image from an index is counted once, with the index. A client that
//! asks for such an image only by its digest is not counted. HEAD requests and "not modified" answers do not count.
//!
//! Counts are kept in memory and written together every few seconds, and when the server stops. A killed process loses
//! the counts of its last seconds.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roadstead_auth::{Access, Pull};
use roadstead_storage::meta::MetaStore;
use roadstead_types::{Reference, RepositoryId, Timestamp};

use super::cache::CachedManifest;
use super::{Foundation, Result};

const SHARDS: usize = 64;
/// The most repositories that one shard counts between two writes. Pulls from further repositories are not counted.
const MAX_REPOSITORIES: usize = 2048;
/// The number of repositories whose counts are written in one transaction.
const PART: usize = 1024;

/// Counts that are not yet in the database.
struct Counts {
    shards: Vec<Mutex<HashMap<RepositoryId, u64>>>,
    /// The sum of all counts, including those that are being written.
    unwritten: AtomicU64,
    /// Only one task writes at a time. A second one waits, because the write of the first one can still fail and put
    /// its counts back.
    writing: tokio::sync::Mutex<()>,
}

/// Counts that are being written. Dropping this puts unwritten counts back.
struct Taken<'a> {
    from: &'a Counts,
    list: Vec<(RepositoryId, u64)>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        for (repository, count) in self.list.drain(..) {
            if !self.from.put(repository, count) {
                self.from.unwritten.fetch_sub(count, Ordering::Relaxed);
            }
        }
    }
}

impl Counts {
    fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            unwritten: AtomicU64::new(0),
            writing: tokio::sync::Mutex::default(),
        }
    }

    fn add(&self, repository: RepositoryId, count: u64) {
        if self.put(repository, count) {
            self.unwritten.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Adds to a count. Returns whether there was room for it.
    fn put(&self, repository: RepositoryId, count: u64) -> bool {
        let index = usize::try_from(repository.get().unsigned_abs() % SHARDS as u64).unwrap_or(0);
        let mut shard = lock(&self.shards[index]);
        if let Some(known) = shard.get_mut(&repository) {
            *known = known.saturating_add(count);
        } else if shard.len() < MAX_REPOSITORIES {
            shard.insert(repository, count);
        } else {
            return false;
        }
        true
    }

    fn take(&self) -> Vec<(RepositoryId, u64)> {
        self.shards.iter().flat_map(|shard| std::mem::take(&mut *lock(shard))).collect()
    }

    async fn write(&self, meta: &MetaStore, now: Timestamp) -> Result<()> {
        let _one_at_a_time = self.writing.lock().await;
        let mut taken = Taken { from: self, list: self.take() };
        while !taken.list.is_empty() {
            let rest = taken.list.len().saturating_sub(PART);
            meta.add_pulls(&taken.list[rest..], now).await?;
            let written = taken.list.drain(rest..).map(|(_, count)| count).sum();
            self.unwritten.fetch_sub(written, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The service that counts pulls.
#[derive(Clone)]
pub struct PullService {
    base: Arc<Foundation>,
    counts: Arc<Counts>,
}

impl PullService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base, counts: Arc::new(Counts::new()) }
    }

    /// Counts a manifest that was sent to a client that asked for `reference`.
    pub fn count(&self, access: &Access<Pull>, reference: &Reference, manifest: &CachedManifest) {
        if matches!(reference, Reference::Digest(_)) && manifest.is_child() {
            return;
        }
        if let Some(repository) = access.repository_id() {
            self.counts.add(repository, 1);
        }
    }

    /// Returns the number of counted pulls that are not yet in the database.
    pub fn unwritten(&self) -> u64 {
        self.counts.unwritten.load(Ordering::Relaxed)
    }

    /// Writes all pulls that were counted before the call. Counts that cannot be written are kept for the next call.
    pub async fn flush(&self) -> Result<()> {
        self.counts.write(&self.base.meta, self.base.clock.now()).await
    }
}

#[cfg(test)]
mod tests {
    use futures::poll;
    use roadstead_storage::meta::{Act, NewAccount, NewRepository};
    use roadstead_storage::testkit::{self, TestDatabase};
    use roadstead_types::{AccountId, ManualClock, RegistryId, Uin};

    use super::*;

    const NAME: &str = "team/app";
    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn act() -> Act {
        testkit::act(Arc::new(ManualClock::new(NOW)))
    }

    async fn repository(meta: &MetaStore) -> RepositoryId {
        let uin = Uin::from_number(Uin::MIN).unwrap();
        let owner = NewAccount::new(&uin, "owner");
        let owner = meta.create_account(&act(), &owner).await.unwrap().id;
        let registry = RegistryId::PERSONAL;
        meta.create_namespace(&act(), registry, &"team".parse().unwrap(), owner).await.unwrap();
        let name = NAME.parse().unwrap();
        let new = NewRepository { registry, name: &name, owner, creator: &uin, public: true, description: "" };
        meta.add_repository(&act(), &new).await.unwrap().id
    }

    #[tokio::test]
    async fn who_writes_last_waits_for_who_writes_already() {
        let database = TestDatabase::any().await;
        let meta = database.open("one").await;
        let (id, counts) = (repository(&meta).await, Counts::new());
        counts.add(id, 20);
        let held = database.hold_writes().await;
        let mut first = Box::pin(counts.write(&meta, NOW));
        assert!(poll!(&mut first).is_pending());
        counts.add(id, 1);
        let mut last = Box::pin(counts.write(&meta, NOW));
        assert!(poll!(&mut last).is_pending(), "it says that all is written");
        // Dropping an unfinished write loses no counts.
        drop(first);
        assert!(poll!(&mut last).is_pending());
        held.release().await;
        assert_eq!(counts.unwritten.load(Ordering::Relaxed), 21);
        last.await.unwrap();
        assert_eq!(counts.unwritten.load(Ordering::Relaxed), 0);
        let detail = meta
            .repository_detail(RegistryId::PERSONAL, &NAME.parse().unwrap(), AccountId::new(0), AccountId::new(0))
            .await;
        assert_eq!(detail.unwrap().unwrap().pull_count, 21);
        assert!(counts.take().is_empty());
    }

    #[test]
    fn counts_are_bounded_and_taken_once() {
        let counts = Counts::new();
        for number in 0..10 {
            counts.add(RepositoryId::new(number % 3), 1);
        }
        let mut taken = counts.take();
        taken.sort_unstable();
        let ids = [0, 1, 2].map(RepositoryId::new);
        assert_eq!(taken, [(ids[0], 4), (ids[1], 3), (ids[2], 3)]);
        assert!(counts.take().is_empty());
        let most = i64::try_from(SHARDS * MAX_REPOSITORIES).unwrap();
        for number in 0..most + 1000 {
            counts.add(RepositoryId::new(number), u64::MAX);
            counts.add(RepositoryId::new(number), 1);
        }
        let taken = counts.take();
        assert_eq!(taken.len(), SHARDS * MAX_REPOSITORIES);
        assert!(taken.iter().all(|&(_, count)| count == u64::MAX));
    }
}
