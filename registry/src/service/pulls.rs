//! How often repositories are pulled from.
//!
//! A pull is the GET of a manifest: by tag, or by digest unless an index of the repository has that manifest. So the image
//! that a client picks from an index is counted once, with the index; who names such an image by its digest alone is not
//! counted. HEAD is not counted, nor is an answer that the client's copy is up to date.
//!
//! Counts are kept in memory and written together every few seconds, and when the server stops. A process that is killed
//! loses those of the last seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roadstead_auth::{Access, Pull};
use roadstead_storage::types::{Reference, RepositoryId};

use super::manifests::CachedManifest;
use super::{Foundation, Result};

const SHARDS: usize = 64;
/// Repositories that one shard counts for between two writes; others are not counted.
const MAX_REPOSITORIES: usize = 2048;

/// Counts that were not written yet.
struct Counts {
    shards: Vec<Mutex<HashMap<RepositoryId, u64>>>,
}

impl Counts {
    fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    fn add(&self, repository: RepositoryId, count: u64) {
        let index = usize::try_from(repository.get().unsigned_abs() % SHARDS as u64).unwrap_or(0);
        let mut shard = lock(&self.shards[index]);
        if let Some(known) = shard.get_mut(&repository) {
            *known = known.saturating_add(count);
        } else if shard.len() < MAX_REPOSITORIES {
            shard.insert(repository, count);
        }
    }

    fn take(&self) -> Vec<(RepositoryId, u64)> {
        self.shards.iter().flat_map(|shard| std::mem::take(&mut *lock(shard))).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts of pulls. See the source of this module for what is a pull.
#[derive(Clone)]
pub struct PullService {
    base: Arc<Foundation>,
    counts: Arc<Counts>,
}

impl PullService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base, counts: Arc::new(Counts::new()) }
    }

    /// Counts that a manifest was given to a client that asked for `reference`.
    pub fn count(&self, access: &Access<Pull>, reference: &Reference, manifest: &CachedManifest) {
        if matches!(reference, Reference::Digest(_)) && manifest.is_child() {
            return;
        }
        if let Some(repository) = access.repository_id() {
            self.counts.add(repository, 1);
        }
    }

    /// Writes down what was counted. What cannot be written is kept for the next time.
    pub async fn flush(&self) -> Result<()> {
        let counts = self.counts.take();
        if counts.is_empty() {
            return Ok(());
        }
        let written = self.base.meta.add_pulls(&counts).await;
        if written.is_err() {
            for (repository, count) in counts {
                self.counts.add(repository, count);
            }
        }
        Ok(written?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
