//! Main accounts and access keys, for the operator of the machine.

use roadstead_auth::place::{self, System};
use roadstead_auth::{Access, Accounts, Mode, NewCredentials, NewKey, NewMainAccount, Read, Write};
use roadstead_storage::meta::{AccessKey, Account, AccountStatus, Act, MetaStore, QuotaKind, Quotas};
use roadstead_types::{AccountId, SecretId, Thing, Timestamp, Uin};

use crate::cam::key_description;
use crate::{Error, Result};

/// The service for the accounts of the installation. It reads no secrets.
#[derive(Clone, Debug)]
pub struct AccountService {
    meta: MetaStore,
}

impl AccountService {
    /// Creates the service for the accounts in this database.
    pub fn new(meta: MetaStore) -> Self {
        Self { meta }
    }

    /// Returns when the first account was made. That is when the registry began to serve.
    pub async fn since(&self, _: &Access<Read, place::Account>) -> Result<Option<Timestamp>> {
        Ok(self.meta.oldest_account().await?)
    }

    /// Returns the accounts after `after`, ordered by uin.
    pub async fn list(&self, _: &Access<Read, System>, after: Option<&Uin>, limit: u32) -> Result<Vec<Account>> {
        Ok(self.meta.list_accounts(after, limit).await?)
    }

    /// Returns the account with this uin.
    pub async fn find<E: Mode>(&self, _: &Access<E, System>, uin: &Uin) -> Result<Option<Account>> {
        Ok(self.meta.account_by_uin(uin).await?)
    }

    /// Returns the account with this name.
    pub async fn find_by_name<E: Mode>(&self, _: &Access<E, System>, name: &str) -> Result<Option<Account>> {
        Ok(self.meta.account_by_name(name).await?)
    }

    /// Returns the account with this id.
    pub async fn account<E: Mode>(&self, _: &Access<E, System>, id: AccountId) -> Result<Option<Account>> {
        Ok(self.meta.account(id).await?)
    }

    /// Returns the quotas of a main account.
    pub async fn quotas<E: Mode>(&self, _: &Access<E, System>, main: &Account) -> Result<Quotas> {
        Ok(self.meta.quotas(main.id).await?)
    }

    /// Sets a quota of a main account.
    pub async fn set_quota(
        &self,
        _: &Access<Write, System>,
        act: &Act,
        main: &Account,
        kind: QuotaKind,
        value: u32,
    ) -> Result<()> {
        Ok(self.meta.set_quota(act, main.id, kind, value).await?)
    }

    /// Shuts an account out, or lets it in again.
    ///
    /// # Errors
    /// `Unknown(Account)` if it no longer exists.
    pub async fn set_status(
        &self,
        _: &Access<Write, System>,
        act: &Act,
        account: &Account,
        status: AccountStatus,
    ) -> Result<()> {
        let there = self.meta.set_account_status(act, account.id, status).await?;
        if there { Ok(()) } else { Err(Error::Unknown(Thing::Account)) }
    }

    /// Returns the access keys of an account, the oldest first.
    pub async fn keys(&self, _: &Access<Read, System>, account: &Account) -> Result<Vec<AccessKey>> {
        Ok(self.meta.list_access_keys(account.id).await?)
    }

    /// Enables or disables an access key.
    ///
    /// # Errors
    /// `Unknown(AccessKey)`.
    pub async fn set_key_active(
        &self,
        _: &Access<Write, System>,
        act: &Act,
        account: &Account,
        key: &SecretId,
        active: bool,
    ) -> Result<()> {
        let there = self.meta.set_access_key_active(act, account.id, key, active).await?;
        if there { Ok(()) } else { Err(Error::Unknown(Thing::AccessKey)) }
    }

    /// Deletes an access key, for good.
    ///
    /// # Errors
    /// `Unknown(AccessKey)`.
    pub async fn delete_key(
        &self,
        _: &Access<Write, System>,
        act: &Act,
        account: &Account,
        key: &SecretId,
    ) -> Result<()> {
        let there = self.meta.delete_access_key(act, account.id, key).await?;
        if there { Ok(()) } else { Err(Error::Unknown(Thing::AccessKey)) }
    }
}

/// The service that makes passwords and keys of accounts. It needs the master key.
#[derive(Clone)]
pub struct CredentialService {
    accounts: Accounts,
}

impl CredentialService {
    /// Creates the service that makes secrets with `accounts`.
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }

    /// Makes a main account with a first access key. Without a password, it gets a random one.
    ///
    /// # Errors
    /// `Invalid`, `Exists(Account)`.
    pub async fn create_account(
        &self,
        _: &Access<Write, System>,
        act: &Act,
        name: &str,
        password: Option<&str>,
    ) -> Result<NewCredentials> {
        let new = NewMainAccount { password, ..NewMainAccount::named(name) };
        Ok(self.accounts.create(act, &new).await?)
    }

    /// Sets the password of an account. Tokens and sessions of the old one end.
    ///
    /// # Errors
    /// `Invalid`.
    pub async fn set_password(
        &self,
        _: &Access<Write, System>,
        act: &Act,
        account: &Account,
        password: &str,
    ) -> Result<()> {
        Ok(self.accounts.set_password(act, account.id, password).await?)
    }

    /// Makes an access key.
    ///
    /// # Errors
    /// `Invalid`, `LimitReached`.
    pub async fn create_key(
        &self,
        _: &Access<Write, System>,
        act: &Act,
        account: &Account,
        description: &str,
    ) -> Result<NewKey> {
        key_description(description)?;
        Ok(self.accounts.create_key(act, account.id, description).await?)
    }
}
