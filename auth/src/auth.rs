//! The whole of authentication and authorization, for a server.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roadstead_storage::meta::{Change, ChangeCounters, Changes, Made, MetaStore, Scope};
use roadstead_types::{Clock, RegistryId, RepositoryName, SecretId, Timestamp};
use tokio::sync::Mutex;

use crate::accounts::Accounts;
use crate::cache::{CacheStats, Caches};
use crate::changes::OwnRepositories;
use crate::compiled::Compiled;
use crate::doubt::Doubt;
use crate::error::Result;
use crate::failures::Failures;
use crate::keys::Keys;
use crate::params::AuthParams;
use crate::password::PasswordHasher;
use crate::seal::Sealer;
use crate::throttle::Throttle;
use crate::web_identity::known::WebIdentities;

/// The context in which texts are hidden.
const HIDDEN_TEXT: &str = "hidden text";

/// What [`Auth::poll_changes`] has found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct News {
    /// Whether anything has changed.
    pub changed: bool,
    /// The number of the last change that was acted on.
    pub number: i64,
    /// Whether everything was forgotten, because that was too much, or concerned everything.
    pub everything: bool,
}

/// Authentication, authorization and tokens, with the caches that they share. Cheap to clone.
///
/// Call [`Auth::poll_changes`] about every 300 ms and [`Auth::maintain`] about once a minute for as long as it is used.
#[derive(Clone)]
pub struct Auth {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub meta: MetaStore,
    pub params: AuthParams,
    pub clock: Arc<dyn Clock>,
    pub caches: Caches,
    pub passwords: PasswordHasher,
    pub throttle: Throttle,
    /// Signatures that were not good.
    pub failures: Failures,
    pub web_identities: WebIdentities,
    /// Long-term tokens that there are not.
    pub instance_tokens: Doubt,
    /// When keys were last used, as far as that has not been written down.
    pub key_uses: StdMutex<HashMap<SecretId, Timestamp>>,
    pub keys: Keys,
    pub sealer: Sealer,
    /// The policies of main accounts.
    pub root: Arc<Compiled>,
    /// The counters of changes when they were last read.
    changes: Mutex<ChangeCounters>,
    own_repositories: OwnRepositories,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Auth")
    }
}

impl Auth {
    /// Loads the key that signs tokens, or makes the first one. The schema of `meta` must be up to date.
    ///
    /// # Errors
    /// `Sealed` when the key was sealed with another master key than that of `sealer`, `Argon2` when those parameters
    /// are out of range, `Storage` when the store fails.
    pub async fn open(meta: MetaStore, params: AuthParams, sealer: Sealer, clock: Arc<dyn Clock>) -> Result<Self> {
        let changes = meta.change_counters().await?;
        let longest_token = params.token_lifetime.saturating_add(params.leeway.saturating_mul(2));
        let rotation = params.signing_key_rotation;
        let keys = Keys::open(meta.clone(), sealer.clone(), Arc::clone(&clock), rotation, longest_token).await?;
        let inner = Inner {
            caches: Caches::new(params.token_cache_entries, params.repository_cache_entries, Arc::clone(&clock)),
            passwords: PasswordHasher::for_verifying(params.argon2).await?,
            throttle: Throttle::new(
                params.login_attempts_per_minute,
                params.login_attempts_per_address_per_minute,
                Arc::clone(&clock),
            ),
            failures: Failures::new(params.login_attempts_per_address_per_minute),
            web_identities: WebIdentities::new(params.login_attempts_per_address_per_minute),
            instance_tokens: Doubt::new(params.login_attempts_per_address_per_minute),
            key_uses: StdMutex::default(),
            changes: Mutex::new(changes),
            root: Compiled::root(&params.region),
            own_repositories: OwnRepositories::default(),
            meta,
            params,
            clock,
            keys,
            sealer,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What makes accounts and access keys, and sets passwords, with the means that sign-ins have: all of them together
    /// hash only so many passwords at once. Call [`Auth::changed`] after a change.
    pub fn accounts(&self) -> Accounts {
        let Inner { meta, passwords, sealer, clock, .. } = &*self.inner;
        Accounts::sharing(meta.clone(), passwords.clone(), sealer.clone(), Arc::clone(clock))
    }

    /// The public keys that verify tokens, as a JSON Web Key Set (RFC 7517, section 5).
    pub fn jwks(&self) -> serde_json::Value {
        self.inner.keys.jwks()
    }

    /// How long a token is good for.
    pub fn token_lifetime(&self) -> Duration {
        self.inner.params.token_lifetime
    }

    /// Call it after the commit that made or deleted a repository, or changed its visibility.
    pub fn repository_changed(&self, registry: RegistryId, name: &RepositoryName) {
        self.inner.caches.places.invalidate(&(registry, name.clone()));
    }

    /// Call it after the commit that made a repository: so [`Auth::poll_changes`] knows that this process has been told.
    pub fn repository_made(&self, registry: RegistryId, name: &RepositoryName, made: &Made) {
        self.repository_changed(registry, name);
        if let Some(number) = made.number() {
            self.inner.own_repositories.add(number);
        }
    }

    /// Call it after the commit of a change of this process, with what the change concerns. After a write that changed nothing
    /// for sure ([`leaves_open`](roadstead_storage::Error::leaves_open) says so of errors) nothing is to be forgotten.
    pub fn changed(&self, scope: &Scope) {
        self.inner.caches.forget(scope);
    }

    /// Forgets every row: for tests and tools that change the database behind the back of this process.
    pub fn invalidate_all(&self) {
        self.inner.caches.clear_rows();
    }

    /// Looks whether another process has changed an account, an instance, a namespace, the visibility of a repository, or
    /// deleted one, and forgets what these changes concern. Where repositories were made that [`Auth::repository_made`] did
    /// not tell of, only what is known of repositories is forgotten. Call it about every 300 ms: rows are believed for
    /// [`LEASE`](crate::LEASE) after the last call that succeeded.
    ///
    /// # Errors
    /// `Storage` when the log of changes cannot be read.
    pub async fn poll_changes(&self) -> Result<News> {
        let inner = &self.inner;
        let mut seen = inner.changes.lock().await;
        // Taken before the counters are read: what is confirmed, is confirmed as of then.
        let now = inner.clock.now();
        let counters = inner.meta.change_counters().await?;
        let mut news = News { changed: counters.changes != seen.changes, number: seen.changes, everything: false };
        if news.changed {
            let (number, list) = match inner.meta.changes_since(seen.changes).await? {
                Changes::Known { number, list } => (number, list),
                Changes::TooMany { number } => (number, vec![Change { number, scope: Scope::System }]),
            };
            news.everything = list.iter().any(|change| change.scope == Scope::System);
            list.iter().for_each(|change| inner.caches.forget(&change.scope));
            (seen.changes, news.number) = (number, number);
        }
        if !inner.own_repositories.explain(seen.repositories_made, counters.repositories_made) {
            inner.caches.places.clear();
        }
        seen.repositories_made = counters.repositories_made;
        inner.caches.confirm(now);
        Ok(news)
    }

    /// Replaces the signing key if it is old, reads the keys that other replicas made, and deletes what has expired. Call
    /// it about once a minute.
    ///
    /// # Errors
    /// `Storage` when the store fails; then the next call does it.
    pub async fn maintain(&self) -> Result<()> {
        let inner = &self.inner;
        inner.throttle.forget_idle();
        inner.keys.maintain().await?;
        inner.meta.delete_expired_refresh_tokens(inner.clock.now()).await?;
        self.record_key_uses().await
    }

    /// Writes down when access keys were last used, as far as this process knows. [`Auth::maintain`] does it too.
    ///
    /// # Errors
    /// `Storage` when the store fails; then the next call does it.
    pub async fn record_key_uses(&self) -> Result<()> {
        let uses = || self.inner.key_uses.lock().unwrap_or_else(PoisonError::into_inner);
        let written: HashMap<SecretId, Timestamp> = uses().clone();
        let list: Vec<(SecretId, Timestamp)> = written.iter().map(|(id, at)| (id.clone(), *at)).collect();
        self.inner.meta.record_key_uses(&list).await?;
        // Only now: who calls this meanwhile, before the process ends, must not find them gone. Twice does no harm.
        uses().retain(|id, at| written.get(id) != Some(at));
        Ok(())
    }

    /// Of how many access keys it is not written down yet when they were last used.
    pub fn unwritten_key_uses(&self) -> usize {
        self.inner.key_uses.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// A text that goes to a client who must not read it, and comes back: it is sealed. `None` when the library refuses,
    /// which it does not.
    pub fn hide(&self, text: &str) -> Option<String> {
        Some(URL_SAFE_NO_PAD.encode(self.inner.sealer.seal(HIDDEN_TEXT, text.as_bytes()).ok()?))
    }

    /// The text that [`Auth::hide`] gave this for.
    pub fn reveal(&self, hidden: &str) -> Option<String> {
        let text = self.inner.sealer.open(HIDDEN_TEXT, &URL_SAFE_NO_PAD.decode(hidden).ok()?).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }

    /// How often the caches had an answer.
    pub fn cache_stats(&self) -> CacheStats {
        self.inner.caches.stats()
    }
}
