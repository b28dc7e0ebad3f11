//! Makes accounts and access keys, and sets passwords.

use std::fmt;
use std::sync::Arc;

use roadstead_storage::meta::{Account, Act, MetaStore, NewAccessKey, NewAccount, Quotas};
use roadstead_types::{AccountId, Clock, NamespaceName, SecretId, Thing, Uin};

use crate::error::{Error, Result};
use crate::params::Argon2Params;
use crate::password::{PasswordHasher, check_rules};
use crate::random;
use crate::seal::Sealer;

/// How many random uins are tried before giving up. There are 900 thousand million of them, so one is free.
pub(crate) const UIN_ATTEMPTS: usize = 8;

/// Makes accounts and access keys, and sets passwords.
#[derive(Clone)]
pub struct Accounts {
    pub(crate) meta: MetaStore,
    passwords: Passwords,
    pub(crate) sealer: Sealer,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The hasher of passwords.
#[derive(Clone)]
enum Passwords {
    /// A hasher with these parameters, made for each password.
    Fresh(Argon2Params),
    /// The hasher that also verifies passwords. It limits how many cores hash at the same time.
    Shared(PasswordHasher),
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Accounts")
    }
}

/// A main account to be made.
#[derive(Clone, Copy)]
pub struct NewMainAccount<'a> {
    /// Its name, unique among main accounts.
    pub name: &'a str,
    /// Its password; a random one otherwise.
    pub password: Option<&'a str>,
    /// Both halves of its access key; random ones otherwise.
    pub key: Option<(&'a SecretId, &'a str)>,
    /// Its quotas, if they are not the defaults.
    pub quotas: Option<Quotas>,
    /// Its first namespace in the personal edition, if it gets one.
    pub namespace: Option<&'a NamespaceName>,
}

impl<'a> NewMainAccount<'a> {
    /// Returns an account of this name, with a random password and a random key.
    pub fn named(name: &'a str) -> Self {
        Self { name, password: None, key: None, quotas: None, namespace: None }
    }
}

impl fmt::Debug for NewMainAccount<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewMainAccount").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A new account and its secrets, which cannot be read again.
#[derive(Clone)]
pub struct NewCredentials {
    /// The account.
    pub account: Account,
    /// Its password.
    pub password: String,
    /// The public half of its access key.
    pub secret_id: SecretId,
    /// The secret half.
    pub secret_key: String,
}

impl fmt::Debug for NewCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("NewCredentials");
        debug.field("account", &self.account).field("secret_id", &self.secret_id).finish_non_exhaustive()
    }
}

impl Accounts {
    /// Makes the service from the parameters of new password hashes and the sealer of secret keys.
    pub fn new(meta: MetaStore, argon2: Argon2Params, sealer: Sealer, clock: Arc<dyn Clock>) -> Self {
        Self { meta, passwords: Passwords::Fresh(argon2), sealer, clock }
    }

    pub(crate) fn sharing(meta: MetaStore, passwords: PasswordHasher, sealer: Sealer, clock: Arc<dyn Clock>) -> Self {
        Self { meta, passwords: Passwords::Shared(passwords), sealer, clock }
    }

    /// Makes a main account with a random uin and one access key, and with the quotas and the namespace that are given. Either
    /// all of it is made, or nothing.
    ///
    /// # Errors
    /// `NameRules`, `PasswordRules`, `SecretKeyRules`; `Storage(Conflict)` when the name, the id of the key or the namespace is
    /// taken.
    pub async fn create(&self, act: &Act, new: &NewMainAccount<'_>) -> Result<NewCredentials> {
        check_name(new.name)?;
        let password = new.password.map_or_else(generate_password, str::to_owned);
        check_rules(&password)?;
        let random = || (generate_secret_id(), generate_secret_key());
        let (secret_id, secret_key) = new.key.map_or_else(random, |(id, key)| (id.clone(), key.to_owned()));
        check_secret_key(&secret_key)?;
        let hash = self.hash(&password).await?;
        let sealed = self.sealer.seal(&secret_key_context(&secret_id), secret_key.as_bytes())?;
        let key = NewAccessKey { secret_id: &secret_id, sealed_secret: &sealed, description: "" };
        let account = self.insert(act, new, &hash, key).await?;
        Ok(NewCredentials { account, password, secret_id, secret_key })
    }

    /// Sets the password of `account`. Tokens and sessions that were issued under the old password become void.
    ///
    /// # Errors
    /// `PasswordRules`, and `Storage` when the store fails.
    pub async fn set_password(&self, act: &Act, account: AccountId, password: &str) -> Result<()> {
        check_rules(password)?;
        let hash = self.hash(password).await?;
        Ok(self.meta.set_password_hash(act, account, &hash).await?)
    }

    /// Gives an account its first password.
    ///
    /// # Errors
    /// `PasswordRules`; `Storage(Conflict)` when it has one.
    pub async fn add_password(&self, act: &Act, account: AccountId, password: &str) -> Result<()> {
        check_rules(password)?;
        let hash = self.hash(password).await?;
        Ok(self.meta.add_password_hash(act, account, &hash).await?)
    }

    /// Changes the password of an account. Returns false when the account has none. Tokens and sessions that were
    /// issued under the old password become void.
    ///
    /// # Errors
    /// `PasswordRules`, and `Storage` when the store fails.
    pub async fn change_password(&self, act: &Act, account: AccountId, password: &str) -> Result<bool> {
        check_rules(password)?;
        let hash = self.hash(password).await?;
        Ok(self.meta.change_password_hash(act, account, &hash).await?)
    }

    pub(crate) async fn hash(&self, password: &str) -> Result<String> {
        match &self.passwords {
            Passwords::Fresh(argon2) => PasswordHasher::new(*argon2)?.hash(password).await,
            Passwords::Shared(hasher) => hasher.hash(password).await,
        }
    }

    async fn insert(&self, act: &Act, new: &NewMainAccount<'_>, hash: &str, key: NewAccessKey<'_>) -> Result<Account> {
        let mut attempts = UIN_ATTEMPTS;
        loop {
            let uin = random_uin();
            let NewMainAccount { name, quotas, namespace, .. } = *new;
            let account = NewAccount { uin: &uin, name, password_hash: Some(hash), key: Some(key), quotas, namespace };
            attempts -= 1;
            match self.meta.create_account(act, &account).await {
                // Either the uin is taken, or the name is.
                Err(roadstead_storage::Error::Conflict(Thing::Account))
                    if attempts > 0 && self.meta.account_by_uin(&uin).await?.is_some() => {}
                outcome => return Ok(outcome?),
            }
        }
    }
}

/// The context in which the secret half of an access key is sealed.
pub(crate) fn secret_key_context(id: impl fmt::Display) -> String {
    format!("access-key/{id}")
}

pub(crate) fn random_uin() -> Uin {
    match Uin::from_number(rand::random_range(Uin::MIN..=Uin::MAX)) {
        Ok(uin) => uin,
        Err(_) => unreachable!("that is the range of uins"),
    }
}

pub(crate) fn check_name(name: &str) -> Result<()> {
    let fits = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._@-".contains(&b))
        && name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if fits { Ok(()) } else { Err(Error::NameRules) }
}

fn check_secret_key(key: &str) -> Result<()> {
    let fits = key.len() == SECRET_KEY_LENGTH && key.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits { Ok(()) } else { Err(Error::SecretKeyRules) }
}

/// The length of the secret half of an access key.
const SECRET_KEY_LENGTH: usize = 32;

/// A random password: 24 letters and digits, 142 bits.
pub fn generate_password() -> String {
    random::alphanumeric(24)
}

/// A random secret half of an access key: 32 letters and digits.
pub fn generate_secret_key() -> String {
    random::alphanumeric(SECRET_KEY_LENGTH)
}

/// A random public half of an access key: `AKID` and 32 letters and digits.
pub fn generate_secret_id() -> SecretId {
    match format!("AKID{}", random::alphanumeric(32)).parse() {
        Ok(id) => id,
        Err(_) => unreachable!("that is the form of a secret id"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_at_random_has_the_right_form_and_differs() {
        assert_ne!(generate_secret_id(), generate_secret_id());
        assert_ne!(generate_password(), generate_password());
        assert!(check_rules(&generate_password()).is_ok());
        assert!(check_secret_key(&generate_secret_key()).is_ok());
        assert_ne!(random_uin(), random_uin());
    }

    #[test]
    fn names_and_keys_have_rules() {
        for name in ["owner", "a", "jane.doe@example.org", &"x".repeat(64)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", " ", "-a", "a b", "tcr$robot", "a\n", "ä", &"x".repeat(65)] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        assert!(check_secret_key("short").is_err());
        assert!(check_secret_key(&"-".repeat(32)).is_err());
    }
}
