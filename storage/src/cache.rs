//! A bounded cache in front of a store. It never keeps a row that a writer has just changed.
//!
//! The danger of such caches is the slow reader: it reads the old row, a writer changes the row and removes the
//! entry, and then the reader puts the old row in. Here every key belongs to a shard with an *epoch*. A reader notes
//! the epoch before it asks the store, and its value is kept only if the epoch is still the same. A writer raises the
//! epoch after its commit. Both happen under the lock of the shard (`docs/adr/0005`).

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

const SHARDS: usize = 64;

/// Returns the weight of an entry.
type Weigh<V> = fn(&V) -> u64;

#[derive(Clone)]
struct ByFunction<V>(Weigh<V>);

impl<K, V> Weighter<K, V> for ByFunction<V> {
    fn weight(&self, _: &K, value: &V) -> u64 {
        (self.0)(value)
    }
}

/// See the [module](self).
pub struct EpochCache<K, V> {
    entries: Cache<K, V, ByFunction<V>>,
    epochs: Vec<Mutex<u64>>,
    hasher: RandomState,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl<K: Hash + Eq + Clone, V: Clone> EpochCache<K, V> {
    /// Makes a cache of at most about `entries` entries.
    pub fn new(entries: usize) -> Self {
        Self::weighted(entries, entries as u64, |_| 1)
    }

    /// Makes a cache of about `entries` entries with a total weight of at most `capacity`.
    pub fn weighted(entries: usize, capacity: u64, weigh: Weigh<V>) -> Self {
        Self {
            entries: Cache::with_weighter(entries, capacity, ByFunction(weigh)),
            epochs: (0..SHARDS).map(|_| Mutex::new(0)).collect(),
            hasher: RandomState::new(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    fn epoch(&self, key: &K) -> &Mutex<u64> {
        // The result is below SHARDS, the number of epochs.
        let shard = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        &self.epochs[shard]
    }

    /// Returns the cached value of `key`, if any.
    pub fn get(&self, key: &K) -> Option<V> {
        self.entries.get(key)
    }

    /// Returns the cached value of `key`, or else the result of `load`, and caches that. A missing value is not
    /// cached.
    pub async fn get_or_load<E>(
        &self,
        key: K,
        load: impl AsyncFnOnce() -> Result<Option<V>, E>,
    ) -> Result<Option<V>, E> {
        if let Some(found) = self.get(&key) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(Some(found));
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        let before = *self.epoch(&key).lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = load().await?;
        if let Some(value) = &loaded {
            let epoch = self.epoch(&key).lock().unwrap_or_else(PoisonError::into_inner);
            if *epoch == before {
                self.entries.insert(key, value.clone());
            }
        }
        Ok(loaded)
    }

    /// Returns how often [`Self::get_or_load`] had an answer, and how often it had to load, since the start.
    pub fn lookups(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }

    /// Forgets `key`, and stops reads in progress from caching their results. Call it after the commit.
    pub fn invalidate(&self, key: &K) {
        let mut epoch = self.epoch(key).lock().unwrap_or_else(PoisonError::into_inner);
        *epoch += 1;
        self.entries.remove(key);
    }

    /// Forgets the entries that `keep` rejects. Reads in progress do not cache their results either.
    pub fn retain(&self, keep: impl Fn(&K, &V) -> bool) {
        for epoch in &self.epochs {
            *epoch.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
        self.entries.retain(keep);
    }

    /// Forgets everything. Reads in progress do not cache their results either.
    pub fn clear(&self) {
        for epoch in &self.epochs {
            *epoch.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_reader_does_not_keep_what_a_writer_made_untrue() {
        let cache: EpochCache<&str, u32> = EpochCache::new(10);
        let loaded = cache
            .get_or_load("key", async || {
                // The row changes after it was read and before it is kept.
                cache.invalidate(&"key");
                Ok::<_, ()>(Some(1))
            })
            .await;
        assert_eq!(loaded, Ok(Some(1)));
        assert_eq!(cache.get(&"key"), None);
        let loaded = cache.get_or_load("key", async || Ok::<_, ()>(Some(2))).await;
        assert_eq!((loaded, cache.get(&"key")), (Ok(Some(2)), Some(2)));
    }

    #[tokio::test]
    async fn what_is_retained_stays_and_readers_under_way_keep_nothing() {
        let cache: EpochCache<u32, u32> = EpochCache::new(10);
        for key in [1, 2, 3] {
            cache.get_or_load(key, async || Ok::<_, ()>(Some(key * 10))).await.unwrap();
        }
        let load = async || {
            cache.retain(|key, value| *key != 2 && *value != 30);
            Ok::<_, ()>(Some(40))
        };
        assert_eq!(cache.get_or_load(4, load).await, Ok(Some(40)));
        assert_eq!([1, 2, 3, 4].map(|key| cache.get(&key)), [Some(10), None, None, None]);
    }

    #[tokio::test]
    async fn clearing_reaches_readers_under_way() {
        let cache: EpochCache<&str, u32> = EpochCache::new(10);
        let load = async || {
            cache.clear();
            Ok::<_, ()>(Some(1))
        };
        assert_eq!(cache.get_or_load("key", load).await, Ok(Some(1)));
        assert_eq!(cache.get(&"key"), None);
    }
}
