//! Users of the personal edition. An account becomes a user when it sets a registry password.

use roadstead_auth::place;
use roadstead_auth::{Access, Identity, Mode, Read, RegistryPassword, Write};
use roadstead_storage::meta::{Account, Act, Scope};
use roadstead_types::{AccountId, RegistryId, SecretId, Thing, Uin};

use super::PersonalService;
use crate::{Error, Result};

impl PersonalService {
    /// Sets the caller's first registry password.
    ///
    /// # Errors
    /// `Exists(Password)`, `Invalid`.
    pub async fn register(&self, act: &Act, access: &Access<Write, place::Account>, password: &str) -> Result<()> {
        let identity = access.who();
        if self.has_password(identity.account).await? {
            return Err(Error::Exists(Thing::Password));
        }
        self.base.auth.accounts().add_password(act, identity.account, password).await?;
        self.base.auth.changed(&Scope::Account(identity.account));
        Ok(())
    }

    /// Changes the caller's registry password. Tokens and sessions of the old password become invalid.
    ///
    /// # Errors
    /// `Unknown(Password)` if the caller has no password, `Invalid`.
    pub async fn change_password(
        &self,
        act: &Act,
        access: &Access<Write, place::Account>,
        password: &str,
    ) -> Result<()> {
        let identity = access.who();
        if !self.has_password(identity.account).await? {
            return Err(Error::Unknown(Thing::Password));
        }
        let changed = self.base.auth.accounts().change_password(act, identity.account, password).await?;
        if changed {
            self.base.auth.changed(&Scope::Account(identity.account));
        }
        if changed { Ok(()) } else { Err(Error::Unknown(Thing::Password)) }
    }

    /// Returns the caller's account.
    ///
    /// # Errors
    /// `Unknown(Password)` if the account has no registry password.
    pub async fn user<E: Mode>(&self, access: &Access<E, place::Account>) -> Result<Account> {
        let account = self.base.meta.account(access.who().account).await?;
        let account = account.ok_or(Error::Unknown(Thing::Password))?;
        if self.has_password(account.id).await? { Ok(account) } else { Err(Error::Unknown(Thing::Password)) }
    }

    /// Makes a password for docker that is valid for an hour, or until the session ends if that is sooner. It ends with
    /// `key`, the access key that it was asked for with.
    ///
    /// # Errors
    /// `Session` and `TokenTooLarge` for sessions that cannot have one.
    pub fn temporary_password(
        &self,
        access: &Access<Write, place::Account>,
        key: Option<&SecretId>,
    ) -> Result<RegistryPassword> {
        Ok(self.base.auth.temporary_password(access.who(), RegistryId::PERSONAL, key)?)
    }

    /// Returns whether a user of the caller's main account has registered, and whether the main account has. A user of
    /// another main account counts as not registered.
    pub async fn user_exists(&self, access: &Access<Read, place::Account>, uin: &Uin) -> Result<(bool, bool)> {
        let identity = access.who();
        let main = self.has_password(identity.owner).await?;
        let exists = if *uin == identity.owner_uin {
            main
        } else {
            match self.base.meta.user_by_uin(identity.owner, uin).await? {
                Some(user) => self.has_password(user.account.id).await?,
                None => false,
            }
        };
        Ok((exists, main))
    }

    /// Refuses a caller who may not use the personal edition, because neither the caller nor its main account has set a
    /// registry password.
    pub(super) async fn check_registered(&self, identity: &Identity) -> Result<()> {
        if self.base.is_registered(identity).await? { Ok(()) } else { Err(Error::Unknown(Thing::Password)) }
    }

    async fn has_password(&self, account: AccountId) -> Result<bool> {
        Ok(self.base.meta.password_hash(account).await?.is_some())
    }
}
