//! Caches of rows and secrets between requests, and the rules that say when a cached row is no longer trusted.
//!
//! Rows (accounts, namespaces, repositories) are kept in epoch caches. So a slow reader cannot put back a row that a
//! writer of this process has changed. Changes by other processes move the counter of changes. While the counter
//! stands still, rows are confirmed. When it moves, the rows that a change concerns are dropped. When it cannot be
//! read, rows expire.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use aws_lc_rs::hmac;
use quick_cache::sync::Cache;
use roadstead_storage::cache::EpochCache;
use roadstead_storage::meta::{InstanceToken, ProviderVersion, RoleVersion, Scope};
use roadstead_types::{
    AccountId, Clock, InstanceName, ProviderId, RegistryId, RepositoryName, RoleId, SecretId, Timestamp,
};

use crate::compiled::{Compiled, Principal, RoutineCache};
use crate::known::{Cached, KnownAccount, KnownKey, KnownNamespace, KnownPassword, KnownRepository, OpenedToken};
use crate::random;
use crate::token::VerifiedToken;

/// How long a row is trusted after it was read, or after the last successful call of
/// [`Auth::poll_changes`](crate::Auth::poll_changes).
pub const LEASE: Duration = Duration::from_secs(3);

/// How often the caches of [`Auth`](crate::Auth) had an answer, since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CacheStats {
    /// Tokens that had been verified before.
    pub token_hits: u64,
    /// Tokens whose signature had to be verified.
    pub token_misses: u64,
    /// Passwords that were recognised.
    pub password_hits: u64,
    /// Passwords that had to be hashed.
    pub password_misses: u64,
    /// Repositories whose rows were remembered.
    pub repository_hits: u64,
    /// Repositories whose rows had to be read.
    pub repository_misses: u64,
    /// Rows of any kind (accounts, keys, policies, namespaces, repositories) that were remembered.
    pub row_hits: u64,
    /// Rows of any kind that had to be read.
    pub row_misses: u64,
}

/// A keyed hash that stands for a secret in a cache. So memory holds no passwords or tokens in plain text, and nobody
/// can choose a slot of the cache.
pub(crate) type SecretKey = [u8; 32];

#[derive(Default)]
pub(crate) struct Counters {
    pub hits: AtomicU64,
    pub misses: AtomicU64,
}

impl Counters {
    pub(crate) fn count(&self, hit: bool) {
        let counter = if hit { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }
}

pub(crate) struct Caches {
    clock: Arc<dyn Clock>,
    hash_key: hmac::Key,
    /// When rows were last confirmed by a look at the counter of changes.
    confirmed: AtomicI64,
    pub accounts: EpochCache<AccountId, Cached<KnownAccount>>,
    /// Namespaces. Missing ones are cached too.
    pub namespaces: EpochCache<(RegistryId, String), Cached<Option<KnownNamespace>>>,
    /// Repositories and places for one. Missing ones are cached too: making a repository moves a counter.
    pub places: EpochCache<(RegistryId, RepositoryName), Cached<Option<KnownRepository>>>,
    /// Compiled policies, by main account and principal.
    pub documents: EpochCache<(AccountId, Principal), Cached<Arc<Compiled>>>,
    pub routine: RoutineCache,
    pub roles: EpochCache<RoleId, Cached<RoleVersion>>,
    pub providers: EpochCache<ProviderId, Cached<ProviderVersion>>,
    /// The public names of registries, which never change.
    pub registries: EpochCache<RegistryId, Arc<str>>,
    /// Opened tokens of temporary keys.
    pub temporary: Cache<SecretKey, Arc<OpenedToken>>,
    pub keys: EpochCache<SecretId, Cached<Arc<KnownKey>>>,
    /// Keys that existed when they were last looked up. They are looked up again even if somebody guesses keys from
    /// the same address: these are not guesses.
    pub met_keys: Cache<SecretId, ()>,
    /// The registry of each instance name; `None` if there is no such instance.
    pub instances: EpochCache<InstanceName, Cached<Option<RegistryId>>>,
    pub instance_tokens: EpochCache<i64, Cached<Arc<InstanceToken>>>,
    /// Long-term tokens that existed when a client sent them. They are looked up again without the limit on guesses.
    pub met_tokens: Cache<i64, ()>,
    pub tokens: Cache<SecretKey, Arc<VerifiedToken>>,
    pub passwords: Cache<SecretKey, KnownPassword>,
    pub token_counters: Counters,
    pub password_counters: Counters,
    pub place_counters: Counters,
    pub row_counters: Counters,
}

impl Caches {
    pub(crate) fn new(tokens: usize, repositories: usize, clock: Arc<dyn Clock>) -> Self {
        let (tokens, repositories) = (tokens.max(16), repositories.max(16));
        Self {
            clock,
            hash_key: hmac::Key::new(hmac::HMAC_SHA256, &random::bytes::<32>()),
            confirmed: AtomicI64::new(i64::MIN),
            accounts: EpochCache::new(tokens),
            namespaces: EpochCache::new(repositories),
            places: EpochCache::new(repositories),
            // This also limits the number of cached policies, however many one principal has.
            documents: EpochCache::weighted(tokens, tokens as u64, |read| {
                1 + read.value.documents.identity.len() as u64
            }),
            routine: Cache::new(repositories),
            roles: EpochCache::new(tokens),
            providers: EpochCache::new(tokens),
            registries: EpochCache::new(repositories),
            temporary: Cache::new(tokens),
            keys: EpochCache::new(tokens),
            met_keys: Cache::new(tokens),
            instances: EpochCache::new(repositories),
            instance_tokens: EpochCache::new(tokens),
            met_tokens: Cache::new(tokens),
            tokens: Cache::new(tokens),
            passwords: Cache::new(tokens),
            token_counters: Counters::default(),
            password_counters: Counters::default(),
            place_counters: Counters::default(),
            row_counters: Counters::default(),
        }
    }

    /// Returns the key of `parts`. Other parts have another key.
    pub(crate) fn secret_key(&self, parts: &[&str]) -> SecretKey {
        let mut context = hmac::Context::with_key(&self.hash_key);
        for part in parts {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part.as_bytes());
        }
        let mut key = SecretKey::default();
        key.copy_from_slice(context.sign().as_ref());
        key
    }

    /// Tells whether a row that was read at `at` is still trusted. If the clock was set back, it is not.
    pub(crate) fn believed(&self, at: Timestamp) -> bool {
        let confirmed = Timestamp::from_millis(self.confirmed.load(Ordering::Acquire));
        let since = at.max(confirmed);
        let now = self.clock.now();
        since <= now && now <= since.after(LEASE)
    }

    /// Confirms all rows as of `at`: everything that had changed by then has been dropped.
    pub(crate) fn confirm(&self, at: Timestamp) {
        self.confirmed.store(at.as_millis(), Ordering::Release);
    }

    /// Forgets the rows that a change concerns, and nothing else.
    pub(crate) fn forget(&self, scope: &Scope) {
        match scope {
            Scope::System => self.clear_rows(),
            Scope::Account(id) => self.forget_account(*id),
            Scope::Registry(id) => self.forget_registry(*id),
            Scope::Namespace(registry, name) => {
                self.namespaces.invalidate(&(*registry, name.as_str().to_owned()));
                // Places are built from namespaces, so namespaces are dropped first.
                self.places.retain(|(of, place), _| of != registry || place.namespace() != name.as_str());
            }
            Scope::Repository(registry, name) => self.places.invalidate(&(*registry, name.clone())),
        }
    }

    /// Forgets an account. With a main account go its sub-accounts, policies, roles, providers and keys.
    fn forget_account(&self, id: AccountId) {
        self.accounts.retain(|_, known| known.value.identity.account != id && known.value.identity.owner != id);
        self.documents.retain(|(owner, principal), _| *owner != id && *principal != Principal::User(id));
        self.roles.retain(|_, role| role.value.owner != id);
        self.providers.retain(|_, provider| provider.value.owner != id);
        self.keys.retain(|_, key| key.value.account != id && key.value.owner != id);
        self.instance_tokens.retain(|_, token| token.value.account != id);
    }

    /// Forgets a registry and everything in it. It also forgets all names without an instance: one of them may now
    /// have one.
    fn forget_registry(&self, id: RegistryId) {
        self.instances.retain(|_, found| found.value.is_some_and(|registry| registry != id));
        self.instance_tokens.retain(|_, token| token.value.registry != id);
        self.namespaces.retain(|(registry, _), _| *registry != id);
        self.places.retain(|(registry, _), _| *registry != id);
    }

    /// Forgets every row. Tokens and passwords stay, because the rows that they refer to are read again.
    pub(crate) fn clear_rows(&self) {
        self.accounts.clear();
        self.documents.clear();
        self.roles.clear();
        self.providers.clear();
        self.keys.clear();
        self.instances.clear();
        self.instance_tokens.clear();
        // Places are built from namespaces, so these are dropped first. A reader that took a namespace before this
        // line cannot keep its place after the next.
        self.namespaces.clear();
        self.places.clear();
    }

    /// Returns the row of `key`, from memory if it is still trusted, else from `load`. Also tells whether it was in
    /// memory.
    pub(crate) async fn row<K, V, E>(
        &self,
        cache: &EpochCache<K, Cached<V>>,
        key: K,
        load: impl AsyncFnOnce(Timestamp) -> Result<Option<Cached<V>>, E>,
    ) -> Result<(Option<Cached<V>>, bool), E>
    where
        K: Hash + Eq + Clone,
        V: Clone,
    {
        match cache.get(&key) {
            Some(found) if self.believed(found.at) => {
                self.row_counters.count(true);
                return Ok((Some(found), true));
            }
            Some(_) => cache.invalidate(&key),
            None => {}
        }
        self.row_counters.count(false);
        let now = self.clock.now();
        Ok((cache.get_or_load(key, async || load(now).await).await?, false))
    }

    pub(crate) fn stats(&self) -> CacheStats {
        let (token_hits, token_misses) = self.token_counters.get();
        let (password_hits, password_misses) = self.password_counters.get();
        let (repository_hits, repository_misses) = self.place_counters.get();
        let (row_hits, row_misses) = self.row_counters.get();
        CacheStats {
            token_hits,
            token_misses,
            password_hits,
            password_misses,
            repository_hits,
            repository_misses,
            row_hits,
            row_misses,
        }
    }
}

#[cfg(test)]
mod tests {
    use roadstead_storage::meta::Repository;
    use roadstead_types::{ManualClock, NamespaceId, RepositoryId};

    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn caches() -> (Caches, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(START));
        (Caches::new(100, 100, clock.clone()), clock)
    }

    fn namespace(id: i64, owner: i64) -> KnownNamespace {
        let (id, owner) = (NamespaceId::new(id), AccountId::new(owner));
        KnownNamespace { id, owner, since: START, tags: Arc::default() }
    }

    fn key() -> (RegistryId, String) {
        (RegistryId::PERSONAL, "team".to_owned())
    }

    async fn owner(caches: &Caches, load: i64) -> i64 {
        let load = async |at| Ok::<_, ()>(Some(Cached { value: Some(namespace(1, load)), at }));
        let (found, _) = caches.row(&caches.namespaces, key(), load).await.unwrap();
        found.and_then(|read| read.value).unwrap().owner.get()
    }

    #[tokio::test]
    async fn rows_run_out_unless_they_are_confirmed() {
        let (caches, clock) = caches();
        assert_eq!(owner(&caches, 1).await, 1);
        clock.advance(LEASE);
        assert_eq!(owner(&caches, 2).await, 1, "still believed");
        caches.confirm(clock.now());
        clock.advance(LEASE);
        assert_eq!(owner(&caches, 3).await, 1, "confirmed");
        clock.advance(Duration::from_millis(1));
        assert_eq!(owner(&caches, 4).await, 4, "run out");
        assert_eq!(owner(&caches, 5).await, 4, "and kept again");
    }

    #[tokio::test]
    async fn a_slow_reader_does_not_keep_what_was_cleared() {
        let (caches, _) = caches();
        let load = async |at| {
            // Between the read of the row and its return, another process takes over the namespace, and this one
            // notices it.
            let found = Cached { value: Some(namespace(1, 1)), at };
            caches.clear_rows();
            Ok::<_, ()>(Some(found))
        };
        let (found, _) = caches.row(&caches.namespaces, key(), load).await.unwrap();
        let owner_then = found.and_then(|read| read.value).unwrap().owner;
        assert_eq!(owner_then, AccountId::new(1), "what the reader itself saw");
        assert_eq!(owner(&caches, 2).await, 2, "nobody after it");
    }

    #[test]
    fn secrets_have_keys_of_their_own() {
        let (caches, _) = caches();
        assert_eq!(caches.secret_key(&["a", "bc"]), caches.secret_key(&["a", "bc"]));
        assert_ne!(caches.secret_key(&["a", "bc"]), caches.secret_key(&["ab", "c"]));
        let (others, _) = super::tests::caches();
        assert_ne!(caches.secret_key(&["a", "bc"]), others.secret_key(&["a", "bc"]));
    }

    #[test]
    fn a_place_is_in_its_namespace() {
        let repository = Repository {
            id: RepositoryId::new(7),
            registry: RegistryId::PERSONAL,
            namespace: NamespaceId::new(2),
            name: "team/app".parse().unwrap(),
            public: true,
            created_at: START,
            updated_at: START,
        };
        assert!(KnownRepository::of(namespace(1, 1), Some(&repository)).is_none());
        assert!(KnownRepository::of(namespace(2, 1), Some(&repository)).is_some());
        assert!(KnownRepository::of(namespace(1, 1), None).is_some());
    }
}
