//! Finds the identity behind a password or a bearer token.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use roadstead_storage::meta::{Account, AccountStatus};
use roadstead_types::{AccountId, RegistryId, Timestamp, Uin};

use crate::auth::{Auth, Inner};
use crate::cache::SecretKey;
use crate::error::AuthenticationError;
use crate::identity::{Identity, TokenGrants};
use crate::known::{Cached, KnownAccount, KnownPassword};
use crate::password::Verified;
use crate::token::{self, VerifiedToken};
use crate::{registry_token, session_password};

/// How long a client should wait to try again while every core hashes passwords.
const BUSY_RETRY: Duration = Duration::from_secs(1);

/// A remembered password is hashed again after this time, however often it is used.
const MAX_REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// No account has this id. It replaces the id of an unknown account in the query, so that the answer takes as long as
/// for a known one.
const NOBODY: AccountId = AccountId::new(0);

type Outcome<T> = Result<T, AuthenticationError>;

impl Auth {
    /// Returns the identity of a user name (a uin) and a password. The password is either that of an account, which
    /// is valid in every registry, or one that was made for this registry ([`Auth::temporary_password`],
    /// [`Auth::create_instance_token`]). Correct passwords are recognised by a keyed hash for a while, as long as the
    /// credentials of the account stay the same.
    ///
    /// # Errors
    /// `BadCredentials` alike for an unknown user, a disabled one and a wrong password; `Throttled` after too many
    /// attempts or when too many passwords wait to be hashed; `Unavailable` when the store cannot be asked.
    pub async fn basic(
        &self,
        registry: RegistryId,
        username: &str,
        password: &str,
        address: IpAddr,
    ) -> Outcome<Arc<Identity>> {
        let inner = &*self.inner;
        if registry_token::is_token(password) {
            return inner.check_token(registry, username, password, address).await;
        }
        if session_password::is_one(password) {
            return inner.check_session_password(registry, username, password).await;
        }
        let key = inner.caches.secret_key(&["password", username, password]);
        if let Some(identity) = inner.recognise(&key).await? {
            inner.caches.password_counters.count(true);
            return Ok(identity);
        }
        inner.caches.password_counters.count(false);
        // Concurrent requests with the same password, as in the pull of an image, cost one hash.
        let check = inner.check_password(username, password, address);
        let known = inner.caches.passwords.get_or_insert_async(&key, check).await?;
        let identity = inner.current(known.account, known.credential_version).await?;
        identity.ok_or(AuthenticationError::BadCredentials)
    }

    /// Returns the identity behind a bearer token (`None`: anonymous) and the grants of the token. A token becomes
    /// void when its account is disabled or gets another password.
    ///
    /// # Errors
    /// `BadCredentials` for a token that is not ours, expired or not valid yet, or for another registry or service;
    /// `Unavailable` when the store cannot be asked.
    pub async fn bearer(
        &self,
        registry: RegistryId,
        token: &str,
        service: &str,
    ) -> Outcome<(Option<Arc<Identity>>, Arc<TokenGrants>)> {
        let inner = &*self.inner;
        let verified = inner.verified(token).await?;
        if !verified.fits(registry, service, inner.params.leeway, &*inner.clock) {
            return Err(AuthenticationError::BadCredentials);
        }
        let identity = match (&verified.bound, verified.account) {
            (Some(bound), _) => Some(inner.bound(bound).await?.ok_or(AuthenticationError::BadCredentials)?),
            (None, None) => None,
            (None, Some((account, version))) => {
                let identity = inner.current(account, version).await?.ok_or(AuthenticationError::BadCredentials)?;
                Some(match &verified.instance_token {
                    None => identity,
                    Some(had_with) => inner.with_instance_token(registry, &identity, had_with).await?,
                })
            }
        };
        Ok((identity, Arc::clone(&verified.grants)))
    }
}

impl Inner {
    /// Returns the identity behind a password that was correct not long ago.
    async fn recognise(&self, key: &SecretKey) -> Outcome<Option<Arc<Identity>>> {
        let Some(known) = self.caches.passwords.get(key) else { return Ok(None) };
        if self.clock.now() < known.until
            && let Some(identity) = self.current(known.account, known.credential_version).await?
        {
            self.keep(key, known);
            return Ok(Some(identity));
        }
        let unchanged = |found: &KnownPassword| found.until == known.until;
        self.caches.passwords.remove_if(key, unchanged);
        Ok(None)
    }

    /// Extends the time for which a used password is remembered. So a client with the correct password does not have
    /// to compete with somebody at the same address who tries wrong ones.
    fn keep(&self, key: &SecretKey, known: KnownPassword) {
        let (now, ttl) = (self.clock.now(), self.params.password_cache_ttl);
        let until = now.after(ttl).min(known.since.after(MAX_REMEMBERED));
        // Extended only once half of the time is over, not on every use.
        if known.until.since(now) < ttl / 2 && until > known.until {
            self.caches.passwords.insert(*key, KnownPassword { until, ..known });
        }
    }

    /// Saves when and from where a sub-account last signed in. Recognised passwords are not saved again: there is at
    /// most one write per hash.
    async fn note_login(&self, account: &Account, address: IpAddr, now: Timestamp) {
        if account.owner == account.id {
            return;
        }
        if let Err(error) = self.meta.record_login(account.id, &address.to_string(), now).await {
            tracing::warn!(account.uin = %account.uin, %error, "a sign-in was not saved");
        }
    }

    /// Verifies a password by its hash, at full cost.
    async fn check_password(&self, username: &str, password: &str, address: IpAddr) -> Outcome<KnownPassword> {
        let uin: Option<Uin> = username.parse().ok();
        let attempt = self.throttle.attempt(uin.as_ref(), address);
        attempt.map_err(|retry_after| AuthenticationError::Throttled { retry_after })?;
        let account = match &uin {
            Some(uin) => self.meta.account_by_uin(uin).await?,
            None => None,
        };
        // The account is read before its hash. If the password changes in between, the remembered entry has the old
        // version and never matches.
        let stored = self.meta.password_hash(account.as_ref().map_or(NOBODY, |account| account.id)).await?;
        let verified = self.passwords.verify(password, stored.as_deref()).await?;
        let active = account.filter(|account| account.status == AccountStatus::Active);
        match (verified, active, stored) {
            (Verified::Busy, ..) => Err(AuthenticationError::Throttled { retry_after: BUSY_RETRY }),
            (Verified::Right { rehashed }, Some(account), Some(stored)) => {
                if let Some(new) = rehashed
                    && let Err(error) = self.meta.update_password_hash(account.id, &stored, &new).await
                {
                    // The password is correct anyway; the next sign-in tries again.
                    tracing::warn!(account.uin = %account.uin, %error, "a password hash was not renewed");
                }
                let since = self.clock.now();
                self.note_login(&account, address, since).await;
                Ok(KnownPassword {
                    account: account.id,
                    credential_version: account.credential_version,
                    since,
                    until: since.after(self.params.password_cache_ttl),
                })
            }
            (Verified::Wrong | Verified::Right { .. }, ..) => Err(AuthenticationError::BadCredentials),
        }
    }

    /// Returns the token if one of our keys signed it.
    async fn verified(&self, token: &str) -> Outcome<Arc<VerifiedToken>> {
        let key = self.caches.secret_key(&["token", token]);
        if let Some(found) = self.caches.tokens.get(&key) {
            self.caches.token_counters.count(true);
            return Ok(found);
        }
        self.caches.token_counters.count(false);
        let verified = token::verify(token, &self.keys, &self.params.issuer).await?;
        let verified = Arc::new(verified.ok_or(AuthenticationError::BadCredentials)?);
        if self.clock.now() < verified.expires_at {
            self.caches.tokens.insert(key, Arc::clone(&verified));
        }
        Ok(verified)
    }

    /// Returns the identity of `account` if it and its main account are active and its credentials have this version.
    pub(crate) async fn current(
        &self,
        account: AccountId,
        version: i64,
    ) -> Result<Option<Arc<Identity>>, roadstead_storage::Error> {
        let mut found = self.known_account(account).await?;
        if found.as_ref().is_some_and(|known| known.identity.credential_version < version) {
            // The credential is newer than the remembered account.
            self.caches.accounts.invalidate(&account);
            found = self.known_account(account).await?;
        }
        let good = found.filter(|known| known.active && known.identity.credential_version == version);
        Ok(good.map(|known| known.identity))
    }

    /// Tells whether the account exists and it and its main account are active.
    pub(crate) async fn is_active(&self, account: AccountId) -> Result<bool, roadstead_storage::Error> {
        Ok(self.known_account(account).await?.is_some_and(|known| known.active))
    }

    /// Returns the identity of `account` if it and its main account are active.
    pub(crate) async fn active(&self, account: AccountId) -> Result<Option<Arc<Identity>>, roadstead_storage::Error> {
        Ok(self.known_account(account).await?.filter(|known| known.active).map(|known| known.identity))
    }

    pub(crate) async fn known_account(&self, id: AccountId) -> Result<Option<KnownAccount>, roadstead_storage::Error> {
        let load = async |at| {
            let Some(account) = self.meta.account(id).await? else { return Ok(None) };
            let value = match account.owner {
                owner if owner == id => Some(known(&account, &account)),
                owner => self.meta.account(owner).await?.map(|owner| known(&account, &owner)),
            };
            Ok(value.map(|value| Cached { value, at }))
        };
        let (found, _) = self.caches.row(&self.caches.accounts, id, load).await?;
        Ok(found.map(|read| read.value))
    }
}

fn known(account: &Account, owner: &Account) -> KnownAccount {
    let Account { id, uin, credential_version, .. } = account;
    let identity = Identity {
        account: *id,
        owner: owner.id,
        uin: uin.clone(),
        credential_version: *credential_version,
        owner_uin: owner.uin.clone(),
        session: None,
    };
    let active = [account, owner].iter().all(|account| account.status == AccountStatus::Active);
    KnownAccount { identity: Arc::new(identity), active }
}
