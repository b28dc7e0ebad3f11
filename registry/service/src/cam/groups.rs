//! Groups of sub-accounts, and their members.

use roadstead_auth::place::Account;
use roadstead_auth::{Access, Mode, Read, Write};
use roadstead_storage::meta::{Act, Group, Member};
use roadstead_types::{AccountId, GroupId, Thing};

use super::{CamService, rules};
use crate::{Error, Result};

impl CamService {
    /// Creates a group.
    ///
    /// # Errors
    /// `Parameter`, `Exists(Group)`, `LimitReached`.
    pub async fn create_group(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        name: &str,
        remark: &str,
    ) -> Result<GroupId> {
        rules::group_name(name)?;
        rules::remark(remark)?;
        self.changed(access.owner(), self.meta().create_group(act, access.owner(), name, remark).await)
    }

    /// Returns the group.
    ///
    /// # Errors
    /// `Unknown(Group)`.
    pub async fn group<E: Mode>(&self, access: &Access<E, Account>, id: GroupId) -> Result<Group> {
        self.meta().group(access.owner(), id).await?.ok_or(Error::Unknown(Thing::Group))
    }

    /// Returns the groups whose names contain `keyword`, the oldest first.
    pub async fn list_groups(&self, access: &Access<Read, Account>, keyword: Option<&str>) -> Result<Vec<Group>> {
        let mut groups = self.meta().list_groups(access.owner()).await?;
        groups.retain(|group| matches(&group.name, keyword));
        Ok(groups)
    }

    /// Changes the name or remark of a group. `None` leaves a value unchanged.
    ///
    /// # Errors
    /// `Parameter`, `Unknown(Group)`, `Exists(Group)`.
    pub async fn update_group(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        id: GroupId,
        name: Option<&str>,
        remark: Option<&str>,
    ) -> Result<()> {
        name.map_or(Ok(()), rules::group_name)?;
        remark.map_or(Ok(()), rules::remark)?;
        self.changed(access.owner(), self.meta().update_group(act, access.owner(), id, name, remark).await)
    }

    /// Deletes a group.
    ///
    /// # Errors
    /// `Unknown(Group)`.
    pub async fn delete_group(&self, act: &Act, access: &Access<Write, Account>, id: GroupId) -> Result<()> {
        self.changed(access.owner(), self.meta().delete_group(act, access.owner(), id).await)
    }

    /// Returns the sub-accounts in a group, in the order in which they were added.
    ///
    /// # Errors
    /// `Unknown(Group)`.
    pub async fn list_members(&self, access: &Access<Read, Account>, id: GroupId) -> Result<Vec<Member>> {
        self.group(access, id).await?;
        Ok(self.meta().list_members(id).await?)
    }

    /// Returns the groups that a sub-account is in, the oldest first.
    pub async fn groups_of_user(&self, access: &Access<Read, Account>, user: AccountId) -> Result<Vec<Group>> {
        let found = self.meta().user(access.owner(), user).await?;
        let user = found.ok_or(Error::Unknown(Thing::User))?;
        Ok(self.meta().list_groups_of_user(user.account.id).await?)
    }

    /// Adds sub-accounts to groups: all of them, or none.
    ///
    /// # Errors
    /// `Unknown(Group)`, `Unknown(User)`, `LimitReached`.
    pub async fn add_members(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        members: &[(GroupId, AccountId)],
    ) -> Result<()> {
        self.changed(access.owner(), self.meta().add_members(act, access.owner(), members).await)
    }

    /// Removes sub-accounts from groups: all of them, or none.
    ///
    /// # Errors
    /// `Unknown(Group)`, `Unknown(User)`.
    pub async fn remove_members(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        members: &[(GroupId, AccountId)],
    ) -> Result<()> {
        self.changed(access.owner(), self.meta().remove_members(act, access.owner(), members).await)
    }
}

/// Returns whether a name contains the keyword, ignoring case.
pub(super) fn matches(name: &str, keyword: Option<&str>) -> bool {
    keyword.is_none_or(|keyword| name.to_lowercase().contains(&keyword.to_lowercase()))
}
