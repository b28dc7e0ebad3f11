//! Sub-accounts.

use roadstead_auth::place::Account;
use roadstead_auth::{Access, Mode, NewSubAccount, Read, SubAccount, Write};
use roadstead_storage::meta::{Act, User, UserChange};
use roadstead_types::{AccountId, Thing, Uin};

use super::{CamService, rules};
use crate::{Error, Result};

pub use roadstead_storage::meta::UserProfile as UserDetails;

/// The first uid. Sub-accounts have a uid in addition to their uin.
const FIRST_UID: u64 = 20_000_000;

/// Returns the uid of a sub-account.
pub fn uid(id: AccountId) -> u64 {
    FIRST_UID.saturating_add(u64::try_from(id.get()).unwrap_or(0))
}

/// A reference to a sub-account.
#[derive(Clone, Copy, Debug)]
pub enum UserRef<'a> {
    /// The name of the sub-account.
    Name(&'a str),
    /// The uin of the sub-account.
    Uin(u64),
    /// The uid of the sub-account, see [`uid`].
    Uid(u64),
}

impl CamService {
    /// Returns the sub-account, if it exists.
    pub async fn find_user<E: Mode>(&self, access: &Access<E, Account>, user: UserRef<'_>) -> Result<Option<User>> {
        Ok(match user {
            UserRef::Name(name) => self.meta().user_by_name(access.owner(), name).await?,
            UserRef::Uin(number) => match Uin::from_number(number) {
                Ok(uin) => self.meta().user_by_uin(access.owner(), &uin).await?,
                Err(_) => None,
            },
            UserRef::Uid(uid) => match uid.checked_sub(FIRST_UID).map(i64::try_from) {
                Some(Ok(id)) => self.meta().user(access.owner(), AccountId::new(id)).await?,
                _ => None,
            },
        })
    }

    /// Returns the sub-account.
    ///
    /// # Errors
    /// `Unknown(User)`.
    pub async fn user<E: Mode>(&self, access: &Access<E, Account>, user: UserRef<'_>) -> Result<User> {
        self.find_user(access, user).await?.ok_or(Error::Unknown(Thing::User))
    }

    /// Returns all sub-accounts, the oldest first.
    pub async fn list_users(&self, access: &Access<Read, Account>) -> Result<Vec<User>> {
        Ok(self.meta().list_users(access.owner()).await?)
    }

    /// Creates a sub-account. It has one password, for the registry and the console.
    ///
    /// # Errors
    /// `UserName`, `Exists(User)`, `Password`, `LimitReached`, `Parameter`.
    pub async fn create_user(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        name: &str,
        profile: &UserDetails,
        password: Option<&str>,
        needs_key: bool,
    ) -> Result<SubAccount> {
        check_profile(profile)?;
        let needs_password = profile.console_login;
        let new = NewSubAccount { owner: access.owner(), name, profile, password, needs_password, needs_key };
        let made = self.base.auth.accounts().create_user(act, &new).await;
        self.changed(access.owner(), made)
    }

    /// Changes the details of a sub-account, and its password if one is given. Ignores the hash in `change`.
    ///
    /// # Errors
    /// `Unknown(User)`, `Password`, `Parameter`.
    pub async fn update_user(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        user: AccountId,
        change: UserChange<'_>,
        password: Option<&str>,
    ) -> Result<()> {
        change.remark.map_or(Ok(()), rules::remark)?;
        rules::contact("PhoneNum", change.phone_number)?;
        rules::contact("CountryCode", change.country_code)?;
        rules::contact("Email", change.email)?;
        let hash = match password {
            Some(password) => Some(self.base.auth.accounts().hash_password(password).await?),
            None => None,
        };
        let change = UserChange { password_hash: hash.as_deref(), ..change };
        self.changed(access.owner(), self.meta().update_user(act, access.owner(), user, &change).await)
    }

    /// Deletes a sub-account with everything except the content that it pushed.
    ///
    /// # Errors
    /// `Unknown(User)`; `InUse(User)` unless `force` is set.
    pub async fn delete_user(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        user: AccountId,
        force: bool,
    ) -> Result<()> {
        self.changed(access.owner(), self.meta().delete_user(act, access.owner(), user, force).await)
    }
}

fn check_profile(profile: &UserDetails) -> Result<()> {
    rules::remark(&profile.remark)?;
    rules::contact("PhoneNum", Some(&profile.phone_number))?;
    rules::contact("CountryCode", Some(&profile.country_code))?;
    rules::contact("Email", Some(&profile.email))
}
