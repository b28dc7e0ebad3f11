//! Authentication and authorization of a server, in one handle.

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

/// The context in which [`Auth::hide`] seals texts.
const HIDDEN_TEXT: &str = "hidden text";

/// The result of [`Auth::poll_changes`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct News {
    /// Whether anything has changed.
    pub changed: bool,
    /// The number of the last change that was handled.
    pub number: i64,
    /// Whether all rows were forgotten, because there were too many changes or one concerned everything.
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
    /// Counts bad signatures by network.
    pub failures: Failures,
    pub web_identities: WebIdentities,
    /// Counts guesses of long-term tokens.
    pub instance_tokens: Doubt,
    /// Times of the last use of keys that are not in the database yet.
    pub key_uses: StdMutex<HashMap<SecretId, Timestamp>>,
    pub keys: Keys,
    pub sealer: Sealer,
    /// The policies of main accounts.
    pub root: Arc<Compiled>,
    /// The counters of changes as they were last read.
    changes: Mutex<ChangeCounters>,
    own_repositories: OwnRepositories,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Auth")
    }
}

impl Auth {
    /// Returns the region that the registry is in, as policies know it.
    pub fn region(&self) -> &Arc<str> {
        &self.inner.params.region
    }

    /// Tells whether rights are asked for only where the product document says so.
    pub fn is_faithful(&self) -> bool {
        self.inner.params.faithful
    }

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

    /// Returns the service that makes accounts and access keys and sets passwords. It shares the password hasher of
    /// sign-ins and its limit on concurrent hashes. Call [`Auth::changed`] after a change.
    pub fn accounts(&self) -> Accounts {
        let Inner { meta, passwords, sealer, clock, .. } = &*self.inner;
        Accounts::sharing(meta.clone(), passwords.clone(), sealer.clone(), Arc::clone(clock))
    }

    /// Returns the public keys that verify tokens, as a JSON Web Key Set (RFC 7517, section 5).
    pub fn jwks(&self) -> serde_json::Value {
        self.inner.keys.jwks()
    }

    /// Tells whether the registry is read-only for the time being.
    pub fn is_readonly(&self) -> bool {
        self.inner.params.readonly
    }

    /// Returns how long a token is valid.
    pub fn token_lifetime(&self) -> Duration {
        self.inner.params.token_lifetime
    }

    /// Forgets a repository. Call it after a commit that makes or deletes one, or changes its visibility.
    pub fn repository_changed(&self, registry: RegistryId, name: &RepositoryName) {
        self.inner.caches.places.invalidate(&(registry, name.clone()));
    }

    /// Forgets that a repository was missing, and tells [`Auth::poll_changes`] that this process knows of the new
    /// one. Call it after the commit that makes the repository.
    pub fn repository_made(&self, registry: RegistryId, name: &RepositoryName, made: &Made) {
        self.repository_changed(registry, name);
        if let Some(number) = made.number() {
            self.inner.own_repositories.add(number);
        }
    }

    /// Forgets the rows that a change of this process concerns. Call it after the commit. Do not call it after a
    /// write that certainly changed nothing; for errors, [`leaves_open`](roadstead_storage::Error::leaves_open) tells
    /// whether that is certain.
    pub fn changed(&self, scope: &Scope) {
        self.inner.caches.forget(scope);
    }

    /// Looks for changes by other processes to accounts, instances, namespaces and repositories, and forgets the rows
    /// that they concern. If other processes made repositories, it forgets all rows of repositories, but nothing
    /// else. Call it about every 300 ms: rows are trusted for [`LEASE`](crate::LEASE) after the last successful call.
    ///
    /// # Errors
    /// `Storage` when the log of changes cannot be read.
    pub async fn poll_changes(&self) -> Result<News> {
        let inner = &self.inner;
        let mut seen = inner.changes.lock().await;
        // Taken before the counters are read, because rows are confirmed as of this time.
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

    /// Replaces the signing key if it is old, reads the keys that other replicas made, and deletes expired refresh
    /// tokens. Call it about once a minute.
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

    /// Saves when this process last saw each access key used. [`Auth::maintain`] calls it too.
    ///
    /// # Errors
    /// `Storage` when the store fails; then the next call does it.
    pub async fn record_key_uses(&self) -> Result<()> {
        let uses = || self.inner.key_uses.lock().unwrap_or_else(PoisonError::into_inner);
        let written: HashMap<SecretId, Timestamp> = uses().clone();
        let list: Vec<(SecretId, Timestamp)> = written.iter().map(|(id, at)| (id.clone(), *at)).collect();
        self.inner.meta.record_key_uses(&list).await?;
        // Removed only after the write, so that a concurrent call before the process ends still finds and saves them.
        // It does no harm to save them twice.
        uses().retain(|id, at| written.get(id) != Some(at));
        Ok(())
    }

    /// Returns how many access keys have a time of last use that is not saved yet.
    pub fn unwritten_key_uses(&self) -> usize {
        self.inner.key_uses.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Seals a text that a client keeps and returns but must not read. `None` when the cryptographic library fails,
    /// which it does not.
    pub fn hide(&self, text: &str) -> Option<String> {
        Some(URL_SAFE_NO_PAD.encode(self.inner.sealer.seal(HIDDEN_TEXT, text.as_bytes()).ok()?))
    }

    /// Returns the text that [`Auth::hide`] sealed.
    pub fn reveal(&self, hidden: &str) -> Option<String> {
        let text = self.inner.sealer.open(HIDDEN_TEXT, &URL_SAFE_NO_PAD.decode(hidden).ok()?).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }

    /// Returns how often the caches had an answer.
    pub fn cache_stats(&self) -> CacheStats {
        self.inner.caches.stats()
    }
}
