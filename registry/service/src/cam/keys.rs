//! Access keys.

use roadstead_auth::place::Account;
use roadstead_auth::{Access, Mode, NewKey, Read, Write};
use roadstead_storage::meta::{AccessKey, Act, User};
use roadstead_types::{AccountId, SecretId, Thing, Uin};

use super::{CamService, rules};
use crate::{Error, Result};

impl CamService {
    /// Returns the account with this uin, to work on its access keys. It must belong to the same main account. Only the
    /// main account itself, with its own credentials, can work on the keys of the main account.
    ///
    /// # Errors
    /// `Unknown(User)`, `MainAccountOnly(AccessKey)`.
    async fn key_holder<E: Mode>(&self, access: &Access<E, Account>, uin: u64) -> Result<AccountId> {
        let uin = Uin::from_number(uin).map_err(|_| Error::Unknown(Thing::User))?;
        if uin == access.who().owner_uin {
            return if access.who().is_root() {
                Ok(access.owner())
            } else {
                Err(Error::MainAccountOnly(Thing::AccessKey))
            };
        }
        let user = self.meta().user_by_uin(access.owner(), &uin).await?;
        user.map(|user| user.account.id).ok_or(Error::Unknown(Thing::User))
    }

    /// Creates an access key.
    ///
    /// # Errors
    /// `Parameter`, `LimitReached`, `Unknown(User)`.
    pub async fn create_key(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        uin: u64,
        description: &str,
    ) -> Result<NewKey> {
        let holder = self.key_holder(access, uin).await?;
        rules::key_description(description)?;
        let made = self.base.auth.accounts().create_key(act, holder, description).await;
        self.changed(holder, made).map_err(gone)
    }

    /// Returns the access keys of an account, the oldest first.
    pub async fn list_keys(&self, access: &Access<Read, Account>, uin: u64) -> Result<Vec<AccessKey>> {
        let holder = self.key_holder(access, uin).await?;
        Ok(self.meta().list_access_keys(holder).await?)
    }

    /// Tells whether a sub-account has access keys.
    ///
    /// # Errors
    /// `Unknown(User)` if it is one of another main account.
    pub async fn has_keys<E: Mode>(&self, access: &Access<E, Account>, user: &User) -> Result<bool> {
        if user.account.owner != access.owner() {
            return Err(Error::Unknown(Thing::User));
        }
        Ok(!self.meta().list_access_keys(user.account.id).await?.is_empty())
    }

    /// Enables or disables an access key.
    ///
    /// # Errors
    /// `Unknown(AccessKey)`, `Foreign(AccessKey)`.
    pub async fn set_key_active(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        uin: u64,
        key: &str,
        active: bool,
    ) -> Result<()> {
        let holder = self.key_holder(access, uin).await?;
        let id = key.parse().map_err(|_| Error::Unknown(Thing::AccessKey))?;
        let set = self.meta().set_access_key_active(act, holder, &id, active).await;
        let found = if matches!(set, Ok(false)) { false } else { self.changed(holder, set)? };
        if found { Ok(()) } else { Err(self.whose(access, &id).await?) }
    }

    /// Deletes an access key for good.
    ///
    /// # Errors
    /// `Unknown(AccessKey)`, `Foreign(AccessKey)`.
    pub async fn delete_key(&self, act: &Act, access: &Access<Write, Account>, uin: u64, key: &str) -> Result<()> {
        let holder = self.key_holder(access, uin).await?;
        let id = key.parse().map_err(|_| Error::Unknown(Thing::AccessKey))?;
        let deleted = self.meta().delete_access_key(act, holder, &id).await;
        let found = if matches!(deleted, Ok(false)) { false } else { self.changed(holder, deleted)? };
        if found { Ok(()) } else { Err(self.whose(access, &id).await?) }
    }

    /// Returns those of the keys that belong to the main account or its sub-accounts.
    pub async fn own_keys(&self, access: &Access<Read, Account>, keys: &[String]) -> Result<Vec<AccessKey>> {
        let mut own = Vec::new();
        for key in keys {
            let Ok(id) = key.parse::<SecretId>() else { continue };
            own.extend(self.meta().own_access_key(access.owner(), &id).await?);
        }
        Ok(own)
    }

    /// Returns the error for a key that an account does not have.
    async fn whose<E: Mode>(&self, access: &Access<E, Account>, id: &SecretId) -> Result<Error> {
        let found = self.meta().own_access_key(access.owner(), id).await?;
        Ok(if found.is_some() { Error::Foreign(Thing::AccessKey) } else { Error::Unknown(Thing::AccessKey) })
    }
}

/// Translates an error about an account that was deleted in the meantime.
fn gone(error: Error) -> Error {
    match error {
        Error::Gone(Thing::Account) => Error::Unknown(Thing::User),
        other => other,
    }
}
