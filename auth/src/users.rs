//! Sub-accounts, and the access keys of all accounts.

use std::fmt;

use roadstead_storage::meta::{Act, NewAccessKey, NewUser, User, UserProfile};
use roadstead_types::{AccountId, SecretId, Thing, Timestamp};

use crate::accounts::{Accounts, UIN_ATTEMPTS, check_name, random_uin, secret_key_context};
use crate::accounts::{generate_password, generate_secret_id, generate_secret_key};
use crate::error::Result;
use crate::password::check_rules;

/// The data of a sub-account to be made.
#[derive(Clone, Copy)]
pub struct NewSubAccount<'a> {
    /// Its main account.
    pub owner: AccountId,
    /// Its name, unique in its main account.
    pub name: &'a str,
    /// Its profile.
    pub profile: &'a UserProfile,
    /// The chosen password, if there is one.
    pub password: Option<&'a str>,
    /// Whether it gets a random password if none is chosen.
    pub needs_password: bool,
    /// Whether it gets an access key.
    pub needs_key: bool,
}

impl fmt::Debug for NewSubAccount<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSubAccount").field("owner", &self.owner).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A new sub-account and its new secrets, which cannot be read again.
pub struct SubAccount {
    /// The sub-account.
    pub user: User,
    /// Its password, if it is a random one.
    pub password: Option<String>,
    /// Its access key, if it got one.
    pub key: Option<NewKey>,
}

impl fmt::Debug for SubAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubAccount").field("user", &self.user).field("key", &self.key).finish_non_exhaustive()
    }
}

/// A new access key. Its secret half cannot be read again.
pub struct NewKey {
    /// The public half.
    pub secret_id: SecretId,
    /// The secret half.
    pub secret_key: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey").field("secret_id", &self.secret_id).finish_non_exhaustive()
    }
}

impl NewKey {
    fn random(created_at: Timestamp) -> Self {
        Self { secret_id: generate_secret_id(), secret_key: generate_secret_key(), created_at }
    }
}

impl Accounts {
    /// Makes a sub-account with a random uin.
    ///
    /// # Errors
    /// `NameRules`, `PasswordRules`; `Storage`: `Conflict` when the name is taken, `LimitReached`, `Stale` when the
    /// owner is not a main account.
    pub async fn create_user(&self, act: &Act, new: &NewSubAccount<'_>) -> Result<SubAccount> {
        check_name(new.name)?;
        let random = (new.password.is_none() && new.needs_password).then(generate_password);
        let hash = match new.password.or(random.as_deref()) {
            Some(password) => Some(self.hash_password(password).await?),
            None => None,
        };
        let key = new.needs_key.then(|| NewKey::random(self.clock.now()));
        let sealed = key.as_ref().map(|key| self.seal(key)).transpose()?;
        let stored = key.as_ref().zip(sealed.as_deref()).map(|(key, sealed_secret)| NewAccessKey {
            secret_id: &key.secret_id,
            sealed_secret,
            description: "",
        });
        let user = self.insert_user(act, new, hash.as_deref(), stored).await?;
        Ok(SubAccount { user, password: random, key })
    }

    /// Makes an access key for an account.
    ///
    /// # Errors
    /// `Storage`: `LimitReached` when the account has two, `Stale` when the account does not exist.
    pub async fn create_key(&self, act: &Act, account: AccountId, description: &str) -> Result<NewKey> {
        let key = NewKey::random(self.clock.now());
        let sealed = self.seal(&key)?;
        let new = NewAccessKey { secret_id: &key.secret_id, sealed_secret: &sealed, description };
        self.meta.create_access_key(act, account, &new).await?;
        Ok(key)
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// `PasswordRules`.
    pub async fn hash_password(&self, password: &str) -> Result<String> {
        check_rules(password)?;
        self.hash(password).await
    }

    fn seal(&self, key: &NewKey) -> Result<Vec<u8>> {
        self.sealer.seal(&secret_key_context(&key.secret_id), key.secret_key.as_bytes())
    }

    async fn insert_user(
        &self,
        act: &Act,
        new: &NewSubAccount<'_>,
        password_hash: Option<&str>,
        key: Option<NewAccessKey<'_>>,
    ) -> Result<User> {
        let mut attempts = UIN_ATTEMPTS;
        loop {
            let uin = random_uin();
            let user =
                NewUser { owner: new.owner, uin: &uin, name: new.name, profile: new.profile, password_hash, key };
            attempts -= 1;
            match self.meta.create_user(act, &user).await {
                // Either the uin or the name is taken.
                Err(roadstead_storage::Error::Conflict(Thing::Account))
                    if attempts > 0 && self.meta.account_by_uin(&uin).await?.is_some() => {}
                outcome => return Ok(outcome?),
            }
        }
    }
}
